# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stretches of time that can be booked."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, when
from ..tokens import public_id
from .indexes import open_ones


class Slot(SQLModel, table=True):
    """`blocked_by` is `organiser`, `host`, `calendar` (the host has another event), `elsewhere` (the host has another
    appointment of ours) or `held` (for the guest `held_for`) while it is blocked. `kept_open` is set by a host who
    opens it in spite of the calendar. What is offered to the next on the waiting list is held until `held_until`; what
    a host holds has none. What an open form holds, until `held_until` too, is held for no guest but for the form
    `held_by`: a hash that stands nowhere else. `usual_ends_at` is when it would end that is longer for one family
    (`longer`)."""

    __table_args__ = (
        UniqueConstraint("host_id", "starts_at"),
        Index("ix_slot_conference_end", "conference_id", "ends_at"),
        Index("ix_slot_start", "starts_at", "conference_id"),
        open_ones("ix_slot_held_until", "held_until", "held_until IS NOT NULL"),
        open_ones("ix_slot_held_for", "held_for", "held_for IS NOT NULL"),
        open_ones("ix_slot_held_by", "held_by", "held_by IS NOT NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    starts_at: datetime = when()
    ends_at: datetime = when()
    usual_ends_at: datetime | None = when(nullable=True, default=None)
    blocked: bool = False
    blocked_by: str = ""
    kept_open: bool = False
    held_for: int | None = None
    held_by: str | None = None
    held_until: datetime | None = when(nullable=True, default=None)
