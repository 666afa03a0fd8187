# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The appointments of one day, as they stand."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.slots import day_span
from ..conference.tables import Booking, Conference, Host, LiveCall, Slot
from ..moments import local, shifted
from . import live


def today_of(conference: Conference, now: datetime) -> date:
    return local(now, ZoneInfo(conference.time_zone)).date()


def appointments(
    session: Session, conference: Conference, day: date, host_id: int | None = None
) -> list[live.Appointment]:
    """The active bookings of a day (in the conference's zone) with what is known of them, by start."""
    first, last = day_span(day, ZoneInfo(conference.time_zone))
    query = (
        # Columns, not rows of objects: the board and the observer ask for hundreds every few seconds.
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
            col(LiveCall.present),
            col(LiveCall.up_at),
            col(LiveCall.left_at),
            col(LiveCall.mark),
            col(LiveCall.extra_minutes),
        )
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .outerjoin(LiveCall, col(LiveCall.booking_id) == col(Booking.id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Slot.starts_at) >= first, col(Slot.starts_at) < last)
        .order_by(col(Slot.starts_at), col(Booking.id))
    )
    if host_id is not None:
        query = query.where(col(Booking.host_id) == host_id)
    return [_appointment(tuple(row), day) for row in session.execute(query)]


def _appointment(row: tuple[Any, ...], day: date) -> live.Appointment:
    booking_id, public_id, host_id, starts_at, ends_at, place, delay_minutes, delayed_on = row[:8]
    arrived_at, present, up_at, left_at, mark_, extra_minutes = row[8:]
    delay = timedelta(minutes=delay_minutes if delayed_on == day else 0)
    if up_at and up_at < shifted(starts_at, delay):
        delay = timedelta(0)  # what began before the delay was announced began when it did
    return live.Appointment(
        booking_id,
        public_id,
        host_id,
        starts_at,
        ends_at,
        place,
        delay=delay,
        arrived_at=arrived_at,
        present=tuple(present or ()),
        up_at=up_at,
        left_at=left_at,
        mark=mark_ or "",
        extra=timedelta(minutes=extra_minutes or 0),
    )


def delay(session: Session, host: Host, day: date, minutes: int) -> None:
    """Announces how much later than agreed all that is left of this host's day begins; 0 takes it back."""
    host.delay_minutes, host.delayed_on = minutes, day if minutes else None
    session.add(host)
