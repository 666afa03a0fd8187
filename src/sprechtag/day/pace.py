# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is let on to the video call when: a token bucket for each media server, and what slows it down.

A school's day broke because 70 calls were set up in the same second. The rate is half of what Nextcloud can seat
(docs/capacity.md); nobody waits longer than `LONGEST`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..planning.capacity import LONGEST_WAIT, Setup, pace

LONGEST = timedelta(seconds=LONGEST_WAIT)
SLOWEST = 0.25
SLOWEST_RATE = 0.2
MEASURED_SHARE = 0.8
RECOVERS = timedelta(seconds=30)
"""So long after the last warning the pace is as planned again."""
ALONE = "video"
"""The one bucket where no media server is known."""


def turn(taken: Iterable[datetime], now: datetime, not_before: datetime, rate: float) -> datetime:
    """When somebody is let in, at `rate` a second beside the turns that are `taken`: the first free place in the row,
    at most `LONGEST` after being ready. `not_before` is when the appointment begins: who is early has a place in the
    row of that moment, and takes none from those who begin before."""
    apart = timedelta(seconds=1 / rate)
    ready = max(now, not_before)
    found = ready
    for other in sorted(taken):
        if other >= found + apart:
            break
        if other > found - apart:
            found = other + apart
    return min(found, ready + LONGEST)


def rate_of(setup: Setup, server: str = ALONE, share: float = 1.0) -> float:
    """How many a second this server's bucket lets through, at `share` of the plan: of what Nextcloud seats its part by
    cores, and at most `MEASURED_SHARE` of what was measured of it."""
    known = next((one for one in setup.servers if one.name == server), None)
    if known is None:
        return max(SLOWEST_RATE, share * pace(setup) / max(1, len(setup.servers)))
    cores = sum(one.cores for one in setup.servers)
    rate = pace(setup) * known.cores / cores if cores else pace(setup) / len(setup.servers)
    if known.joins:
        rate = min(rate, MEASURED_SHARE * known.joins)
    return max(SLOWEST_RATE, share * rate)


@dataclass(frozen=True)
class Warnings:
    """What a server's readings say about it. `stuck`: people get in slowly (`alarms.ServerNow.stuck`); `load`: of
    1."""

    stuck: bool = False
    load: float = 0.0
    no_answer: bool = False


def share_now(before: float, warnings: Warnings) -> float:
    """The share of the planned rate after these warnings; 1.0 where there are none."""
    if warnings.no_answer or warnings.load > 0.95:
        return SLOWEST
    if warnings.stuck or warnings.load > 0.8:
        return max(SLOWEST, before / 2)
    return 1.0


def server_for(room: str, servers: list[str]) -> str:
    """The bucket of a room that no media server has been seen with yet: one of them, dealt out evenly and always the
    same."""
    if not servers:
        return ALONE
    return servers[sum(room.encode()) % len(servers)]
