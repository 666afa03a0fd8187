# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time tables with prices, for many families at once: as cheap as by trying out everything."""

from itertools import combinations

import numpy
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.planning.priced import MOST_WISHES, NEVER, UNIT, batches
from sprechtag.planning.problem import HostWanted, Opening, Problem, score_of
from sprechtag.planning.timetable import Choice, Wanted, measure, propose
from wishing import crowded, possible, untidy


def by_trying(problem: Problem, prices: list[int]) -> dict[int, int]:
    """What so many of one family's wishes cost at least."""
    best: dict[int, int] = {}
    for chosen in possible(problem):
        cost = score_of(problem, chosen).cost * UNIT + sum(prices[one] for one in chosen.values())
        best[len(chosen)] = min(cost, best.get(len(chosen), cost))
    return best


def computed(problem: Problem, prices: list[int]) -> dict[int, int]:
    found = {0: 0}
    for batch in batches(problem):
        (costs,) = batch.cheapest(numpy.array([*prices, NEVER]), remember=False).T
        found = {served: int(cost) for served, cost in enumerate(costs) if cost < NEVER // 2}
    return found


PRICES = st.lists(st.integers(0, 20 * UNIT), min_size=12, max_size=12)


@given(problem=untidy(families=1, longer_than_walk=True), prices=PRICES)
def test_the_cheapest_are_found(problem: Problem, prices: list[int]) -> None:
    mine = prices[: len(problem.openings)]
    assert computed(problem, mine) == by_trying(problem, mine)


@given(problem=untidy(families=1), prices=PRICES)
def test_nothing_is_cheaper_where_calls_are_short(problem: Problem, prices: list[int]) -> None:
    mine = prices[: len(problem.openings)]
    truth, found = by_trying(problem, mine), computed(problem, mine)
    assert all(found[served] <= cost for served, cost in truth.items())


@given(problem=untidy(families=1, longer_than_walk=True), prices=PRICES)
def test_the_openings_are_those_of_the_cheapest(problem: Problem, prices: list[int]) -> None:
    mine = numpy.array([*prices[: len(problem.openings)], NEVER])
    for batch in batches(problem):
        for served, (cost,) in enumerate(batch.cheapest(mine, remember=True)):
            if cost >= NEVER // 2:
                continue
            found = batch.openings(numpy.array([served]), mine)
            assert len(set(found)) == served
            chosen = {
                wish.id: int(one) for one in found for wish in problem.wishes if wish.host == problem.openings[one].host
            }
            assert score_of(problem, chosen).cost * UNIT + mine[found].sum() == cost


def test_many_families_cost_what_each_costs_alone() -> None:
    problem = crowded(40, 4, 9, 12)
    free = numpy.array([0] * len(problem.openings) + [NEVER])
    seen = 0
    for batch in batches(problem):
        for wishes, costs in zip(batch.wishes, batch.cheapest(free, remember=False).T, strict=True):
            wanted = [
                Wanted(str(wish.id), wish.on_site, [_choice(problem.opening[one]) for one in wish.openings])
                for wish in wishes
            ]
            alone = _best_by_count(wanted, problem.walk[wishes[0].family])
            assert {at: int(cost) // UNIT for at, cost in enumerate(costs) if at and cost < NEVER // 2} == alone
            seen += 1
    assert seen == 40


def _best_by_count(wanted: list[Wanted], walk: int) -> dict[int, int]:
    """What seeing so many of the wanted costs at least, by the search for one family's time table; a further day is
    1,000. Numbers that are not possible are missing."""
    best: dict[int, int] = {}
    for count in range(1, len(wanted) + 1):
        for some in combinations(wanted, count):
            table = propose(some, walk=walk)
            days, stay = measure(table.chosen.values())
            if not table.unserved:
                best[count] = min(best.get(count, 10**9), stay + 1000 * (days - 1))
    return best


def _choice(one: Opening) -> Choice:
    return Choice(str(one.id), one.day, one.starts, one.ends)


def test_who_wishes_too_much_is_left_out() -> None:
    openings = [Opening(at, at, 0, 10 * at, 10 * at + 10) for at in range(MOST_WISHES + 1)]
    wishes = [HostWanted(at, 0, at, False, (at,)) for at in range(MOST_WISHES + 1)]
    assert batches(Problem(openings, wishes, {})) == []
    (batch,) = batches(Problem(openings, wishes[1:], {}))
    assert batch.cheapest(numpy.array([0] * len(openings) + [NEVER]), remember=False)[MOST_WISHES] == [100 * UNIT]
