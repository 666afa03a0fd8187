# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a start costs, and what memory comes to while the app is used: CPU until `/healthz` answers, with bytecode and
without; then families' pages and bookings, a third of them bookings, and the memory of the process after each 1,000.

One process, SQLite, 80 hosts x 24 times. What is booked follows in the stand-in Nextcloud meanwhile."""

import argparse
import base64
import os
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import httpx
from watched import SECRET, Served, served

AT_ONCE, EACH = 8, 1000


def nowhere() -> dict[str, str]:
    """Without bytecode, wherever it may lie."""
    return {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": tempfile.mkdtemp(prefix="sprechtag-bench-")}


def said(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def starts(app: Served, name: str, count: int, bytecode: Callable[[], dict[str, str]]) -> None:
    seconds, memory = [], []
    for _ in range(count):
        app.stop()
        app.start(**bytecode())
        app.wait_until_up()
        seconds.append(app.cpu())
        memory.append(float(sum(app.memory())))
    print(f"| {name} | {said(seconds)} s of CPU | {statistics.median(memory):.0f} MB |", flush=True)


class Families:
    """Everybody comes from an address of its own and looks twice before it books."""

    def __init__(self, app: Served) -> None:
        self._app = app
        proven = base64.b64encode(f":{SECRET}".encode()).decode()
        own = {"authorization-app-api": proven, "ex-app-id": "sprechtag", "accept-language": "de"}
        self._client = httpx.Client(base_url=app.base, headers=own, timeout=30)
        hosts = [app.share + one for one in self._links(app.share, r"/h/[A-Za-z0-9_-]+")]
        self._hosts = cycle(hosts)
        self._slots = iter([app.share + one for host in hosts for one in self._links(host, r"/t/[A-Za-z0-9_-]+")])
        self._numbers = iter(range(10**9))

    def _links(self, path: str, pattern: str) -> list[str]:
        answer = self._client.get(path, headers={"x-origin-ip": "203.0.113.1"})
        return list(dict.fromkeys(re.findall(pattern, answer.text)))

    def operations(self, count: int) -> Iterator[tuple[str, int]]:
        """A page and a page and a booking, again and again."""
        for number in islice(self._numbers, count):
            path = (self._app.share, next(self._hosts), None)[number % 3]
            yield path or next(self._slots), number

    def do(self, operation: tuple[str, int]) -> None:
        path, number = operation
        headers = {"x-origin-ip": f"2001:db8:{number:x}::1"}
        if number % 3 < 2:
            answer = self._client.get(path, headers=headers)
        else:
            name = f"n{number}"
            form = {"key": name, "place": "on_site", "child": "Kid", "name": name, "email": f"{name}@post.example"}
            answer = self._client.post(path, data=form, headers=headers)
        assert answer.status_code in (200, 303, 503), answer.status_code


def soak(app: Served, thousands: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        families = Families(app)
        for number in range(thousands):
            cpu = app.cpu()
            for _ in pool.map(families.do, families.operations(EACH)):
                pass
            each = 1000 * (app.cpu() - cpu) / EACH
            print(
                f"| after {EACH * (number + 1):,} operations | {each:.1f} ms of CPU each | {sum(app.memory())} MB |",
                flush=True,
            )
        app.wait_until_settled()
        print(f"| when all has followed | | {sum(app.memory())} MB |", flush=True)


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--starts", type=int, default=5)
    read.add_argument("--thousands", type=int, default=5)
    given = read.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.starts} starts")
    print("| | CPU | memory |\n|---|---|---|", flush=True)
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": tempfile.mkdtemp(prefix="sprechtag-bench-")}
    with served(**kept) as app:
        app.wait_until_up()
        app.wait_until_settled()
        if given.starts:
            starts(app, "start with bytecode", given.starts, lambda: kept)
            starts(app, "start without", given.starts, nowhere)
        soak(app, given.thousands)


if __name__ == "__main__":
    main()
