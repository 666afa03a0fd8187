# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails through the user's own account in the Mail app. It allows 5 calls in 100 s per user."""

from dataclasses import dataclass
from typing import Any

from .errors import Missing, NotAllowed, from_status
from .session import UserSession

API = "/ocs/v2.php/apps/mail"


@dataclass(frozen=True)
class MailAccount:
    id: int
    address: str


async def first_account(session: UserSession) -> MailAccount | None:
    """The user's first account; None without one or without the Mail app."""
    try:
        accounts = await session.ocs_list("GET", f"{API}/account/list")
    except (Missing, NotAllowed):
        return None
    for account in accounts:
        if account.get("id") and account.get("email"):
            return MailAccount(int(account["id"]), str(account["email"]))
    return None


@dataclass(frozen=True)
class Handed:
    """The mail is in the Mail app's hands. `note` says what is not as usual, or is empty."""

    note: str = ""


async def send(
    session: UserSession, account: MailAccount, to: tuple[str, str], subject: str, html: str, calendar: bytes
) -> Handed:
    """Sends one mail to (name, address), with an iCalendar file unless empty.

    Besides 200 three answers mean that the mail will go out and must not be sent again: 202, 403 "no sent mailbox"
    and Mail's own 500 (it keeps the mail in its outbox and tries again). Raises `NextcloudError` else."""
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
    if calendar:
        files.append(("attachments[]", ("appointment.ics", calendar, "text/calendar")))
    answer = await session.ocs_answer("POST", f"{API}/message/send", files=files)
    if answer.status == 202:
        return Handed("The Mail app will try again or could not file it.")
    if answer.status == 403 and "sent" in answer.text.lower():
        return Handed("The Mail account has no folder for sent mails yet; the mail goes out later.")
    if answer.status == 500 and '"ocs"' in answer.text:
        return Handed("The mail server did not take it; the Mail app keeps it in its outbox and tries again.")
    if answer.status != 200:
        raise from_status("send through Mail", answer.status, answer.text, answer.headers.get("retry-after", ""))
    return Handed()
