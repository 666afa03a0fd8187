# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family reads: one mail for all that is new, with all its appointments and the manage link."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ..conference import entries
from ..conference.ical import calendar_file
from ..conference.texts import TextKind, running_text
from ..conference.views import BookingView, GuestView
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


@dataclass(frozen=True)
class Section:
    """Appointments under a title; an empty title for what the letter is about."""

    title: str
    views: Sequence[BookingView]


@dataclass(frozen=True)
class Instead:
    """Free times of one host that a family can have in place of a cancelled one (UTC); `link` leads to them."""

    host_name: str
    starts: Sequence[datetime]
    link: str

    def times(self, say: Speaker) -> list[str]:
        return [say.when(start) for start in self.starts]


@dataclass(frozen=True)
class Onward:
    """The one button of a letter and the sentence below it."""

    text: str
    link: str
    note: str


def compose(
    news: list[tuple[BookingView, bool]],
    all_views: list[BookingView],
    manage_link: str,
    instead: Sequence[Instead] = (),
) -> Letter:
    """`news` are the changed bookings, each with whether the family knew it before; never empty."""
    news = [(view.outward(), known) for view, known in news]
    all_views = [view.outward() for view in all_views]
    first = news[0][0]
    say = Speaker(first.language, first.zone)
    changed = [view for view, _ in news if view.active]
    to_confirm = any(view.confirm_by for view in changed)
    new_ids = {view.id for view, _ in news}
    others = [view for view in all_views if view.active and view.id not in new_ids]
    method = "PUBLISH" if changed else "CANCEL"
    return _written(
        first,
        say,
        _heading(news, say),
        running_text(first.texts, _kind(news), say, _values(first)),
        sections=[
            Section("", [view for view, _ in news]),
            *([] if to_confirm else [Section(say("Your other appointments"), others)]),
        ],
        onward=_to_confirm(say, manage_link) if to_confirm else to_manage(say, manage_link),
        messages=list(dict.fromkeys(view.message for view, _ in news if view.message)),
        instead=instead,
        calendar=b"" if to_confirm else calendar_file(changed or [view for view, _ in news], say, method),
        method=method,
    )


def announcement(subject: str, text: str, first: GuestView, views: list[BookingView], manage_link: str) -> Letter:
    """What the school writes to one family, with the appointments it has, if any."""
    first = first.outward()
    say = Speaker(first.language, first.zone)
    coming = [view.outward() for view in views if view.active]
    return _written(
        first,
        say,
        subject,
        say("Hello {name},").replace("{name}", first.guest_name),
        sections=[Section(say("Your appointments"), coming)],
        onward=to_manage(say, manage_link),
        messages=[text],
        calendar=calendar_file(coming, say) if coming else b"",
    )


def notice(
    kind: TextKind,
    heading: str,
    to: GuestView,
    views: list[BookingView],
    onward: Onward,
    values: Mapping[str, str],
    file: bool = False,
) -> Letter:
    """A letter that is about no change: reminder, offer, invitation and the like, in the school's words."""
    to = to.outward()
    views = [view.outward() for view in views]
    say = Speaker(to.language, to.zone)
    return _written(
        to,
        say,
        heading,
        running_text(to.texts, kind, say, {**_values(to), **values}),
        sections=[Section(say("Your appointments"), views)],
        onward=onward,
        calendar=calendar_file(views, say) if file and views else b"",
    )


def _written(
    to: BookingView | GuestView,
    say: Speaker,
    heading: str,
    text: str,
    *,
    sections: Sequence[Section],
    onward: Onward,
    messages: Sequence[str] = (),
    instead: Sequence[Instead] = (),
    calendar: bytes = b"",
    method: str = "PUBLISH",
) -> Letter:
    values = {
        "say": say,
        "heading": heading,
        "running_text": [line for line in text.splitlines() if line.strip()],
        "messages": messages,
        "sections": [section for section in sections if section.views],
        "instead": instead,
        "onward": onward,
        "conference_name": to.conference_name,
        "contact": to.conference_contact,
    }
    return Letter(
        to=(one_line(to.guest_name), to.guest_email),
        subject=one_line(f"{heading} – {to.conference_name}"),
        text=_templates.get_template("mail.txt").render(values),
        html=_templates.get_template("mail.html").render(values),
        calendar=calendar,
        calendar_method=method,
    )


def _values(to: BookingView | GuestView) -> dict[str, str]:
    return {"name": to.guest_name, "conference": to.conference_name, "contact": to.conference_contact}


def to_manage(say: Speaker, link: str, text: str = "") -> Onward:
    note = say("Keep this link to yourself: who has it can change your appointments.")
    return Onward(text or say("Change, cancel or book another appointment"), link, note)


def _to_confirm(say: Speaker, link: str) -> Onward:
    note = say("You have not booked anything? Then do nothing; the time will be free again.")
    return Onward(say("Confirm"), link, note)


def _kind(news: list[tuple[BookingView, bool]]) -> TextKind:
    views = [view for view, _ in news]
    if any(view.active and view.confirm_by for view in views):
        return "confirm"
    if not any(view.active for view in views):
        return "apology" if any(view.cancelled_by == "school" for view in views) else "cancelled"
    if any(known for _, known in news) or not all(view.active for view in views):
        return "changed"
    return "booked"


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


def message(letter: Letter, sender: str, sender_name: str, message_id: str, reply_to: str = "") -> EmailMessage:
    """The letter as a mail for SMTP. The Message-ID is the same on every attempt, so that a mailbox that got the
    mail twice shows it once. Answers go to `reply_to`, where it is known."""
    mail = EmailMessage()
    mail["From"] = _address(sender_name, sender)
    mail["To"] = _address(*letter.to)
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
    given, address = parseaddr(settings.smtp_from)
    return given or name, address or f"sprechtag@{settings.smtp_host}"


def test_message(settings: Settings, to: str, language: str) -> EmailMessage:
    """What an admin gets who asks whether the relay works."""
    say = Speaker(language)
    name, address = sender_of(settings, "Sprechtag")
    mail = EmailMessage()
    mail["From"], mail["To"] = _address(name, address), one_line(to)
    mail["Subject"] = say("Test mail of Sprechtag")
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    mail.set_content(say("The mail server works: this is how families’ mails will reach them."))
    return mail


def one_line(text: str) -> str:
    """For a header: a line break in it would end the mail, and whatever is older than the rules for entries may have
    one."""
    return entries.line(text, sys.maxsize)


def _address(name: str, address: str) -> Address:
    user, _, domain = one_line(address).rpartition("@")
    return Address(display_name=one_line(name), username=user, domain=domain)
