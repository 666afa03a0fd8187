# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many can be served at most, if nobody's appointments collided: a matching of wishes and openings.

Augmenting paths (Ford and Fulkerson 1956; with a limit for each family it is a flow from families over their wishes to
openings). What a search in vain has seen is not looked at again: no later path leads through it."""

from collections import deque
from collections.abc import Callable, Iterable

from .problem import HostWanted, Problem


def match(problem: Problem, limit: Callable[[int], int]) -> dict[int, int]:
    """As many wishes as can have an opening each, no family more than its `limit`: openings by wish."""
    matching = _Matching(problem)
    for family in sorted(problem.of_family):
        for _ in range(limit(family)):
            if not matching.serves_one_more(family):
                break
    return matching.chosen


class _Matching:
    def __init__(self, problem: Problem) -> None:
        self._of_family = problem.of_family
        self._holder: dict[int, HostWanted] = {}
        self.chosen: dict[int, int] = {}
        self._dead: set[int] = set()

    def serves_one_more(self, family: int) -> bool:
        """Serves one wish more of this family, though perhaps another one of others; false where that cannot be."""
        queue = deque(self._unserved(family))
        cause: dict[int, int | None] = {wish.id: None for wish in queue}
        taker: dict[int, HostWanted] = {}
        while queue:
            wish = queue.popleft()
            for opening in wish.openings:
                if opening in taker or opening in self._dead:
                    continue
                taker[opening] = wish
                if opening not in self._holder:
                    self._hand_on(opening, taker, cause)
                    return True
                holder = self._holder[opening]
                for next_one in (holder, *self._unserved(holder.family)):
                    if next_one.id not in cause:
                        cause[next_one.id] = opening
                        queue.append(next_one)
        self._dead |= taker.keys()
        return False

    def _unserved(self, family: int) -> Iterable[HostWanted]:
        return (wish for wish in self._of_family[family] if wish.id not in self.chosen)

    def _hand_on(self, opening: int, taker: dict[int, HostWanted], cause: dict[int, int | None]) -> None:
        """Back along the path: whoever takes an opening leaves (or lets its family leave) the one before."""
        at: int | None = opening
        while at is not None:
            wish = taker[at]
            before = cause[wish.id]
            if before is not None:
                del self.chosen[self._holder[before].id]
            self.chosen[wish.id], self._holder[at] = at, wish
            at = before
