# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the app costs while nothing happens: CPU, wake-ups and memory of all its processes, on SQLite with one process
and on PostgreSQL with four.

The app is switched on, a conference of 80 hosts x 24 times is published and two weeks off. Medians of some windows, and
the smallest and the largest; a window of ten minutes holds every host's reading of its calendars."""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from watched import Served, served

from postgres import Postgres


def windows(app: Served, seconds: float, count: int) -> tuple[list[float], list[float]]:
    """Percent of a core and wake-ups a second, in each window."""
    shares, wakes = [], []
    for _ in range(count):
        began, cpu, switches = time.monotonic(), app.cpu(), app.switches()
        time.sleep(seconds)
        took = time.monotonic() - began
        shares.append(100 * (app.cpu() - cpu) / took)
        wakes.append((app.switches() - switches) / took)
    return shares, wakes


def said(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def measure(name: str, seconds: float, count: int, url: str = "", workers: int = 1, *, away: bool = False) -> None:
    with served(url, workers, away=away) as app:
        app.wait_until_up()
        time.sleep(120) if away else app.wait_until_settled()
        shares, wakes = windows(app, seconds, count)
        memory = ", ".join(str(one) for one in app.memory())
        print(f"| {name} | {said(shares)} % | {said(wakes)} | {memory} MB |", flush=True)


@contextmanager
def postgres() -> Iterator[Postgres | None]:
    server = Postgres.start_or_none()
    yield server
    if server:
        server.stop()


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--seconds", type=float, default=60.0)
    read.add_argument("--windows", type=int, default=3)
    read.add_argument("--only", choices=("sqlite", "away", "postgresql"), default="")
    given = read.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.windows} windows of {given.seconds:.0f} s")
    print("| | of a core | wake-ups a second | memory of each process |\n|---|---|---|---|", flush=True)
    if given.only in ("", "sqlite"):
        measure("SQLite, one process", given.seconds, given.windows)
    if given.only in ("", "away"):
        measure("the same while Nextcloud is away", given.seconds, given.windows, away=True)
    if given.only in ("", "postgresql"):
        with postgres() as server:
            if server:
                measure("PostgreSQL, four processes", given.seconds, given.windows, server.new_database(), 4)


if __name__ == "__main__":
    main()
