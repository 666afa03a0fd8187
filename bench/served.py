# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The app as processes of its own on a database with a school in it, and a load on it: what the benches share."""

import asyncio
import base64
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import KEY, School, make_school
from postgres import Postgres
from schema import lay_down
from sprechtag.conference import organise, ruleset
from sprechtag.conference.slots import TimeWindow
from sprechtag.database import Database
from sprechtag.sandbox.smtp import free_port

SECRET = "s" * 64
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    seconds: float


def request(
    method: str,
    path: str,
    address: str = "203.0.113.1",
    form: Mapping[str, str | list[str]] | None = None,
    secret: str = SECRET,
    user: str = "",
) -> bytes:
    """As AppAPI's proxy would send it for a visitor, or for somebody who is logged in."""
    body = urlencode(form or {}, doseq=True).encode() if method == "POST" else b""
    vouched = base64.b64encode(f"{user}:{secret}".encode()).decode()
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: app",
        f"authorization-app-api: {vouched}",
        "ex-app-id: sprechtag",
        f"x-origin-ip: {address}",
        "accept-language: de",
    ]
    if body:
        lines += ["content-type: application/x-www-form-urlencoded", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One that is kept open, with hardly any cost of its own: the client shares the cores with the app."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, whole: bytes) -> Answer:
        began = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(whole)
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await reader.readexactly(length)
        return Answer(int(head[9:12]), body, time.perf_counter() - began)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


@dataclass
class Load:
    """What came of some requests: rate a second, CPU of all our processes in ms for each, latencies in seconds."""

    answers: list[Answer]
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.cpu / len(self.answers) * 1000

    @property
    def statuses(self) -> "Counter[int]":
        return Counter(answer.status for answer in self.answers)

    def quantile(self, share: float) -> float:
        """In ms."""
        times = sorted(answer.seconds for answer in self.answers)
        return times[min(len(times) - 1, int(share * len(times)))] * 1000


@dataclass
class Served:
    """`database` is for looking from outside; `cpu` counts all the app's processes and PostgreSQL's, if it is one."""

    process: "subprocess.Popen[bytes]"
    port: int
    school: School
    share: str
    server: Postgres | None
    _connections: list[Connection] = field(default_factory=list)

    def cpu(self) -> float:
        """Seconds so far, of processes that live."""
        roots = {self.process.pid} | ({postmaster(self.server)} if self.server else set())
        return sum(cpu_of(pid) for pid in family(roots))

    def load(self, requests: Sequence[bytes], clients: int = 1, rate: float = 0) -> Load:
        """As `send`, with the CPU of it."""
        cpu, began = self.cpu(), time.perf_counter()
        answers = send(self.port, requests, clients, rate)
        return Load(answers, time.perf_counter() - began, self.cpu() - cpu)


def send(port: int, requests: Sequence[bytes], clients: int = 1, rate: float = 0) -> list[Answer]:
    """Sends them all, as `clients` that each wait for their answer; `rate` a second at most."""
    began, waiting, answers = time.perf_counter(), list(reversed(requests)), list[Answer]()

    async def one() -> None:
        connection = Connection(port)
        while waiting:
            if rate:
                turn = began + (len(requests) - len(waiting)) / rate
                whole = waiting.pop()
                await asyncio.sleep(max(0.0, turn - time.perf_counter()))
            else:
                whole = waiting.pop()
            answers.append(await connection.send(whole))
        connection.close()

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(clients)))

    asyncio.run(all_of_them())
    return answers


def family(roots: set[int]) -> set[int]:
    """These processes and all that descend from them."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def postmaster(server: Postgres) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def hosts_named(count: int) -> tuple[str, ...]:
    return tuple(f"t{number:03}" for number in range(1, count + 1))


def rules_of(slots: int) -> ruleset.Rules:
    """A conference in a fortnight with so many times of ten minutes for each host."""
    day = datetime.now(UTC).date() + timedelta(days=14)
    ends = (datetime.combine(day, clock_time(8)) + timedelta(minutes=10 * slots)).time()
    return ruleset.Rules(
        name="Elternsprechtag",
        windows=[TimeWindow(day, clock_time(8), ends)],
        max_bookings_per_guest=30,
        max_bookings_per_guest_and_host=30,
    )


@contextmanager
def served(
    hosts: int = 80,
    slots: int = 24,
    server: Postgres | None = None,
    prepare: Callable[[School], object] | None = None,
    **environment: str,
) -> Iterator[Served]:
    """The app, without its work in the background unless `SPRECHTAG_SYNC` says so; `prepare` may fill the database."""
    folder = Path(tempfile.mkdtemp(prefix="sprechtag-bench-"))
    url = server.new_database() if server else f"sqlite:///{folder / 'sprechtag.sqlite'}"
    lay_down(url)
    database = Database(url)
    database.migrate()
    school = make_school(database, hosts_named(hosts), rules_of(slots))
    if prepare:
        prepare(school)
    port = free_port()
    given = {
        "APP_SECRET": SECRET,
        "APP_PORT": str(port),
        "APP_PERSISTENT_STORAGE": str(folder),
        "NEXTCLOUD_URL": "http://127.0.0.1:9",
        "SPRECHTAG_LINK_KEY": "k" * 32,
        "SPRECHTAG_SYNC": "false",
        "SPRECHTAG_PUBLIC_URL": "http://nc.example/index.php/apps/app_api/proxy/sprechtag",
        "SPRECHTAG_FAMILIES_PER_ADDRESS": "100000",
        "SPRECHTAG_DATABASE_URL": url if server else "",
    }
    command = [sys.executable, "-m", "sprechtag", "serve"]
    process = subprocess.Popen(command, env=os.environ | given | environment)
    try:
        one = Served(process, port, school, f"/s/{organise.share_token(school.conference(), KEY)[0:]}", server)
        _wait_until_up(one)
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        database.close()


def _wait_until_up(one: Served) -> None:
    for _ in range(200):
        try:
            if asyncio.run(Connection(one.port).send(b"GET /healthz HTTP/1.1\r\nhost: app\r\n\r\n")).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("The app does not answer.")


def booking_form(name: str = "") -> dict[str, str]:
    name = name or secrets.token_hex(6)
    return {
        "key": secrets.token_hex(8),
        "place": "on_site",
        "child": "Kid",
        "name": name,
        "email": f"{name}@post.example",
    }


def spread(values: Sequence[float]) -> str:
    """The median, and the smallest and the largest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
