# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small schools where everybody wishes, and what is best there by trying out everything."""

import random
from collections.abc import Iterator
from itertools import product

from hypothesis import strategies as st

from sprechtag.planning.problem import HostWanted, Opening, Problem, Score, check, score_of

WALK = 5


def school(hosts: int, slots: int, wanted: list[tuple[int, list[int], bool]]) -> Problem:
    """`wanted` holds for each family how many slots it misses at the beginning, its hosts, and whether on site."""
    openings = [
        Opening(host * 100 + at, host, at // 4, at // 4 * 1440 + 10 * (at % 4), at // 4 * 1440 + 10 * (at % 4) + 10)
        for host in range(hosts)
        for at in range(slots)
    ]
    found = [
        HostWanted(family * 10 + number, family, host, on_site, tuple(host * 100 + at for at in range(late, slots)))
        for family, (late, own, on_site) in enumerate(wanted)
        for number, host in enumerate(own)
    ]
    return Problem(openings, found, dict.fromkeys(range(len(wanted)), WALK))


def crowded(families: int, wishes: int, hosts: int, slots: int, seed: int = 1) -> Problem:
    """Every third host is wanted three times as much; a family misses up to a third of one long day."""
    draw = random.Random(seed)
    openings = [
        Opening(host * 100 + at, host, 0, 10 * at, 10 * at + 10) for host in range(hosts) for at in range(slots)
    ]
    often = [host for host in range(hosts) for _ in range(1 if host % 3 else 3)]
    found = []
    for family in range(families):
        late, on_site, own = draw.randrange(slots // 3), draw.random() < 0.7, dict[int, None]()
        while len(own) < wishes:
            own[draw.choice(often)] = None
        found += [
            HostWanted(family * 10 + number, family, host, on_site, tuple(host * 100 + at for at in range(late, slots)))
            for number, host in enumerate(own)
        ]
    return Problem(openings, found, dict.fromkeys(range(families), WALK))


def possible(problem: Problem) -> Iterator[dict[int, int]]:
    """Every assignment that can be kept."""
    for picks in product(*([None, *wish.openings] for wish in problem.wishes)):
        chosen = {wish.id: one for wish, one in zip(problem.wishes, picks, strict=True) if one is not None}
        try:
            check(problem, chosen)
        except ValueError:
            continue
        yield chosen


def best_of_all(problem: Problem) -> Score:
    best = None
    for chosen in possible(problem):
        score = score_of(problem, chosen)
        best = score if best is None or score < best else best
    assert best
    return best


FAMILIES = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True), st.booleans()),
    min_size=1,
    max_size=3,
)


@st.composite
def untidy(draw: st.DrawFn, families: int = 2, longer_than_walk: bool = False) -> Problem:
    """Openings of all lengths at odd times on two days; families that can have some of them."""
    shortest = WALK if longer_than_walk else 2
    openings: list[Opening] = []
    for host in range(3):
        for day in (0, 1):
            at = draw(st.integers(0, 20))
            for _ in range(draw(st.integers(0, 2))):
                length = draw(st.integers(shortest, 12))
                openings.append(Opening(len(openings), host, day, 1440 * day + at, 1440 * day + at + length))
                at += length + draw(st.integers(0, 10))
    found = []
    for family in range(families):
        for host in range(3):
            own = [one.id for one in openings if one.host == host and draw(st.integers(0, 3))]
            if draw(st.booleans()):
                found.append(HostWanted(len(found), family, host, draw(st.booleans()), tuple(own)))
    return Problem(openings, found, dict.fromkeys(range(families), WALK))
