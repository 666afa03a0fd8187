# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two or three times in a row for one family: one appointment, and nobody else gets what lies in it."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from conftest import School
from sprechtag.conference import history, windows
from sprechtag.conference.errors import GuestBusy, Invalid, NoTimeAfter, SlotBlocked
from sprechtag.conference.tables import Conference, Host, Slot
from sprechtag.paper.sheets_of_hosts import host_sheets

TEN = timedelta(minutes=10)


def rebuild(session: Session, school: School, slot: Slot) -> None:
    windows.rebuild_slots(
        session, session.get_one(Conference, school.conference_id), session.get_one(Host, slot.host_id)
    )


def test_three_times_are_one_appointment(school: School) -> None:
    first, *others = school.slots()
    view = school.book(first)
    school.desk.lengthen(view.id, 3)
    longer = school.view(view.id)
    assert longer.ends_at - longer.starts_at == 3 * TEN and longer.revision == 2
    assert [one.blocked_by for one in school.slots()[:4]] == ["", "elsewhere", "elsewhere", ""]
    with pytest.raises(SlotBlocked):
        school.book(others[0], "b")
    school.book(others[2], "c")
    with school.database.read() as session:
        sheet = host_sheets(session, session.get_one(Conference, school.conference_id), "t01")[0]
    assert [line.ends_at - line.starts_at for line in sheet.lines[:2]] == [3 * TEN, TEN]
    assert [bool(line.view) for line in sheet.lines[:2]] == [True, True]


@pytest.mark.parametrize("after", ["shorter", "cancelled", "moved"])
def test_what_it_leaves_can_be_booked(school: School, after: str) -> None:
    view = school.book(school.slots()[0])
    school.desk.lengthen(view.id, 2)
    match after:
        case "shorter":
            school.desk.lengthen(view.id, 1)
        case "cancelled":
            school.desk.cancel(view.id)
        case _:
            school.desk.move(view.id, school.slots()[6].public_id)
            moved = school.view(view.id)
            assert moved.ends_at - moved.starts_at == 2 * TEN, "it stays as long"
            assert school.slots()[7].blocked_by == "elsewhere"
    assert school.slots()[0].usual_ends_at is None
    assert school.slots()[0].ends_at - school.slots()[0].starts_at == TEN
    school.book(school.slots()[1], "b")


def test_it_takes_nothing_from_anybody(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    school.book(school.slots()[1], "b")
    with pytest.raises(NoTimeAfter):
        school.desk.lengthen(view.id, 2)
    last = school.book(school.slots()[-1], "c")
    with pytest.raises(NoTimeAfter):
        school.desk.lengthen(last.id, 2)
    mine = school.book(school.slots("t02")[4], "d")
    school.book(school.slots()[5], "d")
    with pytest.raises(GuestBusy):
        school.desk.lengthen(mine.id, 2)
    with pytest.raises(Invalid):
        school.desk.lengthen(mine.id, 4)
    assert all(one.usual_ends_at is None for one in school.slots() + school.slots("t02"))


def test_a_long_one_moves_only_where_there_is_room_for_it(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    school.desk.lengthen(view.id, 2)
    school.book(school.slots()[5], "b")
    with pytest.raises(NoTimeAfter):
        school.desk.move(view.id, school.slots()[4].public_id)
    assert school.view(view.id).starts_at == school.slots()[0].starts_at


def test_the_hours_can_be_changed_around_it(school: School) -> None:
    view = school.book(school.slots()[0])
    school.desk.lengthen(view.id, 2)
    before = [one.public_id for one in school.slots()]
    with school.database.write() as session:
        rebuild(session, school, school.slots()[0])
    assert [one.public_id for one in school.slots()] == before
    assert school.view(view.id).ends_at == school.slots()[1].ends_at


def test_a_family_does_not_take_what_is_closed(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    school.desk.lengthen(view.id, 2)
    with school.database.write() as session:
        windows.block(session, session.get_one(Slot, school.slots()[5].id), "organiser")
    with pytest.raises(NoTimeAfter):
        school.desk.move(view.id, school.slots()[4].public_id)
    school.desk.move(view.id, school.slots()[4].public_id, by_guest=False)
    assert school.view(view.id).ends_at == school.slots()[5].ends_at, "the school may"


@pytest.mark.parametrize("gone", [False, True])
def test_what_the_school_takes_back_is_as_long_as_it_was_where_there_is_time(school: School, gone: bool) -> None:
    first, second, *_ = school.slots()
    view = school.book(first)
    school.desk.lengthen(view.id, 2)
    with history.acted_by("orga"):
        school.desk.cancel(view.id, by_guest=False)
        if gone:
            school.book(second, "b")
        school.desk.restore(view.id)
    again = school.view(view.id)
    assert again.active and again.ends_at - again.starts_at == (TEN if gone else 2 * TEN)
    assert [one.blocked_by for one in school.slots()[:3]] == ["", "" if gone else "elsewhere", ""]
