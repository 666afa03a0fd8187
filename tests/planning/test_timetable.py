# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's time table, against trying out everything."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprechtag.planning.timetable import MOST_WANTED, Choice, Fixed, TimeTable, Wanted, fits, measure, propose


def host(key: str, *starts: int, on_site: bool = True, day: int = 0, minutes: int = 10) -> Wanted:
    return Wanted(key, on_site, [Choice(f"{key}{start}", day, start, start + minutes) for start in starts])


def times(table: TimeTable) -> dict[str, int]:
    return {key: choice.starts for key, choice in table.chosen.items()}


def test_one_after_the_other_with_time_to_walk() -> None:
    table = propose([host("a", 0, 10, 20, 30), host("b", 0, 10, 20, 30)], walk=5)
    assert table.stay == 30 and table.unserved == ()
    assert abs(times(table)["a"] - times(table)["b"]) == 20


def test_no_walk_to_a_screen() -> None:
    table = propose([host("a", 0, 10), host("b", 0, 10, on_site=False)], walk=5)
    assert table.stay == 20


def test_the_way_between_two_rooms_counts_over_a_video_in_between() -> None:
    wanted = [host("a", 0), host("v", 10, on_site=False, minutes=2), host("b", 13, 20)]
    assert times(propose(wanted, walk=5)) == {"a": 0, "v": 10, "b": 20}


def test_waiting_is_kept_short_even_if_it_begins_later() -> None:
    table = propose([host("a", 0, 60), host("b", 70)])
    assert times(table) == {"a": 60, "b": 70}


def test_earliest_or_latest_of_the_equally_short() -> None:
    wanted = [host("a", 0, 10, 20, 30), host("b", 0, 10, 20, 30)]
    assert min(times(propose(wanted)).values()) == 0
    assert max(times(propose(wanted, latest=True)).values()) == 30


def test_who_cannot_be_had_is_named_and_the_others_are_served() -> None:
    table = propose([host("a", 0), host("b", 0), host("c")])
    assert len(table.chosen) == 1 and "c" in table.unserved and len(table.unserved) == 2


def test_one_day_rather_than_two() -> None:
    a = Wanted("a", True, [Choice("a0", 0, 0, 10), Choice("a1", 1, 1440, 1450)])
    b = Wanted("b", True, [Choice("b1", 1, 1540, 1550)])
    table = propose([a, b])
    assert (table.days, table.stay) == (1, 110)


def test_it_goes_round_what_the_family_has_already() -> None:
    table = propose([host("a", 0, 10, 20, 30, 100)], [Fixed(0, 15, 25, True)], walk=5)
    assert times(table) == {"a": 0} and table.stay == 25
    # Nothing to walk between a screen and a room.
    assert times(propose([host("a", 5, 30)], [Fixed(0, 15, 25, False)], walk=5)) == {"a": 5}


def test_too_many_at_once() -> None:
    with pytest.raises(ValueError, match="At most"):
        propose([host(str(number), 0) for number in range(MOST_WANTED + 1)])


SLOTS = st.integers(0, 7)
CHOICES = st.sets(st.tuples(st.integers(0, 1), SLOTS), max_size=4)
WANTED = st.lists(st.tuples(st.booleans(), CHOICES, st.integers(0, 6)), max_size=4)
FIXED = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 80), st.booleans()), max_size=2)


@settings(max_examples=300, deadline=None)
@given(wanted=WANTED, fixed=FIXED, walk=st.integers(0, 15), latest=st.booleans())
def test_nothing_better_is_found_by_trying_everything(
    wanted: list[tuple[bool, set[tuple[int, int]], int]],
    fixed: list[tuple[int, int, bool]],
    walk: int,
    latest: bool,
) -> None:
    hosts = [
        Wanted(
            str(number),
            on_site,
            [
                Choice(
                    f"{number}-{day}-{slot}", day, day * 1440 + slot * 10 + shift, day * 1440 + slot * 10 + shift + 10
                )
                for day, slot in sorted(slots)
            ],
        )
        for number, (on_site, slots, shift) in enumerate(wanted)
    ]
    held = [Fixed(day, day * 1440 + start, day * 1440 + start + 10, on_site) for day, start, on_site in fixed]
    table = propose(hosts, held, walk, latest)
    _holds(table, hosts, held, walk)
    best = _brute_force(hosts, held, walk, latest)
    assert _worth(table.chosen, held, latest) == best


def _holds(table: TimeTable, hosts: list[Wanted], held: list[Fixed], walk: int) -> None:
    by_key = {one.key: one for one in hosts}
    spans = [(choice.starts, choice.ends, by_key[key].on_site) for key, choice in table.chosen.items()]
    assert all(fits(one, other, walk) for one, other in combinations(spans, 2))
    assert all(fits(one, (other.starts, other.ends, other.on_site), walk) for one in spans for other in held)
    assert all(choice in by_key[key].choices for key, choice in table.chosen.items())
    assert {*table.chosen, *table.unserved} == set(by_key)


def _worth(chosen: dict[str, Choice], held: list[Fixed], latest: bool) -> tuple[int, int, int, int]:
    _, stay = measure(chosen.values(), held)
    days = {choice.day for choice in chosen.values()}
    begins = [min(one.starts for one in [*chosen.values(), *held] if one.day == day) for day in days]
    further = len(days - {one.day for one in held})
    return -len(chosen), further, stay, -sum(begins) if latest else sum(begins)


def _brute_force(hosts: list[Wanted], held: list[Fixed], walk: int, latest: bool) -> tuple[int, int, int, int]:
    best = (0, 0, 0, 0)
    for picks in product(*([None, *one.choices] for one in hosts)):
        chosen = {one.key: pick for one, pick in zip(hosts, picks, strict=True) if pick}
        spans = [(pick.starts, pick.ends, one.on_site) for one, pick in zip(hosts, picks, strict=True) if pick]
        spans_held = [(one.starts, one.ends, one.on_site) for one in held]
        if all(fits(one, other, walk) for one, other in combinations(spans, 2)) and all(
            fits(one, other, walk) for one in spans for other in spans_held
        ):
            best = min(best, _worth(chosen, held, latest))
    return best
