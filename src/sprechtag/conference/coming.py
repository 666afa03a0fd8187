# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which conferences something is still to happen in: what runs by itself looks at no others, however many there were.

Each is found by one step in an index for each conference, or by the times of the next days alone."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlmodel import col

from .tables import Conference, Slot

LONGEST_SLOT = timedelta(hours=25)
"""A time lies within one day of its zone."""


def not_over(since: datetime) -> Select[Any]:
    """Ids of the conferences that have times which end after this moment."""
    return select(col(Conference.id)).where(has_times_after(since))


def has_times_after(since: datetime) -> ColumnElement[bool]:
    """Of a `Conference`: whether any of its times ends after this moment."""
    return exists().where(col(Slot.conference_id) == col(Conference.id), col(Slot.ends_at) > since)


def beginning(after: datetime, until: datetime) -> Select[Any]:
    """Ids of the conferences that have times which begin after the one moment and at the other at the latest."""
    return select(col(Slot.conference_id)).where(col(Slot.starts_at) > after, col(Slot.starts_at) <= until).distinct()
