# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Several hosts at once: a proposed time table, or times picked by hand in a grid; one press books all of it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import bindparam, select
from sqlmodel import Session, col
from starlette.datastructures import FormData

from ..conference import holding, named, proof, rules
from ..conference.booking import Booked, Pick
from ..conference.errors import (
    GuestBusy,
    Invalid,
    LimitReached,
    PlaceNotOffered,
    Refused,
    SlotBlocked,
    SlotTaken,
    TooLate,
)
from ..conference.lookup import days_of_conference
from ..conference.proof import OWN, Door
from ..conference.tables import ON_SITE, PLACES, Host, Slot
from ..conference.taken import free_of
from ..database import Busy
from ..planning.timetable import MOST_WANTED, Choice, Fixed, Wanted, propose
from . import availability
from .booking import booked_page, list_hosts, missing, person_in
from .children import KnownChild, child_in, children_of, chosen_for
from .front import (
    Front,
    FrontOf,
    Sent,
    Visit,
    address_of,
    answers_in,
    asked_in,
    common,
    hosts_ticked,
    text_of,
    texts_of,
    walk_of,
)
from .page import Page
from .refusals import Sentence, sentence

MOST_TRIES = 3
"""So often a proposal is made anew, of which a time is lost while it is being held."""
SHARE = Door("share")


@dataclass(frozen=True)
class Time:
    """A slot of a host that the family could take. Both moments in the conference's zone."""

    public_id: str
    starts_at: datetime
    ends_at: datetime

    def choice(self) -> Choice:
        start = int(self.starts_at.timestamp()) // 60
        length = int((self.ends_at - self.starts_at).total_seconds()) // 60
        return Choice(self.public_id, self.starts_at.toordinal(), start, start + length)


@dataclass(frozen=True)
class Column:
    """One host with the place the family would meet it at, and the times that can be had."""

    host: Host
    place: str
    times: Sequence[Time]


@dataclass(frozen=True)
class Line:
    """One appointment of the time table."""

    host: Host
    place: str
    time: Time


@dataclass
class Sheet:
    """All that the form says, and what is there to choose from. `token` names the form while it is open, and `held`
    says whether all its times are held for it."""

    visit: Visit
    form: FormData
    columns: list[Column]
    fixed: list[Fixed]
    days: list[availability.DayLine]
    walk: int
    latest: bool
    place: str
    lines: list[Line] = field(default_factory=list)
    token: str = ""
    held: bool = False
    children: Sequence[KnownChild] = ()

    @property
    def both_places(self) -> bool:
        """Whether there is a choice, which the family has to make."""
        return any(len(rules.places_offered(self.visit.conference, line.host)) > 1 for line in self.lines)

    @property
    def unserved(self) -> list[Column]:
        served = {line.host.id for line in self.lines}
        return [column for column in self.columns if column.host.id not in served]


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.post("/s/{token}/plan")
@router.post("/m/{token}/plan")
def plan(front: FrontOf, request: Request, token: str, form: Sent) -> Response:
    """`do` says what was pressed: a proposal (also by default), the grid, what was picked there, or booking."""
    page = front.page(request, text_of(form, "lang"))
    chosen = hosts_ticked(form)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        hosts = [host for host in visit.kept.joined if host.public_id in chosen]
        # What is to be booked stays in it even when it is lost: the rules say so then, and nothing is booked.
        keep = texts_of(form, "slot") if text_of(form, "do") == "book" else []
        sheet = _sheet(front, session, page, visit, form, hosts, keep) if 0 < len(hosts) <= MOST_WANTED else None
    page.home(visit.start)
    if closed := front.closed(page, visit, asked=_all_have_asked(front, visit, hosts)):
        return front.answer(page, visit, closed)
    if sheet is None:
        problem = (
            page.say("Tick at least one person.")
            if not hosts
            else page.say("Please tick at most %(number)s at once and book the others afterwards.", number=MOST_WANTED)
        )
        return list_hosts(front, page, visit, problem=problem, ticked=chosen, hold=text_of(form, "hold", 40))
    for host in hosts:
        front.look_soon(host.id or 0)
    match text_of(form, "do"):
        case "grid":
            return _grid(page, replace_lines(sheet, texts_of(form, "slot")))
        case "picked":
            return _picked(front, request, page, sheet)
        case "book":
            return _book(front, request, page, replace_lines(sheet, texts_of(form, "slot")))
    return _answer(page, _held_proposal(front, request, page, sheet))


def _all_have_asked(front: FrontOf, visit: Visit, hosts: Sequence[Host]) -> bool:
    if visit.family is None or not hosts:
        return False
    with front.database.read() as session:
        return all(named.has_asked(session, host.id or 0, visit.family_id) for host in hosts)


_SLOTS = (
    select(col(Slot.public_id), col(Slot.starts_at), col(Slot.ends_at))
    .where(col(Slot.host_id) == bindparam("host_id"))
    .order_by(col(Slot.starts_at))
)


def _sheet(
    front: FrontOf,
    session: Session,
    page: Page,
    visit: Visit,
    form: FormData,
    hosts: Sequence[Host],
    keep: Sequence[str] = (),
) -> Sheet:
    conference = visit.conference
    days = days_of_conference(session, conference)
    available = availability.read(form, days)
    # Another site could have planted it: whoever knows it can take these times for two minutes, and no more.
    token = text_of(form, "hold", 40) or secrets.token_urlsafe(16)
    own = {slot.public_id for slot in holding.of_form(session, _form_of(front, visit, token))}
    place = text_of(form, "place")
    earliest = rules.bookable_from(conference, front.clock())
    columns = []
    for host in hosts:
        offered = rules.places_offered(conference, host)
        free = {public_id for _, public_id in free_of(session, conference, host, earliest)} if offered else set()
        free |= set(keep) | own
        rows = session.connection().execute(_SLOTS, {"host_id": host.id})
        times = [
            Time(public_id, page.say.local(starts_at), page.say.local(ends_at))
            for public_id, starts_at, ends_at in rows
            if public_id in free
        ]
        own_place = place if place in offered else (offered[0] if offered else ON_SITE)
        columns.append(
            Column(
                host,
                own_place,
                [
                    time
                    for time in times
                    if time.public_id in keep or availability.within(available, time.starts_at, time.ends_at)
                ],
            )
        )
    return Sheet(
        visit=visit,
        form=form,
        children=children_of(session, visit) if visit.again else (),
        columns=columns,
        fixed=_fixed(session, page, visit),
        days=availability.lines(days, available, page.say),
        walk=walk_of(form, conference),
        latest=text_of(form, "prefer") == "latest",
        place=place if place in PLACES else "",
        token=token,
    )


def _form_of(front: Front, visit: Visit, token: str) -> str:
    return front.desk.form_of(OWN if visit.family else SHARE, visit.family, token)


def _hold(front: Front, request: Request, sheet: Sheet) -> tuple[Sheet, set[str]]:
    """The sheet with its times held while its form is open, and those of them (public ids) that are lost. While the
    database is busy nothing is held, and the form opens all the same."""
    visit, slots = sheet.visit, [line.time.public_id for line in sheet.lines]
    door = front.door(request, visit)
    try:
        found = front.desk.hold(visit.conference.id or 0, slots, sheet.token, door, visit.family)
    except Busy:
        return sheet, set()
    return replace(sheet, held=bool(slots) and set(found.held) == set(slots)), set(found.lost)


def _held_proposal(front: Front, request: Request, page: Page, sheet: Sheet) -> Sheet:
    """A proposal whose times are held; where one is lost in between it is proposed anew."""
    proposal = proposed(sheet)
    for _ in range(MOST_TRIES):
        held, lost = _hold(front, request, proposal)
        if not lost:
            return held
        with front.database.read() as session:
            hosts = [column.host for column in sheet.columns]
            fresh = _sheet(front, session, page, sheet.visit, sheet.form, hosts)
        proposal = proposed(replace(fresh, token=sheet.token))
    return proposal


def _fixed(session: Session, page: Page, visit: Visit) -> list[Fixed]:
    """What the family has already, of all its children, as far as this visitor may know."""
    found = []
    for view in visit.bookings(session):
        if view.active:
            time = Time("", page.say.local(view.starts_at), page.say.local(view.ends_at)).choice()
            found.append(Fixed(time.day, time.starts, time.ends, view.place == ON_SITE))
    return found


# -- answers ------------------------------------------------------------------------------------------------


def _book(front: FrontOf, request: Request, page: Page, sheet: Sheet) -> Response:
    visit, form = sheet.visit, person_of(sheet)
    if sheet.lines and len(sheet.lines) < len(texts_of(sheet.form, "slot")):
        # A time or its host is gone altogether: all of it or nothing, as where a time is taken.
        return _renewed(front, request, page, sheet, SlotBlocked())
    offered = list(PLACES) if sheet.both_places else [line.place for line in sheet.lines] or [""]
    place = sheet.place if sheet.both_places else offered[0]
    several = sheet.children if len(sheet.children) > 1 else ()
    picked = [chosen_for(sheet.form, line.host, several) for line in sheet.lines]
    named = {} if None in picked or not picked else {"child": "-"}
    problems = missing(page, visit, form | {"place": place} | named, offered)
    if problems or not sheet.lines:
        return _answer(page, _hold(front, request, sheet if sheet.lines else proposed(sheet))[0], problems)
    key = text_of(sheet.form, "key", 100)
    # A whole time table is not refused for one interpreter: what is uncovered the office sees.
    answers = replace(answers_in(form), without=True)
    picks = [
        Pick(
            line.time.public_id,
            line.place,
            child.child if child else form["child"],
            child.school_class if child else form["school_class"],
            key,
            answers,
        )
        for line, child in zip(sheet.lines, picked, strict=True)
    ]
    try:
        booked = _booked(front, request, sheet, form, picks)
    except Refused as refused:
        return _refused(front, request, page, sheet, proof.neutral(refused, front.door(request, visit)))
    return booked_page(front, page, visit, booked, form["email"])


def _booked(front: FrontOf, request: Request, sheet: Sheet, form: dict[str, str], picks: list[Pick]) -> list[Booked]:
    visit, desk = sheet.visit, front.desk
    if visit.guest:
        return desk.book_all_again(visit.guest_id, picks, front.door(request, visit), sheet.token)
    person = person_in(visit, request.state.page, form)
    return desk.book_all(visit.conference.id or 0, person, picks, visitor=address_of(request), token=sheet.token)


def _refused(front: Front, request: Request, page: Page, sheet: Sheet, refused: Refused) -> Response:
    match refused:
        case SlotTaken() | SlotBlocked() | TooLate() | GuestBusy() | PlaceNotOffered():
            return _renewed(front, request, page, sheet, refused)
        case Invalid() | LimitReached():
            return _answer(page, _hold(front, request, sheet)[0], [sentence(page.say, refused)])
        case _:
            return front.answer(page, sheet.visit, sentence(page.say, refused))


def _renewed(front: Front, request: Request, page: Page, sheet: Sheet, refused: Refused) -> Response:
    """A time was lost in between: nothing is booked, a new proposal is shown."""
    said = sentence(page.say, refused)
    with front.database.read() as session:
        hosts = [column.host for column in sheet.columns]
        fresh = _sheet(front, session, page, sheet.visit, sheet.form, hosts)
    fresh = _held_proposal(front, request, page, replace(fresh, token=sheet.token))
    advice = page.say("Nothing is booked yet. This is the new proposal.") if fresh.lines else said.advice
    return _answer(page, fresh, [replace(said, advice=advice, field="")])


def _picked(front: Front, request: Request, page: Page, sheet: Sheet) -> Response:
    picks = [text_of(sheet.form, f"pick-{column.host.public_id}") for column in sheet.columns]
    sheet = replace_lines(sheet, [pick for pick in picks if pick])
    clashes = clashing(sheet)
    if not sheet.lines:
        return _grid(page, sheet, page.say("Pick at least one time."))
    if clashes:
        one, other = clashes[0]
        problem = page.say(
            "%(time)s with %(one)s and %(other)s do not go together. Pick another time for one of them.",
            time=page.say.time(other.time.starts_at),
            one=one.host.display_name,
            other=other.host.display_name,
        )
        return _grid(page, sheet, problem)
    sheet, lost = _hold(front, request, sheet)
    if gone := next((line for line in sheet.lines if line.time.public_id in lost), None):
        return _grid(page, without(sheet, lost), sentence(page.say, SlotTaken(gone.time.starts_at)).text)
    return _answer(page, sheet, by_hand=True)


def _answer(page: Page, sheet: Sheet, problems: Sequence[Sentence] = (), by_hand: bool = False) -> Response:
    visit = sheet.visit
    form = person_of(sheet)
    if "known" not in sheet.form and not form["child"] and len(sheet.children) == 1:
        form["known"] = sheet.children[0].child
    if form["known"]:
        form |= {"child": "", "school_class": ""}
    return page.answer(
        "plan.html",
        problems[0].status if problems else 200,
        **common(visit),
        sheet=sheet,
        stays=stays(page, sheet),
        tight=[] if not by_hand else tight(sheet),
        by_hand=by_hand,
        form=form,
        children=sheet.children,
        whose=whose(sheet),
        wrong={problem.field: problem.text for problem in problems if problem.field},
        problems=[{"field": one.field, "text": f"{one.text} {one.advice}".strip()} for one in problems],
        problem_title=page.say("Not booked yet"),
        # Made here for this page, never taken over from what was sent: another site could have planted it.
        key=secrets.token_urlsafe(16),
        both_places=sheet.both_places,
        retention=visit.conference.retention_days,
        base=visit.base,
        again=visit.again,
        days_line=sheet.days,
    )


def _grid(page: Page, sheet: Sheet, problem: str = "") -> Response:
    moments = sorted({time.starts_at for column in sheet.columns for time in column.times})
    days: list[dict[str, Any]] = []
    for moment in moments:
        if not days or days[-1]["day"] != moment.date():
            days.append({"day": moment.date(), "name": page.say.day(moment), "rows": []})
        cells = [next((time for time in column.times if time.starts_at == moment), None) for column in sheet.columns]
        days[-1]["rows"].append({"time": page.say.time(moment), "cells": cells})
    return page.answer(
        "grid.html",
        422 if problem else 200,
        **common(sheet.visit),
        sheet=sheet,
        again=sheet.visit.again,
        grid=days,
        picked={line.time.public_id for line in sheet.lines},
        form=person_of(sheet),
        whose=whose(sheet),
        problems=[{"field": "grid", "text": problem}] if problem else [],
        problem_title=page.say("One more thing"),
        base=sheet.visit.base,
        script="plan.js",
    )


def proposed(sheet: Sheet) -> Sheet:
    """The sheet with the best time table in it."""
    wanted = [
        Wanted(column.host.public_id, column.place == ON_SITE, [time.choice() for time in column.times])
        for column in sheet.columns
    ]
    table = propose(wanted, sheet.fixed, sheet.walk, sheet.latest)
    return replace_lines(sheet, [choice.key for choice in table.chosen.values()])


def replace_lines(sheet: Sheet, slots: Sequence[str]) -> Sheet:
    """The sheet with these slots as its time table; those that are not to be had any more are left out."""
    found = [
        Line(column.host, column.place, time)
        for column in sheet.columns
        for time in column.times
        if time.public_id in slots
    ]
    return replace(sheet, lines=sorted(found, key=lambda line: line.time.starts_at))


def without(sheet: Sheet, lost: set[str]) -> Sheet:
    """The sheet without these slots: they are neither in its time table nor to be had."""
    columns = [
        replace(column, times=[time for time in column.times if time.public_id not in lost]) for column in sheet.columns
    ]
    lines = [line for line in sheet.lines if line.time.public_id not in lost]
    return replace(sheet, columns=columns, lines=lines)


def clashing(sheet: Sheet) -> list[tuple[Line, Line]]:
    """Picked times that overlap."""
    return [(one, other) for one, other in pairwise(sheet.lines) if other.time.starts_at < one.time.ends_at]


def tight(sheet: Sheet) -> list[tuple[Line, Line]]:
    """Picked times on site with less than the walking time between them."""
    return [
        (one, other)
        for one, other in pairwise(sheet.lines)
        if one.place == other.place == ON_SITE
        and one.time.starts_at.date() == other.time.starts_at.date()
        and (other.time.starts_at - one.time.ends_at).total_seconds() < sheet.walk * 60
    ]


def stays(page: Page, sheet: Sheet) -> list[dict[str, Any]]:
    """The lines by day, each day with how long it takes."""
    by_day: dict[date, list[Line]] = {}
    for line in sheet.lines:
        by_day.setdefault(line.time.starts_at.date(), []).append(line)
    return [
        {
            "name": page.say.day(lines[0].time.starts_at),
            "lines": lines,
            "minutes": int((lines[-1].time.ends_at - lines[0].time.starts_at).total_seconds()) // 60,
        }
        for lines in by_day.values()
    ]


def whose(sheet: Sheet) -> dict[str, str]:
    """For which child the family sees each host, by its public id; empty for the one that the form names. Only of a
    family with several children."""
    if len(sheet.children) < 2:
        return {}
    found = {column.host.public_id: chosen_for(sheet.form, column.host, sheet.children) for column in sheet.columns}
    return {public_id: child.child if child else "" for public_id, child in found.items()}


def person_of(sheet: Sheet) -> dict[str, str]:
    """As it was entered; the class, as long as it was not, is the one that was chosen in the list."""
    said = {name: text_of(sheet.form, name) for name in ("name", "email")}
    said |= child_in(sheet.form, sheet.children) | asked_in(sheet.form)
    if "school_class" not in sheet.form:
        said["school_class"] = said["school_class"] or text_of(sheet.form, "class", 40)
    return said
