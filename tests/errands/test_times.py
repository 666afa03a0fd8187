# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes again says when there is something to do for it, and what makes it due wakes it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from conftest import NOW, Clock, School, make_school
from schema import lay_down
from sprechtag.bootstrap import House
from sprechtag.conference import follow, organise, waiting
from sprechtag.conference.rules import CONFIRM_WITHIN
from sprechtag.conference.tables import Booking, Conference, Guest, Slot
from sprechtag.errands import queue
from sprechtag.errands.clock import EVERY, rest
from sprechtag.errands.table import Errand
from sprechtag.settings import Settings

FIRST = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)
"""The first time of `make_school`'s conference."""


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    given = {"database_url": database_url, "link_key": "k" * 32, "app_secret": "s" * 64}
    made = House(Settings(persistent_storage=tmp_path / "storage", sync=False, **given), Clock())  # type: ignore[arg-type]
    lay_down(database_url)
    made.database.migrate()
    yield made
    made.database.close()


@pytest.fixture
def school(house: House) -> School:
    made = make_school(house.database)
    made.clock = house.clock  # type: ignore[assignment]
    return made


def at(school: School, moment: datetime) -> None:
    school.clock.now = moment


def test_the_day_is_watched_from_three_quarters_of_an_hour_before_it(house: House, school: School) -> None:
    assert house.later.watch() == rest(NOW)
    at(school, FIRST - timedelta(minutes=47))
    assert house.later.watch() == FIRST - timedelta(minutes=45)
    at(school, FIRST - timedelta(minutes=44, seconds=59))
    assert house.later.watch() == house.clock() + timedelta(seconds=5)


def test_a_reminder_is_written_at_its_moment(house: House, school: School) -> None:
    school.change(reminders="60")
    at(school, FIRST - timedelta(minutes=62))
    assert house.later.remind() == FIRST - timedelta(minutes=60)
    at(school, FIRST - timedelta(minutes=60))
    assert house.later.remind() == rest(house.clock())
    school.change(reminders="")
    at(school, FIRST - timedelta(minutes=62))
    assert house.later.remind() == rest(house.clock())


def test_what_is_held_ends_at_its_time(house: House, school: School) -> None:
    assert house.later.release() == rest(NOW)
    slot, end = school.slots()[0], NOW + timedelta(minutes=2)
    with house.database.write() as session:
        held = session.get_one(Slot, slot.id)
        held.blocked, held.blocked_by, held.held_until = True, "held", end
    assert house.later.release() == end
    at(school, end + timedelta(seconds=1))
    house.later.release()
    with house.database.read() as session:
        assert not session.get_one(Slot, slot.id).blocked


def test_what_nobody_confirms_ends_at_its_time(house: House, school: School) -> None:
    view = school.book(school.slots()[0])
    with house.database.write() as session:
        session.get_one(Booking, view.id).confirm_by = NOW + timedelta(minutes=1)
    assert house.later.release() == NOW + timedelta(minutes=1)
    # Nobody puts anything when such a booking is made: it is seen in time by who looks every five minutes.
    assert CONFIRM_WITHIN > EVERY


def test_an_offer_wakes_who_frees_what_was_held(house: House, school: School) -> None:
    view = school.book(school.slots()[0])
    for slot in school.slots()[1:] + school.slots("t02"):
        school.book(slot, f"x{slot.id}")
    with house.database.write() as session:
        conference, guest = session.get_one(Conference, school.conference_id), session.get_one(Guest, 2)
        entry = waiting.WaitingEntry(conference_id=conference.id or 0, host_id=1, guest_id=guest.id or 0, child="Kid")
        session.add(entry)
        session.execute(delete(Errand))
    school.change(max_bookings_per_guest_and_host=9)
    school.desk.cancel(view.id)
    with house.database.read() as session:
        until = session.get_one(Slot, school.slots()[0].id).held_until
        assert until and queue.due_of(session, follow.OFFERS) == until


@pytest.mark.parametrize("change", ["publish", "edit", "join"])
def test_who_changes_when_a_conference_is_wakes_what_rests(house: House, school: School, change: str) -> None:
    with house.database.write() as session:
        session.execute(delete(Errand))
        conference = session.get_one(Conference, school.conference_id)
        if change == "publish":
            organise.publish(session, conference)
        elif change == "edit":
            from conftest import RULES

            organise.edit(session, conference, RULES)
        else:
            from sprechtag.conference.hosts import HostEntry, enrol, join

            join(session, enrol(session, conference, HostEntry("t03", "Teacher t03", "", "")))
    with house.database.read() as session:
        assert queue.all_of(session, follow.TIMES) == set(follow.TIMES)
