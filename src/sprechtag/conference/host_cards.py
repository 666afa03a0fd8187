# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hosts of a conference as a family chooses among them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from . import rules
from .kept import Kept
from .names import by_surname, found_in, names_in, words_of
from .tables import Booking, Slot
from .taken import free_of

KEPT_FOR = timedelta(seconds=2)


@dataclass(frozen=True)
class HostCard:
    """A host as a family sees it in the list. `named` are the hosts that the school's list names for this family;
    those that `asked` would like to see it."""

    public_id: str
    name: str
    subject: str
    classes: str
    free: int
    named: bool = False
    asked: bool = False

    def teaches(self, school_class: str) -> bool:
        return school_class.strip().casefold() in names_in(self.classes)

    def is_meant(self, search: str) -> bool:
        """Whether somebody who searches so may mean this host, by name, subject or class, or by several of them."""
        return found_in(f"{self.name} {self.subject} {self.classes}", words_of(search))


_FREE = (
    select(col(Slot.host_id), func.count())
    .outerjoin(Booking, (col(Booking.slot_id) == col(Slot.id)) & (col(Booking.state) == "active"))
    .where(col(Slot.conference_id) == bindparam("conference_id"), col(Slot.blocked).is_(False))
    .where(col(Booking.id).is_(None), col(Slot.starts_at) >= bindparam("earliest"))
    .group_by(col(Slot.host_id))
)


def free_counts(session: Session, kept: Kept, now: datetime) -> dict[int, int]:
    """How many times can still be booked of each host that has any, by its id."""
    conference, earliest = kept.conference, rules.bookable_from(kept.conference, now)
    rows = session.execute(_FREE, {"conference_id": conference.id, "earliest": earliest})
    counts = dict(rows.tuples().all())
    limited = (host for host in kept.joined if host.tandem or rules.has_own_limits(host))
    return counts | {host.id or 0: len(free_of(session, conference, host, earliest)) for host in limited}


@dataclass(frozen=True)
class Counted:
    """`free_counts` as they were at a time (UTC), after so many `writes` of this process, read at `at` (monotonic)."""

    version: int
    writes: int
    now: datetime
    at: float
    free: Mapping[int, int]

    def is_young(self, now: datetime) -> bool:
        return self.now <= now < self.now + KEPT_FOR and time.monotonic() - self.at < KEPT_FOR.total_seconds()


class FreeCounts:
    """Keeps what is free with the hosts of each conference: while this process writes nothing, and for two seconds at
    most, because others write too and times pass."""

    def __init__(self) -> None:
        self._counted: dict[int, Counted] = {}

    def of(self, session: Session, kept: Kept, now: datetime, writes: int) -> Counted:
        """The same object as long as it holds. `writes` is `Database.writes` from before the session was opened: what
        was committed since may not be seen in it."""
        number = kept.conference.id or 0
        found = self._counted.get(number)
        if found and (found.version, found.writes) == (kept.conference.version, writes) and found.is_young(now):
            return found
        if len(self._counted) > 300:
            self._counted.clear()
        free = free_counts(session, kept, now)
        self._counted[number] = Counted(kept.conference.version, writes, now, time.monotonic(), free)
        return self._counted[number]


def host_cards(kept: Kept, free: Mapping[int, int], named: Mapping[int, bool], language: str = "") -> list[HostCard]:
    """The joined hosts by surname, as a reader of the language sorts them, with the number of their `free` times;
    `named` as in `HostCard`. Both by id."""
    cards = [
        HostCard(
            host.public_id,
            host.display_name,
            host.subject,
            host.classes,
            free.get(host.id or 0, 0),
            named=host.id in named,
            asked=named.get(host.id or 0, False),
        )
        for host in kept.joined
    ]
    return sorted(cards, key=lambda card: by_surname(card.name, language))
