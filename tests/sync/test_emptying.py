# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events in hosts' calendars are emptied of the family when the retention is over; nobody gets a mail for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlmodel import select

from conftest import NOW, Clock, eventually
from sprechtag.conference import follow
from sprechtag.conference.tables import Booking, EventToEmpty, Guest, Slot
from sprechtag.database import Database
from sprechtag.errands.lanes import Share
from sprechtag.errands.retry import Retry
from sprechtag.errands.testing import open_errands, run_due
from sprechtag.errands.worker import Kind, Worker
from sprechtag.nextcloud.errors import NotAllowed
from sprechtag.nextcloud.troubles import explain
from sprechtag.sync.emptying import Emptying
from town import Event, Town, open_town


@contextmanager
def inside(town: Town) -> Iterator[Database]:
    database = Database(f"sqlite:///{town.storage / 'app' / 'sprechtag.sqlite'}")
    yield database
    database.close()


def time_passes(town: Town, days: int = 60) -> None:
    """All appointments are so long ago, and the app starts anew: it tidies then."""
    town.stop()
    with inside(town) as database, database.write() as session:
        for slot in session.exec(select(Slot)):
            slot.starts_at -= timedelta(days=days)
            slot.ends_at -= timedelta(days=days)
    town.start(register=False)


def booked(town: Town, **rules: object) -> Event:
    event = town.conference(["t01"], **rules)
    for name, place in (("amara", "video"), ("boris", "on_site")):
        event.family(name).book(place=place)
    eventually(lambda: town.in_step(event), what="bookings followed")
    return event


def nothing_left(town: Town) -> bool:
    with inside(town) as database, database.read() as session:
        return not any(session.exec(select(table)).first() for table in (Guest, Booking, EventToEmpty))


@pytest.mark.parametrize("mail", ["smtp", "calendar"])
def test_they_name_nobody_after_the_retention(mail: str) -> None:
    with open_town(mail=mail) as town:
        booked(town, contact_for_hosts=True)
        before = {str(one["UID"]): one["DTSTART"].dt for one in town.events("t01")}
        mails = len(town.world.mails)
        assert any("amara" in one.to_ical().decode() for one in town.events("t01"))
        time_passes(town)
        eventually(lambda: nothing_left(town), what="erased and emptied")
        events = town.events("t01")
        assert {str(one["UID"]): one["DTSTART"].dt for one in events} == before
        for one in events:
            text = one.to_ical().decode().replace("\r\n ", "")  # unfolded
            assert not any(
                part in text for part in ("amara", "boris", "(5b)", "/call/", "/m/", "ATTENDEE", "Elternspr")
            )
            assert one["SUMMARY"] == "Sprechtag"
        assert len(town.world.mails) == mails


def test_they_stay_where_the_organiser_wants_it_so() -> None:
    with open_town() as town:
        booked(town, empty_events=False)
        time_passes(town)
        eventually(lambda: nothing_left(town), what="erased")
        assert sorted(str(one["SUMMARY"]) for one in town.events("t01")) == [
            "Child of amara (5b)",
            "Child of boris (5b)",
        ]


class Gone:
    """A Nextcloud that lets nobody act as this host."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def as_user(self, user_id: str) -> "Gone":
        self.asked.append(user_id)
        return self

    async def __aenter__(self) -> None:
        raise NotAllowed("read the event", 401)

    async def __aexit__(self, *_: object) -> None:
        return None


def test_a_host_who_is_gone_is_asked_less_and_less_and_keeps_no_other_back(database: Database) -> None:
    clock, door = Clock(), Gone()
    emptying = Emptying(database, door, clock)  # type: ignore[arg-type]
    kind = Kind("empty", Share.READINGS, emptying.empty)
    retry = Retry.of(timedelta(seconds=5), timedelta(minutes=2))
    worker = Worker(database, {"empty": kind}, retry, clock, explain=explain)
    with database.write() as session:
        for number, user in enumerate(("t01", "t01", "t02")):
            session.add(EventToEmpty(user_id=user, calendar="c", name=f"{number}", give_up_at=NOW))
        follow.emptying(session, ["t01", "t02"], NOW)
    assert run_due(worker) == ["empty t01", "empty t02"] and door.asked == ["t01", "t02"]
    waits = []
    for _ in range(12):
        with database.read() as session:
            waits.append(max(one.due_at for one in open_errands(session)) - clock.now)
        clock.now += timedelta(hours=1)
        run_due(worker)
    assert waits[0] < timedelta(seconds=10) < timedelta(minutes=5) < waits[-1] <= timedelta(minutes=12)
