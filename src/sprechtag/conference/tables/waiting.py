# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who waits for a host that has nothing free."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id
from .indexes import open_ones


class WaitingEntry(SQLModel, table=True):
    """A family that waits for a time with a host. While one is offered to it, `offered_slot_id` says which."""

    __tablename__ = "waiting_entry"
    __table_args__ = (
        UniqueConstraint("host_id", "guest_id"),
        open_ones("ix_waiting_entry_offered_slot_id", "offered_slot_id", "offered_slot_id IS NOT NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    child: str
    school_class: str = ""
    screen: str = ""
    offered_slot_id: int | None = Field(default=None, foreign_key="slot.id", ondelete="SET NULL")
    created_at: datetime = when(default_factory=utc_now)
