# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Slots from days x windows x slot length x pause, in the conference's own time zone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .. import moments
from . import entries
from .errors import Invalid

MAX_SLOTS_PER_HOST = 500


@dataclass(frozen=True, order=True)
class TimeWindow:
    """Wall-clock time on one day, in the conference's zone; `ends` 00:00 means midnight at the end of the day."""

    day: date
    starts: time
    ends: time


@dataclass(frozen=True, order=True)
class TimeSpan:
    """From `starts_at` to `ends_at`, aware and in UTC; the end is not part of it."""

    starts_at: datetime
    ends_at: datetime


def _utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Wall clock to UTC, not beyond the calendar. In the repeated hour of autumn the first pass counts; in the hour
    that spring skips, the clock is read as if it had not been put forward (PEP 495, fold=0)."""
    there = datetime.combine(day, clock, tzinfo=zone)
    return moments.shifted(there.replace(tzinfo=UTC), -(there.utcoffset() or timedelta()))


def window_span(window: TimeWindow, zone: ZoneInfo) -> TimeSpan:
    """The window in UTC.

    Raises `Invalid("windows", …)` when nothing is left of it, and for a day that cannot be."""
    try:
        entries.day(window.day)
    except entries.Wrong as wrong:
        raise Invalid("windows", wrong.reason) from wrong
    ends_on = window.day + timedelta(days=1) if window.ends == time(0) else window.day
    span = TimeSpan(_utc(window.day, window.starts, zone), _utc(ends_on, window.ends, zone))
    if span.ends_at <= span.starts_at:
        raise Invalid("windows", "window_ends_before_start")
    return span


def common(windows: Iterable[TimeWindow], others: Iterable[TimeWindow]) -> list[TimeWindow]:
    """The times that lie in both, sorted."""
    theirs = list(others)
    shared = [
        TimeWindow(one.day, max(one.starts, other.starts), min(one.ends, other.ends, key=_to_the_end))
        for one in windows
        for other in theirs
        if one.day == other.day
    ]
    return sorted(one for one in shared if one.starts < _to_the_end(one.ends))


def _to_the_end(ends: time) -> time:
    return time.max if ends == time(0) else ends


def slots_of(windows: Iterable[TimeWindow], slot_minutes: int, pause_minutes: int, zone: str) -> list[TimeSpan]:
    """All slots of one host, sorted.

    Real minutes are counted, so a slot is as long as it says on the night the clocks change too. A slot that
    does not fit whole into its window is left out.

    Raises `Invalid` for lengths below one minute, overlapping windows and more than 500 slots."""
    if slot_minutes < 1:
        raise Invalid("slot_minutes", "slot_too_short")
    if pause_minutes < 0:
        raise Invalid("pause_minutes", "pause_negative")
    spans = sorted(window_span(window, ZoneInfo(zone)) for window in windows)
    for before, after in pairwise(spans):
        if after.starts_at < before.ends_at:
            raise Invalid("windows", "windows_overlap")
    slots = [slot for span in spans for slot in _cut(span, slot_minutes, pause_minutes)]
    if len(slots) > MAX_SLOTS_PER_HOST:
        raise Invalid("windows", "too_many_slots")
    return slots


def _cut(span: TimeSpan, slot_minutes: int, pause_minutes: int) -> Iterator[TimeSpan]:
    length, step = timedelta(minutes=slot_minutes), timedelta(minutes=slot_minutes + pause_minutes)
    starts_at = span.starts_at
    while starts_at + length <= span.ends_at:
        yield TimeSpan(starts_at, starts_at + length)
        starts_at += step


def minutes_of(span: TimeSpan) -> range:
    """The minutes since the epoch that the span touches: what a guest cannot give twice."""
    first = int(span.starts_at.timestamp()) // 60
    last = -(-int(span.ends_at.timestamp()) // 60)
    return range(first, last)


def day_span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a day and of the next one, in UTC."""
    tomorrow = day + timedelta(days=1) if day < date.max else day
    return _utc(day, time(0), zone), _utc(tomorrow, time(0), zone)
