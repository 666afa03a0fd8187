# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's own account in the Mail app."""

from ...nextcloud import mail
from ...nextcloud.errors import Unreachable
from ...nextcloud.session import Door
from ..letter import Letter
from . import Channel

UNSURE = "The answer of the Mail app got lost after the mail was handed over. It has probably gone out."


async def send(door: Door, organiser_id: str, channel: Channel, letter: Letter) -> str:
    """Sends as the organiser; returns a note for them, usually empty. Raises `NextcloudError`."""
    account = mail.MailAccount(channel.account_id, channel.address)
    async with door.as_user(organiser_id) as session:
        try:
            handed = await mail.send(session, account, letter.to, letter.subject, letter.html, letter.calendar)
        except Unreachable as error:
            # The Mail app offers no way to look whether it went out. Sending again would double nearly
            # every mail of a slow server, so it counts as sent and the organiser is told.
            if error.sent:
                return UNSURE
            raise
    return handed.note
