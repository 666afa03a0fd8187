# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mail to the family: one per guest and change."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

from ..conference.views import BookingView, GuestView
from ..nextcloud import mail
from ..nextcloud.errors import Unreachable
from ..nextcloud.session import Door
from ..settings import Settings
from . import letter, smtp
from .channels import Channel
from .ledger import State

UNSURE = "The answer of the Mail app got lost after the mail was handed over. It has probably gone out."


class MailEffect:
    """Sends through `smtp` and `mail-app`; the `calendar` channel has sent with the event."""

    def __init__(self, door: Door, settings: Settings, reply_to: Callable[[str], str]) -> None:
        self._door = door
        self._settings = settings
        self._reply_to = reply_to

    async def apply(
        self,
        news: list[State],
        all_views: list[BookingView],
        channel: Channel,
        manage_link: str,
        instead: Sequence[letter.Instead] = (),
    ) -> str:
        """Sends one mail for all of `news`; returns a note for the organiser, usually empty.

        A crash between "sent" and "noted" sends again, with the same Message-ID: a family would rather read a
        mail twice than never. Raises `NextcloudError`, `SmtpRefused`, `SmtpTroubled`."""
        known = [(state.view, state.applied > 0) for state in news]
        written = letter.compose(known, all_views, manage_link, instead)
        return await self.send(written, news[0].view, channel, _fingerprint(news))

    async def send(
        self, written: letter.Letter, view: BookingView | GuestView, channel: Channel, fingerprint: str
    ) -> str:
        """Sends a letter to the family of `view`, as its organiser; returns a note, usually empty. The same
        `fingerprint` makes the same Message-ID. Raises as `apply`."""
        if channel.name == "smtp":
            await self._by_smtp(written, view, fingerprint)
            return ""
        return await self._by_mail_app(written, view, channel)

    async def _by_smtp(self, written: letter.Letter, view: BookingView | GuestView, fingerprint: str) -> None:
        sender_name, sender = letter.sender_of(self._settings, view.conference_name)
        mail_id = f"<{fingerprint}@{sender.rpartition('@')[2]}>"
        message = letter.message(written, sender, sender_name, mail_id, self._reply_to(view.organiser_id))
        await asyncio.to_thread(smtp.send, self._settings, message)

    async def _by_mail_app(self, written: letter.Letter, view: BookingView | GuestView, channel: Channel) -> str:
        account = mail.MailAccount(channel.account_id, channel.address)
        async with self._door.as_user(view.organiser_id) as session:
            try:
                handed = await mail.send(session, account, written.to, written.subject, written.html, written.calendar)
            except Unreachable as error:
                # The Mail app offers no way to look whether it went out. Sending again would double nearly
                # every mail of a slow server, so it counts as sent and the organiser is told.
                if error.sent:
                    return UNSURE
                raise
        return handed.note


def _fingerprint(news: list[State]) -> str:
    parts = ",".join(f"{state.view.public_id}.{state.view.revision}" for state in news)
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
