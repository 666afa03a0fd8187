# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes at once: who sees whom, and when.

What is wanted, in this order: as few families as possible without any appointment; as many wishes served as possible;
nobody comes on more days than needed; the shortest stays, all families together.

First it is decided how many can be served, as an integer programme over all families, mostly to the proven end. Then
the stays are made shorter by searching large neighbourhoods: OR-Tools' CP-SAT plans some families at a time anew around
all others. Every step keeps what is reached, so the search may be stopped at any time, and it draws from a seed and
counts work instead of seconds, so that the same wishes and seed give the same result."""

import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

from .timetable import Choice, Wanted, best_by_count, measure, propose

EXTRA_DAY = 1000
"""What one more day costs, in minutes of stay: nearly always too much."""
CLOSE = 6
"""How many families are planned anew at once."""


@dataclass(frozen=True)
class Opening:
    """A free slot of one host. `day` counts days, `starts` and `ends` minutes, both from any fixed moment."""

    id: int
    host: int
    day: int
    starts: int
    ends: int


@dataclass(frozen=True)
class HostWanted:
    """One wish of a family: this host, at one of these openings."""

    id: int
    family: int
    host: int
    on_site: bool
    openings: tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """`walk` are the minutes that a family needs between two appointments on site, by family."""

    openings: Sequence[Opening]
    wishes: Sequence[HostWanted]
    walk: Mapping[int, int]

    @cached_property
    def opening(self) -> dict[int, Opening]:
        return {one.id: one for one in self.openings}

    @cached_property
    def of_family(self) -> dict[int, list[HostWanted]]:
        found: dict[int, list[HostWanted]] = defaultdict(list)
        for wish in self.wishes:
            found[wish.family].append(wish)
        return dict(found)


@dataclass(frozen=True)
class Score:
    """`without` families have nothing, `served` wishes are served, `cost` is the stay in minutes and the extra days."""

    without: int
    served: int
    cost: int

    def __lt__(self, other: "Score") -> bool:
        """Whether this is the better one."""
        return (self.without, -self.served, self.cost) < (other.without, -other.served, other.cost)


@dataclass
class Assignment:
    """`chosen` holds openings by wish. The bounds are what no assignment can beat: at least so many families without
    anything, at most so many wishes, and at least this cost for the wishes that are served."""

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
    problem: Problem, seed: int = 1, effort: float = 1.0, seconds: float = 110.0, watch: Watcher = _nobody
) -> Assignment:
    """The best assignment found. `effort` scales how much is tried; `seconds` is a limit for slow machines only, and
    the result says when it was reached. `watch` is called with the phase and the best so far, which it may keep."""
    search = _Search(problem, random.Random(seed), seed, time.monotonic() + seconds)  # noqa: S311 - not a secret
    best = search.result(search.greedy())
    watch("start", best)
    best = search.serve_most(best, effort)
    watch("serve", best)
    return search.shorten(best, effort, watch)


def reasons(problem: Problem, chosen: Mapping[int, int]) -> dict[int, str]:
    """Why each wish that is not served is not: `no_time` (the host has no opening while the family can come), `full`
    (all of those went to other families) or `clash` (what is left collides with the family's other appointments)."""
    taken = set(chosen.values())
    found = {}
    for wish in problem.wishes:
        if wish.id in chosen:
            continue
        if not wish.openings:
            found[wish.id] = "no_time"
        else:
            found[wish.id] = "clash" if any(one not in taken for one in wish.openings) else "full"
    return found


def check(problem: Problem, chosen: Mapping[int, int]) -> None:
    """Raises `ValueError` for an assignment that breaks a rule."""
    if len(set(chosen.values())) != len(chosen):
        raise ValueError("An opening is given twice.")
    for family, wishes in problem.of_family.items():
        options = [(wish, problem.opening[chosen[wish.id]]) for wish in wishes if wish.id in chosen]
        for wish, one in options:
            if one.id not in wish.openings or one.host != wish.host:
                raise ValueError("An opening was not to be had for this wish.")
        for clique in _cliques(options, problem.walk.get(family, 0)):
            if len(clique) > 1:
                raise ValueError("A family is at two places at once.")


def score_of(problem: Problem, chosen: Mapping[int, int]) -> Score:
    without = served = cost = 0
    for wishes in problem.of_family.values():
        count, own = _cost_of_family(problem, wishes, chosen)
        without += count == 0
        served += count
        cost += own
    return Score(without, served, cost)


def _cost_of_family(problem: Problem, wishes: Sequence[HostWanted], chosen: Mapping[int, int]) -> tuple[int, int]:
    """How many of the family's wishes are served, and what that costs it."""
    choices = [_choice(problem.opening[chosen[wish.id]]) for wish in wishes if wish.id in chosen]
    days, stay = measure(choices)
    return len(choices), stay + EXTRA_DAY * max(0, days - 1)


def _choice(opening: Opening) -> Choice:
    return Choice(str(opening.id), opening.day, opening.starts, opening.ends)


def _cliques(options: Iterable[tuple[HostWanted, Opening]], walk: int) -> Iterator[list[tuple[HostWanted, Opening]]]:
    """Options of one family of which it can take only one: those that cover the same moment, and those on site that do
    so with the way to the next room. Two spans meet if and only if one of them covers the other's start."""
    listed = list(options)
    for start in sorted({one.starts for _, one in listed}):
        yield [pair for pair in listed if pair[1].starts <= start < pair[1].ends]
        if walk:
            yield [pair for pair in listed if pair[0].on_site and pair[1].starts <= start < pair[1].ends + walk]


class _Search:
    def __init__(self, problem: Problem, draw: random.Random, seed: int, until: float) -> None:
        self._problem = problem
        self._draw = draw
        self._seed = seed
        self._began = time.monotonic()
        self._until = until
        self._families = sorted(problem.of_family)
        by_host: dict[int, set[int]] = defaultdict(set)
        for wish in problem.wishes:
            by_host[wish.host].add(wish.family)
        self._by_host = {host: sorted(families) for host, families in by_host.items()}

    def result(self, chosen: dict[int, int], before: Assignment | None = None) -> Assignment:
        score = score_of(self._problem, chosen)
        trace = [*(before.trace if before else []), (round(time.monotonic() - self._began, 2), score)]
        return Assignment(chosen, score, trace=trace)

    @property
    def _over(self) -> bool:
        return time.monotonic() >= self._until

    # -- a start ------------------------------------------------------------------------------------------------

    def greedy(self) -> dict[int, int]:
        """One wish of everybody first, then the rest; each family gets its shortest time table of what is left."""
        problem, taken, chosen = self._problem, set[int](), dict[int, int]()
        order = self._families[:]
        self._draw.shuffle(order)
        scarce = {
            host: len(families) / max(1, sum(one.host == host for one in problem.openings))
            for host, families in self._by_host.items()
        }
        for most in (1, 99):
            for family in order:
                wishes = [wish for wish in problem.of_family[family] if wish.id not in chosen]
                if most == 1:
                    # The host whom the fewest others want: whoever wants only one in demand is served by the search.
                    wishes = sorted(wishes, key=lambda wish: scarce[wish.host])[:1]
                else:
                    for wish in problem.of_family[family]:
                        taken.discard(chosen.pop(wish.id, -1))
                    wishes = problem.of_family[family][:10]
                table = propose(
                    [
                        Wanted(
                            str(wish.id),
                            wish.on_site,
                            [_choice(problem.opening[one]) for one in wish.openings if one not in taken],
                        )
                        for wish in wishes
                    ],
                    walk=problem.walk.get(family, 0),
                )
                for key, choice in table.chosen.items():
                    chosen[int(key)] = int(choice.key)
                    taken.add(int(choice.key))
        return chosen

    # -- how many -----------------------------------------------------------------------------------------------

    def serve_most(self, best: Assignment, effort: float) -> Assignment:
        """As many as can be served: all families in one model, without regard to their stays."""
        capacity: dict[int, int] = defaultdict(int)
        for one in self._problem.openings:
            capacity[one.host] += 1
        wanted: dict[int, int] = defaultdict(int)
        for wish in self._problem.wishes:
            wanted[wish.host] += bool(wish.openings)
        most = sum(min(count, capacity[host]) for host, count in wanted.items())
        least = sum(not any(wish.openings for wish in wishes) for wishes in self._problem.of_family.values())
        if (best.score.without, best.score.served) != (least, most):
            best, least, most = self._exactly_most(best, least, most)
        best.least_without, best.most_served = least, max(most, best.score.served)
        best.least_cost = self._least_cost(best.score)
        return best

    def _exactly_most(self, best: Assignment, least: int, most: int) -> tuple[Assignment, int, int]:
        """The same as an integer programme, which SCIP mostly solves to its end: its relaxation is nearly integral."""
        problem = self._problem
        solver = pywraplp.Solver.CreateSolver("SCIP")
        solver.SetTimeLimit(int(max(1.0, (self._until - time.monotonic()) * 0.5) * 1000))
        options: dict[tuple[int, int], Any] = {}
        by_opening: dict[int, list[Any]] = defaultdict(list)
        without = []
        for family in self._families:
            all_of_family = []
            for wish in problem.of_family[family]:
                for one in wish.openings:
                    options[wish.id, one] = variable = solver.BoolVar("")
                    by_opening[one].append(variable)
                    all_of_family.append((wish, problem.opening[one]))
                solver.Add(sum(options[wish.id, one] for one in wish.openings) <= 1)
            for clique in _cliques(all_of_family, problem.walk.get(family, 0)):
                if len(clique) > 1:
                    solver.Add(sum(options[wish.id, one.id] for wish, one in clique) <= 1)
            nothing = solver.BoolVar("")
            solver.Add(nothing + sum(options[wish.id, one.id] for wish, one in all_of_family) >= 1)
            without.append(nothing)
        for variables in by_opening.values():
            solver.Add(sum(variables) <= 1)
        weight = len(problem.wishes) + 1
        # Of equally many, what is closest to the start, where stays are short already.
        as_before = sum(variable for (wish, one), variable in options.items() if best.chosen.get(wish) == one)
        share = 0.5 / weight
        solver.Maximize(sum(options.values()) - weight * sum(without) + share * as_before)
        status = solver.Solve()
        if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            return best, least, most
        chosen = {wish: one for (wish, one), variable in options.items() if variable.solution_value() > 0.5}
        found = self.result(chosen, best)
        bound = math.floor(solver.Objective().BestBound() + 1e-6)
        # The bound is one of `served - weight * without`, with 0 <= served < weight.
        least = max(least, math.ceil(-bound / weight))
        best = found if found.score < best.score else best
        if best.score.without == least:
            most = min(most, bound + weight * least)
        return best, least, most

    def _least_cost(self, score: Score) -> int:
        """What serving so many wishes costs at least: as if every family had all openings for itself."""
        problem = self._problem
        costs = [0]
        infinite = 10**9
        for family in self._families:
            wishes = problem.of_family[family][:10]
            wanted = [
                Wanted(str(wish.id), wish.on_site, [_choice(problem.opening[one]) for one in wish.openings])
                for wish in wishes
            ]
            own = best_by_count(wanted, problem.walk.get(family, 0), EXTRA_DAY)
            if score.without:
                own |= {0: 0}
            size = len(costs) + max(own, default=0)
            longer = [infinite] * size
            for before, cost in enumerate(costs):
                for count, more in own.items():
                    longer[before + count] = min(longer[before + count], cost + more)
            costs = longer
        return min(costs[score.served :], default=0) if score.served < len(costs) else 0

    # -- how long -----------------------------------------------------------------------------------------------

    def shorten(self, best: Assignment, effort: float, watch: Watcher) -> Assignment:
        """Plans some families anew around all others, again and again."""
        rounds = max(1, round(effort * 24 * len(self._families) / CLOSE)) if self._families else 0
        said = time.monotonic()
        for _ in range(rounds):
            if self._over:
                best.stopped_by_clock = True
                break
            best = self._again(best, self._neighbours(best))
            if time.monotonic() - said > 1.0:
                watch("shorten", best)
                said = time.monotonic()
        watch("done", best)
        return best

    def _neighbours(self, best: Assignment) -> list[int]:
        """A family that pays much, and others who want the same hosts."""
        problem = self._problem
        tried = self._draw.sample(self._families, min(len(self._families), 8))
        first = max(tried, key=lambda family: self._waste(family, best.chosen))
        hosts = {wish.host for wish in problem.of_family[first]}
        close = sorted({family for host in hosts for family in self._by_host[host]} - {first})
        return [first, *self._draw.sample(close, min(len(close), CLOSE - 1))]

    def _waste(self, family: int, chosen: Mapping[int, int]) -> int:
        wishes = self._problem.of_family[family]
        count, cost = _cost_of_family(self._problem, wishes, chosen)
        lengths = (self._problem.opening[chosen[wish.id]] for wish in wishes if wish.id in chosen)
        return cost - sum(one.ends - one.starts for one in lengths) + EXTRA_DAY * (len(wishes) - count)

    def _again(self, best: Assignment, families: Sequence[int]) -> Assignment:
        problem = self._problem
        own = {wish.id for family in families for wish in problem.of_family[family]}
        others = {opening for wish, opening in best.chosen.items() if wish not in own}
        model, options, without = self._model(families, others)
        before = Score(0, 0, 0)
        for family in families:
            count, cost = _cost_of_family(problem, problem.of_family[family], best.chosen)
            before = Score(before.without + (count == 0), before.served + count, before.cost + cost)
        served = sum(variable for variables in options.values() for variable in variables.values())
        cost_of_all = sum(self._stay(model, family, options) for family in families)
        weight = EXTRA_DAY * 20
        model.minimize(cost_of_all - weight * served + weight * len(own) * sum(without))
        self._hint(model, options, best.chosen)
        solver = self._solver(0.15, 1.0)
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return best
        chosen = {wish: opening for wish, opening in best.chosen.items() if wish not in own}
        chosen |= self._read(solver, options)
        found = self.result(chosen, best)
        if not found.score < best.score:
            # As good, but other: from there the next step may find more.
            if found.score == best.score:
                best.chosen = chosen
            return best
        if found.score.served != best.score.served or found.score.without != best.score.without:
            best.least_cost = self._least_cost(found.score)
        found.least_without, found.most_served, found.least_cost = (
            best.least_without,
            max(best.most_served, found.score.served),
            best.least_cost,
        )
        return found

    # -- the model ----------------------------------------------------------------------------------------------

    def _model(
        self, families: Sequence[int], taken: set[int]
    ) -> tuple[cp_model.CpModel, dict[int, dict[int, cp_model.IntVar]], list[cp_model.IntVar]]:
        """Who may have what: a variable for each wish and opening, and one for each family that gets nothing."""
        problem, model = self._problem, cp_model.CpModel()
        options: dict[int, dict[int, cp_model.IntVar]] = {}
        by_opening: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        without = []
        for family in families:
            all_of_family = []
            for wish in problem.of_family[family]:
                free = [one for one in wish.openings if one not in taken]
                options[wish.id] = {one: model.new_bool_var("") for one in free}
                for one, variable in options[wish.id].items():
                    by_opening[one].append(variable)
                    all_of_family.append((wish, problem.opening[one]))
                model.add_at_most_one(options[wish.id].values())
            for clique in _cliques(all_of_family, problem.walk.get(family, 0)):
                if len(clique) > 1:
                    model.add_at_most_one(options[wish.id][one.id] for wish, one in clique)
            nothing = model.new_bool_var("")
            model.add_bool_or([nothing, *(options[wish.id][one.id] for wish, one in all_of_family)])
            without.append(nothing)
        for variables in by_opening.values():
            model.add_at_most_one(variables)
        return model, options, without

    def _stay(self, model: cp_model.CpModel, family: int, options: Mapping[int, Mapping[int, cp_model.IntVar]]) -> Any:
        """What the family pays: for each day from its first start to its last end, and for every day but one."""
        problem = self._problem
        by_day: dict[int, list[tuple[Opening, cp_model.IntVar]]] = defaultdict(list)
        for wish in problem.of_family[family]:
            for opening, variable in options[wish.id].items():
                by_day[problem.opening[opening].day].append((problem.opening[opening], variable))
        terms: list[Any] = []
        days = []
        for pairs in by_day.values():
            first, last = min(one.starts for one, _ in pairs), max(one.ends for one, _ in pairs)
            begin, end = model.new_int_var(first, last, ""), model.new_int_var(first, last, "")
            comes = model.new_bool_var("")
            for one, variable in pairs:
                model.add(begin <= one.starts).only_enforce_if(variable)
                model.add(end >= one.ends).only_enforce_if(variable)
                model.add_implication(variable, comes)
            model.add(end >= begin)
            terms.append(end - begin)
            days.append(comes)
        if len(days) > 1:
            extra = model.new_int_var(0, len(days), "")
            model.add(extra >= sum(days) - 1)
            terms.append(EXTRA_DAY * extra)
        return sum(terms)

    def _hint(
        self,
        model: cp_model.CpModel,
        options: Mapping[int, Mapping[int, cp_model.IntVar]],
        chosen: Mapping[int, int],
    ) -> None:
        for wish, variables in options.items():
            for one, variable in variables.items():
                model.add_hint(variable, chosen.get(wish) == one)

    def _solver(self, work: float, share: float) -> cp_model.CpSolver:
        """`work` is CP-SAT's deterministic time, about a second each; the clock only ends what a slow machine drags."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self._seed
        solver.parameters.max_deterministic_time = work
        solver.parameters.max_time_in_seconds = max(0.1, (self._until - time.monotonic()) * share)
        solver.parameters.linearization_level = 2
        return solver

    @staticmethod
    def _read(solver: cp_model.CpSolver, options: Mapping[int, Mapping[int, cp_model.IntVar]]) -> dict[int, int]:
        return {
            wish: one
            for wish, variables in options.items()
            for one, variable in variables.items()
            if solver.boolean_value(variable)
        }
