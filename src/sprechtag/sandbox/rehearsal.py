# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference day played in accelerated time: hosts and families as people come, media servers with limits, and our
app, the real one, behind the stand-in's proxy. Without the app's help (straight to Talk) and with it.

A discrete-event simulation: a clock of its own jumps from one event to the next, so the same seed gives the same day.
Only the media servers are invented: a queue each, served at so many joins a second. A join that has waited ten seconds
is lost, its work is wasted, and the person tries again; a server whose queue is long works at half its speed. That is
what the signaling server was measured to do (docs/capacity.md)."""

import asyncio
import heapq
import itertools
import math
import random
import resource
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import select
from sqlmodel import col
from starlette.types import ASGIApp, Receive, Scope, Send

from ..app import build
from ..bootstrap import House
from ..conference import administration, organise, ruleset, windows
from ..conference.booking import Pick
from ..conference.hosts import HostEntry, enrol, join
from ..conference.instance import learn
from ..conference.person import Person
from ..conference.slots import TimeWindow
from ..conference.tables import Alarm, Booking, Conference, Effect, Host, Slot
from ..conference.tokens import join_path
from ..conference.views import booking_view
from ..day import noted, observer
from ..day.fetch import Unanswered
from ..settings import Settings
from . import school
from .demo import new_world
from .fronts import PROXY
from .server import SESSION, Sandbox
from .world import Room, User

START = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)
DAY = date(2027, 1, 13)
SLOT_MINUTES = 10
LOST_AFTER = 10.0
TRIES_AGAIN = 5.0
JOINS, WEAK_JOINS = 1.5, 0.75
"""Joins a second that a media server and the weak one bear."""
OCS = {"OCS-APIRequest": "true"}


@dataclass(frozen=True)
class Plan:
    """`calls` at the same time at most, as many hosts; 2.5 families a call, as in a first half hour. `groups` of hosts
    begin `SLOT_MINUTES / groups` apart."""

    calls: int = 80
    helped: bool = True
    groups: int = 2
    seed: int = 2020

    @property
    def families(self) -> int:
        return self.calls * 5 // 2

    @property
    def servers(self) -> int:
        return max(2, round(self.calls / (80 / 6)))


@dataclass
class Join:
    person: str
    room: str
    since: float
    seated: Callable[[], Awaitable[None]]


@dataclass
class MediaServer:
    """Times in seconds after `START`. `joins` a second; `up` false: it neither seats nor answers."""

    name: str
    joins: float
    up: bool = True
    queue: deque[Join] = field(default_factory=deque)
    rooms: Counter[str] = field(default_factory=Counter)
    asked: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    longest: float = 0.0
    busy: bool = False

    @property
    def pace(self) -> float:
        """Joins a second just now: half, once the queue is longer than it can bear."""
        return self.joins / 2 if len(self.queue) > LOST_AFTER * self.joins else self.joins

    @property
    def peak(self) -> int:
        """The most joins it was asked for in one second."""
        return max(self.asked.values(), default=0)

    def metrics(self) -> str:
        """As a signaling server of 2.0 says it."""
        seated = sum(self.rooms.values())
        lines = [
            "# TYPE signaling_hub_rooms gauge",
            f'signaling_hub_rooms{{backend="school"}} {len(+self.rooms)}',
            "# TYPE signaling_hub_sessions gauge",
            f'signaling_hub_sessions{{backend="school",clienttype="client"}} {seated + len(self.queue)}',
            "# TYPE signaling_http_client_pool_connections gauge",
            f'signaling_http_client_pool_connections{{host="cloud"}} {min(8, len(self.queue))}',
            "# TYPE signaling_room_sessions gauge",
        ]
        lines += [f'signaling_room_sessions{{backend="school",room="{room}"}} {n}' for room, n in (+self.rooms).items()]
        return "\n".join([*lines, ""])


@dataclass
class Call:
    """One appointment of the day. Moments in seconds after `START`; `up` once both are in the call."""

    number: int
    host: str
    family: str
    begins: float
    ends: float
    room: str
    link: str = ""
    arrives: float = 0.0
    host_in: float | None = None
    family_in: float | None = None
    let_in: float | None = None

    @property
    def up(self) -> float | None:
        return None if self.host_in is None or self.family_in is None else max(self.host_in, self.family_in)

    @property
    def ready(self) -> float:
        """From when the family waits for its call."""
        return max(self.begins, self.arrives)

    @property
    def waited(self) -> float:
        return math.inf if self.up is None else max(0.0, self.up - self.ready)


@dataclass(frozen=True)
class Outcome:
    """Seconds; `peaks`: most joins in a second, by server; `overloaded`: servers that lost somebody; `alarm`: from the
    fault to the first alarm, None where nobody watches. `cpu` (the processor's time) and `requests` are the app's,
    `memory_mb` of the process."""

    plan: Plan
    calls: list[Call]
    peaks: dict[str, int]
    overloaded: list[str]
    lost: int
    alarm: float | None
    cpu: float
    cpu_of_busiest_minute: float
    requests: int
    memory_mb: int
    polls: int

    def up_within(self, seconds: float) -> float:
        """The share of the calls that were up so soon after their family was ready."""
        return sum(call.waited <= seconds for call in self.calls) / len(self.calls)

    @property
    def longest_wait(self) -> float:
        return max(call.waited for call in self.calls)

    @property
    def median_wait(self) -> float:
        return median(call.waited for call in self.calls)

    def curve(self) -> list[tuple[float, int]]:
        """How many calls were up at the latest so many seconds after their family was ready."""
        waits = sorted(call.waited for call in self.calls if call.up is not None)
        return [(wait, count) for count, wait in enumerate(waits, 1)]


class Rehearsal:
    """One day. `folder` takes the database."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.now = -900.0
        self._draw = random.Random(plan.seed)
        self._events: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._order = itertools.count()
        self.servers = [MediaServer(f"hpb{n + 1}", WEAK_JOINS if n == 2 else JOINS) for n in range(plan.servers)]
        self._place: dict[str, MediaServer] = {}
        self._clients: dict[str, httpx.AsyncClient] = {}
        self.polls = self.requests = 0
        self._spent: defaultdict[int, float] = defaultdict(float)
        settings = Settings(
            app_secret="s" * 64,
            nextcloud_url="http://nc.example",
            persistent_storage=folder,
            link_key="k" * 32,
            public_url="http://nc.example/index.php/apps/app_api/proxy/sprechtag",
            sync=False,
            page_seconds=60,
        )
        self.house = House(settings, lambda: START + timedelta(seconds=self.now))
        self.house.database.migrate()
        self.world = new_world("http://nc.example", "s" * 64)
        self.world.app.enabled = True
        self.world.bots[1] = {
            "name": "Sprechtag",
            "route": self.house.callbacks["talk_bot"],
            "url": self.world.url,
            "secret": "s",
        }
        transport = httpx.ASGITransport(_Counted(build(self.house), self))
        self.sandbox = Sandbox(self.world, "http://app.example", transport, folder=str(folder / "dav"))
        self.house.observer.fetch = self._fetch
        self.calls = self._set_up()

    # -- the school ---------------------------------------------------------------------------------------------

    def _set_up(self) -> list[Call]:
        plan, database = self.plan, self.house.database
        people = school.teachers(plan.calls, plan.seed) if plan.calls <= 600 else []
        names = [person.name for person in people] or [f"Teacher {n}" for n in range(plan.calls)]
        hosts = [f"h{n:04}" for n in range(plan.calls)]
        slots = -(-plan.families // plan.calls)
        minutes = SLOT_MINUTES * (slots + 1)
        ends = (datetime(2027, 1, 13, 15, 0, tzinfo=UTC) + timedelta(minutes=minutes)).time()
        rules = ruleset.Rules(name="Elternsprechtag", windows=[TimeWindow(DAY, clock_time(15), ends)], lead_minutes=0)
        with database.write(60) as session:
            learn(session, "enabled", {"on": True}, START)
            administration.write(session, {"media": self._entered()})
            conference = organise.create(session, "orga", rules, self.house.links)
            for host, name in zip(hosts, names, strict=True):
                self.world.add_user(User(host, name, f"{host}@schule.example"))
                entry = HostEntry(host, name, "Deutsch", "A 101")
                join(session, enrol(session, conference, entry))
            organise.publish(session, conference)
            if plan.helped and plan.groups > 1:
                windows.stagger(session, conference, plan.groups, SLOT_MINUTES // plan.groups)
            conference_id = conference.id or 0
        self._conference_id = conference_id
        calls = [self._book(conference_id, n, hosts[n % plan.calls], n // plan.calls) for n in range(plan.families)]
        self._note_rooms(calls)
        return calls

    def _entered(self) -> dict[str, Any]:
        """What the admin has entered: nobody knows that one server is weak."""
        servers = [
            {"name": one.name, "cores": 4, "joins": JOINS, "metrics": f"http://{one.name}/metrics"}
            for one in self.servers
        ]
        return {"servers": servers, "php_workers": 16 * max(1, self.plan.calls // 80), "backend_seconds": 0.5}

    def _book(self, conference_id: int, number: int, host: str, turn: int) -> Call:
        with self.house.database.read() as session:
            slots = session.execute(
                select(Slot)
                .join(Host, col(Host.id) == col(Slot.host_id))
                .where(col(Host.user_id) == host, col(Slot.conference_id) == conference_id)
                .order_by(col(Slot.starts_at))
            ).scalars()
            slot = list(slots)[turn]
        person = Person(f"Family {number}", f"f{number}@post.example", "de")
        self.now = -86400.0
        pick = Pick(slot.public_id, "video", f"Child {number}", "5b", f"k{number}")
        booked = self.house.desk.book(conference_id, person, pick)
        self.now = -900.0
        token = f"room{number:05}"
        self.world.rooms[token] = Room(token, host, f"Elternsprechtag · {number}", bots={1})
        begins = (slot.starts_at - START).total_seconds()
        call = Call(booked.booking_id, host, f"f{number}", begins, begins + 60 * SLOT_MINUTES, token)
        call.arrives = begins + self._when_a_family_comes()
        return call

    def _note_rooms(self, calls: list[Call]) -> None:
        with self.house.database.write(60) as session:
            for call in calls:
                effect = session.get_one(Effect, (call.number, "talk"))
                effect.remote = {"token": call.room, "link": f"http://nc.example/call/{call.room}"}
                noted.remember_room(session, call.number, call.room)
                view = booking_view(session, call.number)
                call.link = f"{PROXY}sprechtag/{join_path(self.house.links, view.public_id, view.guest_generation)}"

    def _when_a_family_comes(self) -> float:
        """Seconds before (-) or after the start: one in five some minutes early, most within the minute, a few late."""
        kind = self._draw.random()
        if kind < 0.2:
            return self._draw.uniform(-300, -60)
        if kind < 0.93:
            return max(-60.0, min(60.0, self._draw.gauss(-8, 22)))
        return self._draw.uniform(60, 150)

    # -- what happens -------------------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._order), what))

    async def run(self) -> Outcome:
        """Plays the day to its end."""
        last = max(call.ends for call in self.calls)
        for call in self.calls:
            self.at(call.begins + max(-120.0, min(15.0, self._draw.gauss(-45, 30))), self._host_joins(call))
            self.at(call.arrives, self._arrives(call))
            self.at(call.ends - self._draw.uniform(5, 40), self._ends(call))
        fault_at = last + 60
        broken = self.servers[1]

        async def breaks() -> None:
            broken.up = False

        self.at(fault_at, breaks)
        if self.plan.helped:
            for when in self._looks(fault_at):
                self.at(when, self._look)
        while self._events:
            when, _, what = heapq.heappop(self._events)
            self.now = when
            await what()
        return self._outcome(fault_at)

    def _looks(self, fault_at: float) -> list[float]:
        """The observer's looks every five seconds, but for the quiet minutes in the middle of all calls."""
        begins = {call.begins for call in self.calls}
        every = [-300 + tick * observer.EVERY for tick in range(int((fault_at + 340) // observer.EVERY))]
        return [at for at in every if at > fault_at - 60 or any(-130 <= at - begin <= 70 for begin in begins)]

    async def _look(self) -> None:
        began = time.process_time()
        self.house.observer.look()
        self.spend(time.process_time() - began)

    def spend(self, seconds: float) -> None:
        """Notes the processor's time that the app took, by the minute of the day."""
        self._spent[int(self.now // 60)] += seconds

    def _fetch(self, address: str) -> str:
        server = next(one for one in self.servers if address == f"http://{one.name}/metrics")
        if not server.up:
            raise Unanswered("ConnectionError")
        return server.metrics()

    def _host_joins(self, call: Call) -> Callable[[], Awaitable[None]]:
        async def joins() -> None:
            async def seated() -> None:
                call.host_in = self.now
                await self._talk(call.room, call.host)

            self._join(call.host, call.room, seated)

        return joins

    def _arrives(self, call: Call) -> Callable[[], Awaitable[None]]:
        async def straight() -> None:
            # Who is early stands in Talk's lobby, and all of them are let in at the same moment.
            self.at(call.ready, self._family_joins(call))

        async def by_the_join_page() -> None:
            await self._get(call.link)
            await self._enter(call)

        return by_the_join_page if self.plan.helped else straight

    async def _enter(self, call: Call) -> None:
        """As join.js does: its turn, then now and then how it stands, and once more shortly before."""
        answer = await self._client("family").post(f"{call.link}/enter", headers={"Accept": "application/json"})
        self._follow(call, answer.json())

    def _follow(self, call: Call, said: dict[str, Any]) -> None:
        if said["letIn"] is None:
            self.at(self.now + 10, lambda: self._enter(call))
            return
        call.let_in = said["letIn"] / 1000 - START.timestamp()
        if self.now >= call.let_in:
            self.at(self.now, self._family_joins(call))
            return
        rest = call.let_in - self.now
        again = min(float(said["again"]), max(3.0, rest - 3)) if rest > 4 else rest
        self.at(self.now + again, self._asks(call) if rest > 4 else self._family_joins(call))

    def _asks(self, call: Call) -> Callable[[], Awaitable[None]]:
        async def asks() -> None:
            self.polls += 1
            self._follow(call, (await self._get(f"{call.link}/state")).json())

        return asks

    def _family_joins(self, call: Call) -> Callable[[], Awaitable[None]]:
        async def joins() -> None:
            async def seated() -> None:
                call.family_in = self.now
                await self._talk(call.room, "")

            self._join(call.family, call.room, seated)

        return joins

    def _ends(self, call: Call) -> Callable[[], Awaitable[None]]:
        async def leaves() -> None:
            server = self._place.get(call.room)
            if server:
                server.rooms.pop(call.room, None)
            for user in ("", call.host):
                await self._client(user).delete(f"/ocs/v2.php/apps/spreed/api/v4/call/{call.room}")
            await self._settle()

        return leaves

    # -- media servers ------------------------------------------------------------------------------------------

    def _join(self, person: str, room: str, seated: Callable[[], Awaitable[None]]) -> None:
        """Talk draws a room's server at random when the first one comes, and keeps it."""
        server = self._place.setdefault(room, self._draw.choice(self.servers))
        server.asked[int(self.now)] += 1
        server.queue.append(Join(person, room, self.now, seated))
        if not server.busy:
            server.busy = True
            self.at(self.now + 1 / server.pace, self._serve(server))

    def _serve(self, server: MediaServer) -> Callable[[], Awaitable[None]]:
        async def serves() -> None:
            join = server.queue.popleft()
            waited = self.now - join.since
            server.longest = max(server.longest, waited)
            if waited > LOST_AFTER:
                server.lost += 1

                async def again() -> None:
                    self._join(join.person, join.room, join.seated)

                self.at(self.now + TRIES_AGAIN, again)
            else:
                server.rooms[join.room] += 1
                await join.seated()
            server.busy = bool(server.queue)
            if server.busy:
                self.at(self.now + 1 / server.pace, self._serve(server))

        return serves

    # -- the stand-in and the app -------------------------------------------------------------------------------

    def _client(self, user: str) -> httpx.AsyncClient:
        if user not in self._clients:
            transport = httpx.ASGITransport(self.sandbox)
            client = httpx.AsyncClient(transport=transport, base_url="http://nc.example", headers=OCS)
            if user in self.world.users:
                client.cookies.set(SESSION, self.world.log_in(user))
            self._clients[user] = client
        return self._clients[user]

    async def _get(self, path: str) -> httpx.Response:
        answer = await self._client("family").get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer

    async def _talk(self, room: str, user: str) -> None:
        client = self._client(user)
        await client.post(f"/ocs/v2.php/apps/spreed/api/v4/room/{room}/participants/active")
        await client.post(f"/ocs/v2.php/apps/spreed/api/v4/call/{room}", json={"flags": 7})
        await self._settle()

    async def _settle(self) -> None:
        """Until the bot's word has arrived: its clock must not jump ahead."""
        while self.sandbox._telling or self.house.lifecycle._tasks:  # noqa: SLF001 - nobody else waits for them
            await asyncio.sleep(0)

    def _outcome(self, fault_at: float) -> Outcome:
        with self.house.database.read() as session:
            raised = (
                session.execute(select(col(Alarm.since)).where(col(Alarm.kind) == "server_silent")).scalars().first()
            )
            assert session.get(Conference, self._conference_id)
            assert session.execute(select(col(Booking.id))).first()
        alarm = (raised - START).total_seconds() - fault_at if raised else None
        return Outcome(
            self.plan,
            self.calls,
            {server.name: server.peak for server in self.servers},
            [server.name for server in self.servers if server.lost],
            sum(server.lost for server in self.servers),
            alarm,
            sum(self._spent.values()),
            max(self._spent.values(), default=0.0),
            self.requests,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            self.polls,
        )


class _Counted:
    """The app, with the processor's time it takes."""

    def __init__(self, app: ASGIApp, rehearsal: Rehearsal) -> None:
        self._app, self._rehearsal = app, rehearsal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.process_time()
        try:
            await self._app(scope, receive, send)
        finally:
            self._rehearsal.spend(time.process_time() - began)
            self._rehearsal.requests += 1


async def play(plan: Plan, folder: Path) -> Outcome:
    folder.mkdir(parents=True, exist_ok=True)
    return await Rehearsal(plan, folder).run()


__all__ = ["Outcome", "Plan", "Rehearsal", "play"]
