# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What families are still to be written."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, when
from ..tokens import public_id
from .indexes import open_ones

LetterKind = Literal[
    "waiting",
    "offer",
    "reminder",
    "feedback",
    "unserved",
    "wishes",
    "asked",
    "late",
    "rehearsal",
    "link",
    "new_link",
    "not_done",
    "household",
]


class GuestLetter(SQLModel, table=True):
    """A mail to a family that is about no change of a booking. `name` makes it one of its kind: the same is never
    written twice. It stays after it was sent, as the proof; what was not sent by `expires_at` is not sent any more."""

    __tablename__ = "guest_letter"
    __table_args__ = (
        UniqueConstraint("guest_id", "kind", "name"),
        open_ones("ix_guest_letter_unsent", "expires_at", "sent_at IS NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    guest_id: int = Field(foreign_key="guest.id", ondelete="CASCADE")
    kind: str
    name: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    expires_at: datetime = when()
    sent_at: datetime | None = when(nullable=True, default=None)
    last_error: str = ""
