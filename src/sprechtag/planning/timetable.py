# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's time table: one time with each host it wants, without overlaps, with time to walk, and short.

Best means, in this order: as many of the wanted as possible; on as few days as possible; the shortest stay (from the
first appointment of a day to its last, summed over the days); the earliest begin, or the latest where that is wished.

The search is exact. For every possible begin of a day it finds, for every set of hosts, the earliest end with that
set (a dynamic programme over sets, as Held and Karp's for the travelling salesman): whoever is done earlier with the
same hosts can do all that the others still can. Days are then put together set by set."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MOST_WANTED = 8
"""With more, sets get too many to look at while somebody waits."""


@dataclass(frozen=True)
class Choice:
    """A time that can be had. `day` is any number that grows with the days; `starts` and `ends` are minutes on a scale
    that goes on over all days (minutes since the epoch, say); the end is not part of it."""

    key: str
    day: int
    starts: int
    ends: int


@dataclass(frozen=True)
class Wanted:
    """One host the family wants, and the times that can be had; those of one host never overlap."""

    key: str
    on_site: bool
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Fixed:
    """An appointment the family has already."""

    day: int
    starts: int
    ends: int
    on_site: bool


@dataclass(frozen=True)
class TimeTable:
    """`chosen` by the key of the wanted; `unserved` in the order they were wanted; `days` and `stay` (minutes) count
    the fixed appointments of the days that are used."""

    chosen: dict[str, Choice]
    unserved: tuple[str, ...]
    days: int
    stay: int


@dataclass(frozen=True)
class _Label:
    """The last appointment of a row: when it ends, and from when one on site can follow."""

    ends: int
    on_site_from: int
    index: int
    choice: Choice | None
    before: "_Label | None"


Cost = tuple[int, int, int]
"""Further days, stay, begin: less is better."""
_Picked = tuple[tuple[int, Choice], ...]
_NOTHING: dict[int, tuple[Cost, _Picked]] = {0: ((0, 0, 0), ())}


def propose(wanted: Sequence[Wanted], fixed: Sequence[Fixed] = (), walk: int = 0, latest: bool = False) -> TimeTable:
    """The best time table. `walk` are the minutes needed between two appointments on site.

    Raises `ValueError` for more than `MOST_WANTED`."""
    if len(wanted) > MOST_WANTED:
        raise ValueError(f"At most {MOST_WANTED} can be planned at once.")
    whole = _best_of_all_sets(wanted, fixed, walk, latest)
    mask, (_, picked) = min(whole.items(), key=lambda item: (-item[0].bit_count(), item[1][0]))
    chosen = {wanted[index].key: choice for index, choice in sorted(picked, key=lambda pick: pick[1].starts)}
    unserved = tuple(one.key for index, one in enumerate(wanted) if not mask >> index & 1)
    days, stay = measure(chosen.values(), fixed)
    return TimeTable(chosen, unserved, days, stay)


def _best_of_all_sets(
    wanted: Sequence[Wanted], fixed: Sequence[Fixed], walk: int, latest: bool
) -> dict[int, tuple[Cost, _Picked]]:
    """For every set that can be seen (a bit mask), the best way to do so."""
    possible = [_possible(one, fixed, walk) for one in wanted]
    whole = _NOTHING
    days = sorted({choice.day for choices in possible for choice in choices})
    for day in days:
        of_day = [[choice for choice in choices if choice.day == day] for choices in possible]
        of_fixed = [one for one in fixed if one.day == day]
        # With a second day, a set that leaves somebody out may be a part of the best.
        at_once = len(days) == 1 and not of_fixed
        whole = _together(whole, _day(wanted, of_day, of_fixed, walk, latest, at_once))
    return whole


def measure(chosen: Iterable[Choice], fixed: Iterable[Fixed] = ()) -> tuple[int, int]:
    """Days that are used and minutes spent there, with the fixed appointments of those days."""
    by_day: dict[int, list[Choice | Fixed]] = defaultdict(list)
    for choice in chosen:
        by_day[choice.day].append(choice)
    for one in fixed:
        if one.day in by_day:
            by_day[one.day].append(one)
    return len(by_day), sum(max(one.ends for one in ones) - min(one.starts for one in ones) for ones in by_day.values())


def fits(
    first: tuple[int, int, bool],
    second: tuple[int, int, bool],
    walk: int,
) -> bool:
    """Whether both (start, end, on site) can be kept by one family, in either order."""
    gap = walk if first[2] and second[2] else 0
    return first[1] + gap <= second[0] or second[1] + gap <= first[0]


def _possible(one: Wanted, fixed: Sequence[Fixed], walk: int) -> list[Choice]:
    choices = [
        choice
        for choice in one.choices
        if all(
            fits((choice.starts, choice.ends, one.on_site), (other.starts, other.ends, other.on_site), walk)
            for other in fixed
        )
    ]
    return sorted(choices, key=lambda choice: choice.starts)


def _day(
    wanted: Sequence[Wanted],
    choices: Sequence[Sequence[Choice]],
    fixed: Sequence[Fixed],
    walk: int,
    latest: bool,
    at_once: bool,
) -> dict[int, tuple[Cost, _Picked]]:
    """For every set of hosts that can be seen on this day (a bit mask), the best way to do so. `at_once`: only the best
    way to see all of them is wanted, if there is one; then what takes longer than the best so far is not looked at, and
    nothing more once it is as short as it can be."""
    everybody = (1 << len(wanted)) - 1
    shortest = _shortest(wanted, choices, walk) if at_once else 0
    starts = [[choice.starts for choice in some] for some in choices]
    fixed_first = min((one.starts for one in fixed), default=None)
    fixed_last = max((one.ends for one in fixed), default=0)
    found: dict[int, tuple[Cost, _Label]] = {}
    for begin in sorted({start for some in starts for start in some}, reverse=latest):
        first = begin if fixed_first is None else min(begin, fixed_first)
        longest = found[everybody][0][1] if at_once and everybody in found else None
        if longest is not None and longest <= shortest:
            break
        for mask, label in _from(begin, wanted, choices, starts, walk, longest):
            further_day = 0 if fixed else 1
            cost = (further_day, max(label.ends, fixed_last) - first, -first if latest else first)
            if mask not in found or cost < found[mask][0]:
                found[mask] = (cost, label)
    return {0: _NOTHING[0]} | {mask: (cost, _picked(label)) for mask, (cost, label) in found.items()}


def _shortest(wanted: Sequence[Wanted], choices: Sequence[Sequence[Choice]], walk: int) -> int:
    """A stay with all of them that cannot be beaten: all lengths, and between those on site the shortest of the gaps
    that leave time to walk."""
    if not all(choices):
        return 0
    lengths = [min(choice.ends - choice.starts for choice in some) for some in choices]
    on_site = [index for index, one in enumerate(wanted) if one.on_site]
    begins = sorted({choice.starts for index in on_site for choice in choices[index]})
    gaps = [
        begins[at] - ends
        for ends in {choice.ends for index in on_site for choice in choices[index]}
        if (at := bisect_left(begins, ends + walk)) < len(begins)
    ]
    walking = sum(lengths[index] for index in on_site) + min(gaps, default=0) * max(0, len(on_site) - 1)
    return max(sum(lengths), walking)


def _from(
    begin: int,
    wanted: Sequence[Wanted],
    choices: Sequence[Sequence[Choice]],
    starts: Sequence[Sequence[int]],
    walk: int,
    longest: int | None = None,
) -> Iterator[tuple[int, _Label]]:
    """Every set that can be seen from `begin` on, each with its earliest end; within `longest` minutes, if given."""
    latest = begin + longest if longest is not None else None
    labels: list[list[_Label]] = [[] for _ in range(1 << len(wanted))]
    labels[0] = [_Label(begin, begin, -1, None, None)]
    for mask, ends in enumerate(labels):
        if not ends:
            continue
        if mask:
            yield mask, min(ends, key=lambda label: label.ends)
        for index, one in enumerate(wanted):
            if mask >> index & 1 or not starts[index]:
                continue
            for label in ends:
                at = bisect_left(starts[index], label.on_site_from if one.on_site else label.ends)
                if at < len(starts[index]) and (latest is None or choices[index][at].ends <= latest):
                    choice = choices[index][at]
                    on_site_from = choice.ends + walk if one.on_site else max(choice.ends, label.on_site_from)
                    _keep(labels[mask | 1 << index], _Label(choice.ends, on_site_from, index, choice, label))


def _keep(labels: list[_Label], new: _Label) -> None:
    """Keeps what no other label is at least as good as."""
    if any(old.ends <= new.ends and old.on_site_from <= new.on_site_from for old in labels):
        return
    labels[:] = [old for old in labels if old.ends < new.ends or old.on_site_from < new.on_site_from]
    labels.append(new)


def _picked(label: _Label) -> _Picked:
    picked = []
    at: _Label | None = label
    while at and at.choice:
        picked.append((at.index, at.choice))
        at = at.before
    return tuple(picked)


def _together(
    one: dict[int, tuple[Cost, _Picked]], other: dict[int, tuple[Cost, _Picked]]
) -> dict[int, tuple[Cost, _Picked]]:
    best: dict[int, tuple[Cost, _Picked]] = {}
    for mask, (cost, picked) in one.items():
        for more, (further, others) in other.items():
            if mask & more:
                continue
            total = (cost[0] + further[0], cost[1] + further[1], cost[2] + further[2])
            if mask | more not in best or total < best[mask | more][0]:
                best[mask | more] = (total, picked + others)
    return best
