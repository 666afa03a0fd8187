# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A letter as a mail (RFC 5322)."""

import secrets
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from ..phrases import Speaker
from ..settings import Settings
from .channels.calendar_files import calendar_files
from .channels.errors import AddressRefused, RelayTrouble
from .headers import MAIL, address
from .letter import Letter
from .mailbox import NotAnAddress, ascii_address, wire_address, wire_domain

NOT_TO = "No mail can be sent to this address."
NOT_FROM = "The sender’s address in the settings is no address."


def message(letter: Letter, sender: str, sender_name: str, message_id: str, reply_to: str = "") -> EmailMessage:
    """The letter as a mail for SMTP. The Message-ID is the same on every attempt, so that a mailbox that got the
    mail twice shows it once. Answers go to `reply_to`, where it is known. Raises `AddressRefused`, `RelayTrouble`."""
    mail = _mail(letter.to, (sender_name, sender), message_id)
    if reply_to and reply_to != sender:
        with suppress(NotAnAddress):
            mail["Reply-To"] = address("", ascii_address(reply_to))
    mail["Subject"] = letter.subject
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    for file in calendar_files(letter.events, mail["From"].addresses[0].addr_spec):
        mail.add_attachment(
            file.content,
            maintype="text",
            subtype="calendar",
            filename=file.name,
            params={"method": file.method, "charset": "utf-8"},
        )
    return mail


def message_id(fingerprint: str, sender: str) -> str:
    """The same for the same `fingerprint`, whenever and how often the mail is made."""
    try:
        domain = wire_domain(sender.rpartition("@")[2])
    except NotAnAddress as error:
        raise RelayTrouble(NOT_FROM) from error
    return f"<{fingerprint}@{domain}>"


def sender_of(settings: Settings, name: str = "") -> tuple[str, str]:
    """Name and address that mails over SMTP come from; `name` where the setting has none."""
    given, mailbox = parseaddr(settings.smtp_from)
    return given or name, mailbox or settings.smtp_from.strip() or f"sprechtag@{settings.smtp_host}"


def test_message(settings: Settings, to: str, language: str) -> EmailMessage:
    """What an admin gets who asks whether the relay works. Raises as `message`."""
    say = Speaker(language)
    sender = sender_of(settings, "Sprechtag")
    mail = _mail(("", to), sender, message_id(secrets.token_hex(16), sender[1]))
    mail["Subject"] = say("Test mail of Sprechtag")
    mail.set_content(say("The mail server works: this is how families’ mails will reach them."))
    return mail


def _mail(to: tuple[str, str], sender: tuple[str, str], message_id: str) -> EmailMessage:
    mail = EmailMessage(policy=MAIL)
    try:
        mail["From"] = address(sender[0], wire_address(sender[1]))
    except (NotAnAddress, ValueError) as error:
        raise RelayTrouble(NOT_FROM) from error
    try:
        mail["To"] = address(to[0], wire_address(to[1]))
    except (NotAnAddress, ValueError) as error:
        raise AddressRefused(NOT_TO) from error
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = message_id
    return mail
