# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One thing that is due."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ..database import NEVER_AGAIN, when


class Errand(SQLModel, table=True):
    """Something that is to be done at `due_at` or later. There is no row for what is done.

    `kind` and `key` tell it apart: while it is open the same is never put twice, it only becomes due earlier. Of one
    `lane` at most one errand runs at a time; of those that may run now the lowest `rank` comes first. `payload` holds
    what the kind keeps of its tries, ids at most. `wanted` counts how often it was put: what is put again while it
    runs runs once more. `attempts` have begun since it last went well, `problem` says in words why the last one did
    not, `troubled_at` since when. After `expires_at` it makes no sense any more.

    Who works on it is `holder`, until `leased_until` unless it says again that it lives; then it is anybody's."""

    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_errand_due", "due_at"),
        Index("ix_errand_order", "rank", "due_at", "id"),
        Index(
            "ix_errand_leased_lane",
            "lane",
            sqlite_where=text("leased_until IS NOT NULL"),
            postgresql_where=text("leased_until IS NOT NULL"),
        ),
        Index(
            "ix_errand_expires_at",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    lane: str
    rank: int = 1
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    due_at: datetime = when()
    expires_at: datetime | None = when(nullable=True, default=None)
    wanted: int = 1
    attempts: int = 0
    problem: str = ""
    troubled_at: datetime | None = when(nullable=True, default=None)
    holder: str = ""
    leased_until: datetime | None = when(nullable=True, default=None)
