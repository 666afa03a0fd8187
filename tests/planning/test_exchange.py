# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Appointments change places: nothing is broken and nothing is given up, however hot it is."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sprechtag.planning.exchange import NOTHING, SERVED, Places
from sprechtag.planning.problem import Problem, check, score_of
from wishing import crowded, school, untidy


def test_two_families_change_places() -> None:
    problem = school(2, 4, [(0, [0, 1], False), (0, [0], False)])
    places = Places(problem, {0: 0, 1: 101, 10: 1})
    places.exchange(random.Random(1), 500, 0)
    assert score_of(problem, places.chosen).cost == 20 + 10


@given(problem=untidy(families=3), seed=st.integers(0, 9), heat=st.sampled_from([0, 1000, 100_000]))
def test_what_is_kept_is_possible_and_serves_no_fewer(problem: Problem, seed: int, heat: int) -> None:
    draw, places, seen = random.Random(seed), Places(problem, {}), []
    for _ in range(4):
        pays = places.exchange(draw, 30, heat)
        check(problem, places.chosen)
        score = score_of(problem, places.chosen)
        assert pays == score.cost - SERVED * score.served + NOTHING * score.without
        seen.append(score)
    for before, after in pairwise(seen):
        assert (after.without, -after.served) <= (before.without, -before.served)


def test_in_the_cold_nothing_gets_longer() -> None:
    problem = crowded(20, 3, 6, 10)
    draw, places = random.Random(1), Places(problem, {})
    values = [places.exchange(draw, 200, 0) for _ in range(20)]
    assert values == sorted(values, reverse=True)
