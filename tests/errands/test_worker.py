# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What works off the table, with its thread and on both databases."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import update
from sqlmodel import Session

from sprechtag.database import Database
from sprechtag.errands import queue
from sprechtag.errands.clock import EVERY, Clock, rest
from sprechtag.errands.lanes import Share
from sprechtag.errands.queue import Put
from sprechtag.errands.retry import Fault, NotYet, Retry, Trouble
from sprechtag.errands.table import Errand
from sprechtag.errands.testing import open_errands, run_due
from sprechtag.errands.worker import Kind, Worker

QUICK = Retry.of(timedelta(seconds=0.05), timedelta(seconds=0.2))


def now() -> datetime:
    return datetime.now(UTC)


def kind(do: Callable[[Errand], object], name: str = "job", share: Share = Share.BOOKINGS, **more: object) -> Kind:
    async def doing(errand: Errand) -> datetime | None:
        found = do(errand)
        if asyncio.iscoroutine(found):
            found = await found
        return found if isinstance(found, datetime) else None

    return Kind(name, share, doing, **more)  # type: ignore[arg-type]


def worker(database: Database, *kinds: Kind, **more: object) -> Worker:
    named = {one.name: one for one in kinds}
    return Worker(database, named, QUICK, now, **{"rests": 0.5, "lease": timedelta(seconds=2), **more})  # type: ignore[arg-type]


@contextmanager
def at_work(*workers: Worker) -> Iterator[None]:
    for one in workers:
        one.start()
    yield
    for one in workers:
        one.stop()


def put(database: Database, *keys: str, name: str = "job", lane: str = "") -> None:
    with database.write() as session:
        queue.put(session, *(Put(name, key, now(), lane) for key in keys))


def left(database: Database) -> list[Errand]:
    with database.read() as session:
        return open_errands(session)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def test_what_is_put_is_done_without_anybody_waking_it(database: Database) -> None:
    seen: list[str] = []
    with at_work(worker(database, kind(lambda errand: seen.append(errand.key)), rests=60)):
        put(database, "a", "b")
        until(lambda: sorted(seen) == ["a", "b"])
        until(lambda: not left(database))


def test_two_processes_do_everything_once(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("several processes are for PostgreSQL")
    seen: list[str] = []
    lanes: set[str] = set()
    clashes: list[str] = []

    async def do(errand: Errand) -> None:
        if errand.lane in lanes:
            clashes.append(errand.lane)
        lanes.add(errand.lane)
        await asyncio.sleep(0.01)
        lanes.discard(errand.lane)
        seen.append(errand.key)

    other = Database(database.engine.url.render_as_string(hide_password=False))
    with at_work(worker(database, kind(do)), worker(other, kind(do))):
        for lane in range(5):
            put(database, *(f"{lane}-{number}" for number in range(20)), lane=f"lane{lane}")
        until(lambda: not left(database), 60)
    assert len(seen) == len(set(seen)) == 100 and clashes == []
    other.close()


def test_another_process_is_told_at_once(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("several processes are for PostgreSQL")
    seen: list[str] = []
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with at_work(worker(other, kind(lambda errand: seen.append(errand.key)), rests=120)):
        time.sleep(1)  # its first look is over, and it sleeps
        put(database, "a")
        until(lambda: seen == ["a"], 10)
    other.close()


def test_whatever_one_raises_is_noted_tried_again_and_holds_up_nobody(database: Database) -> None:
    tries: list[str] = []

    def do(errand: Errand) -> None:
        tries.append(errand.key)
        if errand.key == "bad" and tries.count("bad") < 4:
            raise ZeroDivisionError("a family's name")

    with at_work(worker(database, kind(do))):
        put(database, "bad", *(str(number) for number in range(50)))
        until(lambda: len(set(tries)) == 51)
        until(lambda: not left(database))
    assert tries.count("bad") == 4


def test_what_failed_says_why_and_when_it_is_tried_again(database: Database) -> None:
    def do(errand: Errand) -> None:
        raise {
            "ours": ZeroDivisionError(),
            "away": Trouble(Fault.NEXTCLOUD, "Nextcloud is away.", wait=timedelta(hours=1)),
        }[errand.key]

    put(database, "ours", "away")
    made = worker(database, kind(do))
    with database.write() as session:
        claimed = queue.claim(session, ["job"], lambda _: True, made.holder, now() + timedelta(minutes=1), now(), [])
    for errand in claimed:
        made.seats.sit(Share.BOOKINGS)
        asyncio.run(made.do(errand))
    found = {one.key: one for one in left(database)}
    assert found["away"].problem == "Nextcloud is away." and found["away"].due_at > now() + timedelta(minutes=50)
    assert "ZeroDivisionError" in found["ours"].problem and found["ours"].attempts == 1
    assert all(one.holder == "" and one.leased_until is None for one in found.values())


def test_what_is_given_up_is_noted_in_the_same_transaction(database: Database) -> None:
    noted: list[tuple[str, bool]] = []

    def note(_session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        noted.append((trouble.words, final))

    def do(errand: Errand) -> None:
        raise Trouble(Fault.ADDRESS, "There is no such address.")

    put(database, "a")
    assert run_due(worker(database, kind(do, noted=note))) == ["job a"]
    assert noted == [("There is no such address.", True)] and left(database) == []


def test_not_yet_waits_and_is_woken_by_being_put_again(database: Database) -> None:
    ready = threading.Event()
    seen: list[str] = []

    def do(errand: Errand) -> None:
        if not ready.is_set():
            raise NotYet(now() + timedelta(hours=1))
        seen.append(errand.key)

    with at_work(worker(database, kind(do))):
        put(database, "a")
        until(lambda: bool(left(database)) and left(database)[0].due_at > now() + timedelta(minutes=30))
        ready.set()
        put(database, "a")
        until(lambda: seen == ["a"])


def test_more_than_a_thousand_that_are_not_ready_hold_up_nobody(database: Database) -> None:
    """Of 530 mails that waited for their event the first 500 were looked at for ever."""
    seen: list[str] = []

    def do(errand: Errand) -> None:
        if errand.key.startswith("w"):
            raise NotYet(now() + timedelta(hours=1))
        seen.append(errand.key)

    with at_work(worker(database, kind(do))):
        put(database, *(f"w{number}" for number in range(1100)))
        put(database, "ready")
        until(lambda: seen == ["ready"], 60)


def test_one_class_that_hangs_leaves_the_others_their_seats(database: Database) -> None:
    hangs, seen = threading.Event(), list[str]()

    async def hang(_: Errand) -> None:
        await asyncio.to_thread(hangs.wait)

    alarms = kind(lambda errand: seen.append(errand.key), "alarm", Share.DAY)
    with at_work(worker(database, kind(hang, "reading", Share.READINGS), alarms)):
        put(database, *(str(number) for number in range(200)), name="reading")
        time.sleep(0.3)
        put(database, "fire", name="alarm")
        until(lambda: seen == ["fire"], 5)
        hangs.set()


def test_what_hangs_is_broken_off(database: Database) -> None:
    async def hang(_: Errand) -> None:
        await asyncio.sleep(3600)

    with at_work(worker(database, kind(hang, seconds=0.1))):
        put(database, "a")
        until(lambda: bool(left(database)) and "too long" in left(database)[0].problem)


def test_what_is_off_waits_until_it_is_on(database: Database) -> None:
    on, seen = threading.Event(), list[str]()
    always = kind(lambda errand: seen.append(errand.key), "tidy", Share.HOUSE, always=True)
    with at_work(worker(database, kind(lambda errand: seen.append(errand.key)), always, enabled=on.is_set)):
        put(database, "job")
        put(database, "tidy", name="tidy")
        until(lambda: seen == ["tidy"])
        time.sleep(0.2)
        assert seen == ["tidy"]
        on.set()
        put(database, "more")
        until(lambda: sorted(seen) == ["job", "more", "tidy"])


def test_a_database_that_is_locked_doubles_nothing(database: Database) -> None:
    """What was done is not done again because it could not be noted."""
    if not database.is_sqlite:
        pytest.skip("SQLite's whole file is locked at once")
    seen: list[str] = []
    locked = threading.Event()

    def do(errand: Errand) -> None:
        seen.append(errand.key)
        blocker.execute("BEGIN IMMEDIATE")
        locked.set()

    blocker = sqlite3.connect(str(database.engine.url.database), check_same_thread=False, isolation_level=None)
    with at_work(worker(database, kind(do), lease=timedelta(seconds=0.5))):
        put(database, "a")
        until(locked.is_set)
        time.sleep(4)
        blocker.execute("ROLLBACK")
        until(lambda: not left(database))
    assert seen == ["a"]


def test_what_comes_again_and_again_stays_and_what_is_missing_is_put(database: Database) -> None:
    turns: list[str] = []

    def turn(errand: Errand) -> datetime:
        turns.append(errand.kind)
        return now() + timedelta(seconds=0.05)

    clock = Clock(("round",))
    with at_work(worker(database, kind(turn, "round", Share.HOUSE), begin=clock.wind)):
        until(lambda: len(turns) >= 3)
    assert [one.kind for one in left(database) if one.kind == "round"] == ["round"]


def test_a_clock_that_is_set_back_an_hour_stops_nothing(database: Database) -> None:
    offset = timedelta(0)
    seen: list[datetime] = []

    def clock() -> datetime:
        return now() + offset

    def turn(errand: Errand) -> datetime:
        seen.append(clock())
        return clock() + timedelta(seconds=0.1)

    made = worker(database, kind(turn, "round", Share.HOUSE), begin=Clock(("round",)).wind)
    made.clock = clock
    with at_work(made):
        until(lambda: len(seen) >= 3)
        offset = -timedelta(hours=1)
        until(lambda: bool(seen) and seen[-1] < now() - timedelta(minutes=50))
        count = len(seen)
        until(lambda: len(seen) >= count + 3)


def test_what_rests_is_done_at_once_when_the_clock_is_set_back(database: Database) -> None:
    offset = timedelta(0)
    seen: list[datetime] = []

    def clock() -> datetime:
        return now() + offset

    def turn(errand: Errand) -> datetime:
        seen.append(clock())
        return clock() + EVERY

    made = worker(database, kind(turn, "round", Share.HOUSE), begin=Clock(("round",)).wind)
    made.clock = clock
    with at_work(made):
        until(lambda: len(seen) == 1)
        offset = -timedelta(hours=1)
        until(lambda: len(seen) == 2)


def test_others_are_not_told_of_what_is_due_when_they_look_anyway(database: Database) -> None:
    heard: list[str] = []
    put(database, "soon", "late")
    made = worker(database, kind(lambda errand: now() + timedelta(seconds=5 if errand.key == "soon" else 300)))
    for errand in made.take():
        database.heard[queue.PUT] = lambda key=errand.key: heard.append(key)
        asyncio.run(made.do(errand))
    assert heard == ["soon"]


def test_what_rests_is_looked_at_together(database: Database) -> None:
    moment = datetime(2027, 1, 13, 14, 2, 30, tzinfo=UTC)
    beat = datetime(2027, 1, 13, 14, 5, tzinfo=UTC)
    assert rest(moment) == rest(moment + timedelta(minutes=1)) == beat
    assert rest(beat) == beat + EVERY
    assert rest(moment, beat - timedelta(seconds=1)) == beat - timedelta(seconds=1)
    assert rest(moment, beat + timedelta(days=1)) == beat
    assert rest(moment, pace=0.1) == datetime(2027, 1, 13, 14, 3, tzinfo=UTC)


def test_a_thousand_that_fail_alike_are_one_line_in_the_log(database: Database) -> None:
    def do(errand: Errand) -> None:
        raise Trouble(Fault.NEXTCLOUD, "Nextcloud does not answer.", wait=timedelta(hours=1))

    put(database, *(str(number) for number in range(100)))
    with structlog.testing.capture_logs() as logs:
        run_due(worker(database, kind(do)))
    assert len(logs) == 1 and logs[0]["why"] == "Nextcloud does not answer."


def test_tries_of_another_trouble_are_not_counted(database: Database) -> None:
    """After an hour of "Nextcloud is away" the first refusal is the first one."""
    troubles = [Trouble(Fault.NEXTCLOUD, "away")] * 12 + [Trouble(Fault.REFUSED, "no")] * 7

    def do(_: Errand) -> None:
        if troubles:
            raise troubles.pop(0)

    with at_work(worker(database, kind(do))):
        put(database, "a")
        until(lambda: not left(database), 30)
    assert troubles == []


def test_a_clock_that_was_set_back_while_nobody_was_there(database: Database) -> None:
    ahead = now() + timedelta(hours=1)
    clock = Clock(("round",))
    with database.write() as session:
        clock.wind(session, ahead)
        session.execute(update(Errand).values(due_at=ahead + timedelta(seconds=59)))
    seen: list[str] = []

    def turn(errand: Errand) -> datetime:
        seen.append(errand.kind)
        return now() + timedelta(seconds=30)

    kinds = [kind(turn, name, Share.HOUSE) for name in ("round", "clock")]
    with at_work(worker(database, *kinds, begin=clock.wind)):
        until(lambda: set(seen) == {"round", "clock"})


def test_what_breaks_off_by_itself_is_a_trouble_like_others(database: Database) -> None:
    seen: list[str] = []

    def do(errand: Errand) -> None:
        seen.append(errand.key)
        if len(seen) < 3:
            raise asyncio.CancelledError

    def note(*_: object) -> None:
        raise KeyError("x")

    with at_work(worker(database, kind(do, noted=note))):
        put(database, "a")
        until(lambda: not left(database))
    assert len(seen) == 3
