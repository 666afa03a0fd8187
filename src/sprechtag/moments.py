# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Arithmetic with stored moments that does not fail at the ends of the calendar.

What is entered lies in years that make sense (`conference.entries`); a row that is older than that rule, or that came
in by another way, must not end the work of all others. So a moment that would leave the calendar stays at its end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """On the zone's wall clock; in UTC where that clock is beyond the calendar."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return moment.replace(tzinfo=UTC)


def is_repeated(there: datetime) -> bool:
    """Whether the zone's wall clock shows this time twice (PEP 495)."""
    if there.tzinfo is None:
        return False
    other = there.replace(fold=1 - there.fold)
    # In the hour that spring skips the two differ as well, but no moment is there.
    return other.utcoffset() != there.utcoffset() and there.astimezone(UTC).astimezone(there.tzinfo).replace(
        fold=0
    ) == there.replace(fold=0)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """`moment + by`, or the end of the calendar."""
    try:
        return moment + by
    except OverflowError:
        return EARLIEST if by < timedelta(0) else LATEST


def minutes(number: float) -> timedelta:
    """So many minutes, or as many as there are."""
    try:
        return timedelta(minutes=number)
    except OverflowError:
        return timedelta.min if number < 0 else timedelta.max
