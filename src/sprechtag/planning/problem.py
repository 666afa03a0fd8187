# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes: what is to be decided, what an assignment has to keep, and which of two is the better one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .timetable import Choice, measure

EXTRA_DAY = 1000
"""What one more day costs, in minutes of stay: nearly always too much."""


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


def score_of(problem: Problem, chosen: Mapping[int, int]) -> Score:
    """How good an assignment is: `chosen` holds openings by wish."""
    without = served = cost = 0
    for wishes in problem.of_family.values():
        ones = [problem.opening[chosen[wish.id]] for wish in wishes if wish.id in chosen]
        days, stay = measure(Choice(str(one.id), one.day, one.starts, one.ends) for one in ones)
        without += not ones
        served += len(ones)
        cost += stay + EXTRA_DAY * max(0, days - 1)
    return Score(without, served, cost)


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


def _cliques(options: Iterable[tuple[HostWanted, Opening]], walk: int) -> Iterator[list[tuple[HostWanted, Opening]]]:
    """Options of one family of which it can take only one: those that cover the same moment, and those on site that do
    so with the way to the next room. Two spans meet if and only if one of them covers the other's start."""
    listed = list(options)
    for start in sorted({one.starts for _, one in listed}):
        yield [pair for pair in listed if pair[1].starts <= start < pair[1].ends]
        if walk:
            yield [pair for pair in listed if pair[0].on_site and pair[1].starts <= start < pair[1].ends + walk]
