# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a conference's video calls fit on what the admin has entered, and beginning in groups where they do not."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, Field, field_validator
from sqlalchemy import func, select
from sqlmodel import Session, col

from ..conference import windows
from ..conference.tables import VIDEO, Booking, Companion, Conference, Host, Slot
from ..day import media
from ..planning import capacity
from .access import REFUSALS, User, organised
from .fields import Line
from .needs import House
from .schemas import Strict

Name = Annotated[Line, Field(max_length=80)]
Amount = Annotated[float, Field(ge=0, le=100_000)]
Number = TypeVar("Number", int, float)
STAGGER_MINUTES = 5
"""So far apart groups of hosts begin in the proposal."""


class ServerData(Strict):
    name: Name
    cores: Annotated[float, Field(gt=0, le=1024)] = 4.0
    calls: Annotated[int, Field(ge=0, le=10_000)] = 0
    line_mbit: Amount = 0.0
    joins: Amount = 0.0
    metrics: Annotated[Line, Field(max_length=600)] = ""

    @field_validator("metrics")
    @classmethod
    def _addresses(cls, value: str) -> str:
        if any(urlsplit(one).scheme not in ("http", "https") for one in value.split()):
            raise ValueError("An address begins with http:// or https://.")
        return value


class LineData(Strict):
    name: Name
    up: Annotated[float, Field(gt=0, le=100_000)]
    down: Amount = 0.0


class MediaData(Strict):
    """What the school has for video: media servers (`calls` at once and `joins` a second: measured limits, 0 if not;
    `metrics`: addresses that say how it is, separated by spaces, the signaling server's first), lines in Mbit/s, and
    how fast Nextcloud answers. Without servers calls go from device to device."""

    servers: list[ServerData] = Field(default_factory=list, max_length=50)
    lines: list[LineData] = Field(default_factory=list, max_length=50)
    participants: Annotated[float, Field(ge=2, le=10)] = 2.5
    video_mbit: Annotated[float, Field(gt=0, le=20)] = 1.05
    turn_mbit: Amount = 0.0
    php_workers: Annotated[int, Field(ge=1, le=1000)] = 16
    backend_seconds: Annotated[float, Field(gt=0, le=30)] = 0.4
    outside: Annotated[float, Field(ge=0, le=1)] = 1.0
    spread: bool = True

    def setup(self) -> capacity.Setup:
        return media.setup_of(self.model_dump())


class FindingAnswer(BaseModel):
    """`needed` of `available`: people joining at once, calls on the fullest server, cores, or Mbit/s."""

    kind: str
    needed: float
    available: float
    fits: bool


class AdviceAnswer(BaseModel):
    """`value` is the number of groups, Mbit/s of video, servers more, or calls at once; `fits` whether it is enough by
    itself. `minutes`: groups begin so far apart. What it changes, as in `CapacityAnswer`: `bears`, `over_time`,
    `joining` (empty: as without it)."""

    help: str
    value: float
    fits: bool
    bears: int | None
    minutes: int = 0
    over_time: list[tuple[datetime, int]] = Field(default_factory=list)
    joining: list[tuple[datetime, float]] = Field(default_factory=list)


class CapacityAnswer(BaseModel):
    """`entered` says whether the admin has entered servers, lines or a TURN server. `booked` calls are those of the
    bookings, else all times by video. `over_time` holds the number of calls from each moment on; `starts` begin in the
    same minute.
    `bears`: calls at once that servers and lines carry, null where that is more than twice as many or nothing is known.
    `named`: people who come beside host and family, named to the appointments.
    `joining`: people who come at each start; `joining_fits` of them are not too many."""

    entered: bool
    booked: bool
    calls: int
    starts: int
    at: datetime | None
    joins: float
    fits: bool
    findings: list[FindingAnswer]
    advice: list[AdviceAnswer]
    over_time: list[tuple[datetime, int]]
    bears: int | None
    joining: list[tuple[datetime, float]]
    joining_fits: float
    named: int = 0


class StaggerData(Strict):
    groups: Annotated[int, Field(ge=2, le=6)]
    minutes: Annotated[int, Field(ge=1, le=30)]


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/capacity", name="capacity")
def show_capacity(
    house: House, conference_id: str, user: User, calls: Literal["booked", "all"] = "booked"
) -> CapacityAnswer:
    """Whether the calls fit: those that are booked, or `all` that could be."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        found = _booked(session, conference) if calls == "booked" else _possible(session, conference)
        named = _named(session, conference) if calls == "booked" else 0
    spans, hosts = [(start, end) for start, end, _ in found], [host for _, _, host in found]
    media = MediaData.model_validate(house.options().media)
    return answer(spans, media, booked=calls == "booked", hosts=hosts, named=named)


@router.post("/stagger")
def stagger(house: House, conference_id: str, data: StaggerData, user: User) -> CapacityAnswer:
    """Has the hosts begin in groups, each some minutes after the one before. 409 where a booked time would go."""
    with house.database.write() as session:
        windows.stagger(session, organised(session, conference_id, user), data.groups, data.minutes)
    return show_capacity(house, conference_id, user, "all")


def answer(
    spans: list[tuple[int, int]], media: MediaData, *, booked: bool, hosts: Sequence[int] = (), named: int = 0
) -> CapacityAnswer:
    """The plan for calls from minute to minute (since the epoch), of these `hosts`; `named` people come to them from
    homes of their own beside host and family."""
    setup = media.setup()
    if named and spans:
        setup = replace(setup, participants=setup.participants + named / len(spans))
    calls, starts = capacity.most_at_once(spans), capacity.most_starts(spans)
    verdict = capacity.judge(calls, starts, setup)
    over_time = capacity.calls_over_time(spans)
    peak = next((minute for minute, count in over_time if count == calls), None) if calls else None
    return CapacityAnswer(
        entered=setup.entered,
        booked=booked,
        calls=calls,
        starts=starts,
        at=_moment(peak) if peak is not None else None,
        joins=verdict.joins,
        fits=verdict.fits,
        findings=[FindingAnswer(**asdict(one), fits=one.fits) for one in verdict.findings],
        advice=[_advice(one, spans, hosts, calls) for one in verdict.advice if one.help != "join_page"],
        over_time=_moments(over_time),
        bears=_bears(setup, calls),
        joining=_moments(_joining(spans, setup)),
        joining_fits=verdict.findings[0].available,
        named=named,
    )


def _advice(advice: capacity.Advice, spans: list[tuple[int, int]], hosts: Sequence[int], calls: int) -> AdviceAnswer:
    made = AdviceAnswer(
        help=advice.help,
        value=advice.value,
        fits=advice.fits,
        bears=_bears(advice.setup, calls),
    )
    if advice.help == "stagger" and hosts:
        made.minutes = STAGGER_MINUTES
        moved = capacity.staggered(spans, hosts, int(advice.value), STAGGER_MINUTES)
        made.over_time = _moments(capacity.calls_over_time(moved))
        made.joining = _moments(_joining(moved, advice.setup))
    return made


def _bears(setup: capacity.Setup, calls: int) -> int | None:
    most = max(10, 2 * calls)
    found = capacity.bears(setup, most)
    return found if found < most else None


def _joining(spans: list[tuple[int, int]], setup: capacity.Setup) -> list[tuple[int, float]]:
    return [(minute, starts * setup.participants) for minute, starts in capacity.starts_over_time(spans)]


def _moments(points: Iterable[tuple[int, Number]]) -> list[tuple[datetime, Number]]:
    return [(_moment(minute), number) for minute, number in points]


def _moment(minute: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def _spans(session: Session, query: Any) -> list[tuple[int, int, int]]:
    """From and to which minute, of which host."""
    return [
        (int(starts_at.timestamp()) // 60, int(ends_at.timestamp()) // 60, host_id)
        for starts_at, ends_at, host_id in session.execute(query)
    ]


def _booked(session: Session, conference: Conference) -> list[tuple[int, int, int]]:
    return _spans(
        session,
        select(col(Slot.starts_at), col(Slot.ends_at), col(Slot.host_id))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Booking.place) == VIDEO),
    )


def _named(session: Session, conference: Conference) -> int:
    """How many people are named to the video calls that are booked."""
    found: int = session.execute(
        select(func.count())
        .select_from(Companion)
        .join(Booking, col(Booking.id) == col(Companion.booking_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Booking.place) == VIDEO, col(Companion.seat).is_not(None))
    ).scalar_one()
    return found


def _possible(session: Session, conference: Conference) -> list[tuple[int, int, int]]:
    if not conference.offers_video:
        return []
    return _spans(
        session,
        select(col(Slot.starts_at), col(Slot.ends_at), col(Slot.host_id))
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(col(Slot.conference_id) == conference.id, col(Host.offers_video).is_(True))
        .where(col(Host.state) != "declined"),
    )
