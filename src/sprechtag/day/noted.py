# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is noted of one appointment on the day: arrivals, what somebody said of it, its room."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..conference.person import tidy
from ..conference.tables import LiveCall
from . import live

LONGEST_SAYING = 300


def of_booking(session: Session, booking_id: int) -> LiveCall:
    """The booking's row, made where there is none yet."""
    found = session.get(LiveCall, booking_id)
    if found:
        return found
    try:
        with session.begin_nested():
            made = LiveCall(booking_id=booking_id)
            session.add(made)
        return made
    except IntegrityError:
        return session.get_one(LiveCall, booking_id)


def peek(session: Session, booking_id: int) -> LiveCall | None:
    """The booking's row, if there is one."""
    return session.get(LiveCall, booking_id)


def families_there(session: Session, now: datetime) -> int:
    """How many families are at their join page now, about: who came within the last hour and is in no call yet."""
    count: int = session.execute(
        select(func.count())
        .select_from(LiveCall)
        .where(col(LiveCall.arrived_at) > now - timedelta(hours=1), col(LiveCall.up_at).is_(None))
    ).scalar_one()
    return count


def calls_in(session: Session, rooms: Iterable[str]) -> list[LiveCall]:
    """The calls of these rooms, those first whose turn is first."""
    found: Any = session.execute(
        select(LiveCall)
        .where(col(LiveCall.room).in_(list(rooms)))
        .order_by(col(LiveCall.let_in_at), col(LiveCall.booking_id))
    ).scalars()
    return list(found)


def say(session: Session, booking_id: int, text: str) -> None:
    """What the family writes to its host, instead of coming. Raises `Invalid` for nothing and for too much."""
    of_booking(session, booking_id).family_says = tidy("message", text, LONGEST_SAYING, required=True)


def remember_room(session: Session, booking_id: int, token: str) -> None:
    of_booking(session, booking_id).room = token


def mark(session: Session, booking_id: int, said: live.Mark, now: datetime) -> None:
    call = of_booking(session, booking_id)
    call.mark, call.marked_at = said, now


def add_minutes(session: Session, booking_id: int, minutes: int) -> int:
    """More time for this one; returns how much it has now, at most an hour."""
    call = of_booking(session, booking_id)
    call.extra_minutes = max(0, min(60, call.extra_minutes + minutes))
    return call.extra_minutes
