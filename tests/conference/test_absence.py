# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A teacher is ill: nobody stands before an empty room, and who can keep the time keeps it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from conftest import DAY, NOW, School
from sprechtag.conference import absence, hosts, jobs, lookup
from sprechtag.conference.errors import Invalid
from sprechtag.conference.jobs import Absence, Scope
from sprechtag.conference.tables import Booking, Conference, GuestMinute, HostMinute, Slot
from sprechtag.conference.views import BookingView, bookings_of_conference


def begin(school: School, **more: Any) -> None:
    scope = Scope(more.pop("day", None), "t01", school_class=more.pop("school_class", ""))
    with school.database.write() as session:
        wanted = Absence(scope, **more)
        job = jobs.start_absence(session, session.get_one(Conference, school.conference_id), wanted, "Get well.", NOW)
        job_id = job.id or 0
    jobs.run(school.database, job_id, school.clock)


def of(school: School, who: str) -> list[BookingView]:
    with school.database.read() as session:
        views = bookings_of_conference(session, school.conference_id)
    return [view for view in views if view.guest_name == f"Family {who}" and view.active]


def test_the_substitute_takes_over_at_the_same_time_where_that_is_free(school: School) -> None:
    times, others = school.slots(), school.slots("t02")
    for number, who in ((0, "a"), (1, "b"), (2, "c")):
        school.book(times[number], who, "video" if number == 2 else "on_site")
    school.book(others[1], "x")
    begin(school, substitute="t02")
    (kept,), (moved,), (video,) = of(school, "a"), of(school, "b"), of(school, "c")
    assert (kept.host_user_id, kept.starts_at, kept.message) == ("t02", times[0].starts_at, "Get well.")
    assert (moved.host_user_id, moved.starts_at) == ("t02", others[3].starts_at), "those who can stay come first"
    assert (video.host_user_id, video.starts_at, video.place) == ("t02", times[2].starts_at, "video")
    assert all(one.blocked_by == "organiser" for one in school.slots()), "nobody is offered the ill teacher"
    with school.database.read() as session:
        active = set(session.execute(select(col(Booking.id)).where(col(Booking.state) == "active")).scalars())
        for table in (GuestMinute, HostMinute):
            assert set(session.execute(select(col(table.booking_id))).scalars()) == active


def test_where_nothing_fits_it_is_cancelled(school: School) -> None:
    times, others = school.slots(), school.slots("t02")
    school.book(times[0], "a")
    school.book(others[0], "x")
    begin(school, substitute="t02", otherwise="cancel")
    assert of(school, "a") == []
    assert len(of(school, "x")) == 1


def test_a_family_is_never_at_two_places(school: School) -> None:
    times, others = school.slots(), school.slots("t02")
    school.book(times[0], "a")
    school.book(others[1], "a")
    for number, slot in enumerate(others[2:]):
        school.book(slot, f"full{number}")
    school.book(others[0], "x")
    begin(school, substitute="t02")
    assert [view.starts_at for view in of(school, "a")] == [others[1].starts_at]


def test_a_longer_one_stays_longer_where_there_is_room(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    school.desk.lengthen(view.id, 2)
    begin(school, substitute="t02")
    (kept,) = of(school, "a")
    assert (kept.ends_at - kept.starts_at).total_seconds() == 1200 and kept.host_user_id == "t02"


def test_what_a_longer_one_takes_is_promised_to_nobody_else(school: School) -> None:
    """The preview names the times that come true."""
    times, others = school.slots(), school.slots("t02")
    views = [school.book(times[0], "a"), school.book(times[2], "b")]
    school.desk.lengthen(views[0].id, 2)
    school.book(others[2], "x")
    with school.database.read() as session:
        bookings = [session.get_one(Booking, view.id) for view in views]
        substitute = lookup.find_host(session, school.conference_id, "t02")
        made = absence.plan(session, school.conference(), bookings, substitute, "nearest", NOW)
    assert [one.new_start for one in (*made.kept, *made.moved)] == [others[0].starts_at, others[3].starts_at]
    begin(school, substitute="t02")
    assert [of(school, who)[0].starts_at for who in "ab"] == [others[0].starts_at, others[3].starts_at]


def test_one_class_and_one_day(school: School) -> None:
    school.book(school.slots()[0], "a")
    begin(school, school_class="6c", otherwise="cancel", leaves=True)
    assert len(of(school, "a")) == 1, "another class"
    begin(school, school_class="05B", otherwise="cancel")
    assert of(school, "a") == []
    assert not all(one.blocked for one in school.slots()), "the others can still come"


def test_who_leaves_is_asked_for_no_more(school: School) -> None:
    school.book(school.slots()[0], "a")
    begin(school, day=DAY, leaves=True)
    assert of(school, "a") == []
    with school.database.read() as session:
        assert lookup.find_host(session, school.conference_id, "t01").state == "declined"


def test_nobody_stands_in_for_oneself_or_without_having_agreed(school: School) -> None:
    with pytest.raises(Invalid):
        begin(school, substitute="t01")
    with school.database.write() as session:
        lookup.find_host(session, school.conference_id, "t02").state = "invited"
    with pytest.raises(Invalid):
        begin(school, substitute="t02")


def test_a_plan_that_was_overtaken_is_made_anew(school: School) -> None:
    times, others = school.slots(), school.slots("t02")
    school.book(times[0], "a")
    with school.database.write() as session:
        wanted = Absence(Scope(host_user_id="t01"), "t02")
        job = jobs.start_absence(session, session.get_one(Conference, school.conference_id), wanted, "", NOW)
        job_id = job.id or 0
    school.book(others[0], "faster")
    jobs.run(school.database, job_id, school.clock)
    assert [view.starts_at for view in of(school, "a")] == [others[1].starts_at]


def test_the_families_are_told_once_and_the_old_appointment_is_cancelled_by_the_school(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    begin(school, substitute="t02")
    old = school.view(view.id)
    assert (old.state, old.cancelled_by) == ("cancelled", "school")
    with school.database.read() as session:
        assert session.get_one(Slot, session.get_one(Booking, view.id).slot_id).blocked_by == "organiser"


def test_what_a_family_gives_back_meanwhile_is_offered_to_nobody(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        job = jobs.start_absence(session, conference, Absence(Scope(host_user_id="t01")), "", NOW)
        job_id = job.id or 0
    school.desk.cancel(view.id)
    jobs.run(school.database, job_id, school.clock)
    assert all(one.blocked_by == "organiser" for one in school.slots())


def test_a_longer_one_that_would_clash_is_as_long_as_others(school: School) -> None:
    times, others = school.slots(), school.slots("t02")
    view = school.book(times[0], "a")
    school.desk.lengthen(view.id, 2)
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        hosts.join(session, hosts.enrol(session, conference, hosts.HostEntry("t03", "Third")))
    school.book(school.slots("t03")[3], "a")
    for number in (0, 1):
        school.book(others[number], f"x{number}")
    begin(school, substitute="t02")
    moved = next(one for one in of(school, "a") if one.host_user_id == "t02")
    assert (moved.starts_at, moved.ends_at) == (others[2].starts_at, others[2].ends_at)
