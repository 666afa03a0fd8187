# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.conference.errors import Invalid
from sprechtag.conference.slots import TimeWindow, minutes_of, slots_of

BERLIN = "Europe/Berlin"
DAY = date(2026, 11, 25)


def test_four_hours_in_ten_minute_slots_are_24() -> None:
    slots = slots_of([TimeWindow(DAY, time(15), time(19))], 10, 0, BERLIN)
    assert len(slots) == 24
    assert slots[0].starts_at == datetime(2026, 11, 25, 14, tzinfo=UTC)
    assert slots[-1].ends_at == datetime(2026, 11, 25, 18, tzinfo=UTC)


def test_a_pause_stands_between_two_slots() -> None:
    slots = slots_of([TimeWindow(DAY, time(15), time(16))], 10, 5, BERLIN)
    assert [slot.starts_at.minute for slot in slots] == [0, 15, 30, 45]


def test_a_slot_that_does_not_fit_is_left_out() -> None:
    assert len(slots_of([TimeWindow(DAY, time(15), time(15, 25))], 10, 0, BERLIN)) == 2


def test_midnight_ends_the_day() -> None:
    slots = slots_of([TimeWindow(DAY, time(23, 30), time(0))], 10, 0, BERLIN)
    assert slots[-1].ends_at == datetime(2026, 11, 25, 23, tzinfo=UTC)


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    night = TimeWindow(date(2026, 10, 25), time(1), time(4))
    assert len(slots_of([night], 60, 0, BERLIN)) == 4


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    night = TimeWindow(date(2026, 3, 29), time(1), time(4))
    assert len(slots_of([night], 60, 0, BERLIN)) == 2


def test_two_days_around_the_change_keep_their_wall_clock() -> None:
    days = [TimeWindow(day, time(15), time(15, 10)) for day in (date(2026, 10, 24), date(2026, 10, 26))]
    first, second = slots_of(days, 10, 0, BERLIN)
    assert (first.starts_at.hour, second.starts_at.hour) == (13, 14)


@pytest.mark.parametrize(
    ("windows", "length", "pause", "reason"),
    [
        ([TimeWindow(DAY, time(15), time(14))], 10, 0, "window_ends_before_start"),
        ([TimeWindow(DAY, time(15), time(17)), TimeWindow(DAY, time(16), time(18))], 10, 0, "windows_overlap"),
        ([TimeWindow(DAY, time(15), time(16))], 0, 0, "slot_too_short"),
        ([TimeWindow(DAY, time(15), time(16))], 10, -1, "pause_negative"),
        ([TimeWindow(DAY, time(0), time(0))], 1, 0, "too_many_slots"),
    ],
)
def test_what_cannot_be_is_refused_by_name(windows: list[TimeWindow], length: int, pause: int, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        slots_of(windows, length, pause, BERLIN)
    assert refused.value.reason == reason


@given(
    length=st.integers(1, 120),
    pause=st.integers(0, 60),
    starts=st.times(max_value=time(12)),
    hours=st.integers(1, 8),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    zone=st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_slots_have_their_length_and_never_overlap(
    length: int, pause: int, starts: time, hours: int, day: date, zone: str
) -> None:
    starts = starts.replace(second=0, microsecond=0)
    ends = (datetime.combine(day, starts) + timedelta(hours=hours)).time()
    try:
        slots = slots_of([TimeWindow(day, starts, ends)], length, pause, zone)
    except Invalid as refused:
        assert refused.reason == "window_ends_before_start" or (hours * 60) // (length + pause) > 400
        return
    for before, after in pairwise(slots):
        assert after.starts_at - before.ends_at == timedelta(minutes=pause)
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=length) for slot in slots)
    assert all(len(minutes_of(slot)) == length for slot in slots)
