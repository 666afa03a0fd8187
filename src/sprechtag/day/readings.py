# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What media servers have said of themselves, kept for an hour."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session, col

from ..conference.tables import MediaSample

KEPT = timedelta(minutes=75)


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
