# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's view of the day, live; a host's own day in it."""

import hashlib
from dataclasses import asdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import lookup
from ..conference.tables import (
    Alarm,
    Booking,
    Conference,
    Host,
    LiveCall,
    Slot,
)
from ..day import alarms, live, media, observer, pace, readings, timeline, turns
from ..moments import local
from .access import REFUSALS, User, organised, visible
from .fields import Day
from .needs import House
from .servers import LineAnswer, ServerAnswer, _points, _servers

SHOWN = timedelta(minutes=60)
LATE_FROM = 5
"""Minutes from which a host counts as late."""


class AppointmentAnswer(BaseModel):
    """`begins` is with an announced delay; `says` what the family wrote. The child is for those who may know it."""

    id: str
    starts_at: datetime
    ends_at: datetime
    begins: datetime
    place: str
    state: live.State
    child: str
    school_class: str
    says: str
    extra_minutes: int


class HostAnswer(BaseModel):
    """`late` is how many minutes later the next one begins; `delay` what was announced."""

    id: str
    user_id: str
    name: str
    room: str
    late: int
    delay: int
    now: str
    next: str
    appointments: list[AppointmentAnswer]


class AlarmAnswer(BaseModel):
    id: str
    kind: str
    about: str
    facts: dict[str, float]
    since: datetime
    ended_at: datetime | None


class FiguresAnswer(BaseModel):
    """Calls up and planned this minute, families waiting, seconds from arrival to the call, hosts that are late."""

    up: int
    planned: int
    waiting: int
    no_shows: int
    setup_median: float | None
    setup_95: float | None
    late_hosts: int


class BoardAnswer(BaseModel):
    """`on`: the day is under way. `share` of the planned pace is let through, where it is slowest; `asked` is what
    somebody has set it to (1: nobody). `charts` of `up`, `planned` and `waiting`: seconds since the epoch and a
    number."""

    day: date
    days: list[date]
    time_zone: str
    on: bool
    share: float
    asked: float
    figures: FiguresAnswer
    hosts: list[HostAnswer]
    servers: list[ServerAnswer]
    lines: list[LineAnswer]
    alarms: list[AlarmAnswer]
    charts: dict[str, list[tuple[int, float]]]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/board", response_model=BoardAnswer)
def board(house: House, conference_id: str, request: Request, user: User, day: Day | None = None) -> Response:
    """Everything of one day (today, or the next one that has appointments). Ask again with the ETag; 304 says that
    nothing has changed."""
    now = house.clock()
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        days = _days(session, conference)
        shown = day or _nearest(days, timeline.today_of(conference, now))
        answer = _board(house, session, conference, shown, days, now)
    return _with_etag(request, answer)


def _board(
    house: House, session: Session, conference: Conference, day: date, days: list[date], now: datetime
) -> BoardAnswer:
    of_day = timeline.appointments(session, conference, day)
    hosts = _hosts(session, of_day, day, now)
    entered = house.options().media
    kept = readings.readings(session, now - SHOWN)
    servers = observer.servers_now(kept, entered, now)
    seen = live.figures(of_day, now)
    paced = media.server_names(entered) or [pace.ALONE]
    return BoardAnswer(
        day=day,
        days=days,
        time_zone=conference.time_zone,
        on=_is_on(session, conference, now),
        share=min(turns.share_at(session, name, now) for name in paced),
        asked=min(turns.asked_at(session, name, now) for name in paced),
        figures=FiguresAnswer(**asdict(seen), late_hosts=sum(host.late >= LATE_FROM for host in hosts)),
        hosts=hosts,
        servers=_servers(session, entered, servers, kept, now),
        lines=[
            LineAnswer(name=name, used_mbit=round(used, 2), up_mbit=up)
            for name, used, up in alarms.lines_used(servers, media.setup_of(entered).lines)
        ],
        alarms=_alarms(session, conference, now),
        charts={
            name: _points(kept.get(observer.chart_of(conference), []), name) for name in ("up", "planned", "waiting")
        },
    )


@router.get("/conferences/{conference_id}/my-now")
def my_now(house: House, conference_id: str, user: User) -> HostAnswer:
    """A host's own day as it goes."""
    now = house.clock()
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        day = _nearest(_days(session, conference), timeline.today_of(conference, now))
        of_day = timeline.appointments(session, conference, day, host.id)
        names = _names(session, [one.booking_id for one in of_day])
        return _host(host, of_day, names, day, now)


def _hosts(
    session: Session,
    of_day: list[live.Appointment],
    day: date,
    now: datetime,
) -> list[HostAnswer]:
    by_host: dict[int, list[live.Appointment]] = {}
    for one in of_day:
        by_host.setdefault(one.host_id, []).append(one)
    names = _names(session, [one.booking_id for one in of_day])
    hosts = session.execute(
        select(Host).where(col(Host.id).in_(list(by_host))).order_by(col(Host.display_name))
    ).scalars()
    return [_host(host, by_host[host.id or 0], names, day, now) for host in hosts]


def _is_on(session: Session, conference: Conference, now: datetime) -> bool:
    """Whether the conference is under way."""
    return any(one.id == conference.id for one in observer.conferences_on(session, now))


def _with_etag(request: Request, answer: BoardAnswer) -> Response:
    body = answer.model_dump_json()
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _days(session: Session, conference: Conference) -> list[date]:
    zone = ZoneInfo(conference.time_zone)
    starts = session.execute(
        select(col(Slot.starts_at)).where(col(Slot.conference_id) == conference.id).distinct()
    ).scalars()
    return sorted({local(start, zone).date() for start in starts})


def _nearest(days: list[date], today: date) -> date:
    return next((day for day in days if day >= today), days[-1] if days else today)


def _names(session: Session, booking_ids: list[int]) -> dict[int, tuple[str, str, str, int]]:
    rows = session.execute(
        select(
            col(Booking.id),
            col(Booking.child),
            col(Booking.school_class),
            col(LiveCall.family_says),
            col(LiveCall.extra_minutes),
        )
        .outerjoin(LiveCall, col(LiveCall.booking_id) == col(Booking.id))
        .where(col(Booking.id).in_(booking_ids))
    )
    return {row[0]: (row[1], row[2], row[3] or "", row[4] or 0) for row in rows}


def _host(
    host: Host, of_day: list[live.Appointment], names: dict[int, tuple[str, str, str, int]], day: date, now: datetime
) -> HostAnswer:
    seen = live.host_now(of_day, now)
    return HostAnswer(
        id=host.public_id,
        user_id=host.user_id,
        name=host.display_name,
        room=host.room,
        late=seen.late_minutes,
        delay=host.delay_minutes if host.delayed_on == day else 0,
        now=seen.now.public_id if seen.now else "",
        next=seen.next.public_id if seen.next else "",
        appointments=[
            AppointmentAnswer(
                id=one.public_id,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                begins=one.begins,
                place=one.place,
                state=live.state(one, now),
                child=names[one.booking_id][0],
                school_class=names[one.booking_id][1],
                says=names[one.booking_id][2],
                extra_minutes=names[one.booking_id][3],
            )
            for one in of_day
        ],
    )


def _alarms(session: Session, conference: Conference, now: datetime) -> list[AlarmAnswer]:
    """Those that stand, then those of the last hour; the newest first."""
    rows = session.execute(
        select(Alarm)
        .where(col(Alarm.conference_id) == conference.id)
        .where(col(Alarm.ended_at).is_(None) | (col(Alarm.ended_at) > now - SHOWN))
    ).scalars()
    return [
        AlarmAnswer(
            id=alarm.public_id,
            kind=alarm.kind,
            about=alarm.about,
            facts={name: value for name, value in alarm.facts.items() if name != "seen"},
            since=alarm.since,
            ended_at=alarm.ended_at,
        )
        for alarm in sorted(rows, key=lambda one: (one.ended_at is not None, -one.since.timestamp()))
    ]
