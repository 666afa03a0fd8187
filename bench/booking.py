# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Speed and memory as ratios in one run: booking and refusing against a request that does nothing."""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import httpx
from dbos import DBOS, DBOSClient
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import make_school
from house import open_stage
from sprechtag.database import Database

HOSTS = tuple(f"t{number:02}" for number in range(1, 41))


async def main() -> None:
    async with open_stage(Path(tempfile.mkdtemp()), hosts=HOSTS) as stage:
        own = stage.app_api_headers() | {"x-origin-ip": "203.0.113.1"}
        slots = [slot for host in HOSTS[:20] for slot in stage.school.slots(host)]

        async def timed(count: int, call: object) -> float:
            started = time.perf_counter()
            for number in range(count):
                answer: httpx.Response = await call(number)  # type: ignore[operator]
                assert answer.status_code < 500
            return (time.perf_counter() - started) / count

        def form(number: int) -> dict[str, str]:
            mail = f"n{number}@post.example"
            return {"key": f"k{number}", "place": "on_site", "child": "Kid", "name": "N", "email": mail}

        plain = await timed(200, lambda _: stage.direct.get("/heartbeat"))
        hosts = await timed(50, lambda _: stage.direct.get(f"/{stage.share}", headers=own))
        book = await timed(
            200,
            lambda n: stage.direct.post(f"/{stage.share}/t/{slots[n].public_id}", data=form(n), headers=own),
        )
        taken = await timed(
            200,
            lambda n: stage.direct.post(f"/{stage.share}/t/{slots[n].public_id}", data=form(n + 1000), headers=own),
        )
        print(f"a no-op request                       1.0  ({plain * 1000:.1f} ms here)")
        print(f"the list of {len(HOSTS)} hosts                  {hosts / plain:5.1f}")
        print(f"a booking, committed to disk         {book / plain:5.1f}")
        print(f"a refused booking with alternatives  {taken / plain:5.1f}")
        print(f"memory at the end                    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def enqueueing() -> None:
    """What DBOS's enqueue_in_transaction would add to a booking, with its tables in the same SQLite file."""
    url = f"sqlite:///{Path(tempfile.mkdtemp()) / 'one.sqlite'}"
    database = Database(url)
    database.migrate()
    school = make_school(database, hosts=HOSTS[:20])
    DBOS(config={"name": "bench", "system_database_url": url, "application_version": "1", "enable_otlp": False})
    DBOS.launch()
    DBOS.register_queue("bench")
    client = DBOSClient(system_database_url=url)
    slots = [slot for host in HOSTS[:20] for slot in school.slots(host)][:200]

    def booking(number: int) -> None:
        school.book(slots[number], f"n{number}")

    def two_entries(number: int) -> None:
        with database.write() as session:
            for kind in ("booking", "mail"):
                options = {"workflow_name": "nothing", "queue_name": "none", "workflow_id": f"{kind}-{number}"}
                client.enqueue_in_transaction(session, options, number)  # type: ignore[arg-type]

    def nothing(_: int) -> None:
        with database.write() as session:
            session.execute(text("SELECT 1"))

    costs = []
    for work in (booking, two_entries, nothing):
        started = time.perf_counter()
        for number in range(len(slots)):
            work(number)
        costs.append((time.perf_counter() - started) / len(slots))
    DBOS.destroy()
    print(f"two enqueue_in_transaction, as a share of a booking  {(costs[1] - costs[2]) / costs[0]:.2f}")


asyncio.run(main())
enqueueing()
