# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family reads: one mail for all that is new, with all its appointments and the manage link."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ..conference.tables import Conference, Interpreter
from ..conference.texts import TextKind, running_text
from ..conference.views import BookingView, GuestView
from ..look import Look
from ..phrases import Speaker
from .headers import one_line
from .letter import Instead, Letter, Onward, Section, to_confirm, to_manage

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


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
    unconfirmed = any(view.confirm_by for view in changed)
    new_ids = {view.id for view, _ in news}
    others = [view for view in all_views if view.active and view.id not in new_ids]
    return _written(
        first,
        say,
        _heading(news, say),
        running_text(first.texts, _kind(news), say, _values(first)),
        sections=[
            Section("", [view for view, _ in news]),
            *([] if unconfirmed else [Section(say("Your other appointments"), others)]),
        ],
        onward=to_confirm(say, manage_link) if unconfirmed else to_manage(say, manage_link),
        messages=list(dict.fromkeys(view.message for view, _ in news if view.message)),
        instead=instead,
        events=[] if unconfirmed else [view for view, _ in news],
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
        events=coming,
    )


def to_person(
    heading: str, text: str, news: Sequence[BookingView], others: Sequence[BookingView], to: BookingView, onward: Onward
) -> Letter:
    """A letter to somebody beside the family, about appointments that they come to."""
    say = Speaker(to.language, to.zone)
    sections = [Section("", news), Section(say("Your other appointments"), others)]
    return _written(to, say, heading, text, sections=sections, onward=onward, events=news)


def for_interpreter(
    one: Interpreter, conference: Conference, heading: str, text: str, onward: Onward, look: Look
) -> tuple[Letter, GuestView]:
    """A letter to somebody who has no appointment yet, and to whom it goes."""
    to = GuestView(
        conference_name=conference.name,
        conference_contact=conference.contact,
        texts=conference.texts,
        organiser_id=conference.organiser_id,
        zone=conference.time_zone,
        guest_id=0,
        guest_public_id=one.public_id,
        guest_generation=one.generation,
        guest_name=one.name,
        guest_email=one.email,
        guest_child="",
        language=one.language,
        closes_at=None,
        proven=True,
        look=look,
    )
    return _written(to, Speaker(to.language, to.zone), heading, text, sections=[], onward=onward), to


def of_other_household(to: GuestView, views: list[BookingView], manage_link: str, say: Speaker) -> Letter:
    """What one household reads of the other one's appointments with their children."""
    to = to.outward()
    text = say("The other household of your family has booked, changed or cancelled an appointment for your children.")
    nothing = [] if views else [say("It has no appointment for them now.")]
    return _written(
        to,
        say,
        say("What your family's other household has booked"),
        say("Hello {name},").replace("{name}", to.guest_name),
        sections=[Section(say("Booked by the other household"), [view.outward() for view in views])],
        onward=to_manage(say, manage_link),
        messages=[text, *nothing],
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
        events=views if file else [],
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
    events: Sequence[BookingView] = (),
) -> Letter:
    values = {
        "say": say,
        "heading": heading,
        "running_text": [line for line in text.splitlines() if line.strip()],
        "messages": messages,
        "sections": [section for section in sections if section.views],
        "instead": instead,
        "onward": onward,
        "look": to.look,
        "before": lambda view: _before(view, say),
        "conference_name": to.conference_name,
        "contact": to.conference_contact,
    }
    return Letter(
        to=(one_line(to.guest_name), to.guest_email),
        subject=one_line(f"{heading} – {to.conference_name}"),
        text=_templates.get_template("mail.txt").render(values),
        html=_templates.get_template("mail.html").render(values),
        events=tuple(events),
    )


def _before(view: BookingView, say: Speaker) -> list[str]:
    """What of the appointment is not so any more."""
    before = view.before
    if before is None:
        return []
    place = say("By video") if before.place == "video" else say("On site")
    return [
        *([say.when(before.starts_at)] if before.starts_at != view.starts_at else []),
        *([before.host_name] if before.host != view.host_public_id else []),
        *([place] if before.place != view.place else []),
    ]


def _values(to: BookingView | GuestView) -> dict[str, str]:
    return {"name": to.guest_name, "conference": to.conference_name, "contact": to.conference_contact}


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
        new = all(view.active and not told for view, told in news)
        return say("Your appointments are booked") if new else say("What is new with your appointments")
    if not view.active:
        return say("Cancelled: %(when)s", when=when)
    if known:
        return say("Changed: %(when)s", when=when)
    return say("Your appointment: %(when)s", when=when)
