# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a family can come: one line a day of the conference, with its earliest and latest time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from starlette.datastructures import FormData

from ..conference.lookup import DayOfConference
from ..phrases import Speaker
from .front import text_of, texts_of

Available = Mapping[date, tuple[int, int]]
"""By day: the earliest start and the latest end, in minutes since midnight."""


@dataclass(frozen=True)
class DayLine:
    """One day of the form. `first` and `last` are "15:00"; `chosen` says whether the family can come."""

    day: date
    name: str
    first: str
    last: str
    chosen: bool


def whole_days(days: Sequence[DayOfConference]) -> dict[date, tuple[int, int]]:
    return {one.day: (one.first_minute, one.last_minute) for one in days}


def read(form: FormData, days: Sequence[DayOfConference]) -> dict[date, tuple[int, int]]:
    """What the form says; a time that cannot be read is the day's own. Without the form's fields: all days, whole."""
    if "days" not in form:
        return whole_days(days)
    chosen = set(texts_of(form, "day"))
    return {
        one.day: (
            _minute(text_of(form, f"from-{one.day}"), one.first_minute),
            _minute(text_of(form, f"until-{one.day}"), one.last_minute),
        )
        for one in days
        if one.day.isoformat() in chosen
    }


def lines(days: Sequence[DayOfConference], available: Available, say: Speaker) -> list[DayLine]:
    return [
        DayLine(one.day, say.date_only(one.day), clock(first), clock(last), one.day in available)
        for one in days
        for first, last in (available.get(one.day, (one.first_minute, one.last_minute)),)
    ]


def within(available: Available, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the family can be there; both moments in the conference's zone."""
    if starts_at.date() not in available:
        return False
    first, last = available[starts_at.date()]
    begin = starts_at.hour * 60 + starts_at.minute
    return first <= begin and begin + (ends_at - starts_at).total_seconds() / 60 <= last


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}" if minute < 24 * 60 else "23:59"


def _minute(text: str, otherwise: int) -> int:
    found = re.fullmatch(r"\s*(\d{1,2})[:.h]?(\d{2})?\s*", text)
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return otherwise
    return int(found[1]) * 60 + int(found[2] or 0)
