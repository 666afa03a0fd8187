# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who sits where, and what is better if two change places.

A move gives an opening to a wish; whoever had it gets the place that the wish leaves, which may be none. Moves are
drawn at random and kept when they make everything better, or not much worse than the heat allows: simulated annealing
(Kirkpatrick, Gelatt and Vecchi 1983), which is known to do well with time tables. A wish that is served outweighs all
stays, and a family that has anything outweighs all wishes, so that no heat ever gives them up.

All values are whole numbers, and only a seed decides: the same everywhere, however fast the machine is."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence

from .problem import EXTRA_DAY, Problem

Span = tuple[int, int, int]
"""Start and end in minutes, day."""
Rivals = Sequence[tuple[int, int]]
"""The other wishes of a wish's family, each with the minutes that have to be between the two."""

SERVED, NOTHING = 10**8, 10**14
"""What a wish that is served is worth, and what a family without anything costs, in minutes of stay."""
IMPOSSIBLE = 10**17
_NOWHERE = (IMPOSSIBLE, -IMPOSSIBLE, None)
_LUCK = [round(-1000 * math.log((at + 0.5) / 4096)) for at in range(4096)]
"""Evenly spread draws from the exponential distribution, in thousandths: how much worse a move may be, by heat."""


class Places:
    """An assignment that is being changed. Families, wishes and openings are counted from 0 in here."""

    def __init__(self, problem: Problem, chosen: Mapping[int, int]) -> None:
        number = {one.id: at for at, one in enumerate(problem.openings)}
        family = {one: at for at, one in enumerate(sorted(problem.of_family))}
        self._problem = problem
        self._spans: list[Span] = [(one.starts, one.ends, one.day) for one in problem.openings]
        self._may = [frozenset(number[one] for one in wish.openings) for wish in problem.wishes]
        self._family = [family[wish.family] for wish in problem.wishes]
        self._wishes: list[list[int]] = [[] for _ in family]
        self._wishers: dict[int, list[int]] = {}
        for wish, openings in enumerate(self._may):
            self._wishes[self._family[wish]].append(wish)
            for opening in sorted(openings):
                self._wishers.setdefault(opening, []).append(wish)
        self._rivals = [self._rivals_of(wish) for wish in range(len(self._family))]
        self._holder: list[int | None] = [None] * len(self._spans)
        self._opening: list[int | None] = [None] * len(self._family)
        self._span: list[Span | None] = [None] * len(self._family)
        for wish, one in enumerate(problem.wishes):
            if one.id in chosen:
                self._place(wish, number[chosen[one.id]])

    @property
    def chosen(self) -> dict[int, int]:
        """The openings by wish, as the problem names them."""
        openings, wishes = self._problem.openings, self._problem.wishes
        return {wishes[wish].id: openings[at].id for wish, at in enumerate(self._opening) if at is not None}

    def exchange(self, draw: random.Random, moves: int, heat: int) -> int:
        """Tries so many moves; `heat` is how much worse one may be on average, in thousandths of a minute. Returns what
        everybody pays in the end: less is better."""
        # The innermost loop of all: a function for each step would make it three times as slow.
        drawn, wanted = draw.random, sorted(self._wishers.items())
        values = [self._value(family) for family in range(len(self._wishes))]
        span_of, span, rivals, family_of = self._spans, self._span, self._rivals, self._family
        holder, opening_of, may, many = self._holder, self._opening, self._may, len(wanted)
        for _ in range(moves if many else 0):
            opening, wishers = wanted[int(drawn() * many)]
            wish = wishers[int(drawn() * len(wishers))]
            other, family, left = holder[opening], family_of[wish], opening_of[wish]
            if other is not None and (family_of[other] == family or (left is not None and left not in may[other])):
                continue
            worse = heat * _LUCK[int(drawn() * 4096)] // 10**6
            value = _value(span_of[opening], rivals[wish], span)
            change = value - values[family]
            if other is not None and change < IMPOSSIBLE // 2:
                others = family_of[other]
                value_of_other = _value(None if left is None else span_of[left], rivals[other], span)
                change += value_of_other - values[others]
                if change <= worse:
                    values[others] = value_of_other
                    self._place(other, left)
            if change <= worse:
                values[family] = value
                if left is not None and other is None:
                    holder[left] = None
                self._place(wish, opening)
        return sum(values)

    def _rivals_of(self, wish: int) -> Rivals:
        wishes = self._problem.wishes
        walk = self._problem.walk.get(wishes[wish].family, 0)
        return [
            (other, walk if wishes[wish].on_site and wishes[other].on_site else 0)
            for other in self._wishes[self._family[wish]]
            if other != wish
        ]

    def _place(self, wish: int, opening: int | None) -> None:
        self._opening[wish] = opening
        self._span[wish] = None if opening is None else self._spans[opening]
        if opening is not None:
            self._holder[opening] = wish

    def _value(self, family: int) -> int:
        one = self._wishes[family][0]
        return _value(self._span[one], self._rivals[one], self._span)


def _value(at: Span | None, rivals: Rivals, spans: Sequence[Span | None]) -> int:
    """What a family pays whose one wish is served `at`, and whose others as they are: less is better."""
    # Where all the time goes: min(), max() and lists would double it.
    first, last, on = starts, ends, _ = at or _NOWHERE
    served, further = int(at is not None), False
    for rival, gap in rivals:
        there = spans[rival]
        if there is None:
            continue
        begins, over, day = there
        if begins < ends + gap and starts < over + gap:
            return IMPOSSIBLE
        if begins < first:  # noqa: PLR1730
            first = begins
        if over > last:  # noqa: PLR1730
            last = over
        if day != on:
            further, on = further or on is not None, day
        served += 1
    if not served:
        return NOTHING
    if further:
        return _over_days([at, *(spans[rival] for rival, _ in rivals)]) - SERVED * served
    return last - first - SERVED * served


def _over_days(spans: Iterable[Span | None]) -> int:
    by_day: dict[int, list[Span]] = {}
    for span in filter(None, spans):
        by_day.setdefault(span[2], []).append(span)
    stays = (max(ends for _, ends, _ in day) - min(starts for starts, _, _ in day) for day in by_day.values())
    return sum(stays) + EXTRA_DAY * (len(by_day) - 1)
