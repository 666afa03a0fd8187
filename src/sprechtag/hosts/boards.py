# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards are polled by everybody who has one open: each is made at most once in two seconds, and who has seen a version
of it gets what has changed since.

A version is a hash of what it shows. Another process may not know it, or this one no longer: then all of it is sent."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydantic_core import to_json

from ..database import Busy
from ..day.readings import LastHour
from ..day.timeline import Memory
from ..moments import shifted
from .merge_patch import Json, difference, shared

KEPT_FOR = timedelta(seconds=2)
WAIT_SECONDS = 1.5
"""How long a poll waits for the one that makes the answer."""
VERSIONS = 16
"""As many are known: a minute and more of polls every five seconds."""
LEFT_AFTER = timedelta(minutes=5)
"""A board that nobody has asked for so long is forgotten: it holds names."""
MOST = 40
"""Boards (a day of a conference each) that a process keeps; about 1 MB each for 2,000 appointments."""


@dataclass(eq=False)
class Board:
    """One day of one conference, made at `made_at` when it had been forgotten so many times."""

    made_at: datetime
    made_after: int
    hour: LastHour = field(default_factory=LastHour)
    memory: Memory = field(default_factory=Memory)
    version: str = ""
    forgotten: int = 0
    _versions: OrderedDict[str, Json] = field(default_factory=OrderedDict)
    _answers: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises `Busy` where another thread does not come to an end."""
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            yield
        finally:
            self._lock.release()

    def is_young(self, now: datetime) -> bool:
        return self.made_after == self.forgotten and self.made_at <= now < shifted(self.made_at, KEPT_FOR)

    def make(self, make: "Callable[[Board], Json]", now: datetime) -> None:
        """Makes what is to be shown from now on."""
        forgotten = self.forgotten  # what is forgotten meanwhile is made anew
        self._take(make(self))
        self.made_at, self.made_after = now, forgotten

    def _take(self, shown: Json) -> None:
        version = hashlib.sha256(to_json(shown)).hexdigest()[:16]
        if version == self.version:
            return
        newest = self._versions.get(self.version, {})
        self.version = version
        self._versions[version] = shared(newest, shown)
        self._versions.move_to_end(version)
        self._answers.clear()
        while len(self._versions) > VERSIONS:
            self._versions.popitem(last=False)

    def answer(self, since: str) -> bytes:
        """JSON: everything, or the patch since a version that is known."""
        since = since if since in self._versions else ""
        if since not in self._answers:
            self._answers[since] = to_json(self._answer(since))
        return self._answers[since]

    def _answer(self, since: str) -> Json:
        newest = self._versions[self.version]
        if not since:
            return {"version": self.version, "board": newest}
        return {"version": self.version, "since": since, "patch": difference(self._versions[since], newest)}


class Boards:
    """The boards of one process, by conference and the day that was asked for (None: the nearest)."""

    def __init__(self) -> None:
        self._boards: OrderedDict[tuple[int, date | None], Board] = OrderedDict()
        self._lock = threading.Lock()

    def answer(
        self,
        conference_id: int,
        day: date | None,
        since: str,
        now: datetime,
        make: Callable[[Board], Json],
    ) -> bytes:
        """As `Board.answer`; `make` reads what is to be shown where that was not done just now. Raises `Busy`, and what
        `make` raises."""
        board = self._of(conference_id, day, now)
        with board.alone():
            if not board.is_young(now):
                board.make(make, now)
            return board.answer(since)

    def forget(self, conference_id: int) -> None:
        """Has the next poll look anew: who has pressed a button wants to see what it did."""
        with self._lock:
            for (number, _), board in self._boards.items():
                if number == conference_id:
                    board.forgotten += 1

    def _of(self, conference_id: int, day: date | None, now: datetime) -> Board:
        with self._lock:
            for key in [key for key, one in self._boards.items() if one.made_at < now - LEFT_AFTER]:
                del self._boards[key]
            board = self._boards.setdefault((conference_id, day), Board(made_at=now, made_after=-1))
            self._boards.move_to_end((conference_id, day))
            while len(self._boards) > MOST:
                self._boards.popitem(last=False)
            return board
