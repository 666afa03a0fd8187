# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two teachers are never sent to one room at one time without anybody having been told."""

from datetime import time

from conftest import DAY, School
from sprechtag.conference import lookup, rooms, windows
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Conference


def found(school: School, **rooms_of: str) -> list[rooms.Clash]:
    with school.database.write() as session:
        for user, room in rooms_of.items():
            lookup.find_host(session, school.conference_id, user).room = room
        session.flush()
        return rooms.clashes(session, session.get_one(Conference, school.conference_id))


def hours(school: School, user: str, starts: time, ends: time) -> None:
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        host = lookup.find_host(session, school.conference_id, user)
        windows.set_windows(session, conference, host, [TimeWindow(DAY, starts, ends)])
        windows.rebuild_slots(session, conference, host)


def test_one_room_for_two_at_one_time(school: School) -> None:
    (clash,) = found(school, t01="C 5", t02="c5")
    assert (clash.hosts, clash.first) == (["Teacher t01", "Teacher t02"], school.slots()[0].starts_at)
    assert found(school, t01="C 5", t02="C 6") == []
    assert found(school, t01="", t02="") == []


def test_one_after_the_other_is_fine(school: School) -> None:
    found(school, t01="C 5", t02="C 5")
    hours(school, "t01", time(15), time(16))
    hours(school, "t02", time(16), time(17))
    assert found(school) == []
    hours(school, "t02", time(15, 50), time(17))
    (clash,) = found(school)
    assert clash.first == school.slots()[5].starts_at


def test_who_has_declined_needs_no_room(school: School) -> None:
    with school.database.write() as session:
        lookup.find_host(session, school.conference_id, "t02").state = "declined"
    assert found(school, t01="C 5", t02="C 5") == []
