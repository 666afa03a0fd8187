# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Family, host and interpreter meet, or the office knows that nobody interprets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col
from test_every_order import both_at_once

from conftest import DAY, KEY, NOW, School, make_school
from schema import lay_down
from sprechtag.conference import absence, companions, elsewhere, follow, holding, interpreting, taken
from sprechtag.conference.asked import Answers
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import InterpreterBusy, NotFound, Refused, SlotBlocked
from sprechtag.conference.interpreting import Entry
from sprechtag.conference.person import Person
from sprechtag.conference.slots import TimeWindow, minutes_of
from sprechtag.conference.spoken import language_of, languages_in, names_of
from sprechtag.conference.tables import (
    Booking,
    Companion,
    Conference,
    Guest,
    HostMinute,
    Interpreter,
    InterpreterMinute,
    Slot,
)
from sprechtag.conference.views import BookingView
from sprechtag.database import Database
from sprechtag.paper.sheets_of_hosts import host_lists, host_sheets
from sprechtag.paper.timetable import timetables
from sprechtag.phrases import Speaker

AYLIN = Entry("Aylin", "aylin@post.example", "Türkisch, ku", "de")
BORIS = Entry("Boris", "boris@post.example", "Russisch/Türkisch", "ru")
TURKISH = Answers(interpreter="türkçe")


def at(database: Database) -> School:
    school = make_school(database)
    school.change(asks="interpreter")
    return school


@pytest.fixture
def here(tmp_path: Path) -> Iterator[School]:
    url = f"sqlite:///{tmp_path / 'here.sqlite'}"
    lay_down(url)
    database = Database(url)
    yield at(database)
    database.close()


def enter(school: School, entry: Entry = AYLIN) -> int:
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        return interpreting.enter(session, conference, entry, NOW).id or 0


def book(school: School, slot: Slot, who: str = "a", answers: Answers = TURKISH, place: str = "on_site") -> BookingView:
    person = Person(f"Family {who}", f"{who}@post.example", "en")
    pick = Pick(slot.public_id, place, f"Child {who}", "5b", "", answers)
    return school.view(school.desk.book(school.conference_id, person, pick).booking_id)


def who_interprets(school: School, view: BookingView) -> str:
    with school.database.read() as session:
        of = select(col(Companion.name)).where(col(Companion.booking_id) == view.id, col(Companion.seat) == 0)
        return str(session.execute(of).scalar_one_or_none() or "")


def uncovered(school: School) -> list[int]:
    with school.database.read() as session:
        return [one.id or 0 for one, _ in interpreting.uncovered(session, school.conference_id, NOW)]


def check_minutes(school: School) -> None:
    """Every minute of an interpreter is given to who has the interpreter, and nothing is behind without an errand."""
    with school.database.write() as session:
        given = session.execute(select(InterpreterMinute)).scalars()
        have = {(one.interpreter_id, one.minute, one.booking_id) for one in given}
        rows = session.execute(
            select(Companion, Slot)
            .join(Booking, col(Booking.id) == col(Companion.booking_id))
            .join(Slot, col(Slot.id) == col(Booking.slot_id))
            .where(col(Booking.state) == "active", col(Companion.seat) == 0)
        )
        wanted = {
            (one.interpreter_id, minute, one.booking_id)
            for one, slot in rows
            for minute in minutes_of(taken.span_of(slot))
        }
        assert have == wanted
        assert follow.level(session, school.clock.now) == 0
        session.rollback()


def test_a_language_is_one_however_it_is_written() -> None:
    for text in ("tr", "Türkisch", "türkçe", "TURKISH", "Turkish, please", "auf Türkisch bitte", "турецкий"):
        assert language_of(text) == "tr", text
    assert language_of("Gebärdensprache") == language_of("gebardensprache") != ""
    assert languages_in("Türkisch, ku; Kurmancî / ") == ["tr", "ku"]
    assert names_of(["tr", "gebardensprache"], "de-simple") == ["Türkisch", "gebardensprache"]


def test_a_booking_takes_family_host_and_interpreter(here: School) -> None:
    enter(here)
    first, second, _ = here.slots("t01")[:3]
    view = book(here, first)
    assert (who_interprets(here, view), uncovered(here)) == ("Aylin", [])
    with pytest.raises(InterpreterBusy):
        book(here, here.slots("t02")[0], "b")
    assert not here.view(view.id).confirm_by
    with here.database.read() as session:
        conference = session.get_one(Conference, here.conference_id)
        free = [(one.starts_at, one.public_id) for one in here.slots("t02")]
        left = interpreting.with_interpreter(session, conference, "Turkish", free)
        assert left == free[1:], "the other host is offered without that time"
        assert interpreting.with_interpreter(session, conference, "Dutch", free) == free
    without = book(here, here.slots("t02")[0], "b", replace(TURKISH, without=True))
    assert uncovered(here) == [without.id]
    assert who_interprets(here, book(here, second, "c", replace(TURKISH, interpreter="kurdisch"))) == "Aylin"
    check_minutes(here)


def test_papers_say_who_interprets(here: School) -> None:
    enter(here)
    view = book(here, here.slots()[0])
    say = Speaker("en", here.conference().time_zone)
    with here.database.read() as session:
        sheets = host_sheets(session, here.conference(), "t01")
    for paper in (
        host_lists(sheets, here.conference(), say),
        timetables([("a", [here.view(view.id)], say)], here.conference(), say),
    ):
        assert "Interpreter: türkçe" in paper and "Also coming: Aylin" in paper


def test_where_nobody_interprets_the_wish_is_on_the_list_until_somebody_does(here: School) -> None:
    view = book(here, here.slots()[0])
    assert uncovered(here) == [view.id]
    enter(here, BORIS)
    assert (who_interprets(here, view), uncovered(here)) == ("Boris", [])
    assert here.view(view.id).people == ("Boris",)
    check_minutes(here)


def test_moving_longer_and_cancelling_take_the_interpreter_along_or_say_so(here: School) -> None:
    enter(here)
    mine, theirs = here.slots("t01"), here.slots("t02")
    view, other = book(here, mine[0]), book(here, theirs[3], "b")
    here.desk.move(view.id, mine[1].public_id)
    assert who_interprets(here, view) == "Aylin"
    here.desk.lengthen(view.id, 2)
    assert (who_interprets(here, view), uncovered(here)) == ("Aylin", [])
    here.desk.lengthen(view.id, 3)
    assert uncovered(here) == [view.id], "the third time is another family's with Aylin"
    check_minutes(here)
    here.desk.cancel(other.id, by_guest=False)
    here.desk.lengthen(view.id, 2)
    assert uncovered(here) == []
    here.desk.restore(other.id)
    assert uncovered(here) == []
    here.desk.lengthen(view.id, 1)
    here.desk.move(view.id, mine[3].public_id)
    assert uncovered(here) == [view.id]
    check_minutes(here)


def test_who_goes_leaves_it_to_another_or_to_the_office(here: School) -> None:
    aylin = enter(here)
    view, late = book(here, here.slots()[0]), book(here, here.slots()[5], "b")
    enter(here, replace(BORIS, windows=[TimeWindow(DAY, time(15), time(15, 30))]))
    with here.database.write() as session:
        interpreting.take_out(session, session.get_one(Interpreter, aylin), NOW)
    assert (who_interprets(here, view), who_interprets(here, late)) == ("Boris", "")
    assert uncovered(here) == [late.id]
    check_minutes(here)


def test_links_of_who_goes_open_nothing_any_more(here: School) -> None:
    aylin = enter(here)
    over, told, untold = (book(here, here.slots()[number], str(number)) for number in range(3))
    with here.database.write() as session:
        for one in session.execute(select(Companion)).scalars():
            one.told_at, one.told_revision = NOW, 1
    with here.database.read() as session:
        before = {one.booking_id: one for one in session.execute(select(Companion)).scalars()}
    for view in (told, untold):
        here.desk.cancel(view.id)
    with here.database.write() as session:
        session.get_one(Companion, before[told.id].id).told_revision = 2
        interpreting.take_out(session, session.get_one(Interpreter, aylin), over.ends_at)
    with here.database.read() as session:
        for one in before.values():
            token = KEY.token("people", one.public_id, one.generation)
            with pytest.raises(NotFound):
                companions.by_link(session, KEY, one.public_id, token)
        left = {one.booking_id: one.seat for one in session.execute(select(Companion)).scalars()}
    assert left == {over.id: companions.LISTED, untold.id: None}, "one is still told of the cancellation"


def test_the_office_assigns_by_hand_and_the_substitute_keeps_the_interpreter(here: School) -> None:
    boris = enter(here, replace(BORIS, languages="ru"))
    view = book(here, here.slots("t01")[0])
    assert uncovered(here) == [view.id]
    with here.database.write() as session:
        interpreting.assign(session, session.get_one(Booking, view.id), session.get_one(Interpreter, boris), NOW)
    assert who_interprets(here, view) == "Boris"
    check_minutes(here)
    with here.database.write() as session:
        slot = session.get_one(Slot, here.slots("t02")[2].id)
        made = absence.give(session, session.get_one(Booking, view.id), slot, "", NOW)
    assert who_interprets(here, here.view(made.id or 0)) == "Boris"
    check_minutes(here)
    with here.database.write() as session:
        interpreting.assign(session, session.get_one(Booking, made.id), None, NOW)
    assert uncovered(here) == [made.id]
    check_minutes(here)


def test_of_two_families_at_the_same_moment_one_has_the_interpreter(database: Database) -> None:
    school = at(database)
    enter(school)
    for number in range(4):
        slots = [school.slots(host)[number] for host in ("t01", "t02")]
        done: list[str] = []

        def attempt(slot: Slot, who: str, done: list[str] = done) -> None:
            try:
                done.append(who_interprets(school, book(school, slot, who)))
            except Refused as refused:
                done.append(refused.code)

        both_at_once([lambda s=slot, w=f"{number}{n}": attempt(s, w) for n, slot in enumerate(slots)])  # type: ignore[misc]
        assert sorted(done) == ["Aylin", "interpreter_busy"]
    check_minutes(school)


def test_an_interpreter_who_is_a_host_is_at_one_place(here: School) -> None:
    interpreter = enter(here, replace(AYLIN, user_id="t02"))
    view = book(here, here.slots("t01")[0])
    assert who_interprets(here, view) == "Aylin"
    assert [slot.blocked_by for slot in here.slots("t02")[:2]] == ["elsewhere", ""]
    with pytest.raises(SlotBlocked):
        here.book(here.slots("t02")[0], "b")
    other = here.book(here.slots("t02")[3], "b")
    here.desk.move(view.id, here.slots("t01")[3].public_id)
    assert uncovered(here) == [view.id], "Aylin receives a family of her own then"
    assert [slot.blocked_by for slot in here.slots("t02")[:2]] == ["", ""]
    here.desk.cancel(other.id)
    here.desk.move(view.id, here.slots("t01")[4].public_id)
    assert [slot.blocked_by for slot in here.slots("t02")[3:6]] == ["", "elsewhere", ""]
    with here.database.write() as session:
        holding.hold(session, session.get_one(Slot, here.slots("t02")[5].id), session.get_one(Guest, other.guest_id))
    here.desk.move(view.id, here.slots("t01")[5].public_id)
    assert uncovered(here) == [view.id], "Aylin holds the time for a family"
    here.desk.move(view.id, here.slots("t01")[4].public_id)
    with here.database.write() as session:
        elsewhere.let_go(session, session.get_one(Slot, here.slots("t02")[5].id), NOW)
    herself = book(here, here.slots("t02")[7], "c")
    assert who_interprets(here, herself) == "Aylin", "the host speaks the language"
    here.desk.move(herself.id, here.slots("t02")[8].public_id)
    assert here.slots("t02")[7].blocked_by == "" and who_interprets(here, herself) == "Aylin"
    check_minutes(here)
    with here.database.write() as session:
        interpreting.take_out(session, session.get_one(Interpreter, interpreter), NOW)
    assert {slot.blocked_by for slot in here.slots("t02")} == {""}
    with here.database.read() as session:
        given = session.execute(select(HostMinute).where(col(HostMinute.user_id) == "t02")).scalars()
        assert {one.booking_id for one in given} == {herself.id}, "she still receives the family"
    check_minutes(here)
