# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes beside the family: naming them on the family's page, and the page that each of them gets.

Only a family that has come by its own link names anybody, within a budget: each is a mail to somebody else. `w/…` is a
named person's link; it shows one appointment and changes nothing."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from ..conference import budgets, companions, rules
from ..conference.errors import Invalid, NotFound, Refused
from ..conference.organise import share_token
from ..conference.person import Person
from ..conference.tables import Booking, Companion, Conference, Guest, Slot
from ..conference.tokens import join_path, person_path
from ..conference.views import BookingView, booking_view
from ..paper.ical import calendar_file
from .companions import kinds
from .front import Field, Front, FrontOf, Language, Sent, Visit, common, field_of, file_answer
from .manage import appointment_page
from .page import Page
from .refusals import Sentence, sentence

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
FIELDS = ("name", "email", "kind", "language")

# -- on the family's page -----------------------------------------------------------------------------------


@router.get("/m/{token}/b/{booking_id}/people")
def ask(front: FrontOf, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    visit, view = _own(front, page, token, booking_id)
    return _form(page, visit, view, {"name": "", "email": "", "kind": "parent", "language": page.say.language})


@router.post("/m/{token}/b/{booking_id}/people")
def name(front: FrontOf, request: Request, token: str, booking_id: str, sent: Sent) -> Response:
    page = front.page(request, field_of(sent, "lang"))
    visit, view = _own(front, page, token, booking_id)
    form = {one: field_of(sent, one) for one in FIELDS}
    language = form["language"] if form["language"] in page.languages else page.say.language
    page.home(f"{visit.base}/b/{view.public_id}/people")
    try:
        with front.database.write() as session:
            guest = session.get_one(Guest, visit.family_id)
            booking = session.get_one(Booking, view.id, with_for_update=True)
            _check_changeable(session, booking, front)
            budgets.spend(session, companions.BUDGET, guest.public_id, front.clock())
            companions.name(
                session,
                booking,
                Person(form["name"], form["email"], language),
                form["kind"],
                front.clock(),
                by_family=True,
            )
    except Invalid as invalid:
        return _form(page, visit, view, form, sentence(page.say, invalid))
    except Refused as refused:
        return _refused(front, page, visit, view, refused)
    with front.database.read() as session:
        view = booking_view(session, view.id)
    title = page.say("%(name)s is named", name=form["name"].strip())
    text = page.say("They get a mail with the appointment and a link of their own.")
    return appointment_page(front, page, visit, view, {"title": title, "text": text})


@router.post("/m/{token}/b/{booking_id}/people/{person_id}/remove")
def remove(front: FrontOf, request: Request, token: str, booking_id: str, person_id: str, lang: Field = "") -> Response:
    page = front.page(request, lang)
    visit, view = _own(front, page, token, booking_id)
    try:
        with front.database.write() as session:
            booking = session.get_one(Booking, view.id, with_for_update=True)
            companions.remove(session, booking, person_id, front.clock())
    except Refused as refused:
        return _refused(front, page, visit, view, refused)
    with front.database.read() as session:
        view = booking_view(session, view.id)
    title = page.say("Taken back. Whoever had a mail about it is told.")
    return appointment_page(front, page, visit, view, {"title": title, "text": ""})


def _check_changeable(session: Session, booking: Booking, front: Front) -> None:
    conference = session.get_one(Conference, booking.conference_id)
    rules.check_changeable(conference, booking, session.get_one(Slot, booking.slot_id), front.clock())


def _own(front: Front, page: Page, token: str, booking_id: str) -> tuple[Visit, BookingView]:
    """Raises `NotFound` for who has not come by the family's own link, and while the appointment waits for its word."""
    visit, view = front.own_booking(page, token, booking_id)
    if visit.family is None or view.confirm_by:
        raise NotFound
    return visit, view


def _refused(front: Front, page: Page, visit: Visit, view: BookingView, refused: Refused) -> Response:
    one = f"{visit.base}/b/{view.public_id}"
    return front.answer(page, visit, sentence(page.say, refused), one, page.say("Your appointment"))


def _form(
    page: Page, visit: Visit, view: BookingView, form: dict[str, str], problem: Sentence | None = None
) -> Response:
    return page.answer(
        "people.html",
        problem.status if problem else 200,
        **common(visit),
        view=view,
        one=f"{visit.base}/b/{view.public_id}",
        form=form,
        kinds=kinds(page.say),
        wrong={problem.field: problem.text} if problem else {},
        problems=[{"field": problem.field, "text": problem.text}] if problem else [],
        problem_title=page.say("One more thing"),
    )


# -- a named person's own page ------------------------------------------------------------------------------


@router.get("/w/{person_id}/{token}")
def show(front: FrontOf, request: Request, person_id: str, token: str, lang: Language = "") -> Response:
    page, view, one = _open(front, request, person_id, token, lang)
    page.join = lambda _: join_path(front.links, one.public_id, one.generation)
    base = person_path(front.links, one.public_id, one.generation)
    page.home(base)
    people = [view.guest_name, *(name for name in view.people if name != one.name)]
    return page.answer(
        "person.html",
        conference_name=view.conference_name,
        contact=view.conference_contact,
        view=view,
        people=people,
        base=base,
    )


@router.get("/w/{person_id}/{token}/appointment.ics")
def as_file(front: FrontOf, request: Request, person_id: str, token: str, lang: Language = "") -> Response:
    page, view, one = _open(front, request, person_id, token, lang)
    mine = with_join_link(front, view, one)
    body = calendar_file([mine], page.say, "PUBLISH" if view.active else "CANCEL")
    return file_answer(body, "text/calendar; charset=utf-8", "appointment.ics")


def with_join_link(front: Front, view: BookingView, one: Companion) -> BookingView:
    base = front.public_base()
    link = f"{base}/{join_path(front.links, one.public_id, one.generation)}" if view.talk_link and base else ""
    return replace(view, talk_link=link)


def _open(front: Front, request: Request, person_id: str, token: str, lang: str) -> tuple[Page, BookingView, Companion]:
    """Raises `NotFound`, also for who is not asked for any more."""
    page = front.page(request, lang)
    with front.database.read() as session:
        one = companions.by_link(session, front.links, person_id, token)
        view = booking_view(session, one.booking_id)
        conference = session.get_one(Conference, view.conference_id)
        front.offer_languages(page, conference)
    page.about(f"s/{share_token(conference, front.links)}")
    page.speaks(one.language)
    page.in_zone(view.zone)
    return page, view, one
