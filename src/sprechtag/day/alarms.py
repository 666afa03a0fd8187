# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wrong on the day, from plain data: which alarms stand at a moment. Who shows them has the words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ..planning.capacity import Line
from .live import Appointment, not_up
from .metrics import Rates, Reading

Kind = Literal["calls_not_up", "server_silent", "server_full", "joining_stuck", "line_full", "ice_failing"]

NOT_UP_AFTER = timedelta(seconds=60)
NOT_UP_SHARE = 0.1
NOT_UP_LEAST = 2
LINE_SHARE = 0.8
LOAD_LIMIT = 0.9
ICE_MORE = 3.0
UNSEATED_SHARE = 0.5
SLOW_SHARE, SLOW_LEAST = 0.05, 20
OFFERS_A_JOIN, OFFERS_LEAST = 6, 30
"""Who joins a call of n asks for at most n - 1 pictures; a browser that gets none asks again and again."""
SILENT_FOR = 2
"""Readings in a row without an answer; one may be lost on the way."""


@dataclass(frozen=True)
class Standing:
    """An alarm that stands now. `about` is a server's or line's name; `facts` are numbers for its words."""

    kind: Kind
    about: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerNow:
    """One server as it is. `limit`: calls it bears, 0 where unknown. `readings`: the newest last, empty ones were not
    answered; `rates` of the last two that were."""

    name: str
    readings: Sequence[Reading]
    rates: Rates = field(default_factory=Rates)
    limit: int = 0
    pool_limit: int = 8

    @property
    def silent(self) -> bool:
        last = self.readings[-SILENT_FOR:]
        return len(last) == SILENT_FOR and not any(last)

    @property
    def reading(self) -> Reading:
        return self.readings[-1] if self.readings else {}

    @property
    def pool_full(self) -> bool:
        """In two readings one after the other."""
        last = self.readings[-2:]
        return len(last) == 2 and all(one.get("pool", 0.0) >= self.pool_limit for one in last)

    @property
    def unseated(self) -> float:
        """The share of its sessions that are in no room yet."""
        sessions = self.reading.get("sessions", 0.0)
        return 1.0 - self.reading.get("seated", 0.0) / sessions if sessions >= 4 else 0.0

    @property
    def slow_answers(self) -> bool:
        """Whether Nextcloud let the server wait within the last minute: more than one request in twenty took longer
        than a second, or one was given up."""
        grown = self.rates.grown
        answers = grown.get("answers", 0.0)
        return grown.get("timeouts", 0.0) > 0 or (
            answers >= SLOW_LEAST and grown.get("slow_answers", 0.0) > SLOW_SHARE * answers
        )

    @property
    def asked_again(self) -> bool:
        """Whether far more pictures were asked for within the last minute than people have joined for."""
        offers = self.rates.grown.get("offers_asked", 0.0)
        return offers >= OFFERS_LEAST and offers > OFFERS_A_JOIN * self.rates.grown.get("joins", 0.0)

    @property
    def stuck(self) -> bool:
        """Whether people get in slowly: the facts sheet's early warnings, the best first."""
        return self.pool_full or self.unseated > UNSEATED_SHARE or self.slow_answers or self.asked_again

    @property
    def load(self) -> float:
        """Of 1, by what is known: its machine's load, or its rooms against its limit."""
        by_rooms = self.reading.get("rooms", 0.0) / self.limit if self.limit else 0.0
        return max(self.rates.load or 0.0, by_rooms)


def standing(
    appointments: Sequence[Appointment], servers: Sequence[ServerNow], lines: Sequence[Line], now: datetime
) -> list[Standing]:
    """All alarms that stand at this moment, the worst first."""
    found = [*_servers(servers), *_lines(servers, lines)]
    calls = not_up(appointments, now, NOT_UP_AFTER)
    if calls.missing >= NOT_UP_LEAST and calls.missing > NOT_UP_SHARE * calls.due:
        found.insert(0, Standing("calls_not_up", "", asdict(calls)))
    return found


def _servers(servers: Sequence[ServerNow]) -> Iterable[Standing]:
    for server in servers:
        if server.silent:
            yield Standing("server_silent", server.name)
            continue
        if server.load > LOAD_LIMIT:
            yield Standing("server_full", server.name, {"percent": round(100 * server.load)})
        if server.stuck:
            yield Standing("joining_stuck", server.name, {"pool": server.reading.get("pool", 0.0)})
        failed = sum(server.rates.grown.get(name, 0.0) for name in ("ice_failed", "dtls_failed"))
        if failed >= ICE_MORE:
            yield Standing("ice_failing", server.name, {"failed": failed})


def _lines(servers: Sequence[ServerNow], lines: Sequence[Line]) -> Iterable[Standing]:
    for name, used, up in lines_used(servers, lines):
        if used > LINE_SHARE * up:
            yield Standing("line_full", name, {"percent": round(100 * used / up), "mbit": round(used, 1)})


def lines_used(servers: Sequence[ServerNow], lines: Sequence[Line]) -> list[tuple[str, float, float]]:
    """Name, Mbit/s up that are used, and Mbit/s that there are, of each line. A server's traffic is its line's where
    there are as many lines as servers (one stands behind each); else all of it is spread over them by size."""
    out = [server.rates.out_mbit or 0.0 for server in servers]
    if len(lines) == len(servers):
        return [(line.name, used, line.up) for line, used in zip(lines, out, strict=True)]
    whole, up = sum(out), sum(line.up for line in lines)
    return [(line.name, whole * line.up / up, line.up) for line in lines]
