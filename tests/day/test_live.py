# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How an appointment goes, and how late its host is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sprechtag.day.live import Appointment, NotUp, figures, host_now, not_up, state

START = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)
BOTH = ["host", "a1"]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def appointment(number: int = 0, **more: object) -> Appointment:
    one = Appointment(number, f"b{number}", 1, at(10 * number), at(10 * number + 10), "video")
    return replace(one, **more)  # type: ignore[arg-type]


def test_a_call_from_beginning_to_end() -> None:
    one = appointment()
    assert state(one, at(-5)) == "expected"
    arrived = replace(one, arrived_at=at(-2))
    assert state(arrived, at(-1)) == "waiting"
    alone = replace(arrived, present=["host"])
    assert state(alone, at(1)) == "waiting"
    up = replace(arrived, present=BOTH, up_at=at(1))
    assert state(up, at(9)) == "in_call"
    assert state(up, at(10)) == "over_time"
    assert state(replace(up, extra=timedelta(minutes=5)), at(12)) == "in_call"
    assert state(replace(up, present=[], left_at=at(9)), at(11)) == "ended"


def test_a_phone_that_lost_its_network_may_come_back() -> None:
    left = appointment(arrived_at=at(0), up_at=at(1), left_at=at(4), present=[])
    assert state(left, at(5)) == "in_call"
    assert state(left, at(6)) == "ended"
    assert state(replace(left, present=["host"]), at(6)) == "in_call"


def test_who_never_came_did_not_show_up_and_who_waits_is_not_given_up() -> None:
    assert state(appointment(), at(11)) == "no_show"
    assert state(appointment(arrived_at=at(0)), at(25)) == "waiting"
    assert state(appointment(arrived_at=at(0)), at(41)) == "ended"


def test_what_somebody_says_counts_more_than_what_is_seen() -> None:
    one = appointment(arrived_at=at(0), present=BOTH, up_at=at(0))
    assert state(replace(one, mark="no_show"), at(1)) == "no_show"
    assert state(replace(one, mark="skipped"), at(1)) == "skipped"
    assert state(replace(one, mark="done"), at(1)) == "ended"


def test_on_site_the_clock_counts_and_a_button() -> None:
    one = appointment(place="on_site")
    assert [state(one, at(minute)) for minute in (-1, 0, 9, 10)] == ["expected", "in_call", "in_call", "ended"]
    assert state(replace(one, mark="started"), at(12)) == "over_time"


def test_a_host_is_as_late_as_what_runs_makes_it() -> None:
    first = appointment(0, arrived_at=at(0), present=BOTH, up_at=at(6))
    host = host_now([first, appointment(1)], at(8))
    assert (host.now, host.next, host.late_minutes) == (first, appointment(1), 6)
    assert host_now([first, appointment(1)], at(19)).late_minutes == 9
    assert host_now([appointment(0, mark="done"), appointment(1)], at(8)).late_minutes == 0


def test_a_family_that_waits_makes_the_host_late_and_one_that_is_not_there_does_not() -> None:
    assert host_now([appointment(0, arrived_at=at(0))], at(7)).late_minutes == 7
    assert host_now([appointment(0)], at(7)).late_minutes == 0


def test_what_was_announced_is_said() -> None:
    delayed = [appointment(number, delay=timedelta(minutes=15)) for number in range(2)]
    host = host_now(delayed, at(1))
    assert host.late_minutes == 15
    assert state(delayed[0], at(12)) == "expected"


def test_the_figures_of_a_moment() -> None:
    up = [
        appointment(0, host_id=n, arrived_at=at(0), present=BOTH, up_at=START + timedelta(seconds=n)) for n in range(20)
    ]
    waits, missing = appointment(0, host_id=98, arrived_at=at(0)), appointment(0, host_id=99)
    seen = figures([*up, waits, missing], at(1))
    assert (seen.up, seen.planned, seen.waiting, seen.no_shows) == (20, 22, 1, 0)
    assert seen.setup_median == 9.5
    assert seen.setup_95 is not None and 18 <= seen.setup_95 <= 19
    assert not_up([*up, waits, missing], at(1), timedelta(seconds=60)) == NotUp(21, 1, 1)
    assert figures([], at(0)).setup_median is None
