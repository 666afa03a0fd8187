# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""No assignment costs less than the bound, whatever the prices are."""

import pytest
from hypothesis import given, settings

from sprechtag.planning.bound import LeastCost
from sprechtag.planning.priced import MOST_WISHES
from sprechtag.planning.problem import HostWanted, Opening, Problem, Score
from wishing import FAMILIES, best_of_all, school, untidy


def holds(problem: Problem) -> None:
    truth, bound = best_of_all(problem), LeastCost(problem)
    alone = bound.of(truth)
    seen = [alone, *bound.improve(truth)]
    assert seen == sorted(seen) and seen[-1] == bound.of(truth) <= truth.cost
    assert sum(bound.most_of_family().values()) >= truth.served


@settings(max_examples=50, deadline=None)
@given(problem=untidy(families=2))
def test_nothing_is_better_at_odd_times(problem: Problem) -> None:
    holds(problem)


@settings(max_examples=50, deadline=None)
@given(wanted=FAMILIES)
def test_nothing_is_better_where_many_want_the_same(wanted: list[tuple[int, list[int], bool]]) -> None:
    holds(school(3, 3, wanted))


def test_prices_say_more_than_every_family_for_itself() -> None:
    openings = [Opening(0, 0, 0, 0, 10), Opening(1, 0, 0, 30, 40), Opening(2, 1, 0, 10, 20), Opening(3, 1, 0, 100, 110)]
    wishes = [
        HostWanted(family * 10 + host, family, host, False, openings_of)
        for family in (0, 1)
        for host, openings_of in enumerate([(0, 1), (2, 3)])
    ]
    problem = Problem(openings, wishes, {})
    bound, truth = LeastCost(problem), best_of_all(problem)
    assert bound.of(truth) == 2 * 20  # each from 0 to 20
    assert truth.cost == 20 + 80 and list(bound.improve(truth))[-1] > 60


def test_a_family_alone_cannot_have_what_collides() -> None:
    assert LeastCost(school(2, 2, [(0, [0, 1], True)])).most_of_family() == {0: 1}
    assert LeastCost(school(2, 2, [(0, [0, 1], False), (9, [0], True)])).most_of_family() == {0: 2, 1: 0}


def test_families_with_too_many_wishes_cost_nothing() -> None:
    openings = [Opening(at, at, 0, 10 * at, 10 * at + 10) for at in range(MOST_WISHES + 1)]
    wishes = [HostWanted(at, 0, at, False, (at,)) for at in range(MOST_WISHES + 1)]
    wishes.append(HostWanted(99, 1, 0, False, (0,)))
    bound = LeastCost(Problem(openings, wishes, {}))
    assert bound.most_of_family() == {0: MOST_WISHES + 1, 1: 1}
    assert bound.of(Score(0, MOST_WISHES + 1, 0)) == 10


def test_where_memory_would_be_short_every_family_is_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sprechtag.planning.bound._MOST_KEPT", 0)
    bound, score = LeastCost(school(2, 4, [(0, [0, 1], False)] * 2)), Score(0, 4, 0)
    assert list(bound.improve(score)) == [] and bound.of(score) == 40


def test_nobody_wishes_anything() -> None:
    bound = LeastCost(Problem([], [], {}))
    assert bound.of(Score(0, 0, 0)) == 0 and set(bound.improve(Score(0, 0, 0))) <= {0}
