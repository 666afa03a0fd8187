# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs the assignment of everybody's wishes in a process of its own: two minutes of one core must not make a family's
page wait. Its progress and what it has found so far stand in the database all the time."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from ..database import PATIENCE, Database
from ..errands.table import Errand
from . import wishes
from .tables import Conference, WishRun

log = structlog.get_logger()
MOST_ATTEMPTS = 3


class Assigning:
    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def run(self, errand: Errand) -> None:
        """Makes the run from its beginning; after a crash it is made again, with the same result."""
        run_id = int(errand.key)
        with self._database.write(PATIENCE) as session:
            run = session.get(WishRun, run_id)
            if run is None or run.state != "running":
                return
            if errand.attempts > MOST_ATTEMPTS:
                run.state, run.problem = "failed", "The run was broken off again and again."
                return
            found = wishes.open_wishes(session, session.get_one(Conference, run.conference_id))
            task = {"seed": run.seed, "effort": run.effort, **asdict(found)}
        try:
            await self._work(run_id, json.dumps(task).encode(), found)
        except (OSError, ValueError) as error:
            log.warning("assignment failed", error=type(error).__name__)
            self._fail(run_id, "The run could not be made on this machine.")

    async def _work(self, run_id: int, task: bytes, found: wishes.Open) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sprechtag.planning.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=64 * 1024 * 1024,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError
        try:
            process.stdin.write(task)
            process.stdin.close()
            async for line in process.stdout:
                if not self._note(run_id, json.loads(line), found):
                    break
            else:
                if await process.wait() != 0:
                    self._fail(run_id, "The run ended without a result.")
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()

    def _note(self, run_id: int, said: dict[str, Any], found: wishes.Open) -> bool:
        """Keeps what was found; false when nobody wants it any more."""
        wishes.serve_later(found, said["chosen"], said["unserved"])
        with self._database.write(PATIENCE) as session:
            run = session.get(WishRun, run_id)
            if run is None or run.state != "running":
                return False
            run.progress = said["progress"]
            run.chosen, run.unserved = said["chosen"], said["unserved"]
            if said["progress"]["phase"] == "done":
                run.state, run.finished_at = "ready", self._clock()
            return True

    def _fail(self, run_id: int, problem: str) -> None:
        with self._database.write(PATIENCE) as session:
            run = session.get(WishRun, run_id)
            if run and run.state == "running":
                run.state, run.problem = "failed", problem
