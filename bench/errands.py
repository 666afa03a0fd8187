# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an errand with nothing to do costs in CPU, against one plain INSERT and DELETE of the same row in the same
database, and which share of a booking its two errands are. One run, on SQLite and, where there is one, PostgreSQL.

CPU is that of this process and of PostgreSQL's; medians, and the smallest and the largest of the rounds behind them."""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import delete, func, insert, select
from sqlmodel import col

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import make_school
from postgres import Postgres
from schema import lay_down
from sprechtag.conference import follow
from sprechtag.database import Database, utc_now
from sprechtag.errands import queue
from sprechtag.errands.lanes import Share
from sprechtag.errands.queue import Put
from sprechtag.errands.retry import Retry
from sprechtag.errands.table import Errand
from sprechtag.errands.worker import Kind, Worker

ROUNDS, EACH = 7, 100
SCHOOLS, BOOKED_AT_ONCE = 3, 40
HOSTS = tuple(f"t{number:02}" for number in range(1, 21))
NOTHING = "nothing"


@dataclass
class Bench:
    """`server` is where PostgreSQL runs; None on SQLite."""

    new_url: Callable[[], str]
    server: Postgres | None = None

    def cpu(self) -> float:
        """Seconds so far."""
        return time.process_time() + (_cpu_of_server(self.server) if self.server else 0.0)

    def per_call(self, work: Callable[[], None], calls: int) -> float:
        began = self.cpu()
        work()
        return (self.cpu() - began) / calls

    @contextmanager
    def database(self) -> Iterator[Database]:
        url = self.new_url()
        lay_down(url)
        database = Database(url)
        database.migrate()
        yield database
        database.close()


def _cpu_of_server(server: Postgres) -> float:
    """Seconds of CPU of all its processes, also of those that have ended."""
    parent = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(path.parent.name) == parent:
            ticks += sum(int(number) for number in fields[11:15])
        elif int(fields[1]) == parent:
            ticks += sum(int(number) for number in fields[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _nothing(_: Errand) -> None:
    """It is done at once."""


def worker_of(database: Database) -> Worker:
    kind = Kind(NOTHING, Share.BOOKINGS, _nothing)
    return Worker(database, {NOTHING: kind}, Retry.of(timedelta(seconds=5), timedelta(minutes=2)), utc_now)


def plain(database: Database) -> None:
    """Each row is put in one transaction and deleted in another."""
    table = Errand.__table__  # type: ignore[attr-defined]
    for number in range(EACH):
        row = {"kind": NOTHING, "key": f"p{number}", "lane": f"l{number}", "due_at": utc_now()}
        rest = {"rank": 1, "payload": {}, "wanted": 1, "attempts": 0, "problem": "", "holder": ""}
        with database.write() as session:
            session.execute(insert(table).values(**row, **rest))
        with database.write() as session:
            session.execute(delete(Errand).where(col(Errand.kind) == NOTHING, col(Errand.key) == row["key"]))


def one_by_one(database: Database) -> None:
    """Put, claimed and done before the next one is put."""

    async def all_of_them() -> None:
        worker = worker_of(database)
        for number in range(EACH):
            with database.write() as session:
                queue.put(session, Put(NOTHING, f"o{number}", utc_now()))
            (errand,) = worker.take()
            await worker.do(errand)

    asyncio.run(all_of_them())


def at_once(database: Database) -> None:
    """Each put in a transaction of its own, while the worker's thread works them off."""
    worker = worker_of(database)
    worker.start()
    for number in range(EACH):
        with database.write() as session:
            queue.put(session, Put(NOTHING, f"a{number}", utc_now()))
    while _open(database):
        time.sleep(0.05)
    worker.stop()


def _open(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(Errand)).scalar_one())


def booked(bench: Bench) -> tuple[list[float], list[float]]:
    """CPU of a booking with its two errands and without, in turns, the one or the other first."""
    costs: tuple[list[float], list[float]] = ([], [])
    for number in range(SCHOOLS):
        with bench.database() as database:
            school = make_school(database, HOSTS)
            slots = [slot for host in HOSTS for slot in school.slots(host)]
            for start in range(0, len(slots), BOOKED_AT_ONCE):
                without = (start // BOOKED_AT_ONCE + number) % 2

                def book(some: list[object] = slots[start : start + BOOKED_AT_ONCE], at: int = start) -> None:  # type: ignore[assignment]
                    for place, slot in enumerate(some):
                        school.book(slot, f"n{at + place}")  # noqa: B023  # type: ignore[arg-type]

                with patch.object(follow, "bookings", _no_errands if without else follow.bookings):
                    costs[without].append(bench.per_call(book, BOOKED_AT_ONCE))
    return costs


def _no_errands(*_: object, **__: object) -> None:
    """What a booking would be without what follows it."""


def said(values: list[float], unit: float = 1.0, digits: int = 1) -> str:
    middle, low, high = (found / unit for found in (statistics.median(values), min(values), max(values)))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def measure(name: str, bench: Bench) -> None:
    found: dict[str, list[float]] = {"plain": [], "one": [], "many": []}
    with bench.database() as database:
        for work in (plain, one_by_one, at_once):  # warm
            work(database)
        for _ in range(ROUNDS):
            for key, work in (("plain", plain), ("one", one_by_one), ("many", at_once)):
                found[key].append(bench.per_call(lambda work=work: work(database), EACH))  # type: ignore[misc]
    ratios = {key: [one / row for one, row in zip(found[key], found["plain"], strict=True)] for key in ("one", "many")}
    with_errands, without = booked(bench)
    share = 1 - statistics.median(without) / statistics.median(with_errands)
    print(f"| {name}: one row inserted and deleted | {said(found['plain'], 1e-3, 2)} ms | 1 |")
    print(f"| {name}: an errand, one by one | {said(found['one'], 1e-3, 2)} ms | {said(ratios['one'])} |")
    print(f"| {name}: an errand, {EACH} at once | {said(found['many'], 1e-3, 2)} ms | {said(ratios['many'])} |")
    print(f"| {name}: a booking without its two errands | {said(without, 1e-3)} ms | |")
    print(f"| {name}: a booking with them | {said(with_errands, 1e-3)} ms | share {share:.2f} |")


def main() -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {ROUNDS} rounds of {EACH}")
    print("| | CPU | ratio |\n|---|---|---|")
    measure("SQLite", Bench(lambda: f"sqlite:///{Path(tempfile.mkdtemp()) / 'one.sqlite'}"))
    if server := Postgres.start_or_none():
        try:
            measure("PostgreSQL", Bench(server.new_database, server))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
