# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Works off what is due, in a thread of its own with a loop of its own, so that no page waits for it.

It sleeps until something is due or somebody has put something: on PostgreSQL it is told by NOTIFY, on SQLite by the
transaction that has put it. What fails is noted in words and tried again as `retry` says; what a database that is
away or full keeps from being noted is noted when it is back, and is not done twice meanwhile."""

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from sqlmodel import Session

from ..database import PATIENCE, Database, apart
from ..logs import OnceAMinute, kind_of
from . import queue
from .clock import EVERY
from .lanes import Seats, Share
from .retry import TOO_LONG, DatabaseTrouble, Explain, Fault, NotYet, Retry, Trouble, trouble_of
from .table import Errand

log = structlog.get_logger()
Result = TypeVar("Result")
LEASE = timedelta(seconds=30)
REST_SECONDS = 60.0
"""It looks at least so often, should it not have been told."""
GATHERING_SECONDS = 0.02
"""In a rush every booking wakes it; so many of them share one claim."""
EXPIRED = "It makes no sense any more."
JUMP = timedelta(seconds=20)
DATABASE_SECONDS = LANE_SECONDS = 1.0


async def insist(call: Callable[[], Result]) -> Result:
    """Calls until the database takes it: what was done must be noted, or it would be done again."""
    said = False
    while True:
        try:
            return await asyncio.to_thread(call)
        except DatabaseTrouble as error:
            if not said:
                log.error("not noted yet", **kind_of(error))
            said = True
            await asyncio.sleep(DATABASE_SECONDS)


@dataclass(frozen=True)
class Done:
    """It went well; with `again_at` it is due then once more. `note` writes down what came of it, in the transaction
    that settles the errand."""

    note: Callable[[Session], None]
    again_at: datetime | None = None


@dataclass(frozen=True)
class Kind:
    """How one kind of errand is done. `do` returns when it is due again, None when it is done, or `Done`; raises
    `NotYet` and `Trouble`, and whatever else counts as an error of ours. `noted` writes down, in the transaction that
    settles it, what its owner sees of a trouble; `final` says that it was given up. With `goes_on` there is more to do
    after a part was given up. `always`: also while the app is disabled. `patience`: while Nextcloud is away its longest
    pause is so many times longer, because there are many of it and it comes again anyway."""

    name: str
    share: Share
    do: Callable[[Errand], Awaitable[datetime | Done | None]]
    noted: Callable[[Session, Errand, Trouble, bool], None] | None = None
    seconds: float = 180.0
    goes_on: bool = False
    always: bool = False
    patience: float = 1.0


def _nothing_more(_session: Session) -> None:
    """There is nothing to write down."""


def _nothing(_session: Session, _now: datetime) -> None:
    """A worker alone begins with nothing."""


@dataclass
class Worker:
    """`explain` turns what a room raises into a `Trouble`, or returns None for what it does not know. `enabled` says
    whether Nextcloud's admin has switched the app on; `clock` gives UTC. `rests`: seconds after which it looks, told
    or not; `begins_after`: seconds that it leaves to the first pages. `begin` puts what a process finds when it
    starts, `asked` what pages have asked for (`ask`); `leave` closes what the loop holds open."""

    database: Database
    kinds: Mapping[str, Kind]
    retry: Retry
    clock: Callable[[], datetime]
    enabled: Callable[[], bool] = lambda: True
    explain: Explain = lambda _: None
    begin: Callable[[Session, datetime], None] = _nothing
    asked: Callable[[Session, datetime], None] | None = None
    leave: Callable[[], Awaitable[None]] | None = None
    rests: float = REST_SECONDS
    begins_after: float = 0.0
    lease: timedelta = LEASE
    seats: Seats = field(default_factory=Seats)
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    _running: dict[int, Errand] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _woken: asyncio.Event | None = None
    _working: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: threading.Thread | None = None
    _began: bool = False
    _ask: bool = True
    _said: OnceAMinute = field(default_factory=OnceAMinute)
    _last: tuple[float, datetime] | None = None
    _looked: float = field(default_factory=time.monotonic)

    # -- from outside -------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.database.heard[queue.PUT] = self.wake
        self._looked = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="errands", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Lets what runs come to its end for a while, and gives the rest back."""
        self._stopping.set()
        self.database.heard.pop(queue.PUT, None)
        self.wake()
        if self._thread:
            self._thread.join(timeout=seconds)

    @property
    def stopped_looking(self) -> bool:
        """Whether it was started and has not looked for so long that nothing is worked off any more."""
        if self._thread is None:
            return False
        return not self._thread.is_alive() or time.monotonic() - self._looked > 2 * (self.rests + PATIENCE)

    def take(self, kinds: Sequence[str] = ()) -> list[Errand]:
        """Claims what may run now, for `do`; of all kinds where none is named."""
        return self._claim(kinds or list(self.kinds), self.clock())

    async def do(self, errand: Errand) -> None:
        """Does what was taken and notes what came of it."""
        self._running[errand.id or 0] = errand
        await self._run(errand)

    def ask(self) -> None:
        """A page has asked for something that is not in the table yet (`asked`): look now. From any thread."""
        self._ask = True
        self.wake()

    def wake(self) -> None:
        """Something was put: look now. From any thread."""
        loop, woken = self._loop, self._woken
        if loop and woken:
            with suppress(RuntimeError):  # it is closing
                loop.call_soon_threadsafe(woken.set)

    # -- the loop -----------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = woken = asyncio.Event()
        await self._sleep(woken, self.begins_after)
        listening = asyncio.create_task(self._listen())
        renewing = asyncio.create_task(self._renew())
        while not self._stopping.is_set():
            try:
                rest = await self._look()
                self._looked = time.monotonic()
            except Exception as error:  # noqa: BLE001 - it must outlive whatever the database does
                self._log_once("errands not looked at", error)
                rest = DATABASE_SECONDS
            if rest > 0:
                await self._sleep(woken, rest)
                await asyncio.sleep(GATHERING_SECONDS)
            woken.clear()
        await self._end(listening, renewing)

    async def _sleep(self, woken: asyncio.Event, seconds: float) -> None:
        """Until it is woken, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()

    async def _look(self) -> float:
        """Begins what may begin; returns after how many seconds there may be more."""
        now = self.clock()
        self._mind_the_clock(now)
        if not self._began:
            with self.database.write(PATIENCE) as session:
                self.begin(session, now)
            self._began = True
        self._put_asked(now)
        on = self.enabled()
        kinds = [kind for kind in self.kinds.values() if on or kind.always]
        names = [kind.name for kind in kinds if self.seats.free_for(kind.share)]
        with self.database.read() as session:
            due = queue.next_due(session, names)
        if due is None or due > now:
            return min(self.rests, (due - now).total_seconds()) if due else self.rests
        claimed = self._claim(names, now)
        for errand in claimed:
            self._begin(errand)
        # What only waits for its lane is looked at when that ends; another process may have it.
        return 0.0 if claimed else min(self.rests, LANE_SECONDS)

    def _put_asked(self, now: datetime) -> None:
        if self._ask:
            self._ask = False
            if self.asked:
                with self.database.write(PATIENCE) as session:
                    self.asked(session, now)

    def _claim(self, names: Sequence[str], now: datetime) -> list[Errand]:
        seated: list[Share] = []

        def sit(kind: str) -> bool:
            share = self.kinds[kind].share
            if not self.seats.free_for(share):
                return False
            self.seats.sit(share)
            seated.append(share)
            return True

        try:
            with self.database.write(PATIENCE) as session:
                return queue.claim(session, names, sit, self.holder, now + self.lease, now, list(self._running))
        except BaseException:
            for share in seated:
                self.seats.rise(share)
            raise

    def _begin(self, errand: Errand) -> None:
        self._running[errand.id or 0] = errand
        self._working.set()
        task = asyncio.create_task(self.do(errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, errand: Errand) -> None:
        kind = self.kinds[errand.kind]
        try:
            settle = await self._outcome(kind, errand)
            try:
                await insist(settle)
            except Exception as error:  # noqa: BLE001 - done, and what came of it cannot be noted: not again at once
                await insist(partial(self._failed, kind, errand, *self._tried(kind, errand, error)))
        finally:
            self.seats.rise(kind.share)
            self._running.pop(errand.id or 0, None)
            if self._woken:
                self._woken.set()

    async def _outcome(self, kind: Kind, errand: Errand) -> Callable[[], None]:
        """Does it; returns what is to be noted."""
        try:
            self._check_sense(errand)
            async with asyncio.timeout(kind.seconds):
                done = await kind.do(errand)
        except NotYet as wait:
            return partial(self._not_yet, errand, wait)
        except asyncio.CancelledError:
            if not self._stopping.is_set():  # a library's own: it is one more thing that went wrong
                broken = Trouble(Fault.NEXTCLOUD, TOO_LONG)
                return partial(
                    self._failed, kind, errand, broken, self.retry.again_in(broken, errand.attempts), errand.attempts
                )
            return partial(self._not_yet, errand, NotYet(errand.due_at))
        except Exception as error:  # noqa: BLE001 - whatever one raises, the others go on
            trouble, pause, tries = self._tried(kind, errand, error)
            self._say(kind, tries, trouble, pause)
            return partial(self._failed, kind, errand, trouble, pause, tries)
        return partial(self._done, errand, done if isinstance(done, Done) else Done(_nothing_more, done))

    def _tried(self, kind: Kind, errand: Errand, error: Exception) -> tuple[Trouble, timedelta | None, int]:
        """What it is, how long to wait (None: it is given up), and how often it was tried."""
        trouble = trouble_of(error, self.explain)
        # Another trouble is another one's fault: its tries are counted from here.
        tries = errand.attempts if errand.problem == trouble.words else 1
        return trouble, self.retry.again_in(trouble, tries, kind.patience), tries

    def _say(self, kind: Kind, tries: int, trouble: Trouble, pause: timedelta | None) -> None:
        """Once a minute for each kind and reason: in an outage thousands have the same."""
        what = "given up" if pause is None else "to be tried again"
        if self._said.is_new(f"{what}:{kind.name}:{trouble.words}"):
            fault, why = str(trouble.fault), trouble.words
            log.warning(what, errand=kind.name, about=trouble.about, fault=fault, tries=tries, why=why)

    def _check_sense(self, errand: Errand) -> None:
        """Raises `Trouble` for what has expired."""
        if errand.expires_at and errand.expires_at <= self.clock():
            raise Trouble(Fault.OURS, errand.problem or EXPIRED, final=True)

    # -- settling -----------------------------------------------------------------------------------------------

    def _done(self, errand: Errand, done: Done) -> None:
        def settle(session: Session) -> None:
            done.note(session)
            queue.done(session, errand, self.clock(), done.again_at)

        self.database.do(settle, PATIENCE)

    def _not_yet(self, errand: Errand, wait: NotYet) -> None:
        with self.database.write(PATIENCE) as session:
            queue.later(session, errand, wait.until, self.clock(), counts=False)
            if wait.lane:
                queue.into_lane(session, errand, wait.lane, wait.until, all_of_lane=wait.all_of_lane)

    def _failed(self, kind: Kind, errand: Errand, trouble: Trouble, pause: timedelta | None, tries: int) -> None:
        now = self.clock()
        with self.database.write(PATIENCE) as session:
            if kind.noted:
                with apart(session, "noting a trouble"):
                    kind.noted(session, errand, trouble, pause is None)
            if pause is not None:
                queue.later(session, errand, now + pause, now, trouble.words, tries=tries)
            else:
                queue.done(session, errand, now, now if kind.goes_on else None)

    # -- living -------------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        """Says now and then that what runs is still worked on; sleeps while nothing does."""
        while not self._stopping.is_set():
            await self._working.wait()
            await asyncio.sleep(self.lease.total_seconds() / 4)
            if ids := list(self._running):
                with suppress(*DatabaseTrouble):
                    await asyncio.to_thread(self._keep, ids)
            else:
                self._working.clear()

    def _keep(self, ids: list[int]) -> None:
        with self.database.write(PATIENCE) as session:
            queue.keep(session, ids, self.holder, self.clock() + self.lease)

    async def _listen(self) -> None:
        """On PostgreSQL other processes put errands too."""
        if self.database.is_sqlite:
            return
        while not self._stopping.is_set():
            with suppress(Exception):  # a database that is away: told or not, it looks again and again
                await self.database.listen(queue.PUT, self.wake)
            await asyncio.sleep(DATABASE_SECONDS)

    async def _end(self, *helpers: "asyncio.Task[None]") -> None:
        for helper in helpers:
            helper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, *helpers, return_exceptions=True)
        if self.leave:
            await self.leave()

    def _mind_the_clock(self, now: datetime) -> None:
        """A clock that was set back would have everything wait that was due by the old one."""
        tick = time.monotonic()
        if self._last:
            then_tick, then = self._last
            expected = then + timedelta(seconds=tick - then_tick)
            if now < expected - JUMP:
                with self.database.write(PATIENCE) as session:
                    # What rests was due within `EVERY` by the old clock.
                    queue.clock_went_back(session, expected + max(self.lease, EVERY), now)
        self._last = (tick, now)

    def _log_once(self, event: str, error: Exception) -> None:
        """Never what it says: it may hold names."""
        if self._said.is_new(f"{event}:{type(error).__name__}"):
            log.error(event, **kind_of(error))
