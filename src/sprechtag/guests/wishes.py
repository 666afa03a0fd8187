# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes instead of a race: a family says whom it would like to see and when it can come."""

from collections.abc import Sequence
from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from ..conference import proof, rules, wishes
from ..conference.booking import Noted
from ..conference.errors import Invalid, Refused
from ..conference.lookup import days_of_conference
from ..conference.person import Person
from ..conference.proof import Door
from ..conference.tables import ON_SITE, VIDEO, Conference, Guest, Host, Place
from . import availability
from .booking import list_hosts, missing
from .children import KnownChild, child_in, children_of
from .front import Front, FrontOf, Sent, Visit, address_of, common, hosts_ticked, text_of, walk_of
from .manage import show
from .page import Page
from .refusals import Sentence, sentence

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.post("/s/{token}/wishes")
@router.post("/m/{token}/wishes")
def wish(front: FrontOf, request: Request, token: str, form: Sent) -> Response:
    """First the form with the hosts that were ticked, then, with `do` = `save`, the wishes are kept."""
    page = front.page(request, text_of(form, "lang"))
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        chosen = hosts_ticked(form)
        hosts = [host for host in visit.kept.joined if host.public_id in chosen]
    page.home(visit.start)
    try:
        rules.check_wishes_are_taken(visit.conference, front.clock())
        if visit.guest is None:
            rules.check_share_link_books(visit.conference)
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, refused))
    if not hosts:
        return list_hosts(front, page, visit, problem=page.say("Tick at least one person."))
    if text_of(form, "do") == "save":
        return _save(front, request, page, visit, form, hosts)
    return _form(front, page, visit, form, hosts)


def _save(
    front: FrontOf, request: Request, page: Page, visit: Visit, form: FormData, hosts: Sequence[Host]
) -> Response:
    who = _who(front, visit, form)
    problems = missing(page, visit, who | {"place": "-"}, ["-"])
    if problems:
        return _form(front, page, visit, form, hosts, problems)
    with front.database.read() as session:
        days = days_of_conference(session, visit.conference)
    place: Place = VIDEO if text_of(form, "place") == VIDEO else ON_SITE
    wished = wishes.Wished(
        hosts,
        who["child"],
        who["school_class"],
        availability.read(form, days),
        place,
        walk_of(form, visit.conference),
    )

    def enter(session: Session, conference: Conference, guest: Guest, door: Door) -> None:
        wishes.enter(session, conference, guest, wished, front.clock(), door)

    family = visit.guest_id if visit.guest else Person(who["name"], who["email"], page.say.language)
    door, visitor = front.door(request, visit), address_of(request)
    try:
        noted = front.desk.note(visit.conference.id or 0, family, enter, door, visitor)
    except Invalid as refused:
        return _form(front, page, visit, form, hosts, [sentence(page.say, refused)])
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, proof.neutral(refused, door)))
    until = visit.conference.wishes_until
    notice = {
        "title": page.say("Your wishes are noted"),
        "text": page.say("You can change them until %(when)s.", when=page.say.when(until)) if until else "",
    }
    return show(front, page, _as_shown(front, visit, noted), notice)


def _as_shown(front: FrontOf, visit: Visit, noted: Noted) -> Visit:
    """Whose page the answer shows: the visitor's own, or the one of the link that came into being."""
    if visit.guest:
        return visit
    with front.database.read() as session:
        guest = session.get_one(Guest, noted.guest_id)
    base = f"m/{proof.screen_token(front.links, noted.screen)}"
    return Visit(base, visit.kept, guest, noted.screen)


def _known(front: Front, visit: Visit) -> list[KnownChild]:
    """The family's children, and those for whom it has wished before."""
    if visit.guest is None:
        return []
    with front.database.read() as session:
        entered = children_of(session, visit)
        before = wishes.of_guest(session, visit.guest_id, visit.screen)
    names = {one.child for one in entered}
    wished = {wish.child: KnownChild(wish.child, wish.school_class) for wish, _ in before if wish.child not in names}
    return [*entered, *wished.values()]


def _who(front: Front, visit: Visit, form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in ("name", "email")} | child_in(form, _known(front, visit))


def _form(
    front: FrontOf, page: Page, visit: Visit, form: FormData, hosts: Sequence[Host], problems: Sequence[Sentence] = ()
) -> Response:
    with front.database.read() as session:
        days = days_of_conference(session, visit.conference)
        before = wishes.of_guest(session, visit.guest_id, visit.screen) if visit.guest else []
        all_mine = bool(before) and len(before) == len(wishes.of_guest(session, visit.guest_id))
        sheet = wishes.sheet_of(session, visit.guest_id) if visit.family or all_mine else None
    available: dict[date, tuple[int, int]] = availability.read(form, days)
    if sheet and "days" not in form:
        available = {date.fromisoformat(day): (span[0], span[1]) for day, span in sheet.available.items()}
    who = _who(front, visit, form)
    known = _known(front, visit)
    if "child" not in form and known:
        taught = [one for one in known if all(one.has(host) for host in hosts)]
        who["known"] = known[0].child if len(known) == 1 else taught[0].child if len(taught) == 1 else ""
    if who["known"]:
        who |= {"child": "", "school_class": ""}
    conference = visit.conference
    return page.answer(
        "wishes.html",
        problems[0].status if problems else 200,
        **common(visit),
        hosts=hosts,
        days=availability.lines(days, available, page.say),
        walk=text_of(form, "walk") or str(sheet.walk_minutes if sheet else conference.walk_minutes),
        place=text_of(form, "place") or (sheet.place if sheet else ON_SITE),
        both_places=conference.offers_on_site and conference.offers_video,
        form=who,
        children=known,
        wrong={problem.field: problem.text for problem in problems if problem.field},
        problems=[{"field": one.field, "text": f"{one.text} {one.advice}".strip()} for one in problems],
        problem_title=page.say("Not noted yet"),
        until=conference.wishes_until,
        retention=conference.retention_days,
        base=visit.base,
        again=visit.again,
    )
