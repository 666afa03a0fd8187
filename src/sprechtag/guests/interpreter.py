# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An interpreter's own page, behind the link of the mails: all appointments, one calendar file, the calls."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from ..conference import interpreting
from ..conference.organise import share_token
from ..conference.tables import Companion, Conference, Interpreter
from ..conference.tokens import interpreter_path, join_path
from ..conference.views import BookingView
from ..paper.ical import calendar_file
from .front import Front, FrontOf, Language, file_answer
from .page import Page
from .people import with_join_link

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/i/{interpreter_id}/{token}")
def show(front: FrontOf, request: Request, interpreter_id: str, token: str, lang: Language = "") -> Response:
    page, conference, one, mine = _open(front, request, interpreter_id, token, lang)
    base = interpreter_path(front.links, one.public_id, one.generation)
    page.home(base)
    coming = [(view, named) for view, named in mine if view.active]
    return page.answer(
        "interpreter.html",
        conference_name=conference.name,
        contact=conference.contact,
        name=one.name,
        days=_by_day(front, page, coming),
        gone=[view for view, _ in mine if not view.active],
        base=base,
    )


@router.get("/i/{interpreter_id}/{token}/appointments.ics")
def as_file(front: FrontOf, request: Request, interpreter_id: str, token: str, lang: Language = "") -> Response:
    """What is cancelled stays in it as cancelled, for a calendar that reads it again and again."""
    page, _, _, mine = _open(front, request, interpreter_id, token, lang)
    views = [with_join_link(front, view, named) for view, named in mine]
    body = calendar_file(views, page.say, refresh_hours=2)
    return file_answer(body, "text/calendar; charset=utf-8", "appointments.ics", shown=True)


def _by_day(front: Front, page: Page, mine: Sequence[tuple[BookingView, Companion]]) -> list[dict[str, Any]]:
    def lines(some: Sequence[tuple[BookingView, Companion]]) -> list[dict[str, Any]]:
        return [
            {
                "view": view,
                "join": join_path(front.links, one.public_id, one.generation)
                if view.place == "video" and view.talk_link
                else "",
            }
            for view, one in some
        ]

    return [
        {"name": page.say.day(some[0][0].starts_at), "lines": lines(some)}
        for some in (list(group) for _, group in groupby(mine, key=lambda one: page.say.date(one[0].starts_at)))
    ]


def _open(
    front: Front, request: Request, interpreter_id: str, token: str, lang: str
) -> tuple[Page, Conference, Interpreter, list[tuple[BookingView, Companion]]]:
    """With the interpreter's appointments by time, cancelled ones too. Raises `NotFound`."""
    page = front.page(request, lang)
    with front.database.read() as session:
        one = interpreting.by_link(session, front.links, interpreter_id, token)
        conference = session.get_one(Conference, one.conference_id)
        front.offer_languages(page, conference)
        mine = interpreting.appointments(session, one)
    page.about(f"s/{share_token(conference, front.links)}")
    page.speaks(one.language)
    page.in_zone(conference.time_zone)
    return page, conference, one, mine
