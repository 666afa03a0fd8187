# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's own account in the Mail app."""

from ...nextcloud import mail
from ...nextcloud.errors import Unreachable
from ...nextcloud.mail import Outcome
from ...nextcloud.session import Door
from ..letter import Letter
from ..mailbox import NotAnAddress, needs_utf8, wire_address
from . import Channel
from .calendar_files import calendar_files
from .errors import AddressRefused, AnswerLost, RelayTrouble

UNSURE = "The answer of the Mail app got lost after the mail was handed over. It has probably gone out."
NOTES = {
    Outcome.SENT: "",
    Outcome.NOT_FILED: "The Mail app will try again or could not file it.",
    Outcome.WAITS_FOR_FOLDER: "The Mail account has no folder for sent mails yet; the mail goes out later.",
    Outcome.RETRIES: "The mail server did not take it; the Mail app keeps it in its outbox and tries again.",
}
"""What is in the Mail app's hands, so that it must not be sent again, and what the organiser reads of it."""
FAILED = "The Mail app could not send the mail and does not try again. Look into its outbox."
NO_ATTACHMENT = "The Mail app could not take the attachment."
UNCLEAR = "The Mail app had an error after it took the mail. It may still go out."
NEEDS_UTF8 = "The Mail app does not take addresses with letters such as ä before the @."
NO_ADDRESS = "The Mail app does not take this address."


async def send(door: Door, organiser_id: str, channel: Channel, letter: Letter) -> str:
    """Sends as the organiser; returns a note for them, usually empty. Raises `ChannelError`, `NextcloudError`."""
    name, to = letter.to[0], _checked(letter.to[1])
    files = [(file.name, file.content) for file in calendar_files(letter.events, _sender(channel.address))]
    account = mail.MailAccount(channel.account_id, channel.address)
    async with door.as_user(organiser_id) as session:
        try:
            outcome = await mail.send(session, account, (name, to), letter.subject, letter.html, files)
        except Unreachable as error:
            # The Mail app offers no way to look whether it went out, and gives each mail a Message-ID of its own.
            # Sending again would double nearly every mail of a slow server, so it counts as sent and is said so.
            if error.sent:
                return UNSURE
            raise
    match outcome:
        case Outcome.FAILED:
            raise RelayTrouble(FAILED, leaves_trace=True)
        case Outcome.UNCLEAR:
            raise AnswerLost(UNCLEAR)
        case Outcome.NO_ATTACHMENT:
            raise RelayTrouble(NO_ATTACHMENT)
        case Outcome.NO_ADDRESS:
            raise AddressRefused(NO_ADDRESS)
    return NOTES[outcome]


def _checked(mailbox: str) -> str:
    """As PHP's filter takes it: in ASCII throughout."""
    try:
        wire = wire_address(mailbox)
    except NotAnAddress as error:
        raise AddressRefused(NO_ADDRESS) from error
    if needs_utf8(wire):
        raise AddressRefused(NEEDS_UTF8)
    return wire


def _sender(mailbox: str) -> str:
    try:
        return wire_address(mailbox)
    except NotAnAddress:
        return mailbox
