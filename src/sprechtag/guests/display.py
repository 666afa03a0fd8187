# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screen in the hall: who is next at which room, without names unless the school has chosen so."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.errors import NotFound
from ..conference.tables import ON_SITE, Booking, Conference, Guest, Host
from ..conference.tokens import is_token
from ..day import live, timeline
from .front import FrontOf, Language
from .page import Page

ROWS = 9
"""As many as can be read from five metres; the next ones come in turn."""
SECONDS = 15


@dataclass(frozen=True)
class Row:
    """`now` and `next` are what is shown of a family, or empty."""

    room: str
    host: str
    now: str
    next: str
    next_at: datetime | None
    late: int


def _rooms(part: str) -> str:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise NotFound from error


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/d/{conference_id}/{token}")
def all_rooms(
    front: FrontOf,
    request: Request,
    conference_id: str,
    token: str,
    lang: Language = "",
    turn: Annotated[int, Query(ge=0, le=100)] = 0,
) -> Response:
    return _show(front, request, conference_id, token, lang, turn, "")


@router.get("/d/{conference_id}/{token}/{part}")
def some_rooms(
    front: FrontOf,
    request: Request,
    conference_id: str,
    token: str,
    part: str,
    lang: Language = "",
    turn: Annotated[int, Query(ge=0, le=100)] = 0,
) -> Response:
    return _show(front, request, conference_id, token, lang, turn, _rooms(part))


def _show(
    front: FrontOf, request: Request, conference_id: str, token: str, lang: str, turn: int, rooms: str
) -> Response:
    page = front.page(request, lang)
    now = front.clock()
    with front.database.read() as session:
        conference = session.execute(
            select(Conference).where(col(Conference.public_id) == conference_id)
        ).scalar_one_or_none()
        if conference is None or not is_token(
            front.links, "display", conference_id, conference.display_generation, token
        ):
            raise NotFound
        front.offer_languages(page, conference)
        page.in_zone(conference.time_zone)
        rows = _rows(session, page, conference, rooms, now)
    turns = max(1, -(-len(rows) // ROWS))
    turn %= turns
    answer = page.answer(
        "display.html",
        conference_name=conference.name,
        rows=rows[turn * ROWS : (turn + 1) * ROWS],
        turn=turn + 1,
        turns=turns,
        now=now,
        rooms=rooms,
    )
    onward = f"?turn={(turn + 1) % turns}" + (f"&lang={page.chosen}" if page.chosen else "")
    answer.headers["Refresh"] = f"{SECONDS}; url={onward}"
    return answer


def _rows(session: Session, page: Page, conference: Conference, rooms: str, now: datetime) -> list[Row]:
    of_host: dict[int, list[live.Appointment]] = {}
    for one in timeline.appointments(session, conference, timeline.today_of(conference, now)):
        of_host.setdefault(one.host_id, []).append(one)
    hosts = [
        host
        for host in session.execute(select(Host).where(col(Host.id).in_(list(of_host)))).scalars()
        if host.room.casefold().startswith(rooms.strip().casefold())
    ]
    shown = _shown(session, conference, [one.booking_id for some in of_host.values() for one in some])
    rows = []
    for host in sorted(hosts, key=lambda host: (host.room, host.display_name)):
        of_day = of_host[host.id or 0]
        now_there = live.host_now(of_day, now)
        if now_there.now is None and now_there.next is None:
            continue
        rows.append(
            Row(
                host.room,
                host.display_name,
                _label(page, now_there.now, shown),
                _label(page, now_there.next, shown),
                now_there.next.starts_at if now_there.next else None,
                now_there.late_minutes,
            )
        )
    return rows


def _label(page: Page, one: live.Appointment | None, shown: dict[int, str]) -> str:
    """Who is in a call at home needs no screen: only that the host is busy is said."""
    if one is None:
        return ""
    return shown[one.booking_id] if one.place == ON_SITE else page.say("By video")


def _shown(session: Session, conference: Conference, booking_ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(
        select(col(Booking.id), col(Booking.code), col(Booking.child), col(Guest.name))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.id).in_(booking_ids))
    )
    match conference.display_shows:
        case "names":
            return {booking_id: child or name for booking_id, _, child, name in rows}
        case "number":
            return {booking_id: code for booking_id, code, _, _ in rows}
        case _:
            return {booking_id: initials(child or name) for booking_id, _, child, name in rows}


def initials(name: str) -> str:
    """ "Emre Yılmaz" as "E. Y."."""
    return " ".join(f"{part[0].upper()}." for part in name.split() if part[0].isalpha())
