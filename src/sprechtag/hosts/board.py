# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's view of the day, live, and what the organiser and the hosts can do about it."""

import hashlib
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import jobs, letters, lookup, organise
from ..conference.errors import Invalid, NotFound, WrongState
from ..conference.tables import (
    ON_SITE,
    VIDEO,
    Alarm,
    Booking,
    Conference,
    DeviceCheck,
    Guest,
    Host,
    LiveCall,
    MediaSample,
    Slot,
)
from ..conference.tokens import display_path, part_of_path
from ..day import alarms, live, media, metrics, observer, pace, records
from ..moments import local
from ..phrases import Speaker
from .access import REFUSALS, User, own, visible, visible_booking
from .fields import Day, Text
from .needs import House
from .schemas import Strict

SHOWN = timedelta(minutes=60)
LATE_FROM = 5
"""Minutes from which a host counts as late."""
POINTS = 120
"""Most points of a chart: one in half a minute."""


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


class ServerAnswer(BaseModel):
    """None: this server does not say. Mbit/s, seconds; `load` and `share` (of the planned pace) are of 1."""

    name: str
    asked: bool
    silent: bool
    rooms: int | None = None
    sessions: int | None = None
    publishers: int | None = None
    subscribers: int | None = None
    out_mbit: float | None = None
    in_mbit: float | None = None
    load: float | None = None
    round_trip: float | None = None
    slow_links: int | None = None
    failed: int | None = None
    turn_allocations: int | None = None
    share: float = 1.0
    charts: dict[str, list[tuple[int, float]]] = Field(default_factory=dict)


class LineAnswer(BaseModel):
    name: str
    used_mbit: float
    up_mbit: float


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


class PaceData(Strict):
    """`share` of the planned pace, for so many minutes; 1 takes it back."""

    share: Annotated[float, Field(ge=0.25, le=1)]
    minutes: Annotated[int, Field(ge=1, le=120)] = 15


class DelayData(Strict):
    """How much later than agreed all that is left begins; 0 takes it back. With `tell` the families get a mail."""

    minutes: Annotated[int, Field(ge=0, le=180)]
    tell: bool = True


class DelayAnswer(BaseModel):
    told: int


class MarkData(Strict):
    mark: Literal["", "started", "done", "no_show", "skipped", "start_late"]


class ExtraData(Strict):
    minutes: Annotated[int, Field(ge=-60, le=60)] = 5


class WordsData(Strict):
    text: Annotated[Text, Field(max_length=2000)]


class DisplayData(Strict):
    """What the screens in the hall show of a family; `renew` makes all links to them void."""

    shows: Literal["initials", "number", "names"]
    renew: bool = False


class DisplayAnswer(BaseModel):
    """`link` is empty while the public address is not known. `parts`: rooms and corridors, each with its link."""

    shows: str
    link: str
    parts: list[tuple[str, str]]


class RehearsalData(Strict):
    """`on` makes three rooms to try in; with `tell` all families with a call are asked to check their device."""

    on: bool
    tell: bool = False


class CheckedFamily(BaseModel):
    name: str
    child: str
    result: Literal["fine", "trouble", "not_tried"]
    failed: list[str]
    at: datetime | None


class RehearsalAnswer(BaseModel):
    state: str
    rooms: list[str]
    told: int
    families: list[CheckedFamily]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)

# -- the board ----------------------------------------------------------------------------------------------


@router.get("/conferences/{conference_id}/board", response_model=BoardAnswer)
def board(house: House, conference_id: str, request: Request, user: User, day: Day | None = None) -> Response:
    """Everything of one day (today, or the next one that has appointments). Ask again with the ETag; 304 says that
    nothing has changed."""
    now = house.clock()
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        days = _days(session, conference)
        shown = day or _nearest(days, records.today_of(conference, now))
        answer = _board(house, session, conference, shown, days, now)
    return _with_etag(request, answer)


def _board(
    house: House, session: Session, conference: Conference, day: date, days: list[date], now: datetime
) -> BoardAnswer:
    of_day = records.appointments(session, conference, day)
    hosts = _hosts(session, conference, of_day, day, now)
    entered = house.options().media
    kept = records.readings(session, now - SHOWN)
    servers = observer.servers_now(kept, entered, now)
    seen = live.figures(of_day, now)
    gates = media.server_names(entered) or [pace.ALONE]
    return BoardAnswer(
        day=day,
        days=days,
        time_zone=conference.time_zone,
        on=_is_on(session, conference, now),
        share=min(records.share_at(session, name, now) for name in gates),
        asked=min(records.asked_at(session, name, now) for name in gates),
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
        day = _nearest(_days(session, conference), records.today_of(conference, now))
        of_day = records.appointments(session, conference, day, host.id)
        names = _names(session, [one.booking_id for one in of_day])
        return _host(host, of_day, names, day, now)


def _hosts(
    session: Session,
    conference: Conference,
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


# -- buttons ------------------------------------------------------------------------------------------------


@router.post("/conferences/{conference_id}/board/pace", status_code=status.HTTP_204_NO_CONTENT)
def set_pace(house: House, conference_id: str, data: PaceData, user: User) -> None:
    """Lets fewer families through to their calls per second, on all servers; who has a turn waits at most 20 s. It
    slows the families of other conferences too, so 409 while the own one is not under way."""
    now = house.clock()
    entered = house.options().media
    setup = media.setup_of(entered)
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        if not _is_on(session, conference, now):
            raise WrongState
        until = now + timedelta(minutes=data.minutes) if data.share < 1 else now
        for name in media.server_names(entered) or [pace.ALONE]:
            records.ask_pace(session, name, data.share, now, until, setup)


@router.post("/conferences/{conference_id}/hosts/{host_id}/delay")
def delay(house: House, conference_id: str, host_id: str, data: DelayData, user: User) -> DelayAnswer:
    """Announces that a host runs late: on the join pages, on the screens, and by mail. The times in calendars stay
    what was agreed. Its organiser may, and the host."""
    now = house.clock()
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = _host_of(session, conference, host_id)
        if user.user_id not in (conference.organiser_id, host.user_id):
            raise NotFound
        day = records.today_of(conference, now)
        records.delay(session, host, day, data.minutes)
        told = 0
        if data.tell and data.minutes and house.mail_channel(conference.organiser_id)[0] != "calendar":
            told = _tell_of_delay(session, conference, host, day, data.minutes, now)
    house.wake()
    return DelayAnswer(told=told)


@router.post("/bookings/{booking_id}/mark", status_code=status.HTTP_204_NO_CONTENT)
def mark(house: House, booking_id: str, data: MarkData, user: User) -> None:
    """Says of an appointment that it has begun, is over, begins later, is skipped, or that nobody came."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        records.mark(session, view.id, data.mark, house.clock())


@router.post("/bookings/{booking_id}/extra", status_code=status.HTTP_204_NO_CONTENT)
def extra(house: House, booking_id: str, data: ExtraData, user: User) -> None:
    """Gives an appointment more time; those after it begin later."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        records.add_minutes(session, view.id, data.minutes)


@router.post("/bookings/{booking_id}/words", status_code=status.HTTP_204_NO_CONTENT)
def words(house: House, booking_id: str, data: WordsData, user: User) -> None:
    """A mail to the family of one appointment."""
    if not data.text.strip():
        raise Invalid("text", "text_missing")
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        if not view.guest_email or house.mail_channel(view.organiser_id)[0] == "calendar":
            raise jobs.NoChannel
        say = Speaker(view.language, view.zone)
        subject = say("Your appointment: %(when)s", when=say.when(view.starts_at))
        jobs.write_to(session, session.get_one(Guest, view.guest_id), subject, data.text.strip(), house.clock())
    house.wake()


# -- the screens in the hall --------------------------------------------------------------------------------


@router.get("/conferences/{conference_id}/display")
def display(house: House, conference_id: str, user: User) -> DisplayAnswer:
    with house.database.read() as session:
        return _display(house, session, own(session, conference_id, user))


@router.put("/conferences/{conference_id}/display")
def set_display(house: House, conference_id: str, data: DisplayData, user: User) -> DisplayAnswer:
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        conference.display_shows = data.shows
        conference.display_generation += data.renew
        session.add(conference)
        return _display(house, session, conference)


def _display(house: House, session: Session, conference: Conference) -> DisplayAnswer:
    base = house.public_base()
    path = display_path(house.links, conference.public_id, conference.display_generation)
    link = f"{base}/{path}" if base else ""
    rooms = session.execute(
        select(col(Host.room)).where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
    ).scalars()
    parts = _corridors(rooms) if link else []
    return DisplayAnswer(
        shows=conference.display_shows,
        link=link,
        parts=[(part, f"{link}/{part_of_path(part)}") for part in parts],
    )


# -- the rehearsal with real people -------------------------------------------------------------------------


@router.get("/conferences/{conference_id}/rehearsal")
def rehearsal(house: House, conference_id: str, user: User) -> RehearsalAnswer:
    """Who of the families with a video call has checked the device, and how that went."""
    with house.database.read() as session:
        return _rehearsal(session, own(session, conference_id, user), 0)


@router.post("/conferences/{conference_id}/rehearsal")
def set_rehearsal(house: House, conference_id: str, data: RehearsalData, user: User) -> RehearsalAnswer:
    now = house.clock()
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        if data.on and conference.rehearsal in ("", "failed", "ending"):
            conference.rehearsal = "wanted"
            session.add(conference)
        elif not data.on:
            organise.end_rehearsal(session, conference)
        told = 0
        if data.tell:
            if house.mail_channel(conference.organiser_id)[0] == "calendar":
                raise jobs.NoChannel
            last = _last_start(session, conference, now)
            for guest_id in _guests_with_calls(session, conference, now):
                name = now.date().isoformat()
                told += letters.write(session, guest_id, "rehearsal", name, {}, now, last)
        answer = _rehearsal(session, conference, told)
    house.wake()
    return answer


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


def _host_of(session: Session, conference: Conference, host_id: str) -> Host:
    host: Host | None = session.execute(
        select(Host).where(col(Host.conference_id) == conference.id, col(Host.public_id) == host_id)
    ).scalar_one_or_none()
    if host is None:
        raise NotFound
    return host


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


def _servers(
    session: Session,
    entered: dict[str, Any],
    servers: list[alarms.ServerNow],
    kept: dict[str, list[MediaSample]],
    now: datetime,
) -> list[ServerAnswer]:
    known = {server.name: server for server in servers}
    found = []
    for name in media.server_names(entered):
        server = known.get(name)
        share = records.share_at(session, name, now)
        if server is None:
            found.append(ServerAnswer(name=name, asked=False, silent=False, share=share))
            continue
        reading, grown = server.reading, server.rates.grown
        failed = [grown[part] for part in ("ice_failed", "dtls_failed") if part in grown]
        found.append(
            ServerAnswer(
                name=name,
                asked=True,
                silent=server.silent,
                rooms=_whole(reading, "rooms"),
                sessions=_whole(reading, "sessions"),
                publishers=_whole(reading, "publishers"),
                subscribers=_whole(reading, "subscribers"),
                out_mbit=_rounded(server.rates.out_mbit),
                in_mbit=_rounded(server.rates.in_mbit),
                load=_rounded(server.load or None),
                round_trip=_rounded(server.rates.round_trip),
                slow_links=int(grown["slow_links"]) if "slow_links" in grown else None,
                failed=int(sum(failed)) if failed else None,
                turn_allocations=_whole(reading, "turn_allocations"),
                share=share,
                charts={
                    "rooms": _points(kept.get(name, []), "rooms"),
                    "out_mbit": _rate_points(kept.get(name, [])),
                },
            )
        )
    return found


def _whole(reading: metrics.Reading, name: str) -> int | None:
    """0 for a gauge that has not appeared yet on a server that answers."""
    if not reading:
        return None
    return int(reading.get(name, 0)) if name in ("rooms", "sessions") or name in reading else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _points(samples: list[MediaSample], what: str) -> list[tuple[int, float]]:
    every = max(1, -(-len(samples) // POINTS))
    return [(int(one.at.timestamp()), round(one.reading[what], 2)) for one in samples[::every] if what in one.reading]


def _rate_points(samples: list[MediaSample]) -> list[tuple[int, float]]:
    every = max(1, -(-len(samples) // POINTS))
    some = [one for one in samples[::every] if one.reading]
    found = []
    for before, after in zip(some, some[1:], strict=False):
        out = metrics.rates(before.reading, before.at, after.reading, after.at).out_mbit
        if out is not None:
            found.append((int(after.at.timestamp()), round(out, 2)))
    return found


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


def _tell_of_delay(session: Session, conference: Conference, host: Host, day: date, minutes: int, now: datetime) -> int:
    """A mail for each family that still comes to this host today; the same delay is told once."""
    left = [
        one
        for one in records.appointments(session, conference, day, host.id)
        if live.state(one, now) in ("expected", "waiting")
    ]
    guests = session.execute(
        select(col(Booking.guest_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.id).in_([one.booking_id for one in left]), col(Guest.email) != "")
        .distinct()
    ).scalars()
    until = max((one.ends_at for one in left), default=now) + timedelta(hours=1)
    payload = {"host": host.public_id, "minutes": minutes}
    name = f"{host.public_id}-{day}-{minutes}"
    return sum(letters.write(session, guest_id, "late", name, payload, now, until) for guest_id in list(guests))


def _corridors(rooms: Any) -> list[str]:
    """All rooms, and how more than one of them begin ("A 1"): a corridor, where rooms are numbered as schools do."""
    known = sorted({room.strip() for room in rooms if room.strip()})
    starts: dict[str, int] = {}
    for room in known:
        letters_and_floor = room[: next((i for i, sign in enumerate(room) if sign in "0123456789"), len(room)) + 1]
        starts[letters_and_floor] = starts.get(letters_and_floor, 0) + 1
    return [start for start, count in sorted(starts.items()) if count > 1] + known


def _last_start(session: Session, conference: Conference, now: datetime) -> datetime:
    starts = session.execute(
        select(col(Slot.starts_at)).where(col(Slot.conference_id) == conference.id).order_by(col(Slot.starts_at).desc())
    ).scalars()
    return starts.first() or now


def _guests_with_calls(session: Session, conference: Conference, now: datetime) -> list[int]:
    rows = session.execute(
        select(col(Booking.guest_id))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Booking.place) == VIDEO, col(Slot.starts_at) > now, col(Guest.email) != "")
        .distinct()
    ).scalars()
    return list(rows)


def _rehearsal(session: Session, conference: Conference, told: int) -> RehearsalAnswer:
    rows = session.execute(
        select(Guest, DeviceCheck)
        .outerjoin(DeviceCheck, col(DeviceCheck.guest_id) == col(Guest.id))
        .where(
            col(Guest.id).in_(
                select(col(Booking.guest_id))
                .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
                .where(col(Booking.place) != ON_SITE)
            )
        )
        .order_by(col(Guest.name))
    )
    families = []
    for guest, check in rows:
        parts = ("webrtc", "camera", "microphone", "connection")
        failed = [part for part in parts if check and getattr(check, part) == "failed"]
        result: Literal["fine", "trouble", "not_tried"] = "not_tried"
        if check:
            result = "trouble" if failed else "fine"
        families.append(
            CheckedFamily(
                name=guest.name, child=guest.child, result=result, failed=failed, at=check.at if check else None
            )
        )
    order = {"trouble": 0, "not_tried": 1, "fine": 2}
    return RehearsalAnswer(
        state=conference.rehearsal,
        rooms=[room["link"] for room in conference.rehearsal_rooms],
        told=told,
        families=sorted(families, key=lambda one: order[one.result]),
    )
