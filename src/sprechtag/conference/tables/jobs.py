# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Work for many bookings or families at once."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id
from .indexes import open_ones

JobKind = Literal["switch_place", "cancel_all", "message", "invitation", "assign", "undo", "import", "hosts", "absence"]


class Job(SQLModel, table=True):
    """Long work of an organiser's, done in the background guest by guest and taken up again after a crash.

    `payload` is what the kind needs to know; `done` of `total` guests are through."""

    __table_args__ = (open_ones("ix_job_unfinished", "id", "finished_at IS NULL"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    total: int = 0
    done: int = 0
    changed: int = 0
    created_at: datetime = when(default_factory=utc_now)
    finished_at: datetime | None = when(nullable=True, default=None)


class JobItem(SQLModel, table=True):
    """One guest of a job; gone when it is through. `attempts` of work in the database have failed."""

    __tablename__ = "job_item"
    job_id: int = Field(foreign_key="job.id", primary_key=True, ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, index=True, ondelete="CASCADE")
    attempts: int = 0
