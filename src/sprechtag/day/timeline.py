# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The appointments of one day, as they stand."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import String, bindparam, cast, select
from sqlmodel import Session, col

from ..conference.slots import day_span
from ..conference.tables import Booking, Conference, Host, LiveCall, Slot
from ..moments import local, shifted
from . import live

NO_TIME = timedelta(0)


def today_of(conference: Conference, now: datetime) -> date:
    return local(now, ZoneInfo(conference.time_zone)).date()


# Built once, and columns, not rows of objects: the board and the observer ask for hundreds every few seconds. Values
# are as the driver gives them: rows that are the same as before need not be made anything of (`Memory`).
_OF_DAY = (
    select(
        col(Booking.id),
        col(Booking.public_id),
        col(Booking.host_id),
        col(Slot.starts_at),
        col(Slot.ends_at),
        col(Booking.place),
        col(Host.delay_minutes),
        col(Host.delayed_on),
        col(LiveCall.arrived_at),
        cast(LiveCall.present, String),
        col(LiveCall.up_at),
        col(LiveCall.left_at),
        col(LiveCall.mark),
        col(LiveCall.extra_minutes),
        col(Booking.child),
        col(Booking.school_class),
        col(LiveCall.family_says),
    )
    .join(Slot, col(Slot.id) == col(Booking.slot_id))
    .join(Host, col(Host.id) == col(Booking.host_id))
    .outerjoin(LiveCall, col(LiveCall.booking_id) == col(Booking.id))
    .where(col(Booking.conference_id) == bindparam("conference_id"), col(Booking.state) == "active")
    .where(col(Slot.starts_at) >= bindparam("first"), col(Slot.starts_at) < bindparam("last"))
    .order_by(col(Slot.starts_at), col(Booking.id))
)
_OF_HOST = _OF_DAY.where(col(Booking.host_id) == bindparam("host_id"))


class Told(NamedTuple):
    """An appointment with what only those may read who know the family: `says` is what the family wrote. `minute` is
    counted from the day's first moment, `minutes` is the length that was agreed."""

    appointment: live.Appointment
    child: str
    school_class: str
    says: str
    minute: int
    minutes: int


def appointments(
    session: Session, conference: Conference, day: date, host_id: int | None = None
) -> list[live.Appointment]:
    """The active bookings of a day (in the conference's zone) with what is known of them, by start."""
    return [_appointment(row, day) for row in _rows(session, conference, day, host_id)]


def told(session: Session, conference: Conference, day: date, host_id: int | None = None) -> list[Told]:
    """As `appointments`."""
    first, _ = _span(conference, day)
    return [_told(row, day, first) for row in _rows(session, conference, day, host_id)]


class Memory:
    """What was made of the rows of a day: a few seconds later most are the same. Not for two threads at once."""

    def __init__(self) -> None:
        self._what: tuple[Any, ...] = ()
        self._made: dict[tuple[Any, ...], Told] = {}

    def told(self, session: Session, conference: Conference, day: date) -> list[Told]:
        what = (conference.id, conference.time_zone, day)
        if self._what != what:
            self._what, self._made = what, {}
        known, (first, _) = self._made, _span(conference, day)
        rows = _rows(session, conference, day, None)
        self._made = {row: known.get(row) or _told(row, day, first) for row in rows}
        return list(self._made.values())


def _span(conference: Conference, day: date) -> tuple[datetime, datetime]:
    return day_span(day, ZoneInfo(conference.time_zone))


def _rows(session: Session, conference: Conference, day: date, host_id: int | None) -> list[tuple[Any, ...]]:
    first, last = _span(conference, day)
    values: dict[str, Any] = {"conference_id": conference.id, "first": first, "last": last}
    statement = _OF_DAY if host_id is None else _OF_HOST
    session.flush()  # a connection knows nothing of what the session has not written yet
    result: Any = session.connection().execute(statement, values | ({} if host_id is None else {"host_id": host_id}))
    # Plain tuples of the driver's, which are compared ten times as fast as SQLAlchemy's rows.
    rows: list[tuple[Any, ...]] = result.cursor.fetchall()
    result.close()
    return rows


def _told(row: tuple[Any, ...], day: date, first: datetime) -> Told:
    one = _appointment(row, day)
    return Told(
        one, row[14], row[15], row[16] or "", _minutes(first, one.starts_at), _minutes(one.starts_at, one.ends_at)
    )


def _minutes(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds()) // 60


def _moment(stored: Any) -> Any:
    """As `UtcDateTime`: SQLite gives a text in UTC, PostgreSQL an aware datetime."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored.astimezone(UTC) if stored else None


def _is_of(stored: Any, day: date) -> bool:
    """Of a day as SQLite (a text) and PostgreSQL (a date) give it."""
    return stored is not None and str(stored) == day.isoformat()


def _appointment(row: tuple[Any, ...], day: date) -> live.Appointment:
    booking_id, public_id, host_id, starts, ends, place, delay_minutes, delayed_on = row[:8]
    arrived, present, up, left, mark_, extra_minutes = row[8:14]
    starts_at, ends_at, up_at = _moment(starts), _moment(ends), _moment(up)
    delay = timedelta(minutes=delay_minutes) if _is_of(delayed_on, day) else NO_TIME
    if up_at and up_at < shifted(starts_at, delay):
        delay = NO_TIME  # what began before the delay was announced began when it did
    return live.Appointment(
        booking_id,
        public_id,
        host_id,
        starts_at,
        ends_at,
        place,
        delay=delay,
        arrived_at=_moment(arrived),
        present=tuple(json.loads(present)) if present else (),
        up_at=up_at,
        left_at=_moment(left),
        mark=mark_ or "",
        extra=timedelta(minutes=extra_minutes) if extra_minutes else NO_TIME,
    )


def delay(session: Session, host: Host, day: date, minutes: int) -> None:
    """Announces how much later than agreed all that is left of this host's day begins; 0 takes it back."""
    host.delay_minutes, host.delayed_on = minutes, day if minutes else None
    session.add(host)
