# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The capacity plan, with one school's first digital conference day as its example (docs/capacity.md)."""

import random
from dataclasses import replace

import pytest

from sprechtag.planning.capacity import (
    Line,
    Server,
    Setup,
    calls_over_time,
    fullest,
    joins_that_are_safe,
    judge,
    last_seated_after,
    mean_fullest,
    most_at_once,
    most_starts,
    share_seated,
    staggered,
    streams_out,
)

LINES = [Line(f"VDSL {number}", up=40, down=250) for number in range(1, 7)]
SERVERS = [Server(f"hpb{number}", cores=8, calls=20) for number in range(1, 7)]
SCHOOL = Setup(servers=SERVERS, lines=LINES, participants=2.0, join_page=False, backend_seconds=0.5)
"""80 calls, 160 people, six servers, six lines: November 2020."""


@pytest.mark.parametrize(
    ("calls", "mean", "sure"),
    [(70, 16.2, 20), (80, 18.1, 22)],
)
def test_one_overfull_server_is_the_normal_outcome_of_spreading_at_random(calls: int, mean: float, sure: int) -> None:
    assert mean_fullest(calls, 6) == pytest.approx(mean, abs=0.1)
    assert fullest(calls, 6) == sure


def test_the_fullest_server_against_drawing_lots() -> None:
    draw = random.Random(1)
    tries = []
    for _ in range(4000):
        load = [0] * 5
        for _ in range(30):
            load[draw.randrange(5)] += 1
        tries.append(max(load))
    assert mean_fullest(30, 5) == pytest.approx(sum(tries) / len(tries), abs=0.1)
    assert fullest(30, 5) == sorted(tries)[int(0.95 * len(tries))]


def test_one_server_gets_everything() -> None:
    assert fullest(7, 1) == 7 and mean_fullest(7, 1) == 7.0 and fullest(0, 6) == 0


@pytest.mark.parametrize(("seconds", "last", "lost"), [(0.2, 4, 0), (0.4, 8, 0), (0.6, 12, 27), (1.0, 20, 80)])
def test_the_joining_burst_is_as_measured(seconds: float, last: float, lost: int) -> None:
    """160 joins in one second with one signaling server: all seated after 4.2 s at 0.2 s an answer, 8.2 s at 0.4 s; 32 were
    lost at 0.6 s and 88 at 1.0 s."""
    setup = Setup(servers=[Server("hpb")], backend_seconds=seconds)
    assert last_seated_after(160, setup) == pytest.approx(last)
    assert round(160 * (1 - share_seated(160, setup))) == pytest.approx(lost, abs=1)


def test_few_php_workers_count_too() -> None:
    assert joins_that_are_safe(Setup(servers=SERVERS, php_workers=5)) < joins_that_are_safe(Setup(servers=SERVERS))


def test_streams_between_whole_numbers_are_the_mean_of_both() -> None:
    assert [streams_out(size) for size in (2, 2.5, 3)] == [2, 4, 6]


def test_that_schools_day_did_not_fit() -> None:
    verdict = judge(80, 70, SCHOOL)
    assert not verdict.fits
    broken = {finding.kind for finding in verdict.findings if not finding.fits}
    assert broken == {"server_calls", "school_line"}
    line = next(finding for finding in verdict.findings if finding.kind == "school_line")
    # 22 of 80 two-party calls on one line: 53 Mbit/s up, on a line of 40 of which 34 can be planned with.
    assert (round(line.needed), round(line.available)) == (53, 34)


def test_the_whole_need_is_that_of_the_facts() -> None:
    """80 two-party calls with both outside: 193 Mbit/s up; three-party with two homes outside: 387."""
    one_line = replace(SCHOOL, lines=[Line("all", 1000, 1000)])

    def up(setup: Setup) -> int:
        return round(next(one.needed for one in judge(80, 80, setup).findings if one.kind == "school_line"))

    assert up(one_line) == pytest.approx(193, abs=1)
    assert up(replace(one_line, participants=3.0, outside=2 / 3)) == pytest.approx(387, abs=1)


def test_every_advice_helps_where_it_says() -> None:
    verdict = judge(80, 80, replace(SCHOOL, backend_seconds=1.0))
    help_ = {advice.help: advice for advice in verdict.advice}
    assert not verdict.findings[0].fits and help_["join_page"].findings[0].fits, "joining"
    assert help_["stagger"].value == 2 and help_["stagger"].findings[0].fits
    assert all(finding.fits for finding in help_["fewer_calls"].findings) and help_["fewer_calls"].value < 80


def test_a_lower_bit_rate_is_proposed_where_it_is_enough() -> None:
    lines_only = replace(SCHOOL, servers=[], join_page=True)
    (rate, fewer) = judge(80, 80, lines_only).advice
    assert (rate.help, rate.value) == ("lower_bit_rate", 0.53) and fewer.help == "fewer_calls"


def test_a_turn_server_carries_its_share() -> None:
    """A fifth of 80 calls of two: 16 x 2 streams from device to device, 16 x 4 with a media server between."""
    direct = Setup(mode="peer_to_peer", participants=2.0, turn_mbit=100)
    (turn,) = [one for one in judge(80, 0, direct).findings if one.kind == "turn"]
    assert (round(turn.needed, 1), turn.available) == (round(32 * direct.stream, 1), 85.0)
    (turn,) = [one for one in judge(80, 0, replace(direct, mode="sfu", servers=SERVERS)).findings if one.kind == "turn"]
    assert round(turn.needed, 1) == round(64 * direct.stream, 1)


def test_what_fits_needs_no_advice() -> None:
    verdict = judge(10, 10, replace(SCHOOL, join_page=True))
    assert verdict.fits and verdict.advice == () and verdict.tightest.share < 1


def test_calls_over_time_and_stagger() -> None:
    spans = [(0, 10), (0, 10), (10, 20), (10, 20)]
    assert calls_over_time(spans) == [(0, 2), (20, 0)]
    assert (most_at_once(spans), most_starts(spans)) == (2, 2)
    moved = staggered(spans, [1, 2, 1, 2], groups=2, minutes=5)
    assert moved == [(0, 10), (5, 15), (10, 20), (15, 25)] and most_starts(moved) == 1
