# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The minute in which booking opens: 1,500 families in 60 s, each with its whole journey (list, times, details, form),
straight to the app: `make bench-rush`. Says what was answered, how long it took, and that no time was given twice and
no acknowledged booking is missing."""

import argparse
import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from served import Answer, Connection, Postgres, Served, booking_form, request, served
from sqlalchemy import text

RETRIES = 6


@dataclass
class Rush:
    """What all families saw. `booked` are the codes that pages have shown."""

    app: Served
    draw: random.Random
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    without: int = 0

    async def family(self, number: int) -> None:
        connection, address = Connection(self.app.port), f"198.51.{number // 250}.{number % 250}"

        async def ask(what: str, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
            answer = await connection.send(request(method, path, address, form))
            self.answers.append((what, answer))
            return answer

        try:
            await self._journey(ask)
        finally:
            connection.close()

    async def _journey(self, ask) -> None:  # type: ignore[no-untyped-def]
        for _ in range(RETRIES):
            hosts = re.findall(r"/h/([A-Za-z0-9_-]+)\"", (await ask("list", "GET", self.app.share)).body.decode())
            if not hosts:
                continue
            times = (await ask("times", "GET", f"{self.app.share}/h/{self.draw.choice(hosts)}")).body.decode()
            slots = re.findall(r"/t/([A-Za-z0-9_-]+)\"", times)
            if not slots:
                continue
            slot = f"{self.app.share}/t/{self.draw.choice(slots[:8])}"
            await ask("details", "GET", slot)
            answer = await ask("booking", "POST", slot, booking_form())
            if answer.status == 200:
                self.booked += re.findall(r"· ([0-9A-Z]{6})</small>", answer.body.decode())[:1] or ["?"]
                return
        self.without += 1

    async def all_of_them(self, families: int, seconds: float) -> None:
        began = time.perf_counter()

        async def one(number: int) -> None:
            await asyncio.sleep(max(0.0, began + seconds * number / families - time.perf_counter()))
            await self.family(number)

        await asyncio.gather(*(one(number) for number in range(families)))


def quantile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))] * 1000


def report(rush: Rush, seconds: float, cpu: float) -> None:
    for what in ("list", "times", "details", "booking"):
        times = [answer.seconds for kind, answer in rush.answers if kind == what]
        statuses = dict(Counter(answer.status for kind, answer in rush.answers if kind == what))
        print(
            f"{what:8} {len(times):5}  p50 {quantile(times, 0.5):6.0f} ms  p95 {quantile(times, 0.95):6.0f} ms  "
            f"p99 {quantile(times, 0.99):6.0f} ms  {statuses}"
        )
    with rush.app.school.database.read() as session:
        stands = session.execute(text("SELECT slot_id FROM booking WHERE state = 'active'")).scalars().all()
    print(f"{len(rush.answers)} requests in {seconds:.0f} s, {cpu / len(rush.answers) * 1000:.1f} ms of CPU each")
    print(
        f"families with an appointment {len(rush.booked)}, without {rush.without}; bookings {len(stands)}, "
        f"given twice {len(stands) - len(set(stands))}, acknowledged and missing {len(rush.booked) - len(stands)}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--families", type=int, default=1500)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--postgresql", action="store_true")
    options.add_argument("--workers", type=int, default=1)
    given = options.parse_args()
    server = Postgres.start_or_none() if given.postgresql else None
    with served(80, 24, server, SPRECHTAG_WORKERS=str(given.workers)) as app:
        rush, cpu, began = Rush(app, random.Random(1)), app.cpu(), time.perf_counter()
        asyncio.run(rush.all_of_them(given.families, given.seconds))
        report(rush, time.perf_counter() - began, app.cpu() - cpu)
    if server:
        server.stop()


if __name__ == "__main__":
    main()
