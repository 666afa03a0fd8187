# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes at once: who sees whom, and when.

What is wanted, in this order: as few families as possible without any appointment; as many wishes served as possible;
nobody comes on more days than needed; the shortest stays, all families together.

A matching gives every family one appointment that can have one and says how many wishes can be served at most. From
there appointments are exchanged, twice: quickly, so that there soon is something to be kept, and at length. In between
it is computed how short the stays could be at best.

Every step keeps what is reached, so the search may be stopped at any time. It draws from a seed and counts moves
instead of seconds: the same wishes and seed give the same result on every machine."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .bound import LeastCost
from .exchange import Places
from .matching import match
from .problem import EXTRA_DAY, HostWanted, Opening, Problem, Score, check, reasons, score_of

__all__ = [
    "EXTRA_DAY",
    "Assignment",
    "HostWanted",
    "Opening",
    "Problem",
    "Score",
    "assign",
    "check",
    "reasons",
    "score_of",
]

LONGEST = 3000.0
"""Seconds after which it ends with what it has, for machines that are broken (an errand is given up after an hour): a
large school needs two minutes, or ten on a machine that is much too busy."""
MOVES = 2000
"""Tried for each wish."""
QUICK = 0.1
"""The share of the moves that is for the first, quick search."""
HOT, COLD, COOLER = 1000, 50, 985
"""How hot the first and the last step are, in thousandths of a slot's length (the second search begins half as hot, or
it would forget what the first has found), and each step in thousandths of the one before."""
FEWEST = 100
"""Moves of a step: a small school costs nothing, and shall be solved to its end."""


@dataclass
class Assignment:
    """`chosen` holds openings by wish. The bounds are what no assignment can beat: at least so many families without
    anything, at most so many wishes, and at least this cost for as many wishes as are served. `trace` says when, in
    seconds, which score was reached."""

    chosen: dict[int, int]
    score: Score
    least_without: int = 0
    most_served: int = 0
    least_cost: int = 0
    trace: list[tuple[float, Score]] = field(default_factory=list)
    stopped_by_clock: bool = False

    @property
    def gap(self) -> float:
        """How far the stays are from the bound, as a share of the bound."""
        return (self.score.cost - self.least_cost) / self.least_cost if self.least_cost else 0.0


Watcher = Callable[[str, Assignment], None]


def _nobody(_phase: str, _best: Assignment) -> None:
    return


def assign(
    problem: Problem, seed: int = 1, effort: float = 1.0, seconds: float = LONGEST, watch: Watcher = _nobody
) -> Assignment:
    """The best assignment found. `effort` scales how much is tried; `seconds` is a safety net for broken machines, and
    the result says when it was reached. `watch` is called about once a second with the phase (`start`, `serve`,
    `shorten`, `done`) and the best so far, which it may keep."""
    run = _Run(problem, seed, seconds, watch)
    moves = effort * MOVES * len(problem.wishes)
    run.search("start", int(moves * QUICK), HOT)
    run.find_bound()
    run.search("shorten", int(moves * (1 - QUICK)), HOT // 2)
    return run.end()


class _Run:
    def __init__(self, problem: Problem, seed: int, seconds: float, watch: Watcher) -> None:
        self._began = time.monotonic()
        self._until, self._said, self._watch = self._began + seconds, self._began, watch
        self._problem, self._draw = problem, random.Random(seed)  # noqa: S311 - not a secret
        self._bound = LeastCost(problem)
        own = self._bound.most_of_family()
        first = match(problem, lambda family: min(1, own.get(family, 0)))
        self._places, self._pays = Places(problem, first), 0
        self._best = Assignment({}, Score(len(problem.of_family), 0, 0))
        self._best.least_without = len(problem.of_family) - len(first)
        self._best.most_served = len(match(problem, lambda family: own.get(family, 0)))
        self._keep(self._places.exchange(self._draw, 0, 0))
        self._say("start")

    def search(self, phase: str, moves: int, hot: int) -> None:
        """Exchanges appointments, at first nearly at will, then ever more carefully."""
        lengths = [one.ends - one.starts for one in self._problem.openings]
        slot = sum(lengths) // max(1, len(lengths))
        heats = [hot * slot]
        while heats[-1] > COLD * slot:
            heats.append(heats[-1] * COOLER // 1000)
        for heat in [*heats, 0]:
            if self._is_over():
                return
            self._keep(self._places.exchange(self._draw, max(FEWEST, moves // len(heats)), heat))
            self._say_now_and_then(phase)

    def find_bound(self) -> None:
        """Computes how short the stays could be."""
        self._say("serve")
        for _ in self._bound.improve(self._best.score):
            if self._is_over():
                return
            self._say_now_and_then("serve")

    def end(self) -> Assignment:
        self._say("done")
        return self._best

    def _keep(self, pays: int) -> None:
        """Keeps what is there if it is the best so far."""
        if pays < self._pays or not self._best.trace:
            chosen = self._places.chosen
            score = score_of(self._problem, chosen)
            trace = [*self._best.trace, (round(time.monotonic() - self._began, 2), score)]
            self._pays, self._best = pays, replace(self._best, chosen=chosen, score=score, trace=trace)

    def _is_over(self) -> bool:
        self._best.stopped_by_clock |= time.monotonic() >= self._until
        return self._best.stopped_by_clock

    def _say_now_and_then(self, phase: str) -> None:
        if time.monotonic() - self._said >= 1.0:
            self._say(phase)

    def _say(self, phase: str) -> None:
        self._best = replace(self._best, least_cost=self._bound.of(self._best.score))
        self._watch(phase, self._best)
        self._said = time.monotonic()
