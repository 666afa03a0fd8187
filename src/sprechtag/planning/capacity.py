# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the video calls of a conference day fit on what a school has, and what would make them fit.

Formulas, defaults and where they come from: docs/capacity.md. Bandwidth in Mbit/s, times in seconds, moments as minutes
since any fixed moment."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Mode = Literal["peer_to_peer", "sfu"]
Kind = Literal["joining", "server_calls", "server_cpu", "server_line", "school_line", "turn"]
Help = Literal["stagger", "join_page", "lower_bit_rate", "one_more_server", "fewer_calls"]

AUDIO_MBIT = 0.05
OVERHEAD = 1.10
USABLE = 0.85
"""Share of a line that can be planned with; the rest is for everything else and for peaks."""
SAFE_SHARE = 0.5
"""Of the joins a Nextcloud can take at once, plan this share (measured: beyond all of them, people are lost)."""
AT_ONCE = 8
"""Requests that a signaling server sends to Nextcloud at the same time."""
LONGEST_WAIT = 20.0
"""Seconds that the join page keeps somebody at most: so long it can spread those who come at once."""
PATIENCE = 10.0
"""Seconds after which such a request is given up."""
CORE_PER_CONNECTION = 0.015
CPU_USABLE = 0.7


@dataclass(frozen=True)
class Server:
    """A media server. `calls` (at once) and `joins` (people a second) are limits that were measured, 0 where none is
    known."""

    name: str
    cores: float = 4.0
    calls: int = 0
    line_mbit: float = 0.0
    joins: float = 0.0


@dataclass(frozen=True)
class Line:
    """A line of the school to the outside."""

    name: str
    up: float
    down: float = 0.0


@dataclass(frozen=True)
class Setup:
    """What is there. `outside` is the share of the participants who are not in the school's own network. With `spread`
    calls are spread over the servers at random, as Talk's conversation cluster does; else by load."""

    mode: Mode = "sfu"
    servers: Sequence[Server] = ()
    lines: Sequence[Line] = ()
    participants: float = 2.5
    video_mbit: float = 1.05
    turn_share: float = 0.2
    turn_mbit: float = 0.0
    php_workers: int = 16
    backend_seconds: float = 0.4
    outside: float = 1.0
    spread: bool = True
    join_page: bool = True

    @property
    def entered(self) -> bool:
        """Whether anything is known that could be too little."""
        return bool(self.servers or self.lines or self.turn_mbit)

    @property
    def stream(self) -> float:
        """One direction of one participant's picture and sound, with what the network adds."""
        return (self.video_mbit + AUDIO_MBIT) * OVERHEAD


@dataclass(frozen=True)
class Finding:
    """One limit: `needed` of `available`, in the unit of its kind. `share` over 1 does not fit."""

    kind: Kind
    needed: float
    available: float

    @property
    def share(self) -> float:
        return self.needed / self.available if self.available else math.inf if self.needed else 0.0

    @property
    def fits(self) -> bool:
        return self.share <= 1.0


@dataclass(frozen=True)
class Advice:
    """Something that would make it fit: by `value` (groups of hosts, Mbit/s, servers, calls at once). `setup`: what
    there would be with it."""

    help: Help
    value: float
    setup: Setup
    findings: tuple[Finding, ...]

    @property
    def fits(self) -> bool:
        """Whether it is enough by itself."""
        return _fit(self.findings)


@dataclass(frozen=True)
class Verdict:
    calls: int
    joins: float
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]

    @property
    def fits(self) -> bool:
        return _fit(self.findings)

    @property
    def tightest(self) -> Finding:
        return max(self.findings, key=lambda finding: finding.share)


def most_at_once(spans: Iterable[tuple[int, int]]) -> int:
    """The largest number of calls that run at the same time; an end and a start at the same minute do not meet."""
    return max((calls for _, calls in calls_over_time(spans)), default=0)


def calls_over_time(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """How many calls run from which minute on, at every change."""
    changes: Counter[int] = Counter()
    for start, end in spans:
        changes[start] += 1
        changes[end] -= 1
    now, found = 0, []
    for minute in sorted(changes):
        if changes[minute]:
            now += changes[minute]
            found.append((minute, now))
    return found


def starts_over_time(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """How many calls begin in which minute."""
    return sorted(Counter(start for start, _ in spans).items())


def most_starts(spans: Iterable[tuple[int, int]]) -> int:
    """The largest number of calls that begin in the same minute."""
    return max((calls for _, calls in starts_over_time(spans)), default=0)


def staggered(
    spans: Sequence[tuple[int, int]], hosts: Sequence[int], groups: int, minutes: int
) -> list[tuple[int, int]]:
    """The same calls with the hosts in `groups`, each beginning `minutes` after the one before; `hosts` names the host
    of each call."""
    order = {host: number % groups for number, host in enumerate(sorted(set(hosts)))}
    shift = [order[host] * minutes for host in hosts]
    return [(start + by, end + by) for (start, end), by in zip(spans, shift, strict=True)]


@lru_cache(maxsize=1024)
def fullest(calls: int, servers: int, sure: float = 0.95) -> int:
    """How many of `calls`, spread at random over the `servers`, the fullest one gets at most, with this certainty."""
    if servers <= 1 or calls <= 0:
        return max(calls, 0)
    return _least(-(-calls // servers), calls, lambda most: _at_most(calls, servers, most) >= sure)


def mean_fullest(calls: int, servers: int) -> float:
    """The expected number of calls on the fullest of the servers."""
    if servers <= 1 or calls <= 0:
        return float(max(calls, 0))
    below = [_at_most(calls, servers, most) for most in range(calls + 1)]
    return sum(1.0 - share for share in below)


def _at_most(calls: int, servers: int, most: int) -> float:
    """The chance that no server gets more than `most`: n!/m^n times the coefficient of x^n in (sum of x^i/i!)^m, in
    shares, so that nothing overflows."""
    # 15 MB: only who plans a conference pays for it.
    import numpy

    each = calls / servers
    power = numpy.array([math.exp(-each + i * math.log(each) - math.lgamma(i + 1)) for i in range(most + 1)])
    whole, left = numpy.ones(1), servers
    while left:
        if left % 2:
            whole = numpy.convolve(whole, power)[: calls + 1]
        left //= 2
        if left:
            power = numpy.convolve(power, power)[: calls + 1]
    exactly = math.exp(-calls + calls * math.log(calls) - math.lgamma(calls + 1))
    return min(1.0, float(whole[calls]) / exactly) if len(whole) > calls else 0.0


def _most(high: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `high` that fits, if all smaller ones do."""
    return high - _least(0, high, lambda less: fits(high - less)) if high > 0 else 0


def _least(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """The smallest number from `low` to `high` that fits, if all larger ones do; `high` is taken to fit."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def joins_that_are_safe(setup: Setup) -> float:
    """How many people may join in the same second: half of those that Nextcloud can seat before requests are given
    up."""
    return SAFE_SHARE * PATIENCE * _parallel(setup) / setup.backend_seconds


def last_seated_after(joins: float, setup: Setup) -> float:
    """Seconds until the last of so many who join at once is in the call: N x L / C."""
    return joins * setup.backend_seconds / _parallel(setup)


def share_seated(joins: float, setup: Setup) -> float:
    """Which share of them gets in at all before requests are given up."""
    return min(1.0, PATIENCE * _parallel(setup) / (joins * setup.backend_seconds)) if joins else 1.0


def pace(setup: Setup) -> float:
    """How many the join page lets in per second."""
    return SAFE_SHARE * _parallel(setup) / setup.backend_seconds


def _parallel(setup: Setup) -> int:
    return max(1, min(AT_ONCE * max(1, len(setup.servers)), setup.php_workers))


def streams_out(participants: float) -> float:
    """n(n-1) for a call of n; between whole numbers the mean of calls of both sizes."""
    low = math.floor(participants)
    part = participants - low
    return (1 - part) * low * (low - 1) + part * (low + 1) * low


def judge(calls: int, starts: int, setup: Setup, *, hosts_can_stagger: bool = True) -> Verdict:
    """Whether `calls` at once, `starts` of which begin in the same minute, fit; and if not, what would help, each with
    what it leaves of the findings."""
    findings = _findings(calls, starts, setup)
    joins = starts * setup.participants
    advice = tuple(_advice(calls, starts, setup, hosts_can_stagger)) if not _fit(findings) else ()
    return Verdict(calls, joins, findings, advice)


def _findings(calls: int, starts: int, setup: Setup) -> tuple[Finding, ...]:
    found = []
    joins = starts * setup.participants
    safe = pace(setup) * LONGEST_WAIT if setup.join_page else joins_that_are_safe(setup)
    found.append(Finding("joining", joins, safe))
    count = len(setup.servers)
    if setup.mode == "sfu" and count:
        busiest = fullest(calls, count) if setup.spread else math.ceil(calls / count)
        weakest = min(setup.servers, key=lambda server: server.cores)
        limits = [server.calls for server in setup.servers if server.calls]
        if limits:
            found.append(Finding("server_calls", busiest, min(limits)))
        connections = setup.participants + streams_out(setup.participants)
        found.append(Finding("server_cpu", busiest * connections * CORE_PER_CONNECTION, weakest.cores * CPU_USABLE))
        lines = [server.line_mbit for server in setup.servers if server.line_mbit]
        if lines:
            out = busiest * streams_out(setup.participants) * setup.stream
            found.append(Finding("server_line", out, min(lines) * USABLE))
    if setup.lines:
        found.append(_line(calls, setup))
    if setup.turn_mbit:
        # Between two devices a stream is relayed once; to a media server those that are sent are, too.
        sent = setup.participants if setup.mode == "sfu" and count else 0.0
        relayed = calls * setup.turn_share * (sent + streams_out(setup.participants)) * setup.stream
        found.append(Finding("turn", relayed, setup.turn_mbit * USABLE))
    return tuple(found)


def _line(calls: int, setup: Setup) -> Finding:
    """The upload of the school's fullest line: r(n-1) streams a call with r parties outside."""
    count = len(setup.lines)
    on_fullest = fullest(calls, count) if setup.spread and count > 1 else calls / count
    outside = setup.outside * streams_out(setup.participants)
    weakest = min(line.up for line in setup.lines)
    return Finding("school_line", on_fullest * outside * setup.stream, weakest * USABLE)


def _advice(calls: int, starts: int, setup: Setup, hosts_can_stagger: bool) -> Iterable[Advice]:
    if not setup.join_page:
        paced = replace(setup, join_page=True)
        yield Advice("join_page", round(pace(setup), 1), paced, _findings(calls, starts, paced))
    if hosts_can_stagger and not _findings(calls, starts, setup)[0].fits:
        for groups in (2, 3, 4):
            found = _findings(calls, math.ceil(starts / groups), setup)
            if found[0].fits:
                yield Advice("stagger", groups, setup, found)
                break
    lower = ((video, replace(setup, video_mbit=video)) for video in (0.75, 0.53, 0.3, 0.15) if video < setup.video_mbit)
    yield from _first_that_fits("lower_bit_rate", lower, calls, starts)
    if setup.servers:
        more = ((n, replace(setup, servers=[*setup.servers, *[setup.servers[-1]] * n])) for n in range(1, 7))
        yield from _first_that_fits("one_more_server", more, calls, starts)
    fewer = _most(calls - 1, lambda some: _fit(_findings(some, min(starts, some), setup)))
    if fewer > 0:
        yield Advice("fewer_calls", fewer, setup, _findings(fewer, min(starts, fewer), setup))


def _first_that_fits(help_: Help, tries: Iterable[tuple[float, Setup]], calls: int, starts: int) -> Iterable[Advice]:
    for value, setup in tries:
        found = _findings(calls, starts, setup)
        if _fit(found):
            yield Advice(help_, value, setup, found)
            return


def bears(setup: Setup, most: int) -> int:
    """How many calls at once servers, lines and TURN carry, whoever joins when; at most `most`."""
    return _most(most, lambda calls: _fit(_findings(calls, 0, setup)))


def _fit(findings: Iterable[Finding]) -> bool:
    return all(one.fits for one in findings)
