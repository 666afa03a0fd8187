# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What media servers have said of themselves, kept for an hour."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session, col

from ..conference.tables import MediaSample

KEPT = timedelta(minutes=75)
SHOWN = timedelta(minutes=60)
STEP = 30
"""Seconds between two points of a chart."""
_SINCE = (
    select(col(MediaSample.server), col(MediaSample.at), col(MediaSample.reading))
    .where(col(MediaSample.server).in_(bindparam("servers", expanding=True)), col(MediaSample.at) >= bindparam("since"))
    .order_by(col(MediaSample.at))
)


class Point(NamedTuple):
    """One reading of a server; `at` in UTC."""

    at: datetime
    reading: dict[str, float]


def keep_reading(session: Session, server: str, at: datetime, reading: dict[str, float]) -> None:
    session.add(MediaSample(server=server, at=at, reading=reading))


def readings(session: Session, since: datetime) -> dict[str, list[MediaSample]]:
    """By server, the oldest first."""
    found: dict[str, list[MediaSample]] = {}
    rows = session.execute(select(MediaSample).where(col(MediaSample.at) >= since).order_by(col(MediaSample.at)))
    for sample in rows.scalars():
        found.setdefault(sample.server, []).append(sample)
    return found


def forget_readings(session: Session, now: datetime) -> None:
    session.execute(delete(MediaSample).where(col(MediaSample.at) < now - KEPT))


class LastHour:
    """The last reading of each half minute of the last hour, by server and by seconds since the epoch (whole half
    minutes). Only what is new is read; what is older never changes."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._kept: dict[str, dict[int, Point]] = {}
        self._read_at: datetime | None = None

    def of(self, session: Session, names: Collection[str], now: datetime) -> Mapping[str, Mapping[int, Point]]:
        """Not for two threads at once."""
        if self._read_at is None or not self._read_at <= now < self._read_at + SHOWN or self._names != set(names):
            self._names, self._kept, self._read_at = frozenset(names), {name: {} for name in names}, now - SHOWN
        since = self._read_at - timedelta(seconds=STEP)
        for name, at, reading in session.execute(_SINCE, {"servers": list(names), "since": since}):
            self._kept[name][int(at.timestamp()) // STEP * STEP] = Point(at, reading)
        self._read_at = now
        self._forget((now - SHOWN).timestamp())
        return self._kept

    def _forget(self, before: float) -> None:
        for points in self._kept.values():
            for at in [at for at in points if at < before]:
                del points[at]
