# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is let in when."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sprechtag.day.pace import LONGEST, Warnings, rate_of, server_for, share_now, turn
from sprechtag.planning.capacity import Server, Setup

START = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)


def let_in(arrivals: list[float], rate: float, begins: list[float] | None = None) -> list[float]:
    """Seconds after the start at which those are let in who arrive at these, one after the other; `begins` is when each
    one's appointment begins, 0 for all without it."""
    taken: list[datetime] = []
    for arrival, begin in zip(arrivals, begins or [0.0] * len(arrivals), strict=True):
        now, not_before = START + timedelta(seconds=arrival), START + timedelta(seconds=begin)
        taken.append(turn(taken, now, not_before, rate))
    return [(one - START).total_seconds() for one in taken]


def test_the_first_goes_at_once_and_the_others_follow_at_the_rate() -> None:
    assert let_in([0, 0, 0, 0], 2) == [0, 0.5, 1.0, 1.5]


def test_who_is_early_has_a_place_in_the_row_of_the_start() -> None:
    assert let_in([-600, -300, 0], 1) == [0, 1, 2]


def test_who_is_early_for_a_later_appointment_keeps_nobody_up() -> None:
    assert let_in([-60, -50, -40], 1, [600, 0, 600]) == [600, 0, 601]


def test_who_comes_later_is_not_kept() -> None:
    assert let_in([0, 30, 31], 1) == [0, 30, 31]


@given(st.lists(st.floats(-600, 300), max_size=300).map(sorted), st.floats(0.2, 50))
def test_nobody_waits_longer_than_twenty_seconds_and_nobody_is_let_in_early(arrivals: list[float], rate: float) -> None:
    for arrival, at in zip(arrivals, let_in(arrivals, rate), strict=True):
        ready = max(0.0, arrival)
        assert ready - 1e-3 <= at <= ready + LONGEST.total_seconds() + 1e-3


@given(st.lists(st.floats(-600, 300), min_size=2, max_size=60).map(sorted), st.floats(4, 50))
def test_as_long_as_nobody_waits_twenty_seconds_the_rate_holds(arrivals: list[float], rate: float) -> None:
    times = sorted(let_in(arrivals, rate))
    assert all(later - earlier >= 1 / rate - 1e-3 for earlier, later in pairwise(times))


def test_the_rate_is_half_of_what_nextcloud_seats() -> None:
    """docs/capacity.md: 0.5 x C / L a second, C = min(8 x servers, PHP workers), shared by the servers."""
    six = Setup(servers=[Server(str(n)) for n in range(6)], php_workers=48, backend_seconds=0.4)
    assert rate_of(six) == 0.5 * 48 / 0.4 / 6
    assert rate_of(six, "0", 0.5) == rate_of(six, "0") / 2
    uneven = Setup(
        servers=[Server("big", cores=6), Server("small", cores=2), Server("slow", cores=8, joins=1.0)], php_workers=16
    )
    assert [rate_of(uneven, name) for name in ("big", "small", "slow")] == [20 * 6 / 16, 20 * 2 / 16, 0.8]


def test_warnings_slow_down_and_their_end_speeds_up() -> None:
    assert share_now(1.0, Warnings(stuck=True)) == 0.5
    assert share_now(0.5, Warnings(stuck=True)) == 0.25
    assert share_now(0.25, Warnings(load=0.85)) == 0.25
    assert share_now(1.0, Warnings(no_answer=True)) == 0.25
    assert share_now(0.25, Warnings()) == 1.0


def test_a_room_nobody_has_seen_waits_always_at_the_same_server() -> None:
    assert server_for("abc", ["one", "two"]) == server_for("abc", ["one", "two"])
    dealt = [server_for(f"room{n:03}", ["a", "b", "c"]) for n in range(300)]
    assert all(80 <= dealt.count(server) <= 120 for server in "abc")
    assert server_for("abc", []) == "video"
