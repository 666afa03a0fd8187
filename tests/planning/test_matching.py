# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many can be served at most, if nobody's appointments collided."""

from itertools import product

from hypothesis import given

from sprechtag.planning.matching import match
from sprechtag.planning.problem import Problem
from wishing import FAMILIES, school


def most(problem: Problem, limit: int) -> int:
    """By trying everything."""
    best = 0
    for picks in product(*([None, *wish.openings] for wish in problem.wishes)):
        had = [one for one in picks if one is not None]
        families = [wish.family for wish, one in zip(problem.wishes, picks, strict=True) if one is not None]
        if len(set(had)) == len(had) and all(families.count(one) <= limit for one in families):
            best = max(best, len(had))
    return best


def test_somebody_makes_room_for_who_has_no_choice() -> None:
    problem = school(2, 1, [(0, [0, 1], True), (0, [0], True)])
    assert match(problem, lambda _: 1) == {1: 100, 10: 0}


def test_a_family_changes_which_of_its_wishes_is_served() -> None:
    problem = school(3, 1, [(0, [0, 1], True), (0, [0, 2], True), (0, [2], True)])
    found = match(problem, lambda _: 1)
    assert {wish // 10 for wish in found} == {0, 1, 2} and len(set(found.values())) == 3


@given(wanted=FAMILIES)
def test_no_matching_is_larger(wanted: list[tuple[int, list[int], bool]]) -> None:
    problem = school(3, 3, wanted)
    for limit in (0, 1, 2):
        found = match(problem, lambda _, limit=limit: limit)  # type: ignore[misc]
        assert len(found) == most(problem, limit) == len(set(found.values()))
        assert all(found[wish.id] in wish.openings for wish in problem.wishes if wish.id in found)
