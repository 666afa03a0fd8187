# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A request that takes too long is given up, and then has changed nothing; one that has changed something is answered.
However much is under way, the app is not taken for dead."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy import text
from sqlmodel import Session

from house import open_stage
from sprechtag import gate
from sprechtag.database import Busy, Database
from sprechtag.settings import Settings

SOON = 0.2


def app_around(handler: Callable[[], str], most: int = 40) -> httpx.AsyncClient:
    app = FastAPI()

    @app.exception_handler(Busy)
    def busy(_: object, __: Exception) -> PlainTextResponse:
        return gate.busy_answer()  # type: ignore[return-value]

    @app.post("/book", response_class=PlainTextResponse)
    def book() -> str:
        return handler()

    @app.post("/api/v1/conferences/{conference}/{what}", response_class=PlainTextResponse)
    def file(conference: str, what: str) -> str:
        return handler()

    @app.get("/heartbeat", response_class=PlainTextResponse)
    async def heartbeat() -> str:
        return "ok"

    limited = gate.TimeLimit(app, Settings(page_seconds=SOON, max_in_flight=most))
    return httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://app.example")


def put(session: Session) -> None:
    session.execute(text("INSERT INTO join_gate (server, share, asked_share) VALUES ('one', 1, 1)"))


def written(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM join_gate")).scalar_one())


async def test_what_was_done_is_answered_however_long_it_takes(database: Database) -> None:
    """Seen under load: 118 of 120 forms were answered 503, 42 of them had booked."""
    slow = threading.Event()

    def handler() -> str:
        with database.write() as session:
            put(session)
        slow.wait(4 * SOON)  # the page is drawn while others hold the cores
        return "booked"

    async with app_around(handler) as client:
        answer = await client.post("/book")
    assert (answer.status_code, answer.text) == (200, "booked") and written(database) == 1


@pytest.mark.parametrize("together", [False, True])
async def test_what_was_given_up_is_not_done_later(database: Database, together: bool) -> None:
    given_up, over = threading.Event(), threading.Event()

    def handler() -> str:
        assert given_up.wait(30)
        try:
            if together:
                database.do(put)
            else:
                with database.write() as session:
                    put(session)
        finally:
            over.set()
        return "booked"

    async with app_around(handler) as client:
        answer = await client.post("/book")
        assert answer.status_code == 503 and answer.headers["retry-after"]
        given_up.set()
        assert await asyncio.to_thread(over.wait, 30)
    assert written(database) == 0


async def test_one_that_never_ends_is_told_to_look_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "COMMIT_SECONDS", SOON)
    end = threading.Event()

    def handler() -> str:
        with database.write() as session:
            put(session)
        end.wait(30)
        return "booked"

    async with app_around(handler) as client:
        answer = await client.post("/book")
        end.set()
    assert answer.status_code == 503 and "reload" in answer.text and "neu laden" in answer.text


async def test_the_heartbeat_does_not_count_and_is_not_counted(database: Database) -> None:
    inside, end = threading.Event(), threading.Event()

    def handler() -> str:
        inside.set()
        end.wait(30)
        return "booked"

    async with app_around(handler, most=1) as client:
        first = asyncio.create_task(client.post("/book"))
        assert await asyncio.to_thread(inside.wait, 30)
        refused = await client.post("/book")
        alive = await client.get("/heartbeat")
        end.set()
        await first
    assert (refused.status_code, alive.status_code) == (503, 200)


@asynccontextmanager
async def full_house(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, threading.Event]]:
    """The app with all its threads for pages taken."""
    end = threading.Event()
    async with open_stage(folder, page_seconds=SOON) as stage:
        from anyio import to_thread

        waiting = [asyncio.create_task(to_thread.run_sync(end.wait)) for _ in range(40)]
        await asyncio.sleep(0)
        yield stage.direct, end
        end.set()
        await asyncio.gather(*waiting)


async def test_health_needs_no_thread_of_the_pages(tmp_path: Path) -> None:
    async with full_house(tmp_path) as (direct, _):
        for path in ("/healthz", "/heartbeat"):
            assert (await direct.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("hosts-import", 200), ("families-import-preview", 200), ("switch", 503), ("families-imports", 503)],
)
async def test_only_a_schools_file_may_take_longer(path: str, status: int) -> None:
    async with app_around(lambda: time.sleep(3 * SOON) or "read") as client:  # type: ignore[func-returns-value]
        assert (await client.post(f"/api/v1/conferences/x/{path}")).status_code == status
