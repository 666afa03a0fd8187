# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How an appointment goes on its day, and how late its host is: rules over plain data. Times are aware and in UTC."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median, quantiles
from typing import Literal

from ..conference.tables import ON_SITE
from ..moments import shifted

State = Literal["expected", "waiting", "in_call", "over_time", "ended", "no_show", "skipped"]
Mark = Literal["started", "done", "no_show", "skipped", "start_late", ""]
OVER: frozenset[State] = frozenset({"ended", "no_show", "skipped"})
RUNNING: frozenset[State] = frozenset({"in_call", "over_time"})
HOST = "host"
PATIENCE = timedelta(minutes=30)
"""A family that waits is not given up before so long after the end of its appointment: its host may be late."""
REJOIN = timedelta(seconds=90)
"""A call that everybody left before its end may come back for so long: a phone that lost its network does."""
BEGINS_LATE = timedelta(minutes=5)
"""What "begins later" means where nobody has said by how much."""


@dataclass(frozen=True)
class Appointment:
    """One booking of the day. `delay` is what the host announced; the other fields are those of `LiveCall`."""

    booking_id: int
    public_id: str
    host_id: int
    starts_at: datetime
    ends_at: datetime
    place: str
    delay: timedelta = timedelta(0)
    arrived_at: datetime | None = None
    present: Sequence[str] = ()
    up_at: datetime | None = None
    left_at: datetime | None = None
    mark: str = ""
    extra: timedelta = timedelta(0)

    @cached_property
    def begins(self) -> datetime:
        """When it is to begin, with what was announced."""
        late = max(self.delay, BEGINS_LATE) if self.mark == "start_late" else self.delay
        return shifted(self.starts_at, late)

    @cached_property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at + self.extra

    @cached_property
    def finishes(self) -> datetime:
        """When it is to end, with what was added."""
        return shifted(self.begins, self.length)

    @property
    def together(self) -> bool:
        """Whether host and family are in the call."""
        return HOST in self.present and any(one != HOST for one in self.present)


def state(one: Appointment, now: datetime) -> State:
    """How it goes. On site nobody tells us but a button, so the clock counts."""
    if one.mark in ("no_show", "skipped"):
        return "no_show" if one.mark == "no_show" else "skipped"
    if one.mark == "done":
        return "ended"
    if one.place == ON_SITE:
        if one.mark == "started" or now >= one.begins:
            return "ended" if now >= one.finishes and one.mark != "started" else _running(one, now)
        return "expected"
    if one.together:
        return _running(one, now)
    if one.up_at:
        left = one.left_at or one.up_at
        back_soon = now < one.finishes and (one.present or now < left + REJOIN)
        return "in_call" if back_soon else "ended"
    if one.present or one.arrived_at:
        return "waiting" if now < one.finishes + PATIENCE else "ended"
    return "expected" if now < one.finishes else "no_show"


def _running(one: Appointment, now: datetime) -> State:
    return "over_time" if now >= one.finishes else "in_call"


Seen = tuple[Appointment, State]


def seen(appointments: Iterable[Appointment], now: datetime) -> list[Seen]:
    """Each with its state: for whoever needs the states of hundreds several times."""
    return [(one, state(one, now)) for one in appointments]


@dataclass(frozen=True)
class HostNow:
    """`late_minutes`: how much later than agreed the next appointment will begin, as far as one can tell."""

    now: Appointment | None
    next: Appointment | None
    late_minutes: int


def forecast(appointments: Iterable[Appointment], now: datetime) -> list[tuple[Appointment, datetime]]:
    """What is still ahead of one host, and when each of it will begin: what runs ends no earlier than it can, and a
    family that waits makes all after it later with every minute."""
    in_order = _in_order(seen(appointments, now))
    return _ahead(in_order, _current(in_order), now)


def _ahead(in_order: Sequence[Seen], current: Appointment | None, now: datetime) -> list[tuple[Appointment, datetime]]:
    free_from: datetime | None = None
    if current:
        free_from = max((current.up_at or current.begins) + current.length, now)
    found: list[tuple[Appointment, datetime]] = []
    for one, is_ in in_order:
        if is_ not in ("expected", "waiting") or (current and one.starts_at <= current.starts_at):
            continue
        begins = max(one.begins, free_from or one.begins)
        if not found and not current and (one.arrived_at or one.place == ON_SITE):
            begins = max(begins, now)
        found.append((one, begins))
        free_from = shifted(begins, one.length)
    return found


def _in_order(of_host: Iterable[Seen]) -> list[Seen]:
    return sorted(of_host, key=lambda one: one[0].starts_at)


def _current(in_order: Sequence[Seen]) -> Appointment | None:
    running = [one for one, is_ in in_order if is_ in RUNNING]
    return running[-1] if running else None


def host_now(appointments: Sequence[Appointment], now: datetime) -> HostNow:
    """What a host does, what comes next, and how late it will be."""
    return host_seen(seen(appointments, now), now)


def host_seen(of_host: Iterable[Seen], now: datetime) -> HostNow:
    """As `host_now`."""
    in_order = _in_order(of_host)
    current = _current(in_order)
    ahead = _ahead(in_order, current, now)
    if not ahead:
        return HostNow(current, None, 0)
    following, begins = ahead[0]
    return HostNow(current, following, late(following, begins))


def late(one: Appointment, begins: datetime) -> int:
    """Whole minutes after what was agreed."""
    return max(0, int((begins - one.starts_at).total_seconds() // 60))


@dataclass(frozen=True)
class Figures:
    """Of a whole conference at one moment. `planned`: calls by video that should run now; `setup_seconds`: from
    arrival (not before the start) to the call, median and 95 %."""

    up: int
    planned: int
    waiting: int
    no_shows: int
    setup_median: float | None
    setup_95: float | None


def figures(appointments: Iterable[Appointment], now: datetime) -> Figures:
    return figures_of(seen(appointments, now), now)


def figures_of(of_day: Sequence[Seen], now: datetime) -> Figures:
    """As `figures`."""
    calls = [(one, is_) for one, is_ in of_day if one.place != ON_SITE]
    took = [
        max(0.0, (one.up_at - max(one.arrived_at, one.begins)).total_seconds())
        for one, _ in calls
        if one.up_at and one.arrived_at
    ]
    return Figures(
        up=sum(is_ in RUNNING for _, is_ in calls),
        planned=sum(one.begins <= now < one.finishes and is_ not in ("no_show", "skipped") for one, is_ in calls),
        waiting=sum(is_ == "waiting" for _, is_ in calls),
        no_shows=sum(is_ == "no_show" for _, is_ in of_day),
        setup_median=median(took) if took else None,
        setup_95=quantiles(took, n=20, method="inclusive")[-1] if len(took) > 1 else (took[0] if took else None),
    )


@dataclass(frozen=True)
class NotUp:
    """Of `due` calls `missing` are not up; in `without_host` of these the host is not in the room."""

    due: int
    missing: int
    without_host: int


def not_up(appointments: Sequence[Appointment], now: datetime, after: timedelta) -> NotUp:
    """Looks at the calls whose family is there and that should have begun more than `after` and at most five minutes
    ago. A host who is still in another appointment is late, which is no call that does not come up."""
    running = {one.host_id: one.booking_id for one in appointments if state(one, now) in RUNNING}
    due = [
        one
        for one in appointments
        if running.get(one.host_id, one.booking_id) == one.booking_id
        and one.place != ON_SITE
        and one.begins <= now - after
        and now - timedelta(minutes=5) < one.begins
        and (one.arrived_at or one.present or one.up_at)
        and one.mark not in ("no_show", "skipped", "done")
    ]
    missing = [one for one in due if one.up_at is None]
    return NotUp(len(due), len(missing), sum(HOST not in one.present for one in missing))
