# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes again and again: errands that are never done for good."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from . import queue
from .queue import Put

KIND = "clock"
EVERY = timedelta(minutes=5)
"""However far off the next thing to do is, it is looked for so often: a clock may jump, a put may be forgotten."""
SLACK = timedelta(seconds=30)
LONG_GONE = timedelta(days=1)
"""What has expired is noted as given up by who would do it; only what nobody does any more is left then."""


def rest(now: datetime, until: datetime | None = None, pace: float = 1.0) -> datetime:
    """When to look again where there is nothing to do before `until`. At the latest at the next whole multiple of
    `EVERY`: all that rests is looked at in one go, so that a process wakes once for all of it."""
    seconds = EVERY.total_seconds() * pace
    beat = datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, UTC)
    return min(until, beat) if until else beat


@dataclass(frozen=True)
class Clock:
    """Looks every five minutes that everything which is to come again stands in the queue, and takes out what has
    expired.

    `single` are kinds of which there is one errand; `many` put one for each of many, by one statement each."""

    single: tuple[str, ...]
    many: tuple[Callable[[Session, datetime], object], ...] = ()

    def wind(self, session: Session, now: datetime) -> None:
        """Puts what is missing; a new one is due at once. Twice is once."""
        last = queue.due_of(session, KIND)
        if last and last > now + EVERY + SLACK:
            # It is due at most five minutes after it ran: the clock was set back while nobody was there to see it.
            queue.clock_went_back(session, last, now)
        there = queue.all_of(session, (*self.single, KIND))
        queue.put(session, *(Put(kind, "", now) for kind in (KIND, *self.single) if kind not in there))
        for puts in self.many:
            puts(session, now)
        queue.forget_expired(session, now - LONG_GONE)
