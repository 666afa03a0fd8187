# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""64 clients make 1,000 attempts (2,000 by `make test-large`) on 100 slots through the HTTP interface: 100 bookings,
clean refusals, no 500."""

import asyncio
import os
import random
import secrets
from collections import Counter

import httpx
import pytest

from town import PROXY, Town, open_town

SLOTS, CLIENTS, ATTEMPTS = 100, 64, 2000 if os.environ.get("SPRECHTAG_LARGE") else 1000


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_hundred_slots_are_booked_a_hundred_times(backend: str, request: pytest.FixtureRequest) -> None:
    """On PostgreSQL with three server processes."""
    more: dict[str, str] = {}
    if backend == "postgresql":
        more = {
            "SPRECHTAG_DATABASE_URL": request.getfixturevalue("postgres").new_database(),
            "SPRECHTAG_WORKERS": "3",
        }
    with open_town(**more) as town:
        event = town.conference(["t01", "t02", "t04", "t05", "t06"], slot_minutes=12)
        family = event.family("someone")
        slots = [slot for host in range(5) for slot in family.slots(host)]
        assert len(slots) == SLOTS
        # Straight to the app as AppAPI's proxy would send it: the stand-in proxy is slower than the real one.
        answers = asyncio.run(_rush(town, [slot.split(PROXY + "sprechtag")[1] for slot in slots]))
        assert set(answers) <= {200, 409, 503}, answers
        active = [booking for booking in town.bookings(event) if booking["state"] == "active"]
        assert len(active) == SLOTS
        assert len({(booking["host_user_id"], booking["starts_at"]) for booking in active}) == SLOTS
        assert answers[200] == SLOTS
        assert sum(answers.values()) >= ATTEMPTS


async def _rush(town: Town, slots: list[str]) -> "Counter[int]":
    answers: Counter[int] = Counter()
    draw = random.Random(7)
    attempts = [slots[number % SLOTS] for number in range(ATTEMPTS)]
    draw.shuffle(attempts)
    app = town.world.app
    import base64

    headers = {
        "authorization-app-api": base64.b64encode(f":{app.secret}".encode()).decode(),
        "ex-app-id": app.id,
        "x-origin-ip": "203.0.113.9",
    }
    base = f"http://127.0.0.1:{town.environment['APP_PORT']}"
    limits = httpx.Limits(max_connections=CLIENTS)

    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, limits=limits) as client:

        async def work() -> None:
            while attempts:
                slot = attempts.pop()
                name = secrets.token_hex(6)
                form = {
                    "key": secrets.token_hex(8),
                    "place": "on_site",
                    "child": "Kid",
                    "name": name,
                    "email": f"{name}@post.example",
                }
                for _ in range(400):
                    answer = await client.post(slot, data=form)
                    answers[answer.status_code] += 1
                    if answer.status_code != 503:
                        break
                    # What a busy server is owed: the same form again, a little later.
                    await asyncio.sleep(draw.uniform(0.1, 0.5))

        await asyncio.gather(*(work() for _ in range(CLIENTS)))
    return answers
