# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's view of the day, live; a host's own day in it."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ..conference import lookup, persons
from ..conference.errors import NotFound
from ..conference.slots import day_span
from ..conference.tables import ON_SITE, PLACES, Alarm, Conference, Host, Slot
from ..day import alarms, live, media, observer, pace, readings, timeline, turns
from ..day.readings import SHOWN, LastHour
from ..moments import local
from .access import REFUSALS, User, attended, visible
from .boards import Board
from .fields import Day
from .merge_patch import Json
from .needs import House
from .servers import LineAnswer, ServerAnswer, servers_shown, whole

LATE_FROM = 5
"""Minutes from which a host counts as late."""
_LETTERS: dict[live.State, str] = {
    "expected": "e",
    "waiting": "w",
    "in_call": "c",
    "over_time": "o",
    "ended": "d",
    "no_show": "n",
    "skipped": "s",
}
LETTERS: dict[tuple[live.State, str], str] = {
    (state, place): letter if place == ON_SITE else letter.upper()
    for state, letter in _LETTERS.items()
    for place in PLACES
}
"""How an appointment goes, in a cell of the board."""
CHARTED = ("up", "planned", "waiting")
_DAYS = select(col(Slot.starts_at)).where(col(Slot.conference_id) == bindparam("conference_id")).distinct()


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
    """A host's own day. `late` is how many minutes later the next one begins; `delay` what was announced."""

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
    """`ended_at` is left out while it stands."""

    kind: str
    about: str
    facts: dict[str, float]
    since: datetime
    ended_at: datetime | None = None


class FiguresAnswer(BaseModel):
    """Calls up and planned this minute, families waiting, seconds from arrival to the call (left out where no call was
    up), hosts that are late."""

    up: int
    planned: int
    waiting: int
    no_shows: int
    late_hosts: int
    setup_median: float | None = None
    setup_95: float | None = None


class DayAnswer(BaseModel):
    """`begins` is the day's first moment in seconds since the epoch, `minutes` how long most appointments are. `on`:
    the day is under way. `share` of the planned pace is let through, where it is slowest; `asked` is what somebody has
    set it to (1: nobody)."""

    day: date
    days: list[date]
    time_zone: str
    begins: int
    minutes: int
    on: bool
    share: float
    asked: float
    figures: FiguresAnswer


class RowAnswer(BaseModel):
    """A host's appointments of the day, by the minutes from the day's first moment to the start. A cell is a letter for
    how it goes (e expected, w waiting, c in the call, o over time, d over, n did not come, s skipped; a capital one by
    video) and the child's name. `says` is what families wrote; `minutes` those of another length than most.

    `late` is how many minutes later the next one begins; `delay` what was announced. What is empty or 0 is left out."""

    user_id: str
    name: str
    cells: dict[str, str]
    room: str = ""
    late: int = 0
    delay: int = 0
    says: dict[str, str] = {}
    minutes: dict[str, int] = {}


class Shown(BaseModel):
    """The board: hosts and alarms by id, servers and lines by name; `chart` of calls up, planned and families waiting,
    by seconds since the epoch."""

    day: DayAnswer
    hosts: dict[str, RowAnswer]
    servers: dict[str, ServerAnswer]
    lines: dict[str, LineAnswer]
    alarms: dict[str, AlarmAnswer]
    chart: dict[str, list[float]]


class BoardAnswer(BaseModel):
    """Either the whole `board`, or, where `since` named a version that is still known, what has changed since then: a
    JSON merge patch (RFC 7396), empty where nothing has."""

    version: str
    board: Shown | None = None
    since: str = ""
    patch: dict[str, Any] | None = None


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/board", response_model=BoardAnswer)
def board(house: House, conference_id: str, user: User, day: Day | None = None, since: str = "") -> Response:
    """Everything of one day (today, or the next one that has appointments), at most two seconds old. Ask again with the
    `version` that you have as `since`, and you get what has changed. No header does that: not all of them come through
    Nextcloud's proxy."""
    now = house.clock()
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
        answer = house.boards.answer(
            conference.id or 0, day, since, now, lambda kept: _board(house, session, conference, day, kept, now)
        )
    return Response(answer, media_type="application/json")


@router.get("/conferences/{conference_id}/board/{host_id}/{start}")
def appointment(house: House, conference_id: str, host_id: str, start: int, user: User) -> AppointmentAnswer:
    """What stands behind a cell of the board: a host's appointment that begins in the minute of `start` (seconds since
    the epoch). 404 where none does."""
    now = house.clock()
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
        day = local(_moment(start), ZoneInfo(conference.time_zone)).date()
        host = session.execute(
            select(col(Host.id)).where(col(Host.conference_id) == conference.id, col(Host.public_id) == host_id)
        ).scalar_one_or_none()
        for one in timeline.told(session, conference, day, host or 0):
            if int(one.appointment.starts_at.timestamp()) // 60 == start // 60:
                return _appointment(one, live.state(one.appointment, now))
    raise NotFound


def _moment(seconds: int) -> datetime:
    """Raises `NotFound` where that is beyond the calendar."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise NotFound from None


def _board(
    house: House, session: Session, conference: Conference, asked: date | None, kept: Board, now: datetime
) -> Json:
    days = _days(session, conference)
    day = asked or _nearest(days, timeline.today_of(conference, now))
    told = kept.memory.told(session, conference, day)
    states = live.seen((one.appointment for one in told), now)
    begins = day_span(day, ZoneInfo(conference.time_zone))[0]
    minutes = _usual_minutes(told)
    hosts = _hosts(session, conference, told, states, minutes, day, now)
    late = sum(host.get("late", 0) >= LATE_FROM for host in hosts.values())
    figures = {name: value for name, value in asdict(live.figures_of(states, now)).items() if value is not None}
    facts = {
        "day": day,
        "days": days,
        "time_zone": conference.time_zone,
        "begins": int(begins.timestamp()),
        "minutes": minutes,
        "on": _is_on(session, conference, now),
        "figures": figures | {"late_hosts": late},
    }
    return {"hosts": hosts, "alarms": _alarms(session, conference, now)} | _machines(
        house, session, conference, kept.hour, facts, now
    )


def _machines(
    house: House, session: Session, conference: Conference, hour: LastHour, facts: Json, now: datetime
) -> Json:
    """Media servers and lines, the chart, and in `facts` the pace."""
    entered = house.options().media
    names = media.server_names(entered)
    chart = observer.chart_of(conference)
    points = hour.of(session, [*names, chart], now)
    servers = observer.servers_now(readings.readings(session, now - observer.LAST_MINUTE), entered, now)
    paced = names or [pace.ALONE]
    share = min(turns.share_at(session, name, now) for name in paced)
    asked = min(turns.asked_at(session, name, now) for name in paced)
    lines = alarms.lines_used(servers, media.setup_of(entered).lines)
    return {
        "day": facts | {"share": share, "asked": asked},
        "servers": servers_shown(session, entered, servers, points, now),
        "lines": {name: {"used_mbit": round(used, 2), "up_mbit": up} for name, used, up in lines},
        "chart": {
            str(at): [whole(point.reading.get(name, 0.0)) for name in CHARTED] for at, point in points[chart].items()
        },
    }


def _usual_minutes(told: list[timeline.Told]) -> int:
    lengths = Counter(one.minutes for one in told)
    return min(lengths, key=lambda length: (-lengths[length], length), default=0)


def _hosts(
    session: Session,
    conference: Conference,
    told: list[timeline.Told],
    states: list[live.Seen],
    minutes: int,
    day: date,
    now: datetime,
) -> dict[str, Json]:
    """As `RowAnswer`, by public id."""
    of_host: dict[int, list[tuple[timeline.Told, live.State]]] = {}
    for one, (_, is_) in zip(told, states, strict=True):
        of_host.setdefault(one.appointment.host_id, []).append((one, is_))
    hosts = session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars()
    return {
        host.public_id: _row(host, of_host[host.id or 0], minutes, day, now) for host in hosts if host.id in of_host
    }


def _row(
    host: Host,
    of_host: list[tuple[timeline.Told, live.State]],
    minutes: int,
    day: date,
    now: datetime,
) -> Json:
    cells: dict[str, str] = {}
    says: dict[str, str] = {}
    others: dict[str, int] = {}
    for one, is_ in of_host:
        key = str(one.minute)
        cells[key] = LETTERS[is_, one.appointment.place] + one.child
        if one.says:
            says[key] = one.says
        if one.minutes != minutes:
            others[key] = one.minutes
    late = live.host_seen(((one.appointment, is_) for one, is_ in of_host), now).late_minutes
    delay = host.delay_minutes if host.delayed_on == day else 0
    more = {"room": host.room, "late": late, "delay": delay, "says": says, "minutes": others}
    row = {"user_id": host.user_id, "name": host.display_name, "cells": cells}
    return row | {name: value for name, value in more.items() if value}


@router.get("/conferences/{conference_id}/my-now")
def my_now(house: House, conference_id: str, user: User) -> HostAnswer:
    """A host's own day as it goes."""
    now = house.clock()
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        day = _nearest(_days(session, conference), timeline.today_of(conference, now))
        mine = persons.hosts_of_user(session, conference.id or 0, user.user_id)
        told = [one for each in mine for one in timeline.told(session, conference, day, each.id)]
        return _host(host, sorted(told, key=lambda one: one.appointment.starts_at), day, now)


def _is_on(session: Session, conference: Conference, now: datetime) -> bool:
    """Whether the conference is under way."""
    return any(one.id == conference.id for one in observer.conferences_on(session, now))


def _days(session: Session, conference: Conference) -> list[date]:
    zone = ZoneInfo(conference.time_zone)
    starts = session.execute(_DAYS, {"conference_id": conference.id}).scalars()
    return sorted({local(start, zone).date() for start in starts})


def _nearest(days: list[date], today: date) -> date:
    return next((day for day in days if day >= today), days[-1] if days else today)


def _host(host: Host, told: list[timeline.Told], day: date, now: datetime) -> HostAnswer:
    states = live.seen((one.appointment for one in told), now)
    seen = live.host_seen(states, now)
    return HostAnswer(
        id=host.public_id,
        user_id=host.user_id,
        name=host.display_name,
        room=host.room,
        late=seen.late_minutes,
        delay=host.delay_minutes if host.delayed_on == day else 0,
        now=seen.now.public_id if seen.now else "",
        next=seen.next.public_id if seen.next else "",
        appointments=[_appointment(one, is_) for one, (_, is_) in zip(told, states, strict=True)],
    )


def _appointment(told: timeline.Told, is_: live.State) -> AppointmentAnswer:
    one = told.appointment
    return AppointmentAnswer(
        id=one.public_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        begins=one.begins,
        place=one.place,
        state=is_,
        child=told.child,
        school_class=told.school_class,
        says=told.says,
        extra_minutes=int(one.extra.total_seconds()) // 60,
    )


def _alarms(session: Session, conference: Conference, now: datetime) -> dict[str, Json]:
    """Those that stand and those of the last hour, by public id."""
    rows = session.execute(
        select(Alarm)
        .where(col(Alarm.conference_id) == conference.id)
        .where(col(Alarm.ended_at).is_(None) | (col(Alarm.ended_at) > now - SHOWN))
    ).scalars()
    return {alarm.public_id: _alarm(alarm) for alarm in rows}


def _alarm(alarm: Alarm) -> Json:
    facts = {name: value for name, value in alarm.facts.items() if name != "seen"}
    ended = {"ended_at": alarm.ended_at} if alarm.ended_at else {}
    return {"kind": alarm.kind, "about": alarm.about, "facts": facts, "since": alarm.since} | ended
