# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What many want to write at one moment is committed together, and is still each its own: whole or not at all."""

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from schema import lay_down
from sprechtag import deadline
from sprechtag.database import Away, Busy, Database, tell


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    lay_down(url)
    database = Database(url)
    database.migrate()
    return database


def put(name: str) -> Callable[[Session], str]:
    def job(session: Session) -> str:
        session.execute(text("INSERT INTO join_gate (server, share, asked_share) VALUES (:name, 1, 1)"), {"name": name})
        return name

    return job


def names(database: Database) -> set[str]:
    with database.read() as session:
        return {name for (name,) in session.execute(text("SELECT server FROM join_gate"))}


class Held:
    """The first job holds the lock until all others wait behind it."""

    def __init__(self, database: Database) -> None:
        self.database, self.inside, self.go = database, threading.Event(), threading.Event()

    def job(self, session: Session) -> str:
        self.inside.set()
        assert self.go.wait(30)
        return put("first")(session)

    def all_of(self, jobs: list[Callable[[Session], str]]) -> list[str | BaseException]:
        def ask(job: Callable[[Session], str]) -> str | BaseException:
            try:
                return self.database.do(job, 30)
            except BaseException as error:  # noqa: BLE001
                return error

        with ThreadPoolExecutor(len(jobs) + 1) as pool:
            first = pool.submit(ask, self.job)
            assert self.inside.wait(30)
            others = [pool.submit(ask, job) for job in jobs]
            while len(self.database._asked) < len(jobs):
                time.sleep(0.005)
            self.go.set()
            return [first.result(30), *(other.result(30) for other in others)]


def test_those_that_wait_are_committed_once(sqlite: Database) -> None:
    commits: list[int] = []
    event.listen(sqlite.engine, "commit", lambda _: commits.append(1))
    answers = Held(sqlite).all_of([put(f"n{number}") for number in range(10)])
    assert answers == ["first", *(f"n{number}" for number in range(10))]
    assert names(sqlite) == {"first", *(f"n{number}" for number in range(10))}
    assert len(commits) == 2


def test_one_that_fails_takes_nobody_with_it_and_leaves_nothing(sqlite: Database) -> None:
    def half(session: Session) -> str:
        put("half")(session)
        return put("n1")(session)  # taken by the other

    answers = Held(sqlite).all_of([put("n1"), half, put("n2")])
    assert answers[1] == "n1" and answers[3] == "n2"
    assert isinstance(answers[2], IntegrityError)
    assert names(sqlite) == {"first", "n1", "n2"}


def test_only_what_was_committed_is_told_of(sqlite: Database) -> None:
    heard: list[str] = []
    sqlite.heard["told"] = lambda: heard.append("told")

    def refused(session: Session) -> str:
        tell(session, "told")
        raise KeyError("refused")

    with pytest.raises(KeyError):
        sqlite.do(refused)
    assert not heard

    def told(session: Session) -> str:
        tell(session, "told")
        return put("n1")(session)

    sqlite.do(told)
    assert heard == ["told"] and names(sqlite) == {"n1"}


def test_a_disk_that_is_full_at_the_end_is_told_to_all_of_them(sqlite: Database) -> None:
    def full(_: object) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

    held = Held(sqlite)
    event.listen(sqlite.engine, "commit", full)
    answers = held.all_of([put("n1"), put("n2")])
    event.remove(sqlite.engine, "commit", full)
    assert all(isinstance(answer, Away) for answer in answers)
    assert names(sqlite) == set()
    assert sqlite.do(put("n3")) == "n3"


def test_a_transaction_that_ends_by_itself_is_nobodys(sqlite: Database) -> None:
    """SQLite rolls everything back where the disk is full within a statement; what comes after it must not be written
    outside of a transaction."""

    def ends(session: Session) -> str:
        connection = session.connection().connection.dbapi_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.execute("ROLLBACK")
        raise Away("The disk of the database is full.")

    answers = Held(sqlite).all_of([put("n1"), ends, put("n2")])
    assert [isinstance(answer, Away) for answer in answers] == [False, True, True, True]
    assert names(sqlite) == {"first"}


def test_who_waits_too_long_takes_it_back(sqlite: Database) -> None:
    with sqlite.write(), ThreadPoolExecutor(1) as pool, pytest.raises(Busy):
        pool.submit(sqlite.do, put("late"), 0.05).result(30)
    assert names(sqlite) == set()
    sqlite.do(put("next"))
    assert names(sqlite) == {"next"}


def test_nothing_is_committed_for_a_request_that_was_given_up(database: Database) -> None:
    until = deadline.Deadline(30)

    def slow(session: Session) -> str:
        assert until.give_up()
        return put("late")(session)

    before = deadline.current.set(until)
    try:
        with pytest.raises(Busy):
            database.do(slow)
        with pytest.raises(Busy), database.write() as session:
            put("later")(session)
    finally:
        deadline.current.reset(before)
    assert names(database) == set()


def test_what_was_committed_is_not_given_up(database: Database) -> None:
    until = deadline.Deadline(30)
    before = deadline.current.set(until)
    database.do(put("done"))
    deadline.current.reset(before)
    assert not until.give_up() and names(database) == {"done"}
