# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag serve` as it runs for people, with a published conference of 80 hosts in two weeks, for the benchmarks to
watch from outside: CPU, wake-ups and memory of its processes as the kernel counts them.

Nextcloud is the stand-in, in the benchmark's own process, whose CPU does not count."""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time as clock
from datetime import timedelta
from pathlib import Path

import httpx
import uvicorn
from sqlalchemy import func, select
from sqlmodel import col

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import KEY, School, make_school
from sprechtag.conference import organise, ruleset
from sprechtag.conference.instance import learn
from sprechtag.conference.slots import TimeWindow
from sprechtag.database import Database, utc_now
from sprechtag.errands.table import Errand
from sprechtag.sandbox.demo import app_environment, new_world
from sprechtag.sandbox.server import Sandbox
from sprechtag.sandbox.smtp import free_port
from sprechtag.sandbox.world import User, World

HOSTS = tuple(f"t{number:02}" for number in range(1, 81))
SECRET = "s" * 64
PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
"""That of another environment says what it is without packages for development."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Served:
    """`share` is a family's way in; `process` runs `sprechtag serve`, with several processes it is their supervisor."""

    environment: dict[str, str]
    base: str
    share: str
    school: School
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self, **more: str) -> None:
        command = [PYTHON, "-m", "sprechtag", "serve"]
        self.process = subprocess.Popen(command, env=self.environment | more)

    def pids(self) -> list[int]:
        """The process and its children."""
        pid = self.process.pid
        return [pid, *(int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def cpu(self) -> float:
        """Seconds of all its processes so far."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in self.pids()]
        return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS

    def switches(self) -> int:
        """How often a thread of any of its processes has begun to run, of its own will or not."""
        found = 0
        for pid in self.pids():
            for status in Path(f"/proc/{pid}/task").glob("*/status"):
                lines = status.read_text().splitlines()
                found += sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
        return found

    def memory(self) -> list[int]:
        """MB of each process, the supervisor first."""
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        return [int(one.split("VmRSS:")[1].split()[0]) // 1024 for one in statuses]

    def wait_until_up(self, seconds: float = 60.0) -> None:
        """Asks `/healthz` until it answers 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.base}/healthz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.01)
        raise TimeoutError("It does not come up.")

    def wait_until_settled(self, quiet: float = 10.0) -> None:
        """Waits until nothing that is due was left for a while."""
        since = time.monotonic()
        while time.monotonic() < since + quiet:
            time.sleep(1.0)
            if self._due():
                since = time.monotonic()

    def _due(self) -> int:
        soon = utc_now() + timedelta(seconds=1)
        running = col(Errand.leased_until).is_not(None)
        with self.school.database.read() as session:
            count = select(func.count()).select_from(Errand)
            due = session.execute(count.where(col(Errand.due_at) <= soon)).scalar_one()
            return int(due) + int(session.execute(count.where(running)).scalar_one())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@contextmanager
def nextcloud(app_port: int) -> Iterator[World]:
    """A stand-in with a user for each host."""
    port = free_port()
    world = new_world(f"http://127.0.0.1:{port}", SECRET)
    for user_id in HOSTS:
        if user_id not in world.users:
            world.add_user(User(user_id, f"Teacher {user_id}", f"{user_id}@schule.example", groups={"Kollegium"}))
    sandbox = Sandbox(world, f"http://127.0.0.1:{app_port}")
    server = uvicorn.Server(uvicorn.Config(sandbox, port=port, log_level="critical", access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield world
    server.should_exit = True
    thread.join(timeout=10)


def fill(database: Database) -> School:
    """A published conference in two weeks, 80 hosts with 24 times each; Nextcloud's admin has switched the app on."""
    database.migrate()
    window = TimeWindow(utc_now().date() + timedelta(days=14), clock(15), clock(19))
    rules = ruleset.Rules(name="Elternsprechtag", windows=[window], slot_minutes=10)
    school = make_school(database, HOSTS, rules)
    with database.write() as session:
        learn(session, "enabled", {"on": True}, utc_now())
    return school


@contextmanager
def served(url: str = "", workers: int = 1, *, away: bool = False, **more: str) -> Iterator[Served]:
    """Starts it on an SQLite file of its own, or at `url`; `away`: Nextcloud answers 503. `more` is environment."""
    folder, port = Path(tempfile.mkdtemp(prefix="sprechtag-bench-")), free_port()
    database = Database(url or f"sqlite:///{folder / 'sprechtag.sqlite'}")
    school = fill(database)
    share = f"/s/{organise.share_token(school.conference(), KEY)}"
    with nextcloud(port) as world:
        world.away = away
        environment = os.environ | app_environment(world, str(folder), port)
        # As scripts/start sets them.
        environment |= {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
        environment |= {"SPRECHTAG_LINK_KEY": "k" * 32, "SPRECHTAG_WORKERS": str(workers)}
        environment |= {"SPRECHTAG_DATABASE_URL": url} if url else {}
        one = Served(environment | more, f"http://127.0.0.1:{port}", share, school)
        one.start()
        try:
            yield one
        finally:
            one.stop()
            database.close()
