# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes at once, against trying out everything on small schools."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprechtag.planning.assignment import HostWanted, Opening, Problem, Score, assign, check, reasons, score_of

WALK = 5


def school(hosts: int, slots: int, wanted: list[tuple[int, list[int], bool]]) -> Problem:
    """`wanted` holds for each family how many slots it misses at the beginning, its hosts, and whether on site."""
    openings = [
        Opening(host * 100 + at, host, at // 4, at // 4 * 1440 + 10 * (at % 4), at // 4 * 1440 + 10 * (at % 4) + 10)
        for host in range(hosts)
        for at in range(slots)
    ]
    found = [
        HostWanted(family * 10 + number, family, host, on_site, tuple(host * 100 + at for at in range(late, slots)))
        for family, (late, own, on_site) in enumerate(wanted)
        for number, host in enumerate(own)
    ]
    return Problem(openings, found, dict.fromkeys(range(len(wanted)), WALK))


def best_of_all(problem: Problem) -> Score:
    """By trying everything."""
    best = None
    for picks in product(*([None, *wish.openings] for wish in problem.wishes)):
        chosen = {wish.id: one for wish, one in zip(problem.wishes, picks, strict=True) if one is not None}
        try:
            check(problem, chosen)
        except ValueError:
            continue
        score = score_of(problem, chosen)
        best = score if best is None or score < best else best
    assert best
    return best


def test_nobody_is_left_without_where_that_is_possible() -> None:
    problem = school(1, 2, [(0, [0], True), (0, [0], True)])
    best = assign(problem)
    assert best.score == Score(0, 2, 20)
    assert (best.least_without, best.most_served) == (0, 2)


def test_one_for_everybody_comes_before_two_for_somebody() -> None:
    problem = school(2, 1, [(0, [0, 1], False), (0, [0], True)])
    best = assign(problem)
    assert best.score.without == 0 and best.score.served == 2


def test_walking_time_and_one_place_at_a_time_are_kept() -> None:
    problem = school(2, 2, [(0, [0, 1], True)])
    assert assign(problem).score.served == 1  # the ten-minute slots leave no five minutes to walk
    assert assign(school(2, 2, [(0, [0, 1], False)])).score.served == 2


def test_the_reasons_say_why_not() -> None:
    problem = school(2, 2, [(0, [0, 1], True), (5, [0], True)])
    best = assign(problem)
    assert sorted(reasons(problem, best.chosen).values()) == ["clash", "no_time"]
    full = school(1, 1, [(0, [0], True), (0, [0], True)])
    assert list(reasons(full, assign(full).chosen).values()) == ["full"]


def test_the_same_seed_gives_the_same_result_and_another_one_is_as_good() -> None:
    wanted = [(family % 3, [family % 4, (family + 1) % 4, (family + 2) % 4], family % 2 == 0) for family in range(14)]
    problem = school(4, 8, wanted)
    first, again, other = assign(problem, 7, 0.5), assign(problem, 7, 0.5), assign(problem, 8, 0.5)
    assert first.chosen == again.chosen and not first.stopped_by_clock
    assert (first.score.without, first.score.served) == (other.score.without, other.score.served)


def test_every_step_is_at_least_as_good_and_can_be_kept() -> None:
    wanted = [(family % 3, [family % 4, (family + 1) % 4], True) for family in range(12)]
    problem = school(4, 8, wanted)
    seen: list[Score] = []

    def watch(_phase: str, best: object) -> None:
        check(problem, best.chosen)  # type: ignore[attr-defined]
        seen.append(best.score)  # type: ignore[attr-defined]

    assign(problem, 1, 0.5, watch=watch)
    assert len(seen) >= 3 and all(not before < after for before, after in pairwise(seen))


def test_a_wrong_assignment_is_found_out() -> None:
    problem = school(2, 2, [(0, [0, 1], True), (0, [0], True)])
    for chosen in ({0: 0, 10: 0}, {0: 0, 1: 100}, {0: 100}):
        with pytest.raises(ValueError, match=r"An opening|A family"):
            check(problem, chosen)


FAMILIES = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True), st.booleans()),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(wanted=FAMILIES, slots=st.integers(1, 5))
def test_nothing_is_better_and_the_bounds_hold(wanted: list[tuple[int, list[int], bool]], slots: int) -> None:
    problem = school(3, slots, wanted)
    best = assign(problem, effort=2.0)
    check(problem, best.chosen)
    truth = best_of_all(problem)
    assert best.score == truth == score_of(problem, best.chosen)
    assert best.least_without <= truth.without and best.most_served >= truth.served
    assert best.least_cost <= truth.cost
