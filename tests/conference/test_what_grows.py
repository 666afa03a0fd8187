# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What runs by itself costs as much with a hundred conferences as with one: no statement reads a whole table that
grows, and a row that goes finds what hangs on it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlmodel import SQLModel, col

from conftest import NOW, Clock
from grown import NEAR, Size, fill
from schema import lay_down
from sprechtag.bootstrap import House
from sprechtag.conference import effects, follow
from sprechtag.conference.tables import Booking, Effect, Host
from sprechtag.database import Database
from sprechtag.day import evening
from sprechtag.errands import queue
from sprechtag.privacy import family
from sprechtag.settings import Settings

FEW = {
    "conference": "one row for each conference",
    "instance_fact": "one row for each user and a few more",
    "job_item": "families of jobs that are not through",
    "interpreter": "a few dozen for each conference",
    "companion": "who is named to appointments, gone with them when the retention is over",
    "wish_run": "a few for each conference",
    "paper_job": "what was printed today",
    "event_to_empty": "what is still to be emptied",
    "stray_event": "what differed after a restored backup, for two weeks",
    "budget_hit": "visitors who were refused, for a while",
    "admin_settings": "one row",
    "media_sample": "an hour of the conference day",
}
"""Tables that may be read whole, and why."""
OPEN = re.compile(r"USING (COVERING )?INDEX ix_(effect_behind|job_unfinished|guest_erase_by|errand_due|errand_order)\b")
"""Indexes that hold nothing but what is open; the errands' are read in their order until the first ones are found."""
ALL_OF_IT = re.compile(r"SCAN (\w+)")
Runs = Callable[[House], Any]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """On SQLite, which decides without having counted rows; with three conferences."""
    url = f"sqlite:///{tmp_path / 'grown.sqlite'}"
    lay_down(url)
    given = {"database_url": url, "link_key": "k" * 32, "app_secret": "s" * 64}
    made = House(Settings(persistent_storage=tmp_path / "storage", sync=False, **given), Clock())  # type: ignore[arg-type]
    made.database.migrate()
    fill(made.database, 3, Size(hosts=4, times=8, guests=10, bookings=20))
    yield made
    made.database.close()


@contextmanager
def statements(database: Database) -> Iterator[dict[str, Any]]:
    """What is executed meanwhile, with its values."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        seen[statement] = values[0] if many else values

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def scanned(database: Database, statement: str, values: Any) -> set[str]:
    """The tables that the statement reads from one end to the other."""
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    steps = [step[3] for step in plan if not OPEN.search(step[3])]
    found = {match[1] for step in steps if (match := ALL_OF_IT.match(step))}
    return found & set(SQLModel.metadata.tables)


def in_a_write(does: Callable[..., Any]) -> Runs:
    def run(house: House) -> None:
        with house.database.write() as session:
            does(session, house.clock())

    return run


def wind(house: House) -> None:
    with house.database.write() as session:
        house.later._hands().wind(session, house.clock())


def claim(house: House) -> None:
    kinds = list(house.later.kinds())
    with house.database.write() as session:
        queue.claim(session, kinds, lambda _: True, "me", NOW + timedelta(hours=1), NOW, [])
        queue.next_due(session, kinds)


def at(moment: timedelta, does: Runs) -> Runs:
    def run(house: House) -> None:
        house.clock.now = NEAR + moment  # type: ignore[attr-defined]
        does(house)

    return run


def remind(house: House) -> None:
    house.later.remind()


HOURS = timedelta(hours=1)
BY_ITSELF: dict[str, Runs] = {
    "clock": wind,
    "level": in_a_write(follow.level),
    "offers": lambda house: house.later.release(),
    "sweep": at(-20 * HOURS, lambda house: house.later.release()),
    "reminders, none near": remind,
    "reminders": at(-12 * HOURS, remind),
    "reminders, written": at(-12 * HOURS, lambda house: (remind(house), remind(house))),
    "feedback": at(12 * HOURS, remind),
    "evening": at(-20 * HOURS, in_a_write(evening.tell_organisers)),
    "retention": lambda house: house.later.tidy(),
    "erasing": in_a_write(family.erase_done),
    "the day, none is on": lambda house: house.later.watch(),
    "the queue": claim,
}


@pytest.mark.parametrize("name", BY_ITSELF)
def test_nothing_that_runs_by_itself_reads_a_table_that_grows(house: House, name: str) -> None:
    with statements(house.database) as seen:
        BY_ITSELF[name](house)
    assert seen
    whole = {
        (table, statement)
        for statement, values in seen.items()
        if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE") and ") VALUES (" not in statement
        for table in scanned(house.database, statement, values)
    }
    assert not {(table, statement) for table, statement in whole if table not in FEW}


def test_this_test_sees_a_table_that_is_read_whole(house: House) -> None:
    assert scanned(house.database, "SELECT * FROM booking WHERE child = ?", ("C",)) == {"booking"}
    assert scanned(house.database, "SELECT * FROM booking WHERE id = ?", (1,)) == set()


def test_what_hangs_on_a_row_is_found_by_an_index() -> None:
    """Else deleting one row reads the whole table that points to it, for each row."""
    missing = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.foreign_keys and column.name not in _first_columns(table)
    }
    assert missing == set()


def _first_columns(table: Any) -> set[str]:
    """Those by which rows are found: the first of an index, of a unique constraint and of the key. A partial index does
    where it holds all that points somewhere."""
    whole = [
        index
        for index in table.indexes
        if (where := index.dialect_options["sqlite"]["where"]) is None
        or str(where) == f"{next(iter(index.columns)).name} IS NOT NULL"
    ]
    unique = [constraint for constraint in table.constraints if hasattr(constraint, "columns") and constraint.columns]
    uniques = [one for one in unique if type(one).__name__ in ("UniqueConstraint", "PrimaryKeyConstraint")]
    return {next(iter(one.columns)).name for one in (*whole, *uniques)}


def _behind(database: Database) -> set[tuple[int, str]]:
    with database.read() as session:
        rows = session.execute(select(col(Effect.booking_id), col(Effect.kind)).where(col(Effect.behind)))
        return set(rows.tuples())


def test_the_database_keeps_which_effects_are_behind(database: Database) -> None:
    fill(database, 1, Size(hosts=2, times=4, guests=4, bookings=4))
    assert _behind(database) == set()
    with database.write() as session:
        session.execute(update(Booking).where(col(Booking.id) == 2).values(revision=2))
    assert _behind(database) == {(2, "talk"), (2, "calendar"), (2, "mail")}
    with database.write() as session:
        mine = col(Effect.booking_id) == 2
        session.execute(update(Effect).where(mine, col(Effect.kind) == "talk").values(applied_revision=2))
        session.execute(update(Effect).where(mine, col(Effect.kind) == "mail").values(gave_up_revision=2))
    assert _behind(database) == {(2, "calendar")}
    with database.write() as session:
        effects.behind_again(session, 3, "talk", NOW)
        session.execute(update(Effect).where(mine).values(applied_revision=1))
    assert _behind(database) == {(2, "calendar"), (2, "talk"), (3, "talk")}


def test_hosts_of_what_is_over_are_looked_at_no_more(house: House) -> None:
    """Their conferences' retention is far from over."""
    wind(house)
    with house.database.read() as session:
        coming = set(session.execute(select(col(Host.id)).where(col(Host.conference_id) == 1)).scalars())
        for kind in (follow.HOST, follow.CALENDAR):
            everybody = [str(number) for number in range(1, 13)]
            assert {int(key) for key in queue.of(session, kind, everybody)} == coming
