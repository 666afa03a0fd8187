# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families' data go when the conference's retention time is over."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from ..conference.tables import Conference, Guest, Slot


def erase_expired(session: Session, now: datetime) -> int:
    """Erases the guests, with their bookings and links, of every conference whose last slot ended more than
    `retention_days` before `now`; returns how many guests. Events in hosts' own calendars are the hosts'."""
    last = select(col(Slot.conference_id), func.max(col(Slot.ends_at)).label("ended")).group_by(col(Slot.conference_id))
    over = last.subquery()
    rows = session.execute(select(Conference, over.c.ended).join(over, over.c.conference_id == col(Conference.id)))
    expired = [conference.id for conference, ended in rows if ended + timedelta(days=conference.retention_days) <= now]
    if not expired:
        return 0
    guests = list(session.execute(select(col(Guest.id)).where(col(Guest.conference_id).in_(expired))).scalars())
    session.execute(delete(Guest).where(col(Guest.conference_id).in_(expired)))
    return len(guests)
