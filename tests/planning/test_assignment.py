# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes at once, against trying out everything on small schools."""

import ast
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprechtag import planning
from sprechtag.planning import assignment
from sprechtag.planning.assignment import Assignment, HostWanted, Opening, Problem, Score, assign, check, reasons
from sprechtag.planning.problem import score_of
from wishing import FAMILIES, best_of_all, crowded, school


def test_nobody_is_left_without_where_that_is_possible() -> None:
    problem = school(1, 2, [(0, [0], True), (0, [0], True)])
    best = assign(problem)
    assert best.score == Score(0, 2, 20)
    assert (best.least_without, best.most_served) == (0, 2)


def test_one_for_everybody_comes_before_two_for_somebody() -> None:
    problem = school(2, 1, [(0, [0, 1], False), (0, [0], True)])
    best = assign(problem)
    assert best.score.without == 0 and best.score.served == 2


def test_walking_time_and_one_place_at_a_time_are_kept() -> None:
    problem = school(2, 2, [(0, [0, 1], True)])
    assert assign(problem).score.served == 1  # the ten-minute slots leave no five minutes to walk
    assert assign(school(2, 2, [(0, [0, 1], False)])).score.served == 2


def test_the_reasons_say_why_not() -> None:
    problem = school(2, 2, [(0, [0, 1], True), (5, [0], True)])
    best = assign(problem)
    assert sorted(reasons(problem, best.chosen).values()) == ["clash", "no_time"]
    full = school(1, 1, [(0, [0], True), (0, [0], True)])
    assert list(reasons(full, assign(full).chosen).values()) == ["full"]


def test_the_same_seed_gives_the_same_result_and_another_one_is_as_good() -> None:
    wanted = [(family % 3, [family % 4, (family + 1) % 4, (family + 2) % 4], family % 2 == 0) for family in range(14)]
    problem = school(4, 8, wanted)
    first, again, other = assign(problem, 7, 0.5), assign(problem, 7, 0.5), assign(problem, 8, 0.5)
    assert first.chosen == again.chosen and not first.stopped_by_clock
    assert (first.score.without, first.score.served) == (other.score.without, other.score.served)


def test_every_step_is_at_least_as_good_and_can_be_kept() -> None:
    wanted = [(family % 3, [family % 4, (family + 1) % 4], True) for family in range(12)]
    problem = school(4, 8, wanted)
    seen: list[Score] = []

    def watch(_phase: str, best: object) -> None:
        check(problem, best.chosen)  # type: ignore[attr-defined]
        seen.append(best.score)  # type: ignore[attr-defined]

    assign(problem, 1, 0.5, watch=watch)
    assert len(seen) >= 3 and all(not before < after for before, after in pairwise(seen))


def test_a_wrong_assignment_is_found_out() -> None:
    problem = school(2, 2, [(0, [0, 1], True), (0, [0], True)])
    for chosen in ({0: 0, 10: 0}, {0: 0, 1: 100}, {0: 100}):
        with pytest.raises(ValueError, match=r"An opening|A family"):
            check(problem, chosen)


def clock(monkeypatch: pytest.MonkeyPatch, ticks: Iterator[float]) -> None:
    monkeypatch.setattr(assignment.time, "monotonic", lambda: next(ticks))


def test_no_clock_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = crowded(20, 3, 6, 10)
    usual, reports = assign(problem, 3, 0.3), []
    clock(monkeypatch, count(0.0, 3.0))  # as if nearly every look at the clock came three seconds later
    slow = assign(problem, 3, 0.3, 10**6, lambda phase, _: reports.append(phase))
    assert slow.chosen == usual.chosen and slow.least_cost == usual.least_cost and not slow.stopped_by_clock
    assert [score for _, score in slow.trace] == [score for _, score in usual.trace]
    assert len(reports) > 300  # it did look slow


def test_only_the_safety_net_looks_at_a_clock() -> None:
    rooms = Path(planning.__file__).parent
    looking = set()
    for file in rooms.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if "time" in names or (isinstance(node, ast.ImportFrom) and node.module == "time"):
                looking.add(file.name)
    assert looking == {"assignment.py"}


def test_a_broken_machine_keeps_what_it_has_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = crowded(20, 3, 6, 10)
    for looks in (3, 60, 400):
        clock(monkeypatch, count(0.0, assignment.LONGEST / looks))
        best = assign(problem, 1, 0.3)
        check(problem, best.chosen)
        assert best.stopped_by_clock and best.score.without == 0


def test_stays_are_near_the_bound() -> None:
    problem = crowded(120, 4, 16, 24)
    best = assign(problem, effort=0.5)
    assert (best.score.without, best.score.served) == (best.least_without, best.most_served)
    assert best.score.served < len(problem.wishes)  # not everything can be served
    assert 0 <= best.gap < 0.06


def test_every_phase_is_told_with_what_there_is() -> None:
    said: list[tuple[str, Assignment]] = []
    assign(crowded(20, 3, 6, 10), effort=0.1, watch=lambda phase, best: said.append((phase, best)))
    phases = list(dict.fromkeys(phase for phase, _ in said))
    assert [phase for phase in phases if phase != "shorten"] == ["start", "serve", "done"]
    assert said[0][1].score.without == 0 and said[0][1].most_served >= said[-1][1].score.served
    assert said[0][1].chosen is not said[-1][1].chosen  # what was said may be kept


def test_ten_wishes_of_one_family_are_not_too_many() -> None:
    problem = school(10, 20, [(0, list(range(10)), False), (0, [0, 1], True)])
    best = assign(problem, effort=0.5)
    assert best.score.served == best.most_served == 12 and best.gap < 0.2


def test_who_cannot_come_at_all_is_counted() -> None:
    problem = school(1, 2, [(9, [0], True), (0, [0], True)])
    best = assign(problem)
    assert best.score == Score(1, 1, 10) and (best.least_without, best.most_served, best.least_cost) == (1, 1, 10)


def test_no_wishes_are_served_at_once() -> None:
    assert assign(Problem([], [], {})).score == Score(0, 0, 0)
    assert assign(Problem([Opening(1, 1, 0, 0, 10)], [HostWanted(1, 1, 1, True, ())], {})).score == Score(1, 0, 0)


@settings(max_examples=40, deadline=None)
@given(wanted=FAMILIES, slots=st.integers(1, 5))
def test_nothing_is_better_and_the_bounds_hold(wanted: list[tuple[int, list[int], bool]], slots: int) -> None:
    problem = school(3, slots, wanted)
    best = assign(problem, effort=2.0)
    check(problem, best.chosen)
    truth = best_of_all(problem)
    assert best.score == truth == score_of(problem, best.chosen)
    assert best.least_without <= truth.without and best.most_served >= truth.served
    assert best.least_cost <= truth.cost
