# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What visitors have used up."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when


class BudgetCount(SQLModel, table=True):
    """How much of a budget is spent in its window. `key` is a keyed fingerprint: no address stands in it."""

    __tablename__ = "budget_count"
    key: str = Field(primary_key=True)
    count: int = 0
    expires_at: datetime = when(index=True)


class BudgetHit(SQLModel, table=True):
    """A budget that was spent: which `kind`, by which `visitor` (a keyed fingerprint), how often it refused since."""

    __tablename__ = "budget_hit"
    __table_args__ = (UniqueConstraint("conference_id", "kind", "visitor"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    kind: str
    visitor: str
    count: int = 1
    first_at: datetime = when(default_factory=utc_now)
    last_at: datetime = when(default_factory=utc_now)
