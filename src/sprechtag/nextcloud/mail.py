# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails through the user's own account in the Mail app. It allows 5 calls in 100 s per user."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .errors import Troubled, from_status
from .session import UserSession

API = "/ocs/v2.php/apps/mail"


@dataclass(frozen=True)
class MailAccount:
    id: int
    address: str


async def first_account(session: UserSession) -> MailAccount | None:
    """The user's first account; None without one. Raises `Missing` or `NotAllowed` without the Mail app, as while it is
    updated."""
    accounts = await session.ocs_list("GET", f"{API}/account/list")
    for account in accounts:
        if account.get("id") and account.get("email"):
            return MailAccount(int(account["id"]), str(account["email"]))
    return None


class Outcome(Enum):
    """What the Mail app has made of a mail (its MessageApiController and OutboxService, 5.12).

    It first puts the mail into its outbox and then sends. The outbox's background job tries each mail again that is
    left there, but those that it marked as failed; whatever is handed over once more is another mail to it."""

    SENT = "200"
    NOT_FILED = "202: sent, and not copied to the folder of sent mails yet"
    WAITS_FOR_FOLDER = "403: without a folder for sent mails; sent by the job once there is one"
    RETRIES = "500 'Message sending will be retried': the mail server asked for later"
    FAILED = "500 'An error occurred': the mail server refused it or broke off; marked as failed, not tried again"
    UNCLEAR = (
        "500 'no resending is possible' or 400 'Processing error': an error in between; the job tries it all the same"
    )
    NO_ATTACHMENT = "500 'Could not convert attachment(s)': nothing was put into the outbox"
    NO_ADDRESS = "400 'not valid': PHP's filter does not take the address"


_SAID = (
    (500, "will be retried", Outcome.RETRIES),
    (500, "no resending is possible", Outcome.UNCLEAR),
    (500, "could not convert attachment", Outcome.NO_ATTACHMENT),
    (500, "an error occurred. please check the logs", Outcome.FAILED),
    (400, "processing error", Outcome.UNCLEAR),
    (400, "not valid", Outcome.NO_ADDRESS),
    (403, "sent mailbox", Outcome.WAITS_FOR_FOLDER),
)


async def send(
    session: UserSession,
    account: MailAccount,
    to: tuple[str, str],
    subject: str,
    html: str,
    calendars: Sequence[tuple[str, bytes]],
) -> Outcome:
    """Hands one mail to (name, address) over, with iCalendar files by their names. Raises `NextcloudError` for whatever
    is not the Mail app's own answer."""
    fields: dict[str, Any] = {
        "accountId": str(account.id),
        "fromEmail": account.address,
        "subject": subject,
        "body": html,
        "isHtml": "1",
        "to[0][label]": to[0],
        "to[0][email]": to[1],
    }
    files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
    files += [("attachments[]", (name, content, "text/calendar")) for name, content in calendars]
    answer = await session.ocs_answer("POST", f"{API}/message/send", files=files)
    if answer.status in (200, 202) and '"ocs"' in answer.text:
        return Outcome.SENT if answer.status == 200 else Outcome.NOT_FILED
    said = answer.text.lower() if '"ocs"' in answer.text else ""
    for status, words, outcome in _SAID:
        if answer.status == status and words in said:
            return outcome
    if answer.status < 300:
        raise Troubled("send through Mail", answer.status)  # another page than the one that was asked for
    raise from_status("send through Mail", answer.status, answer.text, answer.headers.get("retry-after", ""))
