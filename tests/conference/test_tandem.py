# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two teachers receive a family together: at times when both are free, and neither is anywhere else meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from conftest import KEY, NOW, School
from sprechtag.conference import busy, holding, hosts, persons, tandem, waiting
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import HasBookings, Invalid, Refused, SlotBlocked
from sprechtag.conference.families import Family, invite
from sprechtag.conference.lookup import find_host
from sprechtag.conference.person import Person
from sprechtag.conference.rooms import clashes
from sprechtag.conference.slots import TimeSpan, TimeWindow
from sprechtag.conference.tables import Booking, Conference, Host, HostMinute, Slot
from sprechtag.conference.taken import free_of
from sprechtag.conference.views import booking_view
from sprechtag.conference.windows import block, rebuild_slots, set_windows, unblock, windows_of


@pytest.fixture
def pair(school: School) -> str:
    """The user id of the tandem of t01 and t02."""
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        return tandem.form(session, conference, tandem.Wanted(["t01", "t02"])).user_id


def slots_of(school: School, host: str) -> list[Slot]:
    with school.database.read() as session:
        of_host = select(Slot).join(Host, col(Host.id) == col(Slot.host_id)).where(col(Host.user_id) == host)
        return list(session.execute(of_host.order_by(col(Slot.starts_at))).scalars())


def closed_by(school: School, host: str, number: int) -> str:
    return slots_of(school, host)[number].blocked_by


def book(school: School, host: str, number: int, who: str = "a") -> int:
    pick = Pick(slots_of(school, host)[number].public_id, "on_site", "Kid", "5b", "")
    return school.desk.book(school.conference_id, Person(f"Family {who}", f"{who}@post.example", "en"), pick).booking_id


def of(session: Session, school: School, host: str) -> Host:
    return find_host(session, school.conference_id, host)


def test_what_is_booked_together_is_nobodys_alone_and_the_other_way_round(school: School, pair: str) -> None:
    together = book(school, pair, 2)
    assert [closed_by(school, one, 2) for one in ("t01", "t02")] == ["elsewhere", "elsewhere"]
    assert [closed_by(school, one, 3) for one in ("t01", "t02")] == ["", ""]
    with pytest.raises(SlotBlocked):
        book(school, "t02", 2, "b")
    alone = book(school, "t02", 4, "b")
    assert closed_by(school, pair, 4) == "elsewhere"
    assert closed_by(school, "t01", 4) == ""
    school.desk.move(together, slots_of(school, pair)[5].public_id)
    assert [closed_by(school, one, 2) for one in ("t01", "t02")] == ["", ""]
    assert [closed_by(school, one, 5) for one in ("t01", "t02")] == ["elsewhere", "elsewhere"]
    school.desk.cancel(alone)
    assert closed_by(school, pair, 4) == ""
    school.desk.lengthen(together, 2)
    assert [closed_by(school, one, 6) for one in (pair, "t01", "t02")][1:] == ["elsewhere", "elsewhere"]
    school.desk.cancel(together)
    assert [closed_by(school, one, 5) for one in ("t01", "t02")] == ["", ""]
    with school.database.read() as session:
        assert not session.execute(select(HostMinute)).all()


@pytest.mark.parametrize("turn", range(4))
def test_whoever_is_first_has_the_time(school: School, pair: str, turn: int) -> None:
    """One family books both together, two book each by itself, at the same moment: nobody is at two places."""
    start = threading.Barrier(3)

    def press(host: str) -> bool:
        start.wait()
        try:
            book(school, host, turn, f"f-{host.removeprefix('tandem:')}")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(press, (pair, "t01", "t02")))
    assert done[0] != (done[1] or done[2])
    assert any(done)
    with school.database.read() as session:
        given = session.execute(select(col(HostMinute.user_id), col(HostMinute.booking_id)).distinct()).all()
        active = session.execute(select(col(Booking.id)).where(col(Booking.state) == "active")).scalars()
        assert {booking for _, booking in given} == set(active)
        assert len(given) == 2 if done[0] else len(given) == done[1] + done[2]


def test_what_one_of_them_wants_between_appointments_holds_together_too(school: School, pair: str) -> None:
    book(school, "t02", 2)
    with school.database.write() as session:
        of(session, school, "t02").min_pause_minutes = 10
    with pytest.raises(SlotBlocked):
        book(school, pair, 3, "b")
    with school.database.read() as session:
        free = free_of(session, school.conference(), of(session, school, pair), NOW)
    ids = [one.public_id for one in slots_of(school, pair)]
    assert {public_id for _, public_id in free} == set(ids) - set(ids[1:4])
    book(school, "t01", 3, "c")
    book(school, pair, 4, "d")


def test_times_that_one_of_them_closes_are_none_of_theirs(school: School, pair: str) -> None:
    with school.database.write() as session:
        block(session, session.get_one(Slot, slots_of(school, "t02")[1].id), "host")
    assert closed_by(school, pair, 1) == "elsewhere"
    with school.database.write() as session:
        slot = session.get_one(Slot, slots_of(school, pair)[1].id)
        unblock(session, slot)
        assert slot.blocked_by == "elsewhere"
        unblock(session, session.get_one(Slot, slots_of(school, "t02")[1].id))
    assert closed_by(school, pair, 1) == ""
    first = slots_of(school, "t01")[3]
    with school.database.write() as session:
        span = TimeSpan(first.starts_at, first.ends_at)
        busy.close_busy_slots(session, of(session, school, "t01"), [span], school.clock())
    assert closed_by(school, pair, 3) == "elsewhere"
    with school.database.write() as session:
        busy.close_busy_slots(session, of(session, school, "t01"), [], school.clock())
    assert closed_by(school, pair, 3) == ""


def test_they_receive_when_both_do(school: School, pair: str) -> None:
    whole = [slot.starts_at for slot in slots_of(school, pair)]
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        day = windows_of(session, conference, None)[0].day
        one = of(session, school, "t01")
        usual = windows_of(session, conference, None)[0]
        later = usual.starts.replace(minute=30) if usual.starts.minute < 30 else time(usual.starts.hour + 1)
        set_windows(session, conference, one, [TimeWindow(day, later, usual.ends)])
        rebuild_slots(session, conference, one)
    shorter = [slot.starts_at for slot in slots_of(school, pair)]
    assert shorter == [slot.starts_at for slot in slots_of(school, "t01")]
    assert set(shorter) < set(whole)
    book(school, pair, 0)
    with pytest.raises(HasBookings), school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        two = of(session, school, "t02")
        set_windows(session, conference, two, [TimeWindow(day, time(23), time(23, 59))])
        rebuild_slots(session, conference, two)


def test_it_stands_as_its_hosts_do(school: School, pair: str) -> None:
    def state() -> tuple[str, bool]:
        with school.database.read() as session:
            found = of(session, school, pair)
            return found.state, found.gone

    assert state() == ("joined", False)
    with school.database.write() as session:
        hosts.is_gone(session, of(session, school, "t02"), True, school.clock())
    assert state() == ("joined", True)
    with school.database.write() as session:
        hosts.is_gone(session, of(session, school, "t02"), False, school.clock())
        hosts.decline(session, of(session, school, "t02"))
    assert state() == ("declined", False)
    with school.database.write() as session:
        hosts.join(session, of(session, school, "t02"))
    assert state() == ("joined", False)
    booking_id = book(school, pair, 0)
    for leave in (hosts.decline, hosts.withdraw):
        with pytest.raises(HasBookings), school.database.write() as session:
            leave(session, of(session, school, "t02"))
    school.desk.cancel(booking_id)
    with school.database.write() as session:
        hosts.withdraw(session, of(session, school, "t02"))
        assert [host.user_id for host in persons.hosts_of_user(session, school.conference_id, "t01")] == ["t01"]


def test_who_is_renamed_is_renamed_there_too(school: School, pair: str) -> None:
    with school.database.write() as session:
        one = of(session, school, "t01")
        former, one.display_name = one.display_name, "Ada Neu"
        session.flush()
        tandem.level(session, one, former)
        assert of(session, school, pair).display_name.startswith("Ada Neu & ")


@pytest.mark.parametrize("wrong", [["t01"], ["t01", "t01"], ["t01", "nobody"], ["t02", "t01"], ["t01", "tandem"]])
def test_who_cannot_be_one_is_told_why(school: School, pair: str, wrong: list[str]) -> None:
    users = [pair if one == "tandem" else one for one in wrong]
    with pytest.raises(Invalid), school.database.write() as session:
        tandem.form(session, session.get_one(Conference, school.conference_id), tandem.Wanted(users))


def test_its_appointment_is_received_by_both(school: School, pair: str) -> None:
    booking_id = book(school, pair, 0)
    with school.database.read() as session:
        view = booking_view(session, booking_id)
    assert [one.user_id for one in view.receivers] == ["t01", "t02"]
    assert view.is_received_by("t02")
    assert not view.is_received_by(pair)


def test_a_tandem_is_in_the_room_of_one_of_them_and_nobody_clashes(school: School, pair: str) -> None:
    with school.database.write() as session:
        of(session, school, "t02").room = "B 7"
        session.flush()
        conference = session.get_one(Conference, school.conference_id)
        assert of(session, school, pair).room == of(session, school, "t01").room
        assert clashes(session, conference) == []


def test_nobody_is_enrolled_with_a_tandems_id(school: School, pair: str) -> None:
    entry = hosts.HostEntry(f"{pair}x")
    with pytest.raises(Invalid), school.database.write() as session:
        hosts.enrol(session, session.get_one(Conference, school.conference_id), entry)


def test_partners_whose_families_cancel_at_once_do_not_wait_for_each_other(school: School, pair: str) -> None:
    for turn in range(6):
        made = [book(school, host, turn, f"{host}-{turn}") for host in ("t01", "t02")]
        start = threading.Barrier(2)

        def cancel(booking_id: int, start: threading.Barrier = start) -> None:
            start.wait()
            school.desk.cancel(booking_id)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(cancel, made))
        assert closed_by(school, pair, turn) == ""


def test_what_is_held_together_is_free_again_when_one_declines(school: School, pair: str) -> None:
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        guest, _ = invite(session, conference, Family("Ada"), KEY)
        holding.hold(session, session.get_one(Slot, slots_of(school, pair)[2].id), guest)
    assert closed_by(school, "t01", 2) == "elsewhere"
    with school.database.write() as session:
        hosts.decline(session, of(session, school, "t02"))
    assert closed_by(school, "t01", 2) == ""


def test_a_time_that_one_closes_while_it_is_held_is_not_free_afterwards(school: School, pair: str) -> None:
    together = slots_of(school, pair)[2].public_id
    assert school.desk.hold(school.conference_id, [together], "form", school.desk.share("192.0.2.1")).held
    with school.database.write() as session:
        block(session, session.get_one(Slot, slots_of(school, "t01")[2].id), "host")
    school.clock.now += timedelta(minutes=3)
    with school.database.write() as session:
        waiting.sweep(session, school.clock())
    assert [closed_by(school, one, 2) for one in (pair, "t01", "t02")] == ["elsewhere", "host", ""]
    with pytest.raises(SlotBlocked):
        book(school, pair, 2)
