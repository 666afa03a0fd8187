# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a booking and the public pages cost in CPU of the app's processes (and PostgreSQL's), beside a request that
does nothing and beside the same rows written in plain SQL; one run, medians, and the smallest and largest of the rounds
behind them. `make bench` on SQLite, `--postgresql --workers 2` on PostgreSQL."""

import argparse
import os
import random
import re
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from served import Load, Postgres, Served, booking_form, request, served, spread
from sqlalchemy import text

ROUNDS = 5
PHP_MS = 18.0
"""What AppAPI's PHP proxy costs for each request (measured on a real Nextcloud)."""
NOTHING = b"GET /heartbeat HTTP/1.1\r\nhost: app\r\n\r\n"


def rounds(app: Served, requests: Callable[[], list[bytes]], clients: int = 1) -> list[Load]:
    loads = [app.load(requests(), clients) for _ in range(ROUNDS)]
    for load in loads:
        assert set(load.statuses) <= {200, 409}, load.statuses
    return loads


def line(name: str, loads: list[Load], nothing: float, more: str = "") -> float:
    cpu = [load.cpu_ms for load in loads]
    rate, late = (
        statistics.median(load.rate for load in loads),
        statistics.median(load.quantile(0.99) for load in loads),
    )
    ratio = f"{statistics.median(cpu) / nothing:5.1f}" if nothing else "  1.0"
    print(f"{name:34} {ratio} x nothing  {spread(cpu):>24} ms  {rate:6.0f}/s  p99 {late:6.1f} ms  {more}", flush=True)
    return statistics.median(cpu)


def plain_sql(server: Postgres | None, count: int = 300) -> float:
    """Bookings a second, if the same rows are written by prepared statements and nothing else is done: one transaction
    with 23 rows in eight tables, on the same disk."""
    rows = [("guest", 1), ("screen_link", 1), ("booking", 1), ("key", 1), ("effect", 3), ("minute", 10), ("errand", 2)]
    rows.append(("budget", 8))
    columns = ", ".join(f"c{number} TEXT" for number in range(8))
    connection = _connection(server)
    for name, _ in rows:
        connection.execute(f"CREATE TABLE plain_{name} (id INTEGER, {columns}, UNIQUE (c0))")
    mark = "%s" if server else "?"
    insert = {name: f"INSERT INTO plain_{name} VALUES ({', '.join([mark] * 9)})" for name, _ in rows}
    began = time.perf_counter()
    for number in range(count):
        connection.execute("BEGIN" if server else "BEGIN IMMEDIATE")
        for name, many in rows:
            values = [(number, secrets.token_hex(8), *("some text",) * 7) for _ in range(many)]
            connection.cursor().executemany(insert[name], values)
        connection.execute("COMMIT")
    return count / (time.perf_counter() - began)


def _connection(server: Postgres | None):  # type: ignore[no-untyped-def]
    if server:
        return psycopg.connect(server.new_database().replace("+psycopg", ""), autocommit=True)
    connection = sqlite3.connect(Path(tempfile.mkdtemp(), "plain.sqlite"), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def bookings(app: Served, slots: Iterator[str], count: int) -> list[bytes]:
    """Forms from as many visitors."""
    return [
        request("POST", f"{app.share}/t/{next(slots)}", f"203.0.{number // 250}.{number % 250}", booking_form())
        for number in range(count)
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--postgresql", action="store_true")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--pages", action="store_true", help="one client only")
    given = options.parse_args()
    server = Postgres.start_or_none() if given.postgresql else None
    print(f"{'PostgreSQL' if server else 'SQLite'}, {given.workers} process(es), {os.cpu_count()} cores")
    with served(80, 60, server, SPRECHTAG_WORKERS=str(given.workers), SPRECHTAG_MAX_IN_FLIGHT="100") as app:
        _pages(app, server, (1,) if given.pages else (1, 8, 64))
    if server:
        server.stop()


def _pages(app: Served, server: Postgres | None, crowds: tuple[int, ...]) -> None:
    with app.school.database.read() as session:
        by_time = text("SELECT public_id FROM slot ORDER BY starts_at, host_id")
        listed = list(session.execute(by_time).scalars())
        hosts = list(session.execute(text("SELECT public_id FROM host ORDER BY id")).scalars())
    slots, draw = iter(listed), random.Random(1)
    app.load(bookings(app, slots, 100), 4)
    app.load([request("GET", app.share)] * 30, 4)

    def get(path: Callable[[], str], count: int = 80) -> Callable[[], list[bytes]]:
        return lambda: [request("GET", path()) for _ in range(count)]

    nothing = line("nothing", rounds(app, lambda: [NOTHING] * 400), 0)
    # First, while families that have proven nothing may still take many times: near the limit they are counted.
    plain = plain_sql(server)
    for clients in crowds:
        loads = rounds(app, lambda: bookings(app, slots, 100), clients)
        rate = statistics.median(load.rate for load in loads)
        line(f"a booking, {clients} clients", loads, nothing, f"{rate / plain:.2f} of plain SQL ({plain:.0f}/s)")
    pages = [
        line("list of 80 hosts", rounds(app, get(lambda: app.share)), nothing),
        line("a host's times", rounds(app, get(lambda: f"{app.share}/h/{draw.choice(hosts)}")), nothing),
        line("details", rounds(app, get(lambda: f"{app.share}/t/{draw.choice(listed[3000:])}")), nothing),
        line("a booking", rounds(app, lambda: bookings(app, slots, 80)), nothing),
    ]
    one = app.load(bookings(app, slots, 1)).answers[0].body.decode()
    link = re.search(r"m/[A-Za-z0-9_-]+", one)
    # The first look has the process started that draws PDFs.
    app.load([request("GET", f"/{link[0] if link else ''}")] * 5)
    time.sleep(8)
    line("manage", rounds(app, get(lambda: f"/{link[0] if link else ''}")), nothing)
    taken = listed[: 80 * ROUNDS]
    refused = lambda: [request("POST", f"{app.share}/t/{draw.choice(taken)}", form=booking_form()) for _ in range(80)]  # noqa: E731
    line("a refused booking", rounds(app, refused), nothing)
    eight = {"h": hosts[:8]}
    line("plan for 8 hosts", rounds(app, lambda: [request("POST", f"{app.share}/plan", form=eight)] * 8), nothing)
    mean = statistics.mean(pages)
    print(
        f"a journey's four requests behind {PHP_MS:.0f} ms of PHP on the same cores: "
        f"{(PHP_MS + nothing) / (PHP_MS + mean):.0%} of what nothing gets there"
    )


if __name__ == "__main__":
    main()
