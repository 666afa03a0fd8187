# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What serving so many wishes costs at least, in stays.

An opening goes to one family. Without that rule every family plans for itself, which is quickly computed and too cheap;
so the rule is replaced by prices (a Lagrangian relaxation, Geoffrion 1974): whatever they are, no assignment costs less
than the families' cheapest time tables with prices, less the prices of all openings. Prices are found by the
subgradient method (Held, Wolfe and Crowder 1974): what several want gets dearer, what nobody wants cheaper, and the
openings of a host who is wanted too much all of them. A reward for every wish that is served, as small as will do, sees
to it that enough are.

All is counted in whole numbers, so that every machine finds the same."""

from bisect import bisect_left
from collections.abc import Iterator

import numpy

from .priced import DEAREST, NEVER, UNIT, Numbers, batches
from .problem import Problem, Score

_NEVER = 2**50
_WORK, _MOST_ROUNDS = 4 * 10**9, 150
"""Numbers to compute, and rounds: what comes first is the end of looking for better prices."""
_MOST_KEPT = 10**8
"""Of more numbers a round would need several hundred MB: then it stays with every family for itself."""
_FIRST_STEP = 30
"""By how much a price rises in the first round when two want an opening, in thousandths of a slot's length."""
_HOST_WEIGHT = 5


class LeastCost:
    """What no assignment can beat. Improves while `improve` is followed."""

    def __init__(self, problem: Problem) -> None:
        self._batches = batches(problem)
        self._possible = {
            family: sum(bool(wish.openings) for wish in wishes) for family, wishes in problem.of_family.items()
        }
        planned = sum(len(wishes) for batch in self._batches for wishes in batch.wishes)
        self._left_out = sum(self._possible.values()) - planned
        _, self._host = numpy.unique([one.host for one in problem.openings], return_inverse=True)
        self._of_host = numpy.bincount(self._host)
        lengths = sum(one.ends - one.starts for one in problem.openings)
        self._slot = lengths * UNIT // max(1, len(problem.openings))
        self._prices = numpy.zeros(len(problem.openings), numpy.int64)
        self._costs = self._cheapest(self._prices, remember=False)

    def most_of_family(self) -> dict[int, int]:
        """How many of its wishes a family could have served if it were alone."""
        sizes = numpy.arange(len(self._costs))[:, None]
        most = numpy.where(self._costs < _NEVER, sizes, 0).max(0)
        families = [wishes[0].family for batch in self._batches for wishes in batch.wishes]
        return self._possible | dict(zip(families, map(int, most), strict=True))

    def of(self, score: Score) -> int:
        """What an assignment that serves as many costs at least, in minutes, by the best prices so far."""
        return _minutes(self._bound(score, self._costs)[0] - int(self._prices.sum()))

    def improve(self, score: Score) -> Iterator[int]:
        """Looks for better prices, round by round, for such as serve as many: the bound so far, in minutes."""
        work = sum(batch.work for batch in self._batches)
        rounds = min(_MOST_ROUNDS, _WORK // (1 + work)) if work <= _MOST_KEPT else 0
        prices, direction = self._prices, self._prices * 0
        best = self._bound(score, self._costs)[0] - int(prices.sum())
        for left in range(rounds, 0, -1):
            costs = self._cheapest(prices, remember=True)
            value, served = self._bound(score, costs)
            if value - int(prices.sum()) > best:
                best, self._prices, self._costs = value - int(prices.sum()), prices, costs
            over = UNIT * (self._wanted(served, prices) - 1)
            over_by_host = numpy.zeros_like(self._of_host)
            numpy.add.at(over_by_host, self._host, over)
            over += (_HOST_WEIGHT * over_by_host // self._of_host)[self._host]
            direction = (direction + over) // 2
            step = self._slot * _FIRST_STEP * left**2 // rounds**2
            prices = numpy.clip(prices + direction * step // UNIT**2, 0, DEAREST)
            yield _minutes(best)

    def _bound(self, score: Score, costs: Numbers) -> tuple[int, Numbers]:
        """What it costs with prices, and how many of its wishes each family has then."""
        if score.without == sum(not possible for possible in self._possible.values()):
            costs = costs.copy()
            costs[0] = _NEVER  # everybody who can have anything has something
        return _share_out(costs, max(0, score.served - self._left_out))

    def _cheapest(self, prices: Numbers, *, remember: bool) -> Numbers:
        """A row for every number of wishes, a column for every family that is planned."""
        costs = [batch.cheapest(_with_none(prices), remember).astype(numpy.int64) for batch in self._batches]
        rows = max((len(one) for one in costs), default=1)
        padded = [numpy.pad(one, ((0, rows - len(one)), (0, 0)), constant_values=NEVER) for one in costs]
        together = numpy.concatenate([*padded, numpy.zeros((rows, 0), numpy.int64)], axis=1)
        return numpy.where(together < NEVER // 2, together, _NEVER)

    def _wanted(self, served: Numbers, prices: Numbers) -> Numbers:
        """How many families want each opening."""
        wanted, first = numpy.zeros(len(prices) + 1, numpy.int64), 0
        for batch in self._batches:
            of_batch = served[first : first + len(batch.wishes)]
            numpy.add.at(wanted, batch.openings(of_batch, _with_none(prices)), 1)
            first += len(batch.wishes)
        return wanted[:-1]


def _minutes(cost: int) -> int:
    """Rounded up: a stay is whole minutes."""
    return max(0, -(-cost // UNIT))


def _with_none(prices: Numbers) -> Numbers:
    return numpy.append(prices, NEVER).astype(numpy.int32)


def _share_out(costs: Numbers, served: int) -> tuple[int, Numbers]:
    """What so many `served` cost at least when `costs` (rows by number of wishes, columns by family) are less a reward
    for each that is given back in the end, and how many each family then has."""
    sizes = numpy.arange(len(costs))[:, None]

    def most(reward: int) -> Numbers:
        backwards: Numbers = (costs - reward * sizes)[::-1].argmin(0)
        return len(costs) - 1 - backwards

    reward = bisect_left(range(2**31), served, key=lambda one: int(most(one).sum()))
    rewarded = costs - reward * sizes
    fewest = rewarded.argmin(0)
    further = most(reward) - fewest
    enough = numpy.cumsum(further) <= served - fewest.sum()
    return int(rewarded.min(0).sum()) + reward * served, fewest + numpy.where(enough, further, 0)
