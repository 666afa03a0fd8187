# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joining the waiting list of a host who has nothing free."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from ..conference import proof, rules
from ..conference.errors import Invalid, Refused
from ..conference.person import Person
from ..conference.tables import Host
from .booking import missing
from .children import KnownChild, child_in, children_of, whose_host
from .front import FrontOf, Language, Sent, Visit, address_of, common, field_of
from .page import Page
from .refusals import Sentence, sentence

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/s/{token}/h/{host_id}/wait")
@router.get("/m/{token}/h/{host_id}/wait")
def ask(front: FrontOf, request: Request, token: str, host_id: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    visit, host = _host(front, page, token, host_id)
    if closed := front.closed(page, visit):
        return front.answer(page, visit, closed)
    children = _children(front, visit)
    known = children[0] if len(children) == 1 else whose_host(host, children)
    form = dict.fromkeys(("child", "school_class", "name", "email"), "") | {"known": known.child if known else ""}
    return _form(page, visit, host, children, form)


@router.post("/s/{token}/h/{host_id}/wait")
@router.post("/m/{token}/h/{host_id}/wait")
def join(front: FrontOf, request: Request, token: str, host_id: str, sent: Sent) -> Response:
    page = front.page(request, field_of(sent, "lang"))
    visit, host = _host(front, page, token, host_id)
    children = _children(front, visit)
    form = {name: field_of(sent, name) for name in ("name", "email")} | child_in(sent, children)
    if problems := missing(page, visit, form | {"place": "-"}, ["-"]):
        return _form(page, visit, host, children, form, problems)
    child, school_class = form["child"], form["school_class"]
    who = visit.guest_id if visit.guest else Person(form["name"], form["email"], page.say.language)
    door, visitor = front.door(request, visit), address_of(request)
    try:
        front.desk.wait(visit.conference.id or 0, host.id or 0, who, child, school_class, door, visitor)
    except Invalid as refused:
        return _form(page, visit, host, children, form, [sentence(page.say, refused)])
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, proof.neutral(refused, door)))
    said = Sentence(
        200,
        page.say("You are on the waiting list of %(host)s", host=host.display_name),
        page.say("As soon as a time becomes free we write to you and hold it for you."),
    )
    return front.answer(page, visit, said, visit.base if visit.again else visit.start)


def _host(front: FrontOf, page: Page, token: str, host_id: str) -> tuple[Visit, Host]:
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    host = visit.kept.host(host_id)
    page.home(f"{visit.base}/h/{host.public_id}/wait")
    return visit, host


def _children(front: FrontOf, visit: Visit) -> list[KnownChild]:
    with front.database.read() as session:
        return children_of(session, visit) if visit.again else []


def _form(
    page: Page,
    visit: Visit,
    host: Host,
    children: list[KnownChild],
    form: dict[str, str],
    problems: list[Sentence] | None = None,
) -> Response:
    problems = problems or []
    hours = int(rules.OFFERED_FOR.total_seconds()) // 3600
    return page.answer(
        "wait.html",
        problems[0].status if problems else 200,
        **common(visit),
        host=host,
        hours=hours,
        form=form | ({"child": "", "school_class": ""} if form["known"] else {}),
        children=children,
        wrong={problem.field: problem.text for problem in problems if problem.field},
        problems=[{"field": one.field, "text": f"{one.text} {one.advice}".strip()} for one in problems],
        problem_title=page.say("Not on the list yet"),
        retention=visit.conference.retention_days,
        base=visit.base,
        again=visit.again,
    )
