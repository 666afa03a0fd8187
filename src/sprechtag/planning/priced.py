# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cheapest time tables of many families at once, when every opening has a price beside the minutes of the stay.

Families that are alike (as many wishes, as many of them on site, the same way between rooms) are planned in one go: a
dynamic programme over sets of wishes (Held and Karp 1962) that goes through the openings in the order of time, with one
row for every set and one column for every family. Who walks during a video call counts as having walked, so that where
calls are shorter than the way a table may be a little cheaper than any that can be kept, never dearer."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy
from numpy.typing import NDArray

from .problem import EXTRA_DAY, HostWanted, Problem

Numbers = NDArray[Any]
UNIT = 1000
"""Prices and costs are counted in thousandths of a minute, as whole numbers."""
NEVER = 2**29
"""The cost of what cannot be."""
DEAREST = NEVER // 32
"""A price is at most this: ten of them are still far from `NEVER`."""
MOST_WISHES = 10
_CELLS = 2**14
"""Sets times families of one batch: so that its rows stay in the processor's cache."""


@dataclass(frozen=True)
class _Chance:
    """One wish of the families of a batch at one time of a day; `opening` by family, the last for who cannot have it.
    Minutes are counted from the first start of the day."""

    day: int
    starts: int
    ends: int
    wish: int
    opening: Numbers


@dataclass
class _Day:
    """What the sets cost so far. `out`: who has not come on this day; `free` and `free_on_site`: who is there, less the
    minute of coming, and can have the next appointment; `later`: what holds from a minute on."""

    out: Numbers
    free: Numbers
    free_on_site: Numbers
    later: dict[int, list[tuple[Numbers, Numbers]]] = field(default_factory=lambda: defaultdict(list))

    def until(self, minute: int) -> None:
        for due in sorted(one for one in self.later if one <= minute):
            for sets, costs in self.later.pop(due):
                numpy.minimum(sets, costs, out=sets)


def batches(problem: Problem) -> list["Batch"]:
    """All families that have something to choose; those with more than `MOST_WISHES` are left out."""
    alike: dict[tuple[int, int, int], list[list[HostWanted]]] = defaultdict(list)
    for family, all_wishes in sorted(problem.of_family.items()):
        possible = sorted((wish for wish in all_wishes if wish.openings), key=lambda wish: not wish.on_site)
        if 0 < len(possible) <= MOST_WISHES:
            on_site = sum(wish.on_site for wish in possible)
            alike[len(possible), on_site, problem.walk.get(family, 0) if on_site > 1 else 0].append(possible)
    return [
        Batch(problem, families[first : first + size], on_site, walk)
        for (wishes, on_site, walk), families in sorted(alike.items())
        for size in [max(1, _CELLS >> wishes)]
        for first in range(0, len(families), size)
    ]


class Batch:
    """Families alike. `wishes` of each, those on site first."""

    def __init__(self, problem: Problem, families: list[list[HostWanted]], on_site: int, walk: int) -> None:
        self.wishes = families
        self._count, self._on_site, self._walk = len(families[0]), on_site, walk
        self._chances = list(_chances(problem, families))
        self._sizes = numpy.array([one.bit_count() for one in range(1 << self._count)])
        self._costs: list[Numbers] = []
        self._out: dict[int, Numbers] = {}
        self._all = self._impossible()

    @property
    def work(self) -> int:
        """How many numbers `cheapest` computes."""
        return len(self._chances) * len(self._sizes) * len(self.wishes)

    def cheapest(self, prices: Numbers, remember: bool) -> Numbers:
        """What serving so many wishes costs at least: a row for every number of wishes, a column for every family.
        `prices` by opening, and `NEVER` at the end. What is to be asked for its `openings` has to `remember`."""
        self._costs, self._out, self._all = [], {}, self._impossible()
        self._all[0] = 0
        day = None
        for chance in self._chances:
            if chance.day not in self._out:
                self._out[chance.day] = self._all.copy()
                day = _Day(self._out[chance.day], self._impossible(), self._impossible())
            assert day  # noqa: S101 - the first chance is one of a new day
            costs = self._take(chance, day, prices[chance.opening])
            if remember:
                self._costs.append(costs)
        return numpy.array([self._all[self._sizes == size].min(0) for size in range(self._count + 1)])

    def openings(self, served: Numbers, prices: Numbers) -> Numbers:
        """Those of the time tables that `cheapest` has found, for each family with so many wishes `served`."""
        families = numpy.arange(len(self.wishes))
        sets = numpy.where(self._sizes[:, None] == served, self._all, 2 * NEVER).argmin(0)
        cost = self._all[sets, families]
        coming = numpy.full(len(families), -1)  # the day of the appointment that was found last, -1 between two days
        before, on_site = coming.copy(), numpy.zeros(len(families), bool)
        found = []
        for chance, costs in zip(reversed(self._chances), reversed(self._costs), strict=True):
            wish, goes = chance.wish, chance.wish < self._on_site
            here = costs[sets >> wish + 1, sets & (1 << wish) - 1, families]
            way = numpy.where(on_site & goes, self._walk, 0)
            follows = (coming == chance.day) & (chance.ends + way <= before) & (here == cost)
            ends_day = (coming == -1) & (here + chance.ends * UNIT == cost)
            (hit,) = ((sets >> wish & 1 == 1) & (follows | ends_day)).nonzero()
            if not len(hit):
                continue
            found.append(chance.opening[hit])
            sets[hit] ^= 1 << wish
            rest = here[hit] - prices[chance.opening[hit]]
            out = self._out[chance.day][sets[hit], hit]
            comes = out + numpy.where(sets[hit], EXTRA_DAY * UNIT, 0) - chance.starts * UNIT == rest
            cost[hit] = numpy.where(comes, out, rest)
            coming[hit] = numpy.where(comes, -1, chance.day)
            before[hit], on_site[hit] = chance.starts, goes
        return numpy.concatenate([*found, numpy.zeros(0, int)])

    def _impossible(self) -> Numbers:
        return numpy.full((1 << self._count, len(self.wishes)), NEVER, numpy.int32)

    def _take(self, chance: _Chance, day: _Day, prices: Numbers) -> Numbers:
        """Adds this wish to all sets without it, and returns what they cost, less the minute of leaving."""
        day.until(chance.starts)
        on_site = chance.wish < self._on_site
        there, out = self._halves(day.free_on_site if on_site else day.free, chance.wish)[0], day.out
        coming = self._halves(out, chance.wish)[0] + EXTRA_DAY * UNIT
        coming[0, 0] -= EXTRA_DAY * UNIT
        costs: Numbers = numpy.minimum(coming - chance.starts * UNIT, there) + prices
        day.later[chance.ends].append((self._halves(day.free, chance.wish)[1], costs))
        on_site_from = chance.ends + (self._walk if on_site else 0)
        day.later[on_site_from].append((self._halves(day.free_on_site, chance.wish)[1], costs))
        leaving = self._halves(self._all, chance.wish)[1]
        numpy.minimum(leaving, costs + chance.ends * UNIT, out=leaving)
        return costs

    def _halves(self, sets: Numbers, wish: int) -> tuple[Numbers, Numbers]:
        """The sets without and with this wish, as views: further wishes, those before it, families."""
        shape = (1 << self._count - 1 - wish, 2, 1 << wish, len(self.wishes))
        parts = sets.reshape(shape)
        return parts[:, 0], parts[:, 1]


def _chances(problem: Problem, families: list[list[HostWanted]]) -> Iterator[_Chance]:
    number = {one.id: at for at, one in enumerate(problem.openings)}
    begins: dict[int, int] = {}
    for one in problem.openings:
        begins[one.day] = min(one.starts, begins.get(one.day, one.starts))
    at: dict[tuple[int, int, int, int], dict[int, int]] = defaultdict(dict)
    for family, wishes in enumerate(families):
        for place, wanted in enumerate(wishes):
            for one in map(problem.opening.__getitem__, wanted.openings):
                at[one.day, one.starts, one.ends, place][family] = number[one.id]
    for (day, starts, ends, wish), openings in sorted(at.items()):
        opening = numpy.array([openings.get(family, len(number)) for family in range(len(families))])
        yield _Chance(day, starts - begins[day], ends - begins[day], wish, opening)
