# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What AppAPI asks of the app: is it alive, set it up, switch it on and off."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from . import deadline
from .conference.entries import user_id as user_id_of
from .conference.follow import HEAR
from .conference.instance import learn
from .database import Away, Busy, Database, utc_now
from .errands import queue
from .errands.queue import Put
from .gate import HARPS_AA_VERSION
from .logs import kind_of
from .nextcloud import callbacks

log = structlog.get_logger()
READY, MENU, BOT, LEARN = "ready", "menu", "bot", "learn"
"""What AppAPI is asked for until it stands, and what is learned anew whenever the app is switched on."""
WORKER_STOPPED = "Nothing that is due is worked off any more: restart the app (docs/operations.md)."
LONGEST_BODY = 256 * 1024
"""Bytes of what a callback sends; Talk's longest chat message has 32,000 characters."""


@dataclass
class Lifecycle:
    """The answers go out at once; what Nextcloud must be told follows in the background. `known` gives what was learned
    under a name."""

    database: Database
    on_calendar: Callable[[str], None]
    on_call: Callable[[dict[str, Any]], None]
    known: Callable[[str], dict[str, Any]]
    worker_stopped: Callable[[], bool] = lambda: False
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def enabled(self) -> bool:
        """Whether Nextcloud's admin has switched the app on. Disabled, it leaves Nextcloud alone."""
        return bool(self.known("enabled").get("on"))

    def problems(self) -> list[str]:
        """What keeps the app from doing its work, in words; nothing of a person. A database that is only busy is none
        of it."""
        found = []
        try:
            self.database.check_writable()
        except Away as away:
            found.append(away.reason)
        except Busy:
            pass
        return found + ([WORKER_STOPPED] if self.worker_stopped() else [])

    async def take_in(self, said: dict[str, Any]) -> None:
        deadline.current.set(None)  # the answer is out: this is work in the background
        try:
            await asyncio.to_thread(self.on_call, said)
        except Exception as error:  # noqa: BLE001 - one event that is not understood; nobody waits for it
            log.error("event not taken in", **kind_of(error))

    def later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def put(self, *kinds: str) -> None:
        with self.database.write() as session:
            queue.put(session, *(Put(kind, "", utc_now()) for kind in kinds))


async def _lifecycle(request: Request) -> Lifecycle:
    lifecycle: Lifecycle = request.app.state.lifecycle
    return lifecycle


LifecycleOf = Annotated[Lifecycle, Depends(_lifecycle)]
router = APIRouter(include_in_schema=False)


@router.get("/heartbeat")
async def heartbeat() -> JSONResponse:
    return JSONResponse({"status": "ok"})


@router.get("/healthz")
async def healthz(lifecycle: LifecycleOf) -> JSONResponse:
    """For containers: 200 while the database can be written and what is due is worked off."""
    # Not in the threads that families' pages wait for.
    if problems := await asyncio.to_thread(lifecycle.problems):
        return JSONResponse({"status": "trouble", "problems": problems}, 503)
    return JSONResponse({"status": "ok"})


@router.post("/init")
async def init(lifecycle: LifecycleOf) -> JSONResponse:
    await asyncio.to_thread(lifecycle.put, READY)
    return JSONResponse({})


@router.put("/enabled")
async def set_enabled(lifecycle: LifecycleOf, enabled: bool, request: Request) -> JSONResponse:
    through_harp = request.headers.get("aa-version") == HARPS_AA_VERSION

    def note() -> None:
        with lifecycle.database.write() as session:
            learn(session, "enabled", {"on": enabled}, utc_now())
            learn(session, "front", {"harp": through_harp}, utc_now())
            if enabled:
                queue.put(session, *(Put(kind, "", utc_now()) for kind in (MENU, BOT, HEAR, LEARN)))

    await asyncio.to_thread(note)
    return JSONResponse({"error": ""})


@router.post("/calendar-changed/{token}")  # noqa: FAST003 - the gate has compared it
async def calendar_changed(lifecycle: LifecycleOf, request: Request) -> JSONResponse:
    """Nextcloud's webhook: whose calendar it is, is all that is read of it."""
    try:
        said = callbacks.parse(await _body(request))
        principal = callbacks.word(said, "event", "calendarData", "principaluri")
        user_id = user_id_of(principal.rsplit("/", 1)[-1])
    except ValueError:
        return _not_understood()
    except TooLong:
        return _too_long()
    if not user_id:
        return _not_understood()
    await asyncio.to_thread(lifecycle.on_calendar, user_id)
    return JSONResponse({})


@router.post("/talk_bot/{token}")  # noqa: FAST003
async def talk_bot(lifecycle: LifecycleOf, request: Request) -> JSONResponse:
    """What Talk's bot hears. It is answered at once: Talk waits for it, and with it a worker of PHP."""
    try:
        said = callbacks.parse(await _body(request))
    except ValueError:
        return _not_understood()
    except TooLong:
        return _too_long()
    if isinstance(said, dict):
        lifecycle.later(lifecycle.take_in(said))
    return JSONResponse({})


class TooLong(Exception):
    """A body of more than `LONGEST_BODY` bytes."""


async def _body(request: Request) -> bytes:
    """Raises `TooLong` as soon as it is too long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise TooLong
    return bytes(body)


def _not_understood() -> JSONResponse:
    return JSONResponse({"error": "not understood"}, 400)


def _too_long() -> JSONResponse:
    return JSONResponse({"error": "too long"}, 413)
