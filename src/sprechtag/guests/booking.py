# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Booking: the list of hosts, one host's times, the family's details. `s/…` is the share link, `m/…` a manage link."""

import secrets
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from ..conference import families, interpreting, proof, rules
from ..conference.asked import questions
from ..conference.booking import Booked, Pick
from ..conference.errors import (
    GuestBusy,
    InterpreterBusy,
    Invalid,
    PlaceNotOffered,
    Refused,
    SlotBlocked,
    SlotTaken,
    TooLate,
)
from ..conference.host_cards import HostCard, host_cards
from ..conference.named import has_asked, named_hosts
from ..conference.names import folded, surname
from ..conference.person import Person
from ..conference.tables import Host, Slot
from ..conference.taken import free_of
from ..conference.views import BookingView, booking_view
from ..planning.timetable import MOST_WANTED
from .children import KnownChild, child_in, children_of, whose_host
from .front import (
    ASKED,
    TICK,
    FreeTime,
    Front,
    FrontOf,
    Language,
    Searched,
    Sent,
    Visit,
    address_of,
    answers_in,
    asked_in,
    common,
    days_with_times,
    field_of,
    ticks_in,
)
from .page import Page
from .refusals import Sentence, sentence

SchoolClass = Annotated[Searched, Query(alias="class")]
ForChild = Annotated[Searched, Query(alias="child")]


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/s/{token}")
@router.get("/m/{token}/book")
def hosts(
    front: FrontOf,
    request: Request,
    token: str,
    lang: Language = "",
    q: Searched = "",
    school_class: SchoolClass = "",
    child: ForChild = "",
    hold: Searched = "",
) -> Response:
    page, writes = front.page(request, lang), front.database.writes
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        counted = front.counts.of(session, visit.kept, front.clock(), writes)
    ticked = ticks_in(request.query_params.keys())
    if visit.guest or q or school_class or ticked or hold:
        return list_hosts(front, page, visit, q[:80], school_class[:40], ticked=ticked, child_id=child, hold=hold[:40])
    # What everybody sees who comes by the share link; while nothing is booked, it is the same page.
    closed = front.closed(page, visit)
    said = closed and (closed.text, closed.advice)
    seen_by = (page.chosen, page.say.language, tuple(page.languages), page.theme.digest, said)
    return front.lists.page(visit.base, counted, seen_by, lambda: list_hosts(front, page, visit))


def list_hosts(
    front: FrontOf,
    page: Page,
    visit: Visit,
    search: str = "",
    school_class: str = "",
    problem: str = "",
    ticked: Collection[str] = (),
    child_id: str = "",
    hold: str = "",
) -> HTMLResponse:
    """Whom one can see, as links to one host's times and as boxes to tick for a time table of several. First come those
    who teach the family's children, of all or of the one that was picked.

    A class or a child ticks its hosts where they are few enough for one time table; `ticked` is what was ticked
    before, `hold` the form that holds times already: the next proposal takes its place."""
    writes = front.database.writes
    with front.database.read() as session:
        named = named_hosts(session, visit.family_id) if visit.family else {}
        counted = front.counts.of(session, visit.kept, front.clock(), writes)
        children = children_of(session, visit) if visit.again else []
        has_codes = visit.guest is None and families.has_codes(session, visit.conference.id or 0)
    picked = next((one for one in children if one.id and one.id == child_id), None)
    everybody = host_cards(visit.kept, counted.free, named, page.say.language)
    cards = [card for card in everybody if _matches(card, search, school_class)]
    shown = {card.public_id for card in cards}
    first = _first(page, visit, cards, [picked] if picked else children, children)
    in_first = {card.public_id for _, some in first for card in some}
    wishes = visit.conference.booking_mode == "wishes"
    few = len(cards) <= MOST_WANTED
    closed = front.closed(page, visit)
    page.home(visit.start)
    ticks = {f"{TICK}{one}": "1" for one in ticked} | {"hold": hold}
    page.stay({"class": school_class, "q": search, "child": picked.id if picked else ""} | ticks)
    filtered = bool(search or school_class)
    own = {card.public_id for _, some in first for card in some} if picked and not filtered else set()
    return page.answer(
        "hosts.html",
        422 if problem else 200,
        **common(visit),
        problems=[{"field": "hosts", "text": problem}] if problem else [],
        problem_title=page.say("One more thing"),
        first=first,
        children=[
            (one, page.link_with(visit.start, {"lang": page.chosen, "child": one.id} | ticks))
            for one in children
            if one.id and len(children) > 1
        ],
        picked=picked,
        groups=_by_letter([card for card in cards if card.public_id not in in_first]),
        search=search,
        school_class=school_class,
        hold=hold,
        ticked=set(ticked)
        | (own if not ticked and len(own) <= MOST_WANTED else set())
        | {
            card.public_id
            for card in cards
            if (card.named and not (ticked or filtered or picked)) or (school_class and few)
        },
        elsewhere=[card for card in everybody if card.public_id in ticked and card.public_id not in shown],
        start=visit.start,
        everybody=page.link_with(visit.start, {"lang": page.chosen} | ticks),
        of_class={"lang": page.chosen, "class": school_class},
        script="list.js",
        closed=None if wishes else closed,
        early=front.closed(page, visit, asked=True) is None if closed else False,
        wishes=wishes,
        wishes_until=visit.conference.wishes_until,
        description=visit.conference.description,
        base=visit.base,
        again=visit.again,
        codes=has_codes,
        lost=visit.guest is None and front.desk.can_confirm(visit.conference.organiser_id),
        codes_first=visit.conference.booking_by == "invited",
        waiting_list=visit.conference.waiting_list,
        per_child=visit.conference.max_bookings_per_guest_and_host if visit.conference.limit_per == "child" else 0,
    )


@router.get("/s/{token}/h/{host_id}")
@router.get("/m/{token}/h/{host_id}")
def times(
    front: FrontOf,
    request: Request,
    token: str,
    host_id: str,
    lang: Language = "",
    interpreter: Searched = "",
    school_class: SchoolClass = "",
) -> Response:
    """With a language only the times at which somebody who interprets it is free, too. The class that was chosen in the
    list goes on into the form."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        host = visit.kept.host(host_id)
        free = free_of(session, visit.conference, host, rules.bookable_from(visit.conference, front.clock()))
        if language := language_wanted(visit, interpreter):
            free = interpreting.with_interpreter(session, visit.conference, language, free)
        asked = visit.family is not None and has_asked(session, host.id or 0, visit.family_id)
        suits = front.suiting(session, visit, free)
    front.look_soon(host.id or 0)
    if closed := front.closed(page, visit, asked=asked):
        return front.answer(page, visit, closed)
    return page.answer(
        "times.html",
        **common(visit),
        days=days_with_times(page, suits),
        left_out=len(suits) < len(free),
        host=host,
        places=rules.places_offered(visit.conference, host),
        wait=f"{visit.base}/h/{host.public_id}/wait" if visit.conference.waiting_list and not free else "",
        heading=page.say("Which time suits you?"),
        spoken=front.spoken(visit, page.say.language),
        interpreter=language,
        query={"lang": page.chosen, "interpreter": language, "class": school_class[:40]},
        back_to=visit.start,
        back_text=page.say("Somebody else"),
        base=visit.base,
        moving=False,
    )


@router.get("/s/{token}/t/{slot_id}")
@router.get("/m/{token}/t/{slot_id}")
def details(
    front: FrontOf,
    request: Request,
    token: str,
    slot_id: str,
    lang: Language = "",
    interpreter: Searched = "",
    school_class: SchoolClass = "",
) -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        wanted = front.slot(session, visit, slot_id)
        slot, host = wanted.slot, wanted.host
        children = children_of(session, visit)
        asked = visit.family is not None and has_asked(session, host.id or 0, visit.family_id)
    if closed := front.closed(page, visit, asked=asked):
        return front.answer(page, visit, closed)
    now = front.clock()
    try:
        rules.check_slot(visit.conference, host, slot, now, guest_id=visit.family.id if visit.family else None)
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, refused))
    form = dict.fromkeys(("known", "child", "school_class", "name", "email", "place", *ASKED), "")
    # Of several the one whom this host teaches; else nobody knows: the second child's name is not the first one's.
    known = children[0] if len(children) == 1 else whose_host(host, children)
    form["known"] = known.child if known else ""
    form["interpreter"] = language_wanted(visit, interpreter)
    form["school_class"] = school_class[:40]
    return _form(front, page, visit, host, slot, form)


def language_wanted(visit: Visit, asked_for: str) -> str:
    """What the address says, where the conference asks for it."""
    return asked_for[:60] if "interpreter" in questions(visit.conference.asks) else ""


@router.post("/s/{token}/t/{slot_id}")
@router.post("/m/{token}/t/{slot_id}")
def book(
    front: FrontOf,
    request: Request,
    token: str,
    slot_id: str,
    sent: Sent,
) -> Response:
    key, place, wanted = field_of(sent, "key"), field_of(sent, "place"), field_of(sent, "slot") or slot_id
    name, email = field_of(sent, "name"), field_of(sent, "email")
    page = front.page(request, field_of(sent, "lang"))
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        found = front.slot(session, visit, wanted)
        free = not found.is_booked and front.desk.has_left(session, address_of(request), front.clock())
        children = children_of(session, visit) if visit.again else []
    host = found.host
    page.home(f"{visit.base}/h/{host.public_id}")
    form = {"name": name, "email": email, "place": place} | child_in(sent, children) | asked_in(sent)
    pick = Pick(wanted, place, form["child"], form["school_class"], key[:100], answers_in(form))
    problems = missing(page, visit, form, rules.places_offered(visit.conference, host))
    if problems:
        return _form(front, page, visit, host, found.slot, form, problems)
    try:
        booked = _book(front, request, visit, person_in(visit, page, form), pick, looked=free)
    except Refused as refused:
        said = proof.neutral(refused, front.door(request, visit))
        return _refused(front, page, visit, host, found.slot, form, said)
    return booked_page(front, page, visit, [booked], email)


def person_in(visit: Visit, page: Page, form: dict[str, str]) -> Person:
    phone = form["phone"] if "phone" in visit.conference.asks else ""
    return Person(form["name"], form["email"], page.say.language, phone)


def _book(front: FrontOf, request: Request, visit: Visit, person: Person, pick: Pick, *, looked: bool) -> Booked:
    if visit.guest:
        return front.desk.book_again(visit.guest_id, pick, front.door(request, visit))
    return front.desk.book(visit.conference.id or 0, person, pick, visitor=address_of(request), looked=looked)


def _refused(
    front: FrontOf, page: Page, visit: Visit, host: Host, slot: Slot, form: dict[str, str], refused: Refused
) -> Response:
    said = sentence(page.say, refused)
    match refused:
        case Invalid() | PlaceNotOffered():
            return _form(front, page, visit, host, slot, form, [said])
        case InterpreterBusy(language=language):
            instead = front.instead(visit, host.id or 0, slot.starts_at, language)
            return _form(front, page, visit, host, slot, form, [said], instead or None)
        case SlotTaken() | SlotBlocked() | TooLate() | GuestBusy():
            return _form(
                front, page, visit, host, slot, form, [said], front.instead(visit, host.id or 0, slot.starts_at)
            )
        case _:
            return front.answer(page, visit, said)


def _form(
    front: FrontOf,
    page: Page,
    visit: Visit,
    host: Host,
    slot: Slot,
    form: dict[str, str],
    problems: list[Sentence] | None = None,
    alternatives: list[FreeTime] | None = None,
) -> Response:
    problems = problems or []
    with front.database.read() as session:
        children = children_of(session, visit) if visit.again else []
    if alternatives == [] and problems:
        return front.answer(page, visit, problems[0])
    listed = [{"field": problem.field, "text": f"{problem.text} {problem.advice}".strip()} for problem in problems]
    return page.answer(
        "details.html",
        problems[0].status if problems else 200,
        **common(visit),
        host=host,
        slot=slot,
        places=rules.places_offered(visit.conference, host),
        form=form | ({"child": "", "school_class": ""} if form["known"] else {}),
        children=children,
        wrong={problem.field: problem.text for problem in problems if problem.field},
        problems=listed,
        problem_title=page.say("Not booked yet"),
        alternatives=alternatives or [],
        key=secrets.token_urlsafe(16),
        spoken=front.spoken(visit, page.say.language),
        retention=visit.conference.retention_days,
        base=visit.base,
        again=visit.again,
    )


def booked_page(front: Front, page: Page, visit: Visit, booked: list[Booked], email: str = "") -> Response:
    """What was booked, and what a family does next. `email` is the address as this visitor has typed it: the one that
    is stored might tell that it was known."""
    with front.database.read() as session:
        views = sorted((booking_view(session, one.booking_id) for one in booked), key=lambda view: view.starts_at)
        shown = "" if visit.guest else proof.shown_token(session, front.links, booked[0].screen)
    manage = visit.base if visit.guest else f"m/{shown}" if shown else ""
    page.home(manage or visit.base)
    return page.answer(
        "booked.html",
        **common(visit),
        views=views,
        manage=manage,
        email=email.strip() if not visit.guest else visit.family.email if visit.family else "",
        base=visit.base,
    )


def _first(
    page: Page, visit: Visit, cards: Sequence[HostCard], meant: Sequence[KnownChild], children: Sequence[KnownChild]
) -> list[tuple[str, list[HostCard]]]:
    """Whom this family sees first: a host who has asked for it, then who teaches one of its children, under the child's
    name and class, then who teaches several of them, and whom the school has named. Of several children that are
    `meant`, each by itself."""
    hosts = {host.public_id: host for host in visit.kept.joined}
    parts: dict[str, list[HostCard]] = {}
    for card in cards:
        host = hosts[card.public_id]
        taught = [one for one in children if one.has(host)]
        own = next((one for one in meant if one in taught), None)
        if own and not card.asked and 1 in (len(taught), len(meant)):
            title = page.say("For %(child)s", child=" ".join(filter(None, (own.child, own.school_class))))
            parts.setdefault(title, []).append(card)
        elif card.asked or own or (card.named and not taught):
            parts.setdefault("", []).append(card)
    shared = [(page.say("For your family"), parts.pop(""))] if "" in parts else []
    asked = any(card.asked for _, some in shared for card in some)
    return [*shared, *parts.items()] if asked else [*parts.items(), *shared]


def _matches(card: HostCard, search: str, school_class: str) -> bool:
    return (not school_class or card.teaches(school_class)) and card.is_meant(search)


def _by_letter(cards: list[HostCard]) -> list[tuple[str, list[HostCard]]]:
    return [
        (letter, list(some))
        for letter, some in groupby(cards, key=lambda card: folded(surname(card.name))[0][:1].upper())
    ]


def _latest(views: list[BookingView]) -> BookingView | None:
    return max(views, key=lambda view: view.id, default=None)


def missing(page: Page, visit: Visit, form: dict[str, str], places: Sequence[str]) -> list[Sentence]:
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
