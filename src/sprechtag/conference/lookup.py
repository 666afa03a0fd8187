# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a link, an address or a form names by its public id."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..moments import local
from .errors import NotFound
from .tables import Conference, Host, Slot


@dataclass(frozen=True)
class DayOfConference:
    """A day in the conference's zone, with the earliest start and latest end of its slots as minutes since midnight."""

    day: date
    first_minute: int
    last_minute: int


def days_of_conference(session: Session, conference: Conference) -> list[DayOfConference]:
    zone = ZoneInfo(conference.time_zone)
    spans = session.execute(
        select(col(Slot.starts_at), col(Slot.ends_at)).where(col(Slot.conference_id) == conference.id).distinct()
    )
    found: dict[date, tuple[int, int]] = {}
    for starts_at, ends_at in spans:
        start = local(starts_at, zone)
        first = start.hour * 60 + start.minute
        last = first + int((ends_at - starts_at).total_seconds()) // 60
        before = found.get(start.date(), (first, last))
        found[start.date()] = (min(before[0], first), max(before[1], last))
    return [DayOfConference(day, *found[day]) for day in sorted(found)]


def find_host(session: Session, conference_id: int, user_id: str) -> Host:
    """Raises `NotFound` when the user is no host of this conference."""
    host: Host | None = session.execute(
        select(Host).where(col(Host.conference_id) == conference_id, col(Host.user_id) == user_id)
    ).scalar_one_or_none()
    if host is None:
        raise NotFound
    return host


def hosts_of(session: Session, conference: Conference) -> list[Host]:
    return list(session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars())
