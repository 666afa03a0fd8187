# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all public pages share: who looks, with which link, and how a refusal is said.

`s/…` is the share link, `m/…` a guest's manage link."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Form, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator
from sqlmodel import Session
from starlette.datastructures import FormData

from ..conference import asked, entries, interpreting, making, proof, rules
from ..conference.booking import Desk
from ..conference.budgets import UNKNOWN
from ..conference.errors import NotFound, OnlyPreview, Refused
from ..conference.host_cards import FreeCounts
from ..conference.kept import Kept
from ..conference.making import Wanted
from ..conference.proof import OWN, Door
from ..conference.spoken import names_of
from ..conference.tables import Conference, Guest
from ..conference.taken import apart_from_own, free_of
from ..conference.tokens import LinkKey, join_path
from ..conference.views import BookingView, bookings_of_guest, for_family
from ..database import Database
from ..gate import Caller
from ..limits import FORM
from ..settings import Settings
from .page import PAGE_HEADERS, Page, ThemeSource
from .refusals import Sentence, sentence

LONGEST_ENTRY = 5000
MOST_WALK = 120
"""Minutes."""


def _entered(value: str) -> str:
    return entries.text(value, LONGEST_ENTRY)


def _searched(value: str) -> str:
    return entries.line(value[:LONGEST_ENTRY], 10 * LONGEST_ENTRY)


Language = Annotated[str, Query(alias="lang")]
Searched = Annotated[str, AfterValidator(_searched)]
Field = Annotated[str, Form(), AfterValidator(_entered)]
"""A form's field, tidied. How long it may be is the rules' to say; this is only what no rule would take."""
MOST_FIELDS = 300
_ID = re.compile("[A-Za-z0-9_-]{1,64}")
NOON_HOURS = ((12, "Morning"), (17, "Afternoon"), (24, "Evening"))


async def _form(request: Request) -> FormData:
    """By the standard library: the body is here already (`limits.BodyLimit`), and no form of ours has files. Raises
    `RequestValidationError` for more fields than any form has."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return FormData()
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise RequestValidationError([]) from error
    return FormData([*fields])


Sent = Annotated[FormData, Depends(_form)]
"""A form with fields of the same name, read whole: a query string would lose all but the last behind PHP."""


def field_of(form: FormData, name: str) -> str:
    """The field as it was entered, tidied; empty where it is missing. How long it may be is the rules' to say. Raises
    `RequestValidationError` for what no rule would take."""
    value = form.get(name, "")
    try:
        return _entered(value) if isinstance(value, str) else ""
    except ValueError as error:
        raise RequestValidationError([]) from error


def text_of(form: FormData, name: str, longest: int = 300) -> str:
    """The field as one line, empty where it is missing; `longest` is what the form holds, not what the rules take."""
    value = form.get(name, "")
    return _searched(value)[:longest] if isinstance(value, str) else ""


def texts_of(form: FormData, name: str, most: int = 60) -> list[str]:
    """All ids (and days) that a field holds, each once, in their order; what can be none is left out."""
    sent = (value for value in form.getlist(name)[:most] if isinstance(value, str) and _ID.fullmatch(value))
    return list(dict.fromkeys(sent))


TICK = "h-"
"""A box for a host has a field of its own, `h-` and the host's id: of fields of one name the last alone comes through
PHP in an address, and a dot in a name does not."""


def ticks_in(fields: Iterable[str], most: int = 60) -> list[str]:
    """Public ids of the hosts that these fields tick."""
    ticked = (name.removeprefix(TICK) for name in fields if name.startswith(TICK))
    return [one for one in dict.fromkeys(ticked) if _ID.fullmatch(one)][:most]


def hosts_ticked(form: FormData) -> list[str]:
    """Public ids of the hosts that a form names, by boxes of the list or as a list of its own."""
    return list(dict.fromkeys([*texts_of(form, "h"), *ticks_in(form.keys())]))


NEED = "need-"
ASKED = ("phone", "topic", "interpreter", "without", *(f"{NEED}{one}" for one in asked.NEEDS))
"""Fields of the questions that a conference may ask."""


def asked_in(form: FormData) -> dict[str, str]:
    """What the questions were answered, as it was entered."""
    return {name: field_of(form, name) for name in ASKED}


def answers_in(form: Mapping[str, str]) -> asked.Answers:
    needs = tuple(one for one in asked.NEEDS if form[f"{NEED}{one}"])
    return asked.Answers(form["topic"], needs, form["interpreter"], bool(form["without"]))


def walk_of(form: FormData, conference: Conference) -> int:
    """Minutes on the way between two appointments: what the form says, else the conference's."""
    walk = entries.digits(text_of(form, "walk"), 10**9)
    return conference.walk_minutes if walk is None else min(walk, MOST_WALK)


@dataclass(frozen=True)
class Visit:
    """Who looks: the conference with its hosts, the guest of a link, and the path all links of the page start from.
    `screen` names the link that an answer has shown, which opens only what was made through it; empty for the family's
    own."""

    base: str
    kept: Kept
    guest: Guest | None
    screen: str = ""
    preview: bool = False

    @property
    def conference(self) -> Conference:
        return self.kept.conference

    @property
    def again(self) -> bool:
        return self.guest is not None

    @property
    def family(self) -> Guest | None:
        """The family, if it has come by its own link: only then may a page show what is known of it."""
        return None if self.screen else self.guest

    @property
    def start(self) -> str:
        """Where one chooses whom to see."""
        return f"{self.base}/book" if self.guest else self.base

    @property
    def guest_id(self) -> int:
        """Raises `NotFound` for a visitor with the share link."""
        if self.guest is None:
            raise NotFound
        return self.guest.id or 0

    @property
    def family_id(self) -> int:
        """As `guest_id`, for the family's own link only."""
        if self.family is None:
            raise NotFound
        return self.family.id or 0

    def bookings(self, session: Session) -> list[BookingView]:
        """What this visitor may see of the guest's bookings."""
        return bookings_of_guest(session, self.guest_id, self.screen) if self.guest else []


@dataclass(frozen=True)
class FreeTime:
    """A slot that can be had instead, by its start (UTC) and public id."""

    starts_at: datetime
    public_id: str


MOST_PAGES = 100


class KeptPages:
    """Pages that are the same for everybody, for as long as what they were made of is."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Hashable], tuple[object, bytes]] = {}

    def page(self, path: str, made_of: object, seen_by: Hashable, make: Callable[[], HTMLResponse]) -> Response:
        """The page at the path for those who see it so; made anew when `made_of` is another object."""
        found = self._kept.get((path, seen_by))
        if found and found[0] is made_of:
            return HTMLResponse(found[1], headers=PAGE_HEADERS)
        made = make()
        if len(self._kept) >= MOST_PAGES:
            self._kept.clear()
        self._kept[path, seen_by] = (made_of, bytes(made.body))
        return made


@dataclass
class Front:
    """`look_soon` has a host's calendar read when somebody looks at the times; `public_base` is the app's public
    address without a slash at its end, or empty while it is not known.

    Handlers are plain functions: FastAPI runs them in worker threads."""

    database: Database
    desk: Desk
    links: LinkKey
    theme: ThemeSource
    clock: Callable[[], datetime]
    options: Callable[[], Settings]
    look_soon: Callable[[int], None]
    public_base: Callable[[], str]
    counts: FreeCounts = field(default_factory=FreeCounts)
    lists: KeptPages = field(default_factory=KeptPages)

    def page(self, request: Request, lang: str) -> Page:
        page = Page(request, self.theme(), lang)
        page.join = lambda view: join_path(self.links, view.public_id, view.guest_generation)
        request.state.page = page
        return page

    def visit(self, session: Session, page: Page, token: str) -> Visit:
        """Who the link belongs to. Raises `NotFound`."""
        if page.path.startswith("m/"):
            coming = proof.by_token(session, token)
            kept = self.desk.keeper.of(session, coming.guest.conference_id)
            self.offer_languages(page, kept.conference)
            visit = Visit(f"m/{token}", kept, coming.guest, coming.screen)
            if visit.family:
                page.speaks(coming.guest.language)
            if visit.family and page.presses and coming.guest.proven_at is None:
                self.desk.prove(coming.guest.id or 0)
        else:
            visit = self._by_share_link(session, token)
            page.preview = visit.preview
            if visit.preview and page.presses:
                raise OnlyPreview
            self.offer_languages(page, visit.conference)
        page.in_zone(visit.conference.time_zone)
        page.about(visit.base)
        return visit

    def _by_share_link(self, session: Session, token: str) -> Visit:
        """Of a conference that is open to families, or of a draft that its organiser looks at. Raises `NotFound`."""
        try:
            return Visit(f"s/{token}", self.desk.keeper.by_share_token(session, token), None)
        except NotFound:
            return Visit(f"s/{token}", self.desk.keeper.by_preview_token(session, token), None, preview=True)

    def slot(self, session: Session, visit: Visit, public_id: str) -> Wanted:
        """A slot of the visit's conference whose host families see. Raises `NotFound`."""
        found = making.look(session, self.desk.keeper, visit.conference.id or 0, [public_id]).get(public_id)
        if found and visit.preview:
            shown = visit.kept.hosts.get(found.host.id or 0)
            found = replace(found, kept=visit.kept, host=shown) if shown else None
        if found is None or found.host.state != "joined":
            raise NotFound
        return found

    def offer_languages(self, page: Page, conference: Conference) -> None:
        page.offer(conference.languages.split(",") if conference.languages else self.options().names("languages"))

    def door(self, request: Request, visit: Visit) -> Door:
        """How this visitor comes in."""
        if visit.family:
            return OWN
        if visit.guest:
            return self.desk.screen(visit.screen, address_of(request))
        return self.desk.share(address_of(request))

    def spoken(self, visit: Visit, reader: str) -> list[str]:
        """The languages that somebody interprets, in the reader's, where the conference asks for one."""
        if "interpreter" not in asked.questions(visit.conference.asks):
            return []
        with self.database.read() as session:
            return names_of(interpreting.spoken(session, visit.conference.id or 0), reader)

    def own_booking(self, page: Page, token: str, booking_id: str) -> tuple[Visit, BookingView]:
        """The booking, if it is this visitor's. Raises `NotFound` else."""
        with self.database.read() as session:
            visit = self.visit(session, page, token)
            for view in visit.bookings(session):
                if view.public_id == booking_id:
                    return visit, view
        raise NotFound

    def closed(self, page: Page, visit: Visit, *, asked: bool = False) -> Sentence | None:
        """Why nothing can be booked now, or None; a preview shows it as it will be."""
        if visit.preview:
            return None
        try:
            rules.check_booking_is_open(visit.conference, self.clock(), asked=asked)
            if visit.guest is None:
                rules.check_share_link_books(visit.conference)
        except Refused as refused:
            return sentence(page.say, refused)
        return None

    def instead(self, visit: Visit, host_id: int, wanted: datetime, language: str = "") -> list[FreeTime]:
        """Up to three free slots near the one that could not be had; with a `language` those with an interpreter."""
        with self.database.read() as session:
            host, earliest = visit.kept.joined_host(host_id), rules.bookable_from(visit.conference, self.clock())
            free = free_of(session, visit.conference, host, earliest)
            if language:
                free = interpreting.with_interpreter(session, visit.conference, language, free)
            by_start = dict(free)
        return [FreeTime(start, by_start[start]) for start in rules.next_free(list(by_start), wanted)]

    def suiting(
        self, session: Session, visit: Visit, free: list[tuple[datetime, str]], without: int | None = None
    ) -> list[tuple[datetime, str]]:
        """Those of a host's free times at which the family that looks is nowhere else; all, where it is not known."""
        return apart_from_own(session, visit.conference, visit.family_id, free, without) if visit.family else free

    def for_family(self, views: list[BookingView]) -> list[BookingView]:
        """With the links that families get."""
        return [for_family(view, self.links, self.public_base()) for view in views]

    def manage_link(self, guest: Guest) -> str:
        """The path of the guest's own page."""
        return f"m/{self.links.token('manage', guest.public_id, guest.manage_generation)}"

    def answer(
        self,
        page: Page,
        visit: Visit,
        said: Sentence,
        onward: str = "",
        onward_text: str = "",
        slots: list[FreeTime] | None = None,
        post_to: str = "",
    ) -> Response:
        return sentence_page(
            page,
            said,
            **common(visit),
            slots=slots or [],
            moving=bool(post_to),
            post_to=post_to,
            base=visit.base,
            onward=onward or visit.start,
            onward_text=onward_text or page.say("To the beginning"),
        )


async def _front(request: Request) -> Front:
    # Not a plain function: FastAPI would hop to a worker thread and back for it.
    front: Front = request.app.state.front
    return front


FrontOf = Annotated[Front, Depends(_front)]


def sentence_page(page: Page, said: Sentence, **more: Any) -> Response:
    """One sentence and what to do next; `more` may offer times and a way onward."""
    nothing_more = {"slots": [], "moving": False, "post_to": "", "base": "", "onward": "", "onward_text": ""}
    answer = page.answer("sentence.html", said.status, heading=said.text, text=said.advice, **nothing_more | more)
    if said.minutes:
        answer.headers["Retry-After"] = str(said.minutes * 60)
    return answer


def common(visit: Visit) -> dict[str, Any]:
    return {**of_conference(visit.conference), "classes": visit.kept.classes}


def of_conference(conference: Conference) -> dict[str, Any]:
    asks = asked.questions(conference.asks)
    return {"conference_name": conference.name, "contact": conference.contact, "asks": asks}


def days_with_times(page: Page, free: list[tuple[datetime, str]]) -> list[dict[str, Any]]:
    """Free slots by day and part of the day, as times to press."""
    say = page.say
    days = []
    for _, of_day in groupby(free, key=lambda slot: say.date(slot[0])):
        slots = list(of_day)
        parts = [
            {
                "name": say(name),
                "slots": [{"public_id": public_id, "time": say.time(start)} for start, public_id in of_part],
            }
            for name, of_part in groupby(slots, key=lambda slot: part_of_day(say.local(slot[0]).hour))
        ]
        days.append({"name": say.day(slots[0][0]), "parts": parts})
    return days


def part_of_day(hour: int) -> str:
    return next(name for until, name in NOON_HOURS if hour < until)


def refused_page(page: Page, refused: Refused) -> Response:
    """For what no page has a place for: links that lead nowhere say what to do, and do not count as an attack (200
    would lie, 404 is right); a preview takes nothing."""
    return sentence_page(page, sentence(page.say, refused if isinstance(refused, OnlyPreview) else NotFound()))


def status_page(page: Page, status: int) -> Response:
    """For what no rule of ours has refused: a request that cannot be read, or an error of ours."""
    say = page.say
    match status:
        case 413:
            said = Sentence(status, say("That is too long. Please shorten it."), "")
        case 400 | 415 | 422:
            said = Sentence(status, say("Please check this entry."), "")
        case 404 | 405:
            said = replace(sentence(say, NotFound()), status=status)
        case _:
            advice = say("Please try again in a few minutes. Nothing is booked twice.")
            said = Sentence(status, say("Something went wrong here."), advice)
    return sentence_page(page, said)


def file_answer(body: bytes, media_type: str, name: str, *, shown: bool = False, **headers: str) -> Response:
    """A file to keep, or one that the browser may show."""
    return Response(
        body,
        media_type=media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        | headers,
    )


def address_of(request: Request) -> str:
    """The visitor's address, as far as it can be believed; all who have none are one visitor."""
    caller: Caller = request.scope["caller"]
    return caller.address or UNKNOWN
