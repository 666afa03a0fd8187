# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Databases, a conference to book in, and the app in a stand-in Nextcloud."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from postgres import Postgres
from schema import lay_down, new_database
from sprechtag.conference import organise, ruleset
from sprechtag.conference.booking import Desk, Pick
from sprechtag.conference.hosts import HostEntry, enrol, join
from sprechtag.conference.person import Person
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Conference, Host, Slot
from sprechtag.conference.tokens import LinkKey
from sprechtag.conference.views import BookingView, booking_view
from sprechtag.database import Database
from sprechtag.errands.testing import open_errands

DAY = date(2027, 1, 13)
NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
KEY = LinkKey(b"k" * 32)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres.start_or_none()
    if server is None:
        pytest.skip("PostgreSQL: no server is installed, and PyPI has none for this machine")
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    lay_down(database_url)
    database = Database(database_url)
    database.migrate()
    yield database
    database.close()


@dataclass
class School:
    """A published conference on Wednesday 13 January 2027, 15:00 to 17:00 in Berlin, ten-minute slots."""

    database: Database
    conference_id: int
    clock: "Clock"

    @property
    def desk(self) -> Desk:
        return Desk(self.database, KEY, clock=self.clock)

    def conference(self) -> Conference:
        with self.database.read() as session:
            return session.get_one(Conference, self.conference_id)

    def change(self, **values: object) -> None:
        with self.database.write() as session:
            conference = session.get_one(Conference, self.conference_id)
            for name, value in values.items():
                setattr(conference, name, value)

    def slots(self, host: str = "t01") -> list[Slot]:
        with self.database.read() as session:
            rows = select(Slot).join(Host, col(Host.id) == col(Slot.host_id)).where(col(Host.user_id) == host)
            return list(session.execute(rows.order_by(col(Slot.starts_at))).scalars())

    def book(self, slot: Slot, who: str = "a", place: str = "on_site", key: str = "") -> BookingView:
        person = Person(f"Family {who}", f"{who}@post.example", "en")
        pick = Pick(slot.public_id, place, f"Child {who}", "5b", key)
        return self.view(self.desk.book(self.conference_id, person, pick).booking_id)

    def view(self, booking_id: int) -> BookingView:
        with self.database.read() as session:
            return booking_view(session, booking_id)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


RULES = ruleset.Rules(name="Elternsprechtag", windows=[TimeWindow(DAY, time(15), time(17))])


@pytest.fixture
def school(database: Database) -> School:
    return make_school(database)


def make_school(database: Database, hosts: tuple[str, ...] = ("t01", "t02"), rules: ruleset.Rules = RULES) -> School:
    with database.write() as session:
        conference = organise.create(session, "orga", rules, KEY)
        for user_id in hosts:
            entry = HostEntry(user_id, f"Teacher {user_id}", "Deutsch", "A 101")
            join(session, enrol(session, conference, entry))
        organise.publish(session, conference)
        return School(database, conference.id or 0, Clock())


FIRST = ("browser", "faults", "sync", "day")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders with long files first: two workers share the files, and none shall be left alone with a long one."""
    order = {folder: number for number, folder in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(FIRST)))


PATIENCE = float(os.environ.get("SPRECHTAG_TEST_PATIENCE", "120"))
"""Seconds until a test says that something does not happen. Only a test that fails waits so long."""


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE, what: str = "") -> None:
    """Waits for what happens by itself; fails with `what` when it does not."""
    import time as clock

    deadline = clock.monotonic() + seconds
    while not condition():
        if clock.monotonic() > deadline:
            pytest.fail(f"Did not happen within {seconds} s: {what}")
        clock.sleep(0.05)


def notices(database: Database, kind: str) -> list[tuple[str, str]]:
    """Who is still to be told something of this kind in Nextcloud, and what about."""
    with database.read() as session:
        payloads = [one.payload for one in open_errands(session, "notice")]
    return [(said["user"], said["about"]) for said in payloads if said["kind"] == kind]


__all__ = ["NOW", "PATIENCE", "School", "eventually", "make_school", "notices", "timedelta"]
