# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The media servers, as the board shows them."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, Field
from sqlmodel import Session

from ..conference.tables import (
    MediaSample,
)
from ..day import alarms, media, metrics, turns

POINTS = 120
"""Most points of a chart: one in half a minute."""


class ServerAnswer(BaseModel):
    """None: this server does not say. Mbit/s, seconds; `load` and `share` (of the planned pace) are of 1."""

    name: str
    asked: bool
    silent: bool
    rooms: int | None = None
    sessions: int | None = None
    publishers: int | None = None
    subscribers: int | None = None
    out_mbit: float | None = None
    in_mbit: float | None = None
    load: float | None = None
    round_trip: float | None = None
    slow_links: int | None = None
    failed: int | None = None
    turn_allocations: int | None = None
    share: float = 1.0
    charts: dict[str, list[tuple[int, float]]] = Field(default_factory=dict)


class LineAnswer(BaseModel):
    name: str
    used_mbit: float
    up_mbit: float


def _servers(
    session: Session,
    entered: dict[str, Any],
    servers: list[alarms.ServerNow],
    kept: dict[str, list[MediaSample]],
    now: datetime,
) -> list[ServerAnswer]:
    known = {server.name: server for server in servers}
    found = []
    for name in media.server_names(entered):
        server = known.get(name)
        share = turns.share_at(session, name, now)
        if server is None:
            found.append(ServerAnswer(name=name, asked=False, silent=False, share=share))
            continue
        reading, grown = server.reading, server.rates.grown
        failed = [grown[part] for part in ("ice_failed", "dtls_failed") if part in grown]
        found.append(
            ServerAnswer(
                name=name,
                asked=True,
                silent=server.silent,
                rooms=_whole(reading, "rooms"),
                sessions=_whole(reading, "sessions"),
                publishers=_whole(reading, "publishers"),
                subscribers=_whole(reading, "subscribers"),
                out_mbit=_rounded(server.rates.out_mbit),
                in_mbit=_rounded(server.rates.in_mbit),
                load=_rounded(server.load or None),
                round_trip=_rounded(server.rates.round_trip),
                slow_links=int(grown["slow_links"]) if "slow_links" in grown else None,
                failed=int(sum(failed)) if failed else None,
                turn_allocations=_whole(reading, "turn_allocations"),
                share=share,
                charts={
                    "rooms": _points(kept.get(name, []), "rooms"),
                    "out_mbit": _rate_points(kept.get(name, [])),
                },
            )
        )
    return found


def _whole(reading: metrics.Reading, name: str) -> int | None:
    """0 for a gauge that has not appeared yet on a server that answers."""
    if not reading:
        return None
    return int(reading.get(name, 0)) if name in ("rooms", "sessions") or name in reading else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _points(samples: list[MediaSample], what: str) -> list[tuple[int, float]]:
    every = max(1, -(-len(samples) // POINTS))
    return [(int(one.at.timestamp()), round(one.reading[what], 2)) for one in samples[::every] if what in one.reading]


def _rate_points(samples: list[MediaSample]) -> list[tuple[int, float]]:
    every = max(1, -(-len(samples) // POINTS))
    some = [one for one in samples[::every] if one.reading]
    found = []
    for before, after in pairwise(some):
        out = metrics.rates(before.reading, before.at, after.reading, after.at).out_mbit
        if out is not None:
            found.append((int(after.at.timestamp()), round(out, 2)))
    return found
