# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hands a letter to its channel."""

import hashlib
from collections.abc import Callable

from ..conference.views import BookingView, GuestView
from ..nextcloud.session import Door
from ..settings import Settings
from .channels import Channel, mail_app
from .channels.smtp import Relay
from .letter import Letter
from .mime import message, message_id, sender_of


class Sender:
    """Sends through `smtp` and `mail-app`; the `calendar` channel sends with the event. `reply_to` says where answers
    to an organiser's mails go."""

    def __init__(self, door: Door, relay: Relay, settings: Settings, reply_to: Callable[[str], str]) -> None:
        self._door = door
        self._relay = relay
        self._settings = settings
        self._reply_to = reply_to

    async def send(self, letter: Letter, to: BookingView | GuestView, channel: Channel, fingerprint: str) -> str:
        """Sends to the family of `to`, as its organiser; returns a note for the organiser, usually empty.

        The same `fingerprint` makes the same Message-ID, so a crash between "sent" and "noted" that sends again makes
        no second mail in most mailboxes. Raises `ChannelError`, `NextcloudError`."""
        if channel.name == "smtp":
            await self._by_smtp(letter, to, fingerprint)
            return ""
        return await mail_app.send(self._door, to.organiser_id, channel, letter)

    async def _by_smtp(self, letter: Letter, to: BookingView | GuestView, fingerprint: str) -> None:
        sender_name, sender = sender_of(self._settings, to.conference_name)
        mail_id = message_id(fingerprint, sender)
        mail = message(letter, sender, sender_name, mail_id, self._reply_to(to.organiser_id))
        await self._relay.send(self._settings, mail)


def fingerprint_of(name: str) -> str:
    """For a letter that has a name of its own."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]
