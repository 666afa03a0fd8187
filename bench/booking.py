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

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from house import open_stage

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


asyncio.run(main())
