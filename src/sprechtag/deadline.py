# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Until when an answer is of use to whoever asked, and that nothing is done whose answer would come too late.

A request that was given up must not change anything behind its visitor's back; one that has changed something must be
answered. So both sides ask here: the time limit (`gate.TimeLimit`) before it gives a request up, the database before
it commits. Whoever is first decides."""

import threading
import time
from contextvars import ContextVar


class Late(Exception):
    """The request was given up; nothing may be changed for it any more."""


class Deadline:
    """Of one request; `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._committed = self._given_up = False

    @property
    def committed(self) -> bool:
        """Whether something was changed for this request."""
        return self._committed

    def check(self) -> None:
        """Raises `Late` where nobody waits for the answer any more."""
        if self._given_up or (time.monotonic() >= self._until and not self._committed):
            raise Late

    def commit(self) -> None:
        """Something is about to be committed: from here on the answer is waited for. Raises `Late`."""
        with self._lock:
            self.check()
            self._committed = True

    def give_up(self) -> bool:
        """Whether the request may be given up: nothing was committed for it, and nothing will be."""
        with self._lock:
            self._given_up = not self._committed
            return self._given_up


current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""Of the request that is being answered; work in the background has none. Worker threads inherit it."""
