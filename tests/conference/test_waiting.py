# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A time that becomes free goes to the family that has waited longest, for a while."""

from datetime import time, timedelta

import pytest
from sqlmodel import select

from conftest import DAY, NOW, School, make_school
from sprechtag.conference import rules, ruleset, waiting
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import GuestBusy, LimitReached, NoWaitingList, SlotBlocked, StillFree
from sprechtag.conference.hosts import HostEntry, enrol, join
from sprechtag.conference.person import Person
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Conference, Guest, GuestLetter, Host, Slot, WaitingEntry
from sprechtag.conference.views import BookingView
from sprechtag.conference.windows import block
from sprechtag.database import Database


@pytest.fixture
def full(database: Database) -> School:
    """One host with three times, all booked."""
    window = TimeWindow(DAY, time(15), time(15, 30))
    school = make_school(database, ("t01",), ruleset.Rules(name="Sprechtag", windows=[window]))
    for slot in school.slots():
        school.book(slot, f"x{slot.id}")
    return school


def wait(school: School, who: str) -> int:
    school.desk.wait(
        school.conference_id, 1, Person(f"Family {who}", f"{who}@post.example", "en"), f"Child {who}", "5b"
    )
    with school.database.read() as session:
        return session.exec(select(Guest.id).where(Guest.name == f"Family {who}")).one() or 0


def letters(school: School, kind: str) -> list[int]:
    with school.database.read() as session:
        rows = session.exec(select(GuestLetter).where(GuestLetter.kind == kind).order_by(GuestLetter.id))  # type: ignore[arg-type]
        return [letter.guest_id for letter in rows]


def held(school: School) -> list[Slot]:
    with school.database.read() as session:
        return list(session.exec(select(Slot).where(Slot.held_until != None)))  # noqa: E711


def cancel_first(school: School) -> BookingView:
    view = school.view(1)
    school.desk.cancel(view.id)
    return view


def test_it_works(full: School) -> None:
    first, second = wait(full, "a"), wait(full, "b")
    assert letters(full, "waiting") == [first, second] and letters(full, "offer") == []
    cancel_first(full)
    (slot,) = held(full)
    assert slot.held_for == first and slot.held_until == NOW + rules.OFFERED_FOR
    assert letters(full, "offer") == [first]


def test_what_is_held_can_only_be_booked_by_that_family(full: School) -> None:
    first = wait(full, "a")
    cancel_first(full)
    (slot,) = held(full)
    with pytest.raises(SlotBlocked):
        full.book(slot, "somebody")
    full.desk.book_again(first, Pick(slot.public_id, "on_site", "Child a", "5b", "k"))
    assert held(full) == []
    with full.database.read() as session:
        assert session.exec(select(WaitingEntry)).all() == []


def test_who_lets_it_pass_makes_way_for_the_next(full: School) -> None:
    first, second = wait(full, "a"), wait(full, "b")
    cancel_first(full)
    with full.database.write() as session:
        slot = session.get_one(Slot, held(full)[0].id)
        conference = session.get_one(Conference, full.conference_id)
        waiting.turn_down(session, conference, slot, session.get_one(Guest, first), full.clock())
    (slot,) = held(full)
    assert slot.held_for == second and letters(full, "offer") == [first, second]


def test_an_offer_that_nobody_takes_goes_on_and_then_is_free_for_all(full: School) -> None:
    first, second = wait(full, "a"), wait(full, "b")
    cancel_first(full)
    for hours in (3, 6):
        full.clock.now = NOW + timedelta(hours=hours)
        with full.database.write() as session:
            waiting.sweep(session, full.clock())
    assert letters(full, "offer") == [first, second] and held(full) == []
    assert full.book(full.slots()[0], "quick").state == "active"


def test_waiting_twice_keeps_the_first_place(full: School) -> None:
    first = wait(full, "a")
    wait(full, "b")
    assert wait(full, "a") == first
    with full.database.read() as session:
        (mine,) = waiting.of_guest(session, session.get_one(Guest, first))
        assert mine.ahead == 0 and waiting.lengths(session, full.conference_id) == {1: 2}


def test_a_moved_appointment_frees_the_old_time_for_the_next(full: School) -> None:
    with full.database.write() as session:
        host = session.get_one(Host, 1)
        host.min_pause_minutes = 0
    first = wait(full, "a")
    full.desk.cancel(full.view(2).id)  # offered to a
    second = wait(full, "b")
    (slot,) = held(full)
    full.desk.book_again(first, Pick(slot.public_id, "on_site", "Child a", "5b", "k"))
    full.desk.cancel(full.view(3).id)
    (slot,) = held(full)
    assert slot.held_for == second


def test_without_waiting_lists_nobody_is_put_on_one(full: School) -> None:
    full.change(waiting_list=False)
    with pytest.raises(NoWaitingList):
        wait(full, "a")


def test_nobody_waits_while_something_is_free(full: School) -> None:
    cancel_first(full)
    with pytest.raises(StillFree):
        wait(full, "a")
    assert held(full) == []


def test_what_cannot_be_taken_is_not_offered_and_costs_no_place(full: School) -> None:
    """The one who has waited longest is somewhere else at that time: the next gets it, the first waits on."""
    busy, second = wait(full, "a"), wait(full, "b")
    with full.database.write() as session:
        conference = session.get_one(Conference, full.conference_id)
        other = enrol(session, conference, HostEntry("t02"))
        join(session, other)
    at_the_same_time = full.slots("t02")[0]
    full.desk.book_again(busy, Pick(at_the_same_time.public_id, "on_site", "Child a", "5b", "k"))
    cancel_first(full)
    (slot,) = held(full)
    assert slot.held_for == second
    full.desk.cancel(full.view(2).id)
    assert {slot.held_for for slot in held(full)} == {busy, second}


def test_an_offer_that_can_no_longer_be_taken_goes_on_and_costs_no_place(full: School) -> None:
    first, second = wait(full, "a"), wait(full, "b")
    cancel_first(full)
    with full.database.write() as session:
        conference = session.get_one(Conference, full.conference_id)
        join(session, enrol(session, conference, HostEntry("t02")))
    full.desk.book_again(first, Pick(full.slots("t02")[0].public_id, "on_site", "Child a", "5b", "k"))
    (slot,) = held(full)
    assert slot.held_for == second
    with full.database.read() as session:
        assert {entry.guest_id for entry in session.exec(select(WaitingEntry))} == {first, second}


def test_who_has_proven_its_address_comes_before_who_has_not(full: School) -> None:
    _, second = wait(full, "a"), wait(full, "b")
    full.desk.prove(second)
    cancel_first(full)
    (slot,) = held(full)
    assert slot.held_for == second


def test_what_is_held_counts_as_booked(full: School) -> None:
    full.change(max_bookings_per_guest=1)
    first = wait(full, "a")
    cancel_first(full)
    with full.database.write() as session:
        conference = session.get_one(Conference, full.conference_id)
        join(session, enrol(session, conference, HostEntry("t02")))
    with pytest.raises(LimitReached):
        full.desk.book_again(first, Pick(full.slots("t02")[2].public_id, "on_site", "Child a", "5b", "k"))


def test_a_closed_slot_ends_the_offer_but_not_the_waiting(full: School) -> None:
    first = wait(full, "a")
    cancel_first(full)
    with full.database.write() as session:
        block(session, session.get_one(Slot, held(full)[0].id), "host")
        waiting.sweep(session, full.clock())
    assert held(full) == []
    full.desk.cancel(full.view(2).id)
    (slot,) = held(full)
    assert slot.held_for == first


def test_who_only_types_a_familys_address_takes_no_offer_from_it(full: School) -> None:
    first = wait(full, "a")
    full.desk.prove(first)
    cancel_first(full)
    with full.database.write() as session:
        conference = session.get_one(Conference, full.conference_id)
        join(session, enrol(session, conference, HostEntry("t02")))
    with pytest.raises(GuestBusy):
        full.book(full.slots("t02")[0], "a")
    (slot,) = held(full)
    assert slot.held_for == first
    with full.database.read() as session:
        assert len(session.exec(select(WaitingEntry)).all()) == 1
