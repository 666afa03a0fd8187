# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hour that autumn repeats: two times look the same on the clock and are not."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from conftest import KEY, School
from sprechtag.conference.slots import TimeWindow, slots_of
from sprechtag.letters.channels import Channel
from sprechtag.letters.writer import Writer
from sprechtag.moments import is_repeated, local
from sprechtag.phrases import Speaker
from sprechtag.sync.booking_event import Writing, host_event

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = date(2026, 10, 25)


def test_slots_are_as_long_as_they_say_and_all_different() -> None:
    slots = slots_of([TimeWindow(NIGHT, time(1, 30), time(3, 30))], 30, 0, "Europe/Berlin")
    assert len(slots) == len(set(slots)) == 6, "three hours of real time"
    assert {slot.ends_at - slot.starts_at for slot in slots} == {timedelta(minutes=30)}
    folds = [local(slot.starts_at, BERLIN).fold for slot in slots]
    assert folds == [0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("at", "repeated"),
    [
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 1, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), False),
    ],
)
def test_which_times_the_clock_shows_twice(at: datetime, repeated: bool) -> None:
    assert is_repeated(local(at, BERLIN)) == repeated


def test_what_is_read_and_said_is_one_time_only() -> None:
    say = Speaker("de", "Europe/Berlin")
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (say.time(first), say.time(second)) == ("02:30 CEST", "02:30 CET")
    assert say.time(datetime(2026, 10, 25, 3, 30, tzinfo=UTC)) == "04:30"


def test_the_event_stands_in_the_hour_that_was_booked(school: School) -> None:
    view = school.book(school.slots()[0])
    for starts_at in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)):
        moved = view.__class__(
            **{**view.__dict__, "starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=10)}
        )
        writing = Writing(Channel("smtp"), "", "de", Writer(KEY, "http://nc.example", starts_at))
        (event,) = Calendar.from_ical(host_event(moved, "u", 1, writing)).walk("VEVENT")
        assert event["DTSTART"].dt == starts_at and event["DTEND"].dt == starts_at + timedelta(minutes=10)
