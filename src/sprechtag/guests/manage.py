# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's own page, behind its manage link: its appointments, what is held for it, changing and cancelling."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlmodel import col

from ..conference import holding, interpreting, named, proof, rules, waiting, wishes
from ..conference.errors import NotFound, Refused, SlotTaken
from ..conference.organise import share_token
from ..conference.tables import Guest, Slot, WaitingEntry
from ..conference.taken import free_of
from ..conference.tokens import feed_path, is_token
from ..conference.views import BookingView, booking_view, bookings_of_guest, bookings_of_other_household
from ..paper.ical import calendar_file
from ..paper.pdf import warm_up
from ..paper.timetable import family_timetable
from .companions import shown
from .front import Field, FrontOf, Language, Searched, Visit, common, days_with_times, file_answer, sentence_page
from .page import Page, etag
from .refusals import Sentence, sentence

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

# -- the family's page --------------------------------------------------------------------------------------


@router.get("/m/{token}")
def manage(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    return show(front, page, visit)


def show(front: FrontOf, page: Page, visit: Visit, notice: dict[str, str] | None = None) -> Response:
    """The family's page, also as the answer to a change."""
    page.home(visit.base)
    warm_up()
    open_now = front.closed(page, visit) is None
    with front.database.read() as session:
        views = visit.bookings(session)
        family = visit.family
        held = holding.held_slots(session, family, front.clock()) if family and open_now else []
        waits = waiting.of_guest(session, visit.guest, visit.screen) if visit.guest else []
        wished = wishes.of_guest(session, visit.guest_id, visit.screen)
        seen = {view.host_id for view in views if view.active}
        asked = named.asking_hosts(session, visit.guest_id, seen) if family else []
        others = bookings_of_other_household(session, family) if family else []
    offers = {one.offered.id for one in waits if one.offered}
    feed = feed_path(front.links, visit.screen, 1)
    if family:
        feed = feed_path(front.links, family.public_id, family.manage_generation)
    base = front.public_base()
    return page.answer(
        "manage.html",
        **common(visit),
        days=_by_day(page, [view for view in views if view.active]),
        gone=[view for view in views if not view.active],
        to_confirm=[view for view in views if view.active and view.confirm_by] if family else [],
        unproven=family is not None and family.proven_at is None and bool(waits),
        family=family,
        held=[{"slot": slot, "host": host, "offered": slot.id in offers} for slot, host in held],
        waits=[one for one in waits if not one.offered],
        others=_by_day(page, others),
        asked=asked,
        several_children=len({view.child for view in views if view.active}) > 1,
        feed=f"{base}/{feed}" if base else "",
        base=visit.base,
        open=open_now,
        wishes=visit.conference.booking_mode == "wishes",
        may_wish=not rules.wishes_are_over(visit.conference, front.clock()),
        wished=[
            {"host": host.display_name, "child": wish.child, "why": wishes.why(wish.outcome, page.say)}
            if wish.outcome
            else {"host": host.display_name, "child": wish.child, "why": ""}
            for wish, host in wished
            if wish.outcome != wishes.SERVED
        ],
        notice=notice,
    )


@router.get("/m/{token}/print")
def printed(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    """A page for the printer: the appointments by day, nothing to press but the way back."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        views = [view for view in visit.bookings(session) if view.active]
    return page.answer("print.html", **common(visit), days=_by_day(page, views), base=visit.base)


@router.get("/m/{token}/appointments.ics")
def all_as_file(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        views = [view for view in visit.bookings(session) if view.active]
    return _calendar(calendar_file(front.for_family(views), page.say))


@router.get("/m/{token}/appointments.pdf")
def all_as_pdf(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        views = [view for view in visit.bookings(session) if view.active]
    return file_answer(family_timetable(views, visit.conference, page.say), "application/pdf", "appointments.pdf")


@router.get("/c/{owner_id}/{token}.ics")
def feed(front: FrontOf, request: Request, owner_id: str, token: str) -> Response:
    """The appointments for a calendar app that asks again and again; cancelled ones stay in it as cancelled. The
    owner is a guest, or a screen link for what was made through it."""
    page = front.page(request, "")
    with front.database.read() as session:
        guest, screen, generation = proof.feed_of(session, owner_id)
        if not is_token(front.links, "feed", owner_id, generation, token):
            raise NotFound
        views = bookings_of_guest(session, guest.id or 0, screen)
    page.speaks(next((view.form_language for view in views), "") if screen else guest.language)
    body = calendar_file(front.for_family(views), page.say, refresh_hours=2)
    state = "".join(f"{view.public_id}{view.revision}{view.talk_link}{view.host_room}" for view in views)
    headers = {"ETag": etag(f"{state}{page.say.language}".encode()), "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return file_answer(body, "text/calendar; charset=utf-8", "feed.ics", shown=True, **headers)


@router.post("/m/{token}/confirm")
def confirm_all(front: FrontOf, request: Request, token: str, lang: Field = "") -> Response:
    """The family says yes to all that waits for its word."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    try:
        front.desk.confirm_all(visit.family_id)
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, refused), visit.base, page.say("My appointments"))
    return show(front, page, visit, _notice(page, _done(page)["confirm"]))


@router.post("/m/{token}/new-link")
def new_link(front: FrontOf, request: Request, token: str, lang: Field = "") -> Response:
    """Voids the family's links. The new one goes to its mailbox and is not shown: whoever has pressed this may be
    the one from whom the link shall be taken."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    mailed = front.desk.new_links(visit.family_id)
    if mailed:
        said = Sentence(
            200,
            page.say("Your old links are void"),
            page.say("We are sending the new one to your address. Please look into your mails."),
        )
        start = f"s/{share_token(visit.conference, front.links)}"
        page.about(start)
        return sentence_page(page, said, **common(visit), onward=start, onward_text=page.say("To the beginning"))
    with front.database.read() as session:
        family = session.get_one(Guest, visit.family_id)
    known = Visit(front.manage_link(family), visit.kept, family)
    page.about(known.base)
    notice = {
        "title": page.say("Your old links are void"),
        "text": page.say("This page has a new address. Keep it."),
    }
    return show(front, page, known, notice)


@router.post("/m/{token}/o/{slot_id}/pass")
def let_pass(front: FrontOf, request: Request, token: str, slot_id: str, lang: Field = "") -> Response:
    """The family does not want the time that the waiting list has brought it: the next one is asked."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    with front.database.write() as session:
        slot = session.execute(
            select(Slot).where(col(Slot.public_id) == slot_id, col(Slot.held_for) == visit.family_id)
        ).scalar_one_or_none()
        if slot and visit.family:
            waiting.turn_down(session, visit.conference, slot, visit.family, front.clock())
    said = page.say("You let this time pass")
    return show(front, page, visit, {"title": said, "text": page.say("Another family is asked now.")})


@router.post("/m/{token}/w/{entry_id}/leave")
def leave_list(front: FrontOf, request: Request, token: str, entry_id: str, lang: Field = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    with front.database.write() as session:
        entry = session.execute(
            select(WaitingEntry).where(
                col(WaitingEntry.public_id) == entry_id, col(WaitingEntry.guest_id) == visit.guest_id
            )
        ).scalar_one_or_none()
        if entry and (visit.family or entry.screen == visit.screen):
            waiting.leave(session, entry.host_id, visit.guest_id)
    return show(front, page, visit, {"title": page.say("You are not on this waiting list any more"), "text": ""})


# -- one appointment ----------------------------------------------------------------------------------------


@router.get("/m/{token}/b/{booking_id}")
def appointment(front: FrontOf, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    visit, view = front.own_booking(page, token, booking_id)
    return appointment_page(front, page, visit, view)


def appointment_page(
    front: FrontOf, page: Page, visit: Visit, view: BookingView, notice: dict[str, str] | None = None
) -> Response:
    page.home(f"{visit.base}/b/{view.public_id}")
    return page.answer(
        "change.html",
        **common(visit),
        view=view,
        base=visit.base,
        changeable=front.clock() < view.changeable_until,
        notice=notice,
        **shown(front, visit, view),
    )


@router.get("/m/{token}/b/{booking_id}/move")
def move_times(
    front: FrontOf,
    request: Request,
    token: str,
    booking_id: str,
    lang: Language = "",
    interpreter: Searched | None = None,
) -> Response:
    """Who has asked for a language is shown the times at which somebody interprets it, and may ask for all."""
    page = front.page(request, lang)
    visit, view = front.own_booking(page, token, booking_id)
    with front.database.read() as session:
        host, earliest = visit.kept.host(view.host_public_id), rules.bookable_from(visit.conference, front.clock())
        free = free_of(session, visit.conference, host, earliest, view.id)
        language = (view.interpreter if interpreter is None else interpreter[:60]) if view.interpreter else ""
        if language:
            free = interpreting.with_interpreter(session, visit.conference, language, free)
        suits = front.suiting(session, visit, free, view.id)
    front.look_soon(view.host_id)
    one = f"{visit.base}/b/{view.public_id}"
    return page.answer(
        "times.html",
        **common(visit),
        days=days_with_times(page, suits),
        left_out=len(suits) < len(free),
        host=host,
        places=rules.places_offered(visit.conference, host),
        wait="",
        heading=page.say("Which time instead?"),
        back_to=one,
        back_text=page.say("Keep %(when)s", when=page.say.when(view.starts_at)),
        moving=True,
        spoken=front.spoken(visit, page.say.language) if view.interpreter else [],
        interpreter=language,
        post_to=f"{one}/move",
        base=visit.base,
    )


@router.post("/m/{token}/b/{booking_id}/move")
def move(front: FrontOf, request: Request, token: str, booking_id: str, slot: Field = "", lang: Field = "") -> Response:
    def move(visit: Visit, view: BookingView) -> None:
        front.desk.move(view.id, slot, door=front.door(request, visit))

    return _change(front, request, token, booking_id, lang, move, "move")


@router.post("/m/{token}/b/{booking_id}/place")
def change_place(
    front: FrontOf, request: Request, token: str, booking_id: str, place: Field = "", lang: Field = ""
) -> Response:
    return _change(
        front,
        request,
        token,
        booking_id,
        lang,
        lambda visit, view: front.desk.change_place(view.id, place, door=front.door(request, visit)),
        "place",
    )


@router.get("/m/{token}/b/{booking_id}/cancel")
def ask_cancel(front: FrontOf, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    visit, view = front.own_booking(page, token, booking_id)
    if not view.active or front.clock() >= view.changeable_until:
        return appointment_page(front, page, visit, view)
    return page.answer("cancel.html", **common(visit), view=view, one=f"{visit.base}/b/{view.public_id}")


@router.post("/m/{token}/b/{booking_id}/cancel")
def cancel(front: FrontOf, request: Request, token: str, booking_id: str, lang: Field = "") -> Response:
    return _change(
        front,
        request,
        token,
        booking_id,
        lang,
        lambda visit, view: front.desk.cancel(view.id, door=front.door(request, visit)),
        "cancel",
    )


@router.post("/m/{token}/b/{booking_id}/confirm")
def confirm(front: FrontOf, request: Request, token: str, booking_id: str, lang: Field = "") -> Response:
    def confirm(visit: Visit, view: BookingView) -> None:
        if visit.family is None:
            raise NotFound  # only the mail's link says that the mail has arrived
        front.desk.confirm(view.id)

    return _change(front, request, token, booking_id, lang, confirm, "confirm")


def _change(
    front: FrontOf,
    request: Request,
    token: str,
    booking_id: str,
    lang: str,
    change: Callable[[Visit, BookingView], None],
    what: str,
) -> Response:
    page = front.page(request, lang)
    visit, view = front.own_booking(page, token, booking_id)
    one = f"{visit.base}/b/{view.public_id}"
    page.home(one)
    try:
        change(visit, view)
    except Refused as refused:
        refused = proof.neutral(refused, front.door(request, visit))
        said = sentence(page.say, refused)
        wanted = refused.starts_at if isinstance(refused, SlotTaken) else view.starts_at
        slots = front.instead(visit, view.host_id, wanted) if what == "move" else []
        return front.answer(page, visit, said, one, page.say("Your appointment"), slots, f"{one}/move")
    with front.database.read() as session:
        view = booking_view(session, view.id)
    notice = _notice(page, _done(page)[what])
    if what == "cancel":
        return show(front, page, visit, notice)
    return appointment_page(front, page, visit, view, notice)


@router.get("/m/{token}/b/{booking_id}/appointment.ics")
def one_as_file(front: FrontOf, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    _, view = front.own_booking(page, token, booking_id)
    return _calendar(calendar_file([view], page.say, "PUBLISH" if view.active else "CANCEL"))


def _notice(page: Page, title: str) -> dict[str, str]:
    return {"title": title, "text": page.say("We are sending you a mail with what is new.")}


def _by_day(page: Page, views: list[BookingView]) -> list[dict[str, Any]]:
    return [
        {"name": page.say.day(some[0].starts_at), "views": some}
        for some in (list(group) for _, group in groupby(views, key=lambda view: page.say.date(view.starts_at)))
    ]


def _calendar(body: bytes) -> Response:
    return file_answer(body, "text/calendar; charset=utf-8", "appointment.ics")


def _done(page: Page) -> dict[str, str]:
    return {
        "move": page.say("The time is changed"),
        "place": page.say("The place is changed"),
        "cancel": page.say("The appointment is cancelled"),
        "confirm": page.say("The appointment is confirmed"),
    }
