# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host has one body: in two conferences at the same hours, each time is given once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from conftest import KEY, NOW, School, make_school
from sprechtag.conference import busy, holding, taken, waiting
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import HostElsewhere, Refused, SlotBlocked
from sprechtag.conference.families import Family, invite
from sprechtag.conference.person import Person
from sprechtag.conference.slots import TimeSpan, minutes_of
from sprechtag.conference.tables import Booking, Conference, Host, HostMinute, Slot, WaitingEntry
from sprechtag.conference.windows import block, rebuild_slots, unblock


@pytest.fixture
def other(school: School) -> School:
    """A second conference with the same teachers at the same hours."""
    made = make_school(school.database)
    made.clock = school.clock
    return made


def slots_of(school: School, host: str = "t01") -> list[Slot]:
    with school.database.read() as session:
        of_host = select(Slot).join(Host, col(Host.id) == col(Slot.host_id)).where(col(Host.user_id) == host)
        here = of_host.where(col(Slot.conference_id) == school.conference_id).order_by(col(Slot.starts_at))
        return list(session.execute(here).scalars())


def book(school: School, slot: Slot, who: str = "a") -> int:
    pick = Pick(slot.public_id, "on_site", "Kid", "5b", "")
    person = Person(f"Family {who}", f"{who}@post.example", "en")
    return school.desk.book(school.conference_id, person, pick).booking_id


def closed_by(school: School, number: int, host: str = "t01") -> str:
    return slots_of(school, host)[number].blocked_by


def test_what_is_booked_in_one_cannot_be_had_in_the_other(school: School, other: School) -> None:
    booking_id = book(school, slots_of(school)[2])
    assert closed_by(other, 2) == "elsewhere"
    assert [closed_by(other, number) for number in (1, 3)] == ["", ""]
    assert closed_by(other, 2, "t02") == ""
    with pytest.raises(SlotBlocked):
        book(other, slots_of(other)[2])
    school.desk.move(booking_id, slots_of(school)[3].public_id)
    assert [closed_by(other, number) for number in (2, 3)] == ["", "elsewhere"]
    school.desk.cancel(booking_id)
    assert closed_by(other, 3) == ""
    book(other, slots_of(other)[3])
    assert closed_by(school, 3) == "elsewhere"


def test_nobody_opens_it_by_hand(school: School, other: School) -> None:
    book(school, slots_of(school)[2])
    wanted = slots_of(other)[2].id
    with other.database.write() as session:
        slot = session.get_one(Slot, wanted)
        unblock(session, slot)
        assert slot.blocked_by == "elsewhere"
        block(session, slot, "organiser")
        unblock(session, slot)
        assert slot.blocked_by == "elsewhere"
        guest, _ = invite(session, session.get_one(Conference, other.conference_id), Family("x"), KEY)
        with pytest.raises(HostElsewhere):
            holding.hold(session, slot, guest)


def test_times_made_anew_and_calendars_that_are_read_know_it(school: School, other: School) -> None:
    book(school, slots_of(school)[2])
    with other.database.write() as session:
        host = session.get_one(Host, slots_of(other)[0].host_id)
        slot = session.get_one(Slot, slots_of(other)[2].id)
        span = taken.span_of(slot)
        session.delete(slot)
        session.flush()
        rebuild_slots(session, session.get_one(Conference, other.conference_id), host)
    assert closed_by(other, 2) == "elsewhere"
    with other.database.write() as session:
        # Somebody has written past all rules; the next reading of the calendar puts it right.
        slot = session.get_one(Slot, slots_of(other)[2].id)
        slot.blocked, slot.blocked_by = False, ""
    with other.database.write() as session:
        host = session.get_one(Host, slots_of(other)[0].host_id)
        assert busy.close_busy_slots(session, host, [TimeSpan(span.ends_at, span.ends_at)], NOW) == 1
    assert closed_by(other, 2) == "elsewhere"


def test_the_database_decides_where_the_closing_was_lost(school: School, other: School) -> None:
    book(school, slots_of(school)[2])
    with other.database.write() as session:
        slot = session.get_one(Slot, slots_of(other)[2].id)
        slot.blocked, slot.blocked_by = False, ""
    with pytest.raises(Refused):
        book(other, slots_of(other)[2])
    assert closed_by(other, 2) == "elsewhere", "and it is offered to nobody else"


def test_a_time_that_is_held_is_held_in_both(school: School, other: School) -> None:
    with school.database.write() as session:
        slot = session.get_one(Slot, slots_of(school)[2].id)
        guest, _ = invite(session, session.get_one(Conference, school.conference_id), Family("x"), KEY)
        holding.hold(session, slot, guest)
    assert closed_by(other, 2) == "elsewhere"
    with school.database.write() as session:
        unblock(session, session.get_one(Slot, slots_of(school)[2].id))
    assert closed_by(other, 2) == ""


def test_who_waits_in_the_other_is_offered_what_is_given_back(school: School, other: School) -> None:
    booking_id = book(school, slots_of(school)[2])
    for number, slot in enumerate(slots_of(other)):
        if not slot.blocked:
            book(other, slot, f"full{number}")
    host_id = slots_of(other)[0].host_id
    other.desk.wait(other.conference_id, host_id, Person("w", "w@post.example", "en"), "Kid", "5b")
    school.desk.cancel(booking_id)
    with other.database.write() as session:
        assert waiting.sweep(session, NOW) == 1
        assert session.execute(select(WaitingEntry)).scalar_one().offered_slot_id == slots_of(other)[2].id


def test_two_conferences_want_the_same_minutes_at_the_same_moment(school: School, other: School) -> None:
    """Each time is wanted by four families of either conference at once."""
    both = (school, other)
    times = [slots_of(one)[:6] for one in both]
    ready = threading.Barrier(8)

    def want(number: int) -> None:
        which = number % 2
        for at, slot in enumerate(times[which]):
            ready.wait()
            try:
                book(both[which], slot, f"{number}-{at}")
            except Refused:
                continue

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(want, number) for number in range(8)]:
            done.result()
    with school.database.read() as session:
        spans = [span for span, _ in active(session)]
        given = session.execute(select(HostMinute)).scalars().all()
    assert sorted(spans) == sorted(taken.span_of(slot) for slot in times[0])
    assert len(given) == sum(len(minutes_of(span)) for span in spans)
    for school_ in both:
        for number in range(6):
            slot = slots_of(school_)[number]
            with school.database.read() as session:
                assert slot.blocked or taken.is_booked(session, slot), "offered, and cannot be had"


def active(session: Session) -> list[tuple[TimeSpan, Booking]]:
    rows = session.execute(
        select(Slot, Booking).join(Booking, col(Booking.slot_id) == col(Slot.id)).where(col(Booking.state) == "active")
    )
    return [(taken.span_of(slot), booking) for slot, booking in rows]
