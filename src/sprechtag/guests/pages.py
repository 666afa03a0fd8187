# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The public pages' routes. `s/…` is the share link, `m/…` a guest's manage link."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from ..conference import people, rules
from ..conference.booking import Booked, Desk, Person, Wish, free_starts
from ..conference.database import Database
from ..conference.errors import GuestBusy, Invalid, NotFound, PlaceNotOffered, Refused, SlotBlocked, SlotTaken, TooLate
from ..conference.ical import calendar_file
from ..conference.queries import (
    BookingView,
    booking_view,
    bookings_of_guest,
    conference_by_share_token,
    guest_by_manage_token,
    host_by_public_id,
    host_cards,
    slot_by_public_id,
)
from ..conference.tables import Conference, Guest, Host, Slot
from ..conference.tokens import LinkKey
from ..settings import Settings
from .page import Page, ThemeSource
from .refusals import Sentence, sentence

Language = Annotated[str, Query(alias="lang")]
Field = Annotated[str, Form()]
NOON_HOURS = ((12, "Morning"), (17, "Afternoon"), (24, "Evening"))


@dataclass(frozen=True)
class Visit:
    """Who looks: the conference, the guest of a manage link, and the path all links of the page start from."""

    base: str
    conference: Conference
    guest: Guest | None

    @property
    def again(self) -> bool:
        return self.guest is not None


@dataclass(frozen=True)
class FreeTime:
    """A slot that can be had instead, by its start (UTC) and public id."""

    starts_at: datetime
    public_id: str


@dataclass
class GuestPages:
    """The routes and what they need; `look_soon` has a host's calendar read when somebody looks at the times.

    Handlers are plain functions: FastAPI runs them in worker threads."""

    database: Database
    desk: Desk
    links: LinkKey
    theme: ThemeSource
    clock: Callable[[], datetime]
    options: Callable[[], Settings]
    look_soon: Callable[[int], None]

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        get, post = router.get, router.post
        for base in ("/s/{token}", "/m/{token}"):
            get(f"{base}/h/{{host_id}}")(self.times)
            get(f"{base}/t/{{slot_id}}")(self.details)
            post(f"{base}/t/{{slot_id}}")(self.book)
        get("/s/{token}")(self.hosts)
        get("/m/{token}/book")(self.hosts)
        get("/m/{token}")(self.manage)
        get("/m/{token}/appointments.ics")(self.all_as_file)
        one = "/m/{token}/b/{booking_id}"
        get(one)(self.appointment)
        get(f"{one}/appointment.ics")(self.one_as_file)
        get(f"{one}/move")(self.move_times)
        post(f"{one}/move")(self.move)
        post(f"{one}/place")(self.change_place)
        get(f"{one}/cancel")(self.ask_cancel)
        post(f"{one}/cancel")(self.cancel)
        post(f"{one}/confirm")(self.confirm)
        return router

    # -- booking ------------------------------------------------------------------------------------------------

    def hosts(self, request: Request, token: str, lang: Language = "", q: str = "") -> Response:
        page = self._page(request, lang)
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            cards = host_cards(session, visit.conference, self.clock(), q[:80])
        closed = _closed(page, visit, self.clock())
        groups = [
            (letter, list(some)) for letter, some in groupby(cards, key=lambda card: card.name.split()[-1][:1].upper())
        ]
        return page.answer(
            "hosts.html",
            **_common(visit),
            groups=groups,
            search=q[:80],
            closed=closed,
            days="",
            description=visit.conference.description,
            base=visit.base,
            again=visit.again,
        )

    def times(self, request: Request, token: str, host_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            host = host_by_public_id(session, visit.conference.id or 0, host_id)
            free = free_starts(session, host.id or 0, rules.bookable_from(visit.conference, self.clock()))
        self.look_soon(host.id or 0)
        if closed := _closed(page, visit, self.clock()):
            return self._message(page, visit, closed)
        return page.answer(
            "times.html",
            **_common(visit),
            **_choice_of_times(page, visit.conference, host, free),
            heading=page.say("Which time suits you?"),
            back_to=_start(visit),
            back_text=page.say("Somebody else"),
            base=visit.base,
            moving=False,
        )

    def details(self, request: Request, token: str, slot_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            slot, host = slot_by_public_id(session, visit.conference.id or 0, slot_id)
            before = _latest(session, visit.guest)
        now = self.clock()
        try:
            rules.check_booking_is_open(visit.conference, now)
            if visit.guest is None:
                rules.check_share_link_books(visit.conference)
            rules.check_slot(visit.conference, host, slot, now, guest_id=visit.guest.id if visit.guest else None)
        except Refused as refused:
            return self._message(page, visit, sentence(page.say, refused))
        known = before or visit.guest
        form = {"child": known.child if known else "", "school_class": known.school_class if known else ""}
        return self._form(page, visit, host, slot, form | {"name": "", "email": "", "place": ""})

    def book(
        self,
        request: Request,
        token: str,
        slot_id: str,
        key: Field = "",
        place: Field = "",
        child: Field = "",
        school_class: Field = "",
        name: Field = "",
        email: Field = "",
        slot: Field = "",
        lang: Field = "",
    ) -> Response:
        page = self._page(request, lang)
        wanted = slot or slot_id
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            chosen, host = slot_by_public_id(session, visit.conference.id or 0, wanted)
        page.home(f"{visit.base}/h/{host.public_id}")
        form = {"child": child, "school_class": school_class, "name": name, "email": email, "place": place}
        wish = Wish(wanted, place, child, school_class, key[:100])
        problems = _missing(page, visit, form, rules.places_offered(visit.conference, host))
        if problems:
            return self._form(page, visit, host, chosen, form, problems)
        try:
            booked = self._book(visit, page, Person(name, email, page.say.language), wish)
        except Refused as refused:
            return self._refused(page, visit, host, chosen, form, refused)
        return self._booked(page, visit, booked)

    def _book(self, visit: Visit, page: Page, person: Person, wish: Wish) -> Booked:
        if visit.guest:
            return self.desk.book_again(visit.guest.id or 0, wish)
        return self.desk.book(visit.conference.id or 0, person, wish)

    def _booked(self, page: Page, visit: Visit, booked: Booked) -> Response:
        with self.database.read() as session:
            view = booking_view(session, booked.booking_id)
        manage = ""
        if visit.guest or (booked.new_guest and view.confirm_by is None):
            # Who only knows an address must not get at its other appointments: they get a mail instead.
            manage = f"m/{self.links.token('manage', view.guest_public_id, view.guest_generation)}"
        page.home(manage or visit.base)
        return page.answer("booked.html", **_common(visit), view=view, manage=manage, base=visit.base)

    def _refused(
        self, page: Page, visit: Visit, host: Host, slot: Slot, form: dict[str, str], refused: Refused
    ) -> Response:
        said = sentence(page.say, refused)
        match refused:
            case Invalid() | PlaceNotOffered():
                return self._form(page, visit, host, slot, form, [said])
            case SlotTaken() | SlotBlocked() | TooLate() | GuestBusy():
                return self._form(
                    page, visit, host, slot, form, [said], self._instead(visit, host.id or 0, slot.starts_at)
                )
            case _:
                return self._message(page, visit, said)

    def _instead(self, visit: Visit, host_id: int, wanted: datetime) -> list[FreeTime]:
        """Up to three free slots near the one that could not be had."""
        with self.database.read() as session:
            by_start = dict(free_starts(session, host_id, rules.bookable_from(visit.conference, self.clock())))
        return [FreeTime(start, by_start[start]) for start in rules.next_free(list(by_start), wanted)]

    def _form(
        self,
        page: Page,
        visit: Visit,
        host: Host,
        slot: Slot,
        form: dict[str, str],
        problems: list[Sentence] | None = None,
        alternatives: list[FreeTime] | None = None,
    ) -> Response:
        problems = problems or []
        if alternatives == [] and problems:
            return self._message(page, visit, problems[0])
        listed = [{"field": problem.field, "text": f"{problem.text} {problem.advice}".strip()} for problem in problems]
        return page.answer(
            "details.html",
            problems[0].status if problems else 200,
            **_common(visit),
            host=host,
            slot=slot,
            places=rules.places_offered(visit.conference, host),
            form=form,
            wrong={problem.field: problem.text for problem in problems if problem.field},
            problems=listed,
            problem_title=page.say("Not booked yet"),
            alternatives=alternatives or [],
            key=secrets.token_urlsafe(16),
            retention=visit.conference.retention_days,
            base=visit.base,
            again=visit.again,
        )

    # -- managing -----------------------------------------------------------------------------------------------

    def manage(self, request: Request, token: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            views = bookings_of_guest(session, _guest_id(visit))
        return self._manage(page, visit, views)

    def _held(self, visit: Visit) -> list[dict[str, Any]]:
        """The times that hosts hold for this family."""
        with self.database.read() as session:
            held = people.held_slots(session, visit.guest, self.clock()) if visit.guest else []
        return [{"public_id": slot.public_id, "starts_at": slot.starts_at, "host": host} for slot, host in held]

    def _manage(
        self, page: Page, visit: Visit, views: list[BookingView], notice: dict[str, str] | None = None
    ) -> Response:
        page.home(visit.base)
        open_now = _closed(page, visit, self.clock()) is None
        return page.answer(
            "manage.html",
            **_common(visit),
            views=views,
            held=self._held(visit) if open_now else [],
            base=visit.base,
            open=open_now,
            notice=notice,
        )

    def appointment(self, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        visit, view = self._own(page, token, booking_id)
        return self._appointment(page, visit, view)

    def _appointment(
        self, page: Page, visit: Visit, view: BookingView, notice: dict[str, str] | None = None
    ) -> Response:
        page.home(f"{visit.base}/b/{view.public_id}")
        return page.answer(
            "change.html",
            **_common(visit),
            view=view,
            base=visit.base,
            changeable=self.clock() < view.changeable_until,
            notice=notice,
        )

    def move_times(self, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        visit, view = self._own(page, token, booking_id)
        with self.database.read() as session:
            host = host_by_public_id(session, view.conference_id, view.host_public_id)
            free = free_starts(session, view.host_id, rules.bookable_from(visit.conference, self.clock()), view.id)
        self.look_soon(view.host_id)
        one = f"{visit.base}/b/{view.public_id}"
        return page.answer(
            "times.html",
            **_common(visit),
            **_choice_of_times(page, visit.conference, host, free),
            heading=page.say("Which time instead?"),
            back_to=one,
            back_text=page.say("Keep %(when)s", when=page.say.when(view.starts_at)),
            moving=True,
            post_to=f"{one}/move",
            base=visit.base,
        )

    def move(self, request: Request, token: str, booking_id: str, slot: Field = "", lang: Field = "") -> Response:
        return self._change(request, token, booking_id, lang, lambda view: self.desk.move(view.id, slot), "move")

    def change_place(
        self, request: Request, token: str, booking_id: str, place: Field = "", lang: Field = ""
    ) -> Response:
        return self._change(
            request, token, booking_id, lang, lambda view: self.desk.change_place(view.id, place), "place"
        )

    def ask_cancel(self, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        visit, view = self._own(page, token, booking_id)
        if not view.active or self.clock() >= view.changeable_until:
            return self._appointment(page, visit, view)
        return page.answer("cancel.html", **_common(visit), view=view, one=f"{visit.base}/b/{view.public_id}")

    def cancel(self, request: Request, token: str, booking_id: str, lang: Field = "") -> Response:
        return self._change(request, token, booking_id, lang, lambda view: self.desk.cancel(view.id), "cancel")

    def confirm(self, request: Request, token: str, booking_id: str, lang: Field = "") -> Response:
        return self._change(request, token, booking_id, lang, lambda view: self.desk.confirm(view.id), "confirm")

    def _change(
        self,
        request: Request,
        token: str,
        booking_id: str,
        lang: str,
        change: Callable[[BookingView], None],
        what: str,
    ) -> Response:
        page = self._page(request, lang)
        visit, view = self._own(page, token, booking_id)
        one = f"{visit.base}/b/{view.public_id}"
        page.home(one)
        try:
            change(view)
        except Refused as refused:
            said = sentence(page.say, refused)
            wanted = refused.starts_at if isinstance(refused, SlotTaken) else view.starts_at
            slots = self._instead(visit, view.host_id, wanted) if what == "move" else []
            return self._message(page, visit, said, one, page.say("Your appointment"), slots, f"{one}/move")
        with self.database.read() as session:
            view = booking_view(session, view.id)
        notice = {"title": _done(page)[what], "text": page.say("We are sending you a mail with what is new.")}
        if what == "cancel":
            with self.database.read() as session:
                return self._manage(page, visit, bookings_of_guest(session, _guest_id(visit)), notice)
        return self._appointment(page, visit, view, notice)

    def all_as_file(self, request: Request, token: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            views = [view for view in bookings_of_guest(session, _guest_id(visit)) if view.active]
        return _file(calendar_file(views, page.say))

    def one_as_file(self, request: Request, token: str, booking_id: str, lang: Language = "") -> Response:
        page = self._page(request, lang)
        _, view = self._own(page, token, booking_id)
        return _file(calendar_file([view], page.say, "PUBLISH" if view.active else "CANCEL"))

    # -- common -------------------------------------------------------------------------------------------------

    def _page(self, request: Request, lang: str) -> Page:
        page = Page(request, self.theme(), lang)
        request.state.page = page
        return page

    def _visit(self, session: Session, page: Page, token: str) -> Visit:
        """Who the link belongs to. Raises `NotFound`."""
        if page.path.startswith("m/"):
            guest, conference = guest_by_manage_token(session, token)
            self._offer(page, conference)
            page.speaks(guest.language)
            visit = Visit(f"m/{token}", conference, guest)
        else:
            visit = Visit(f"s/{token}", conference_by_share_token(session, token), None)
            self._offer(page, visit.conference)
        page.in_zone(visit.conference.time_zone)
        return visit

    def _offer(self, page: Page, conference: Conference) -> None:
        page.offer(conference.languages.split(",") if conference.languages else self.options().names("languages"))

    def _own(self, page: Page, token: str, booking_id: str) -> tuple[Visit, BookingView]:
        """The booking, if it is this guest's. Raises `NotFound` else."""
        with self.database.read() as session:
            visit = self._visit(session, page, token)
            for view in bookings_of_guest(session, _guest_id(visit)):
                if view.public_id == booking_id:
                    return visit, view
        raise NotFound

    def _message(
        self,
        page: Page,
        visit: Visit,
        said: Sentence,
        onward: str = "",
        onward_text: str = "",
        slots: list[FreeTime] | None = None,
        post_to: str = "",
    ) -> Response:
        return page.answer(
            "message.html",
            said.status,
            **_common(visit),
            heading=said.text,
            text=said.advice,
            slots=slots or [],
            moving=bool(post_to),
            post_to=post_to,
            base=visit.base,
            onward=onward or _start(visit),
            onward_text=onward_text or page.say("To the beginning"),
        )


def not_found_page(page: Page) -> Response:
    """For links that lead nowhere: they say what to do, and do not count as an attack (200 would lie, 404 is right)."""
    said = sentence(page.say, NotFound())
    return page.answer(
        "message.html",
        said.status,
        heading=said.text,
        text=said.advice,
        slots=[],
        moving=False,
        onward="",
        onward_text="",
        base="",
        post_to="",
    )


def _common(visit: Visit) -> dict[str, Any]:
    return {"conference_name": visit.conference.name, "contact": visit.conference.contact}


def _start(visit: Visit) -> str:
    return f"{visit.base}/book" if visit.guest else visit.base


def _guest_id(visit: Visit) -> int:
    if visit.guest is None:
        raise NotFound
    return visit.guest.id or 0


def _latest(session: Session, guest: Guest | None) -> BookingView | None:
    views = bookings_of_guest(session, guest.id or 0) if guest else []
    return max(views, key=lambda view: view.id, default=None)


def _closed(page: Page, visit: Visit, now: datetime) -> Sentence | None:
    try:
        rules.check_booking_is_open(visit.conference, now)
        if visit.guest is None:
            rules.check_share_link_books(visit.conference)
    except Refused as refused:
        return sentence(page.say, refused)
    return None


def _missing(page: Page, visit: Visit, form: dict[str, str], places: list[Any]) -> list[Sentence]:
    """All that is wrong with the form at once, in the order of its fields."""
    problems: list[Sentence] = []
    if form["place"] not in places:
        problems.append(sentence(page.say, PlaceNotOffered(list(places))))
    if not form["child"].strip():
        problems.append(sentence(page.say, Invalid("child", "child_missing")))
    if not visit.guest:
        if not form["name"].strip():
            problems.append(sentence(page.say, Invalid("name", "name_missing")))
        try:
            Person("-", form["email"], page.say.language).checked()
        except Invalid as invalid:
            problems.append(sentence(page.say, invalid))
    return problems


def _done(page: Page) -> dict[str, str]:
    return {
        "move": page.say("The time is changed"),
        "place": page.say("The place is changed"),
        "cancel": page.say("The appointment is cancelled"),
        "confirm": page.say("The appointment is confirmed"),
    }


def _choice_of_times(
    page: Page, conference: Conference, host: Host, free: list[tuple[datetime, str]]
) -> dict[str, Any]:
    say = page.say
    days = []
    for _, of_day in groupby(free, key=lambda slot: say.date(slot[0])):
        slots = list(of_day)
        parts = [
            {
                "name": say(name),
                "slots": [{"public_id": public_id, "time": say.time(start)} for start, public_id in of_part],
            }
            for name, of_part in groupby(slots, key=lambda slot: _part(say.local(slot[0]).hour))
        ]
        days.append({"name": say.day(slots[0][0]), "parts": parts})
    return {"days": days, "host": host, "places": rules.places_offered(conference, host)}


def _part(hour: int) -> str:
    return next(name for until, name in NOON_HOURS if hour < until)


def _file(body: bytes) -> Response:
    return Response(
        body,
        media_type="text/calendar; charset=utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="appointment.ics"',
            "X-Content-Type-Options": "nosniff",
        },
    )
