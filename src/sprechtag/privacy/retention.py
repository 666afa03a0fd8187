# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families' data go when the conference's retention time is over; what only the day needed goes with the day."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from ..conference import budgets
from ..conference.organise import end_rehearsal
from ..conference.tables import Conference, Guest, Slot
from ..day.records import forget_readings

MOST_DAYS = 3650


def erase_expired(session: Session, now: datetime) -> int:
    """Erases the guests, with their bookings and links, of every conference whose last slot ended more than
    `retention_days` before `now`; returns how many guests. Events in hosts' own calendars are the hosts'."""
    last = select(col(Slot.conference_id), func.max(col(Slot.ends_at)).label("ended")).group_by(col(Slot.conference_id))
    over = last.subquery()
    rows = session.execute(select(Conference, over.c.ended).join(over, over.c.conference_id == col(Conference.id)))
    # What is now is moved, not what is stored: a day at the end of the calendar cannot be moved on.
    expired = [conference.id for conference, ended in rows if ended <= now - _kept(conference)]
    if not expired:
        return 0
    guests = list(session.execute(select(col(Guest.id)).where(col(Guest.conference_id).in_(expired))).scalars())
    session.execute(delete(Guest).where(col(Guest.conference_id).in_(expired)))
    return len(guests)


def _kept(conference: Conference) -> timedelta:
    return timedelta(days=min(conference.retention_days, MOST_DAYS))


def tidy(session: Session, now: datetime) -> None:
    """After a conference's last slot its rooms to try in go, and readings of media servers that are too old."""
    over = select(col(Slot.conference_id)).group_by(col(Slot.conference_id)).having(func.max(col(Slot.ends_at)) < now)
    tried = select(Conference).where(col(Conference.rehearsal) == "on", col(Conference.id).in_(over))
    for conference in list(session.execute(tried).scalars()):
        end_rehearsal(session, conference)
    forget_readings(session, now)
    budgets.forget_old(session, now)
