# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which way a conference's mails go: an SMTP relay, the organiser's own Mail account, or the calendar server."""

from dataclasses import dataclass
from typing import Any, Literal

from ...settings import Settings

ChannelName = Literal["smtp", "mail-app", "calendar"]


@dataclass(frozen=True)
class Channel:
    """`account` is the organiser's Mail account for `mail-app`, else empty."""

    name: ChannelName
    account_id: int = 0
    address: str = ""


def choose(settings: Settings, mail_account: dict[str, Any]) -> Channel:
    """A forced channel as far as it can be had; else the best that is there.

    `mail_account` is the fact learned of the organiser: `{"id": …, "address": …}` or empty."""
    account = Channel("mail-app", int(mail_account.get("id") or 0), str(mail_account.get("address") or ""))
    forced = settings.mail_channel
    if forced == "calendar":
        return Channel("calendar")
    if settings.smtp_host and forced in ("auto", "smtp"):
        return Channel("smtp")
    if account.account_id and forced in ("auto", "mail-app"):
        return account
    return Channel("calendar")
