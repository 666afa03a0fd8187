# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The evening before a conference day: its organiser is told to look once more whether all calls fit."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import coming, team
from ..conference.instance import fact, learn
from ..conference.tables import Conference, Slot
from ..conference.telling import tell_user
from ..database import apart
from ..moments import local

EVENING = 18


def tell_organisers(session: Session, now: datetime) -> int:
    """Has those told whose evening it is, once for each day; returns how many."""
    told = 0
    for conference, day in _tomorrows(session, now):
        name = f"evening:{conference.public_id}:{day}"
        if not fact(session, name):
            learn(session, name, {"told": True}, now)
            for user_id in team.organisers(session, conference):
                tell_user(session, conference.id or 0, user_id, "evening", now, day)
            told += 1
    return told


def _tomorrows(session: Session, now: datetime) -> list[tuple[Conference, str]]:
    """Conferences with a day tomorrow, once it is evening there."""
    found = []
    soon = coming.beginning(now, now + timedelta(days=2))
    rows: Any = session.execute(
        select(Conference).where(col(Conference.state) != "draft", col(Conference.id).in_(soon))
    ).scalars()
    for conference in list(rows):
        with apart(session, "evening"):
            found += _tomorrow(session, conference, now)
    return found


def _tomorrow(session: Session, conference: Conference, now: datetime) -> list[tuple[Conference, str]]:
    zone = ZoneInfo(conference.time_zone)
    there = local(now, zone)
    starts = session.execute(
        select(col(Slot.starts_at)).where(
            col(Slot.conference_id) == conference.id,
            col(Slot.starts_at) > now,
            col(Slot.starts_at) < now + timedelta(days=3),
        )
    ).scalars()
    tomorrow = (there + timedelta(days=1)).date()
    if there.hour >= EVENING and any(local(one, zone).date() == tomorrow for one in starts):
        return [(conference, tomorrow.isoformat())]
    return []
