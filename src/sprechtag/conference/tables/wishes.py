# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom families would like to see, and the runs that assign them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id


class WishSheet(SQLModel, table=True):
    """What a family has said for the one run that assigns everybody: when it can, on which place it prefers.

    `available` holds, by day (ISO date in the conference's zone), the earliest start and the latest end as minutes
    since midnight; a day that is missing is a day it cannot come."""

    __tablename__ = "wish_sheet"
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    available: dict[str, list[int]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    place: str
    walk_minutes: int = 5
    changed_at: datetime = when(default_factory=utc_now)


class HostWish(SQLModel, table=True):
    """One host whom a family wants to see. `outcome` is empty until a run was published, then `served` or why not."""

    __tablename__ = "host_wish"
    __table_args__ = (UniqueConstraint("guest_id", "host_id", "child"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", index=True, ondelete="CASCADE")
    child: str
    school_class: str = ""
    screen: str = ""
    outcome: str = ""


class WishRun(SQLModel, table=True):
    """One run that assigns everybody. `state` is `running`, `ready`, `publishing`, `published`, `discarded` or
    `failed`. `progress` is for the eyes, `chosen` holds slot ids by wish id, `unserved` the reasons by wish id. The
    same seed and wishes give the same result."""

    __tablename__ = "wish_run"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    seed: int
    effort: float
    state: str = "running"
    progress: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    chosen: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    unserved: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    problem: str = ""
    created_at: datetime = when(default_factory=utc_now)
    finished_at: datetime | None = when(nullable=True, default=None)
