# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The times of a proposal are held for two minutes while its form is open."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from conftest import NOW, School
from sprechtag.conference import budgets, rules, waiting
from sprechtag.conference.booking import Booked, Desk, Pick
from sprechtag.conference.errors import SlotBlocked
from sprechtag.conference.holding import HeldByForm
from sprechtag.conference.person import Person
from sprechtag.conference.proof import OWN
from sprechtag.conference.tables import Guest, Slot

VISITOR = "192.0.2.1"


def some(school: School, *numbers: int) -> list[str]:
    """With each host in turn one of its times."""
    return [school.slots(f"t0{1 + place % 2}")[number].public_id for place, number in enumerate(numbers)]


def hold(school: School, slots: Sequence[str], token: str = "form", desk: Desk | None = None) -> HeldByForm:
    desk = desk or school.desk
    return desk.hold(school.conference_id, slots, token, desk.share(VISITOR))


def book(school: School, slots: Sequence[str], token: str) -> list[Booked]:
    picks = [Pick(slot, "on_site", "Kim", "5b", "") for slot in slots]
    person = Person("Family Kim", "kim@post.example", "de")
    return school.desk.book_all(school.conference_id, person, picks, visitor=VISITOR, token=token)


def held(school: School) -> dict[str, Slot]:
    with school.database.read() as session:
        return {slot.public_id: slot for slot in session.exec(select(Slot).where(Slot.blocked_by == "held"))}


def sweep(school: School) -> None:
    with school.database.write() as session:
        waiting.sweep(session, school.clock())


def test_it_works(school: School) -> None:
    slots = some(school, 0, 2)
    assert sorted(hold(school, slots).held) == sorted(slots)
    assert {slot.held_until for slot in held(school).values()} == {NOW + rules.HELD_WHILE_OPEN}
    for other in ("", "another form"):
        with pytest.raises(SlotBlocked):
            book(school, slots, other)
    assert len(book(school, slots, "form")) == 2 and not held(school)


def test_of_two_forms_at_the_same_moment_one_holds_the_time(school: School) -> None:
    slots, desk = some(school, 0, 2), school.desk
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda token: hold(school, slots, token, desk), ("one", "other")))
    assert sorted(len(one.held) for one in found) == sorted(len(one.lost) for one in found) == [0, 2]


def test_a_new_proposal_takes_the_place_of_the_one_before(school: School) -> None:
    first, second = some(school, 0, 2), some(school, 4, 2)
    hold(school, first)
    school.clock.now += timedelta(minutes=1)
    hold(school, second)
    assert set(held(school)) == set(second)
    assert {slot.held_until for slot in held(school).values()} == {school.clock.now + rules.HELD_WHILE_OPEN}


def test_who_leaves_lets_it_run_out_and_who_comes_back_in_time_books(school: School) -> None:
    slots = some(school, 0, 2)
    hold(school, slots)
    school.clock.now += timedelta(minutes=2)
    sweep(school)
    assert len(held(school)) == 2
    school.clock.now += timedelta(seconds=1)
    sweep(school)
    assert not held(school)
    assert len(book(school, slots, "form")) == 2, "it is still free"


def test_what_is_held_or_booked_is_lost_for_others_and_the_rest_is_held(school: School) -> None:
    hold(school, some(school, 0), "another form")
    school.book(school.slots("t02")[2])
    found = hold(school, some(school, 0, 2, 4))
    assert (found.held, found.lost) == (some(school, 0, 2, 4)[2:], some(school, 0, 2))


def test_nobody_holds_more_than_a_family_may_book(school: School) -> None:
    school.change(max_bookings_per_guest=3)
    assert len(hold(school, some(school, 0, 2, 4, 6, 8)).held) == 3
    guest_id = school.desk.book(
        school.conference_id, Person("F", "f@post.example", "de"), Pick(some(school, 9)[0], "on_site", "Kim", "5b", "")
    ).guest_id
    with school.database.read() as session:
        guest = session.get_one(Guest, guest_id)
    found = school.desk.hold(school.conference_id, some(school, 1, 3, 5), "", OWN, guest)
    assert len(found.held) == 2, "one it has"
    picks = [Pick(slot, "on_site", name, "5b", "") for slot, name in zip(found.held, ("Ben", "Mia"), strict=True)]
    assert len(school.desk.book_all_again(guest_id, picks)) == 2, "its own link is its form"


def test_a_visitor_who_has_spent_all_holds_nothing_and_that_is_no_error(school: School) -> None:
    desk = Desk(school.database, school.desk.links, school.clock, per_address=lambda: 2)
    assert len(hold(school, some(school, 0, 2), "one", desk).held) == 2
    assert hold(school, some(school, 4, 6), "other", desk) == HeldByForm()
    assert set(held(school)) == set(some(school, 0, 2))


def test_a_lost_time_held_by_a_form_goes_to_who_waits(school: School) -> None:
    """What is held is not free: who comes meanwhile may wait, and is asked when it runs out."""
    school.change(waiting_list=True)
    first, *others = school.slots("t01")
    for number, slot in enumerate(others):
        school.book(slot, f"x{number}")
    hold(school, [first.public_id])
    school.desk.wait(school.conference_id, 1, Person("W", "w@post.example", "de"), "Kim", "5b")
    school.clock.now += timedelta(minutes=3)
    sweep(school)
    assert held(school)[first.public_id].held_for is not None and not held(school)[first.public_id].held_by


def test_to_correct_a_mistake_lets_go_of_nothing_and_forms_together_hold_no_more_than_their_share(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "UNPROVEN_LEAST", 4)
    monkeypatch.setattr(budgets, "UNPROVEN_SHARE", 0)
    mine = some(school, 0, 2)
    hold(school, mine)
    for number, others in enumerate([(4, 6), (8, 10), (5, 7)]):
        hold(school, some(school, *others), f"other {number}")
    assert len(held(school)) == 4
    assert sorted(hold(school, mine).held) == sorted(mine)
    assert len(book(school, mine, "form")) == 2
