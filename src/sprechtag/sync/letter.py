# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family reads: one mail for all that is new, with all its appointments and the manage link."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ..conference.ical import calendar_file
from ..conference.queries import BookingView, GuestView
from ..phrases import Speaker
from ..settings import Settings

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Letter:
    """`calendar` is an iCalendar file: what is new, or a cancellation; empty where there is no appointment."""

    to: tuple[str, str]
    subject: str
    text: str
    html: str
    calendar: bytes
    calendar_method: str


def compose(news: list[tuple[BookingView, bool]], all_views: list[BookingView], manage_link: str) -> Letter:
    """`news` are the changed bookings, each with whether the family knew it before; never empty."""
    first = news[0][0]
    say = Speaker(first.language, first.zone)
    changed = [view for view, _ in news if view.active]
    values = {
        "say": say,
        "heading": _heading(news, say),
        "news": [view for view, _ in news],
        "others": [view for view in all_views if view.active and view.id not in {new.id for new, _ in news}],
        "manage_link": manage_link,
        "conference_name": first.conference_name,
        "contact": first.conference_contact,
        "messages": list(dict.fromkeys(view.message for view, _ in news if view.message)),
        "guest_name": first.guest_name,
        "to_confirm": any(view.confirm_by for view in changed),
    }
    method = "PUBLISH" if changed else "CANCEL"
    return Letter(
        to=(first.guest_name, first.guest_email),
        subject=f"{values['heading']} – {first.conference_name}",
        text=_templates.get_template("mail.txt").render(values),
        html=_templates.get_template("mail.html").render(values),
        calendar=b"" if values["to_confirm"] else calendar_file(changed or [view for view, _ in news], say, method),
        calendar_method=method,
    )


def announcement(subject: str, text: str, first: GuestView, views: list[BookingView], manage_link: str) -> Letter:
    """What the school writes to one family, with the appointments it has, if any."""
    say = Speaker(first.language, first.zone)
    coming = [view for view in views if view.active]
    values = {
        "say": say,
        "heading": subject,
        "news": [],
        "others": coming,
        "manage_link": manage_link,
        "conference_name": first.conference_name,
        "contact": first.conference_contact,
        "messages": [text],
        "guest_name": first.guest_name,
        "to_confirm": False,
    }
    return Letter(
        to=(first.guest_name, first.guest_email),
        subject=f"{subject} – {first.conference_name}",
        text=_templates.get_template("mail.txt").render(values),
        html=_templates.get_template("mail.html").render(values),
        calendar=calendar_file(coming, say) if coming else b"",
        calendar_method="PUBLISH",
    )


def _heading(news: list[tuple[BookingView, bool]], say: Speaker) -> str:
    view, known = news[0]
    when = say.when(view.starts_at)
    if view.active and view.confirm_by:
        return say("Please confirm: %(when)s", when=when)
    if len(news) > 1:
        return say("What is new with your appointments")
    if not view.active:
        return say("Cancelled: %(when)s", when=when)
    if known:
        return say("Changed: %(when)s", when=when)
    return say("Your appointment: %(when)s", when=when)


def message(letter: Letter, sender: str, sender_name: str, message_id: str) -> EmailMessage:
    """The letter as a mail for SMTP. The Message-ID is the same on every attempt, so that a mailbox that got the
    mail twice shows it once."""
    mail = EmailMessage()
    mail["From"] = _address(sender_name, sender)
    mail["To"] = _address(*letter.to)
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
    given, address = parseaddr(settings.smtp_from)
    return given or name, address or f"sprechtag@{settings.smtp_host}"


def test_message(settings: Settings, to: str, language: str) -> EmailMessage:
    """What an admin gets who asks whether the relay works."""
    say = Speaker(language)
    name, address = sender_of(settings, "Sprechtag")
    mail = EmailMessage()
    mail["From"], mail["To"] = _address(name, address), to
    mail["Subject"] = say("Test mail of Sprechtag")
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    mail.set_content(say("The mail server works: this is how families’ mails will reach them."))
    return mail


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(display_name=name, username=user, domain=domain)
