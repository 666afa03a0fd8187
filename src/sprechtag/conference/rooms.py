# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One room for two hosts at one time: to be named before families stand there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import select
from sqlmodel import Session, col

from . import persons
from .names import by_surname
from .slots import TimeSpan
from .tables import Conference, Host, Slot


@dataclass(frozen=True)
class Clash:
    """Hosts, by name, who have times in this room together; `first` is when that begins (UTC)."""

    room: str
    hosts: list[str]
    first: datetime


def clashes(session: Session, conference: Conference) -> list[Clash]:
    """By room. Rooms are compared without case and spaces; who has declined needs none."""
    rooms: dict[str, list[Host]] = {}
    hosts = session.execute(
        select(Host).where(
            col(Host.conference_id) == conference.id, col(Host.room) != "", col(Host.state) != "declined"
        )
    ).scalars()
    for host in hosts:
        rooms.setdefault("".join(host.room.split()).casefold(), []).append(host)
    shared = {name: some for name, some in rooms.items() if len(some) > 1}
    times = _times(session, [host.id or 0 for some in shared.values() for host in some])
    found = []
    users = {host.id or 0: {*persons.users_of(session, host)} for some in shared.values() for host in some}
    for some in shared.values():
        together: dict[int, Host] = {}
        starts = []
        for one, other in combinations(some, 2):
            if (one.tandem or other.tandem) and not users[one.id or 0].isdisjoint(users[other.id or 0]):
                continue  # never at one time: whoever is in both is at one place
            if first := _first_overlap(times.get(one.id or 0, []), times.get(other.id or 0, [])):
                together |= {one.id or 0: one, other.id or 0: other}
                starts.append(first)
        if together:
            names = sorted((host.display_name for host in together.values()), key=by_surname)
            found.append(Clash(some[0].room, names, min(starts)))
    return sorted(found, key=lambda clash: clash.room.casefold())


def _times(session: Session, hosts: Sequence[int]) -> dict[int, list[TimeSpan]]:
    """Of each host, sorted; without what the organiser has closed."""
    found: dict[int, list[TimeSpan]] = {}
    if not hosts:
        return found
    rows = session.execute(
        select(col(Slot.host_id), col(Slot.starts_at), col(Slot.ends_at))
        .where(col(Slot.host_id).in_(hosts), col(Slot.blocked_by) != "organiser")
        .order_by(col(Slot.starts_at))
    )
    for host_id, starts_at, ends_at in rows:
        found.setdefault(host_id, []).append(TimeSpan(starts_at, ends_at))
    return found


def _first_overlap(some: Sequence[TimeSpan], others: Sequence[TimeSpan]) -> datetime | None:
    """When two sorted lists first overlap."""
    one = other = 0
    while one < len(some) and other < len(others):
        left, right = some[one], others[other]
        if left.starts_at < right.ends_at and right.starts_at < left.ends_at:
            return max(left.starts_at, right.starts_at)
        if left.ends_at <= right.starts_at:
            one += 1
        else:
            other += 1
    return None
