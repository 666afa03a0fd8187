# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A letter as a mail (RFC 5322)."""

from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from ..phrases import Speaker
from ..settings import Settings
from .headers import address, one_line
from .letter import Letter


def message(letter: Letter, sender: str, sender_name: str, message_id: str, reply_to: str = "") -> EmailMessage:
    """The letter as a mail for SMTP. The Message-ID is the same on every attempt, so that a mailbox that got the
    mail twice shows it once. Answers go to `reply_to`, where it is known."""
    mail = EmailMessage()
    mail["From"] = address(sender_name, sender)
    mail["To"] = address(*letter.to)
    if reply_to and reply_to != sender:
        mail["Reply-To"] = one_line(reply_to)
    mail["Subject"] = letter.subject
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    if letter.calendar:
        mail.add_attachment(
            letter.calendar,
            maintype="text",
            subtype="calendar",
            filename="appointment.ics",
            params={"method": letter.calendar_method, "charset": "utf-8"},
        )
    return mail


def sender_of(settings: Settings, name: str = "") -> tuple[str, str]:
    """Name and address that mails over SMTP come from; `name` where the setting has none."""
    given, mailbox = parseaddr(settings.smtp_from)
    return given or name, mailbox or f"sprechtag@{settings.smtp_host}"


def test_message(settings: Settings, to: str, language: str) -> EmailMessage:
    """What an admin gets who asks whether the relay works."""
    say = Speaker(language)
    name, mailbox = sender_of(settings, "Sprechtag")
    mail = EmailMessage()
    mail["From"], mail["To"] = address(name, mailbox), one_line(to)
    mail["Subject"] = say("Test mail of Sprechtag")
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=mailbox.rpartition("@")[2])
    mail.set_content(say("The mail server works: this is how families’ mails will reach them."))
    return mail
