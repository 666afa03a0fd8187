# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The media servers, as the board shows them."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from ..day import alarms, media, metrics, turns
from ..day.readings import Point

NOT_KNOWN = -1


class ServerAnswer(BaseModel):
    """What this server does not say is left out. Mbit/s, seconds; `load` and `share` (of the planned pace) are of 1.
    `chart` of rooms and Mbit/s out (-1: not known), by seconds since the epoch."""

    asked: bool
    silent: bool
    share: float
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
    chart: dict[str, list[float]] = {}


class LineAnswer(BaseModel):
    used_mbit: float
    up_mbit: float


def servers_shown(
    session: Session,
    entered: dict[str, Any],
    servers: list[alarms.ServerNow],
    points: Mapping[str, Mapping[int, Point]],
    now: datetime,
) -> dict[str, dict[str, Any]]:
    """As `ServerAnswer`, by name."""
    known = {server.name: server for server in servers}
    return {
        name: _facts(known.get(name), turns.share_at(session, name, now)) | _chart(points[name])
        for name in media.server_names(entered)
    }


def _facts(server: alarms.ServerNow | None, share: float) -> dict[str, Any]:
    if server is None:
        return {"asked": False, "silent": False, "share": share}
    reading, rates, grown = server.reading, server.rates, server.rates.grown
    failed = [grown[part] for part in ("ice_failed", "dtls_failed") if part in grown]
    said = {
        **{name: _count(reading, name) for name in ("rooms", "sessions", "publishers", "subscribers")},
        "out_mbit": _rounded(rates.out_mbit),
        "in_mbit": _rounded(rates.in_mbit),
        "load": _rounded(server.load or None),
        "round_trip": _rounded(rates.round_trip),
        "slow_links": int(grown["slow_links"]) if "slow_links" in grown else None,
        "failed": int(sum(failed)) if failed else None,
        "turn_allocations": _count(reading, "turn_allocations"),
    }
    known = {name: value for name, value in said.items() if value is not None}
    return {"asked": True, "silent": server.silent, "share": share} | known


def _count(reading: metrics.Reading, name: str) -> int | None:
    """0 for a gauge that has not appeared yet on a server that answers."""
    if not reading:
        return None
    return int(reading.get(name, 0)) if name in ("rooms", "sessions") or name in reading else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def whole(value: float) -> float:
    """With two places at most, and none where that is the same."""
    return int(value) if value == int(value) else round(value, 2)


def _chart(points: Mapping[int, Point]) -> dict[str, Any]:
    answered = [(at, point) for at, point in points.items() if point.reading]
    rates = [None, *(_rate(before, after) for (_, before), (_, after) in pairwise(answered))]
    chart = {
        str(at): [whole(point.reading.get("rooms", 0.0)), NOT_KNOWN if rate is None else whole(rate)]
        for (at, point), rate in zip(answered, rates, strict=False)
    }
    return {"chart": chart} if chart else {}


def _rate(before: Point, after: Point) -> float | None:
    return metrics.rates(before.reading, before.at, after.reading, after.at).out_mbit
