# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bookings, and what keeps one press from booking twice."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id, short_code
from .indexes import open_ones


class Booking(SQLModel, table=True):
    """Guest + slot + place + revision. Every change raises the revision; effects follow it.

    `topic`, `needs` and `interpreter` are what the family has answered (`asked`). `cancelled_by` is `guest` or
    `school`. `message` is what the school says to the family with its last change; `note` is the host's own and
    shown to nobody else. Until `confirm_by` a booking holds its slot and waits for the family's word; None once it
    has come. `screen` names the `ScreenLink` through which it was made (empty: none), `language` the one of its
    form where that was no family's own, `visitor` the address it came from as a keyed fingerprint that means
    nothing elsewhere."""

    __table_args__ = (
        # One slot, one active booking: the promise that no concurrency can break.
        Index(
            "uq_booking_active_slot",
            "slot_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        open_ones("ix_booking_unconfirmed", "confirm_by", "confirm_by IS NOT NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    code: str = Field(default_factory=short_code, index=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", index=True)
    slot_id: int = Field(foreign_key="slot.id", index=True)
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    place: str
    state: str = "active"
    revision: int = 1
    child: str = ""
    school_class: str = ""
    topic: str = ""
    needs: str = ""
    interpreter: str = ""
    message: str = ""
    note: str = ""
    cancelled_by: str = ""
    screen: str = ""
    language: str = ""
    visitor: str = Field(default="", index=True)
    confirm_by: datetime | None = when(nullable=True, default=None)
    created_at: datetime = when(default_factory=utc_now)
    changed_at: datetime = when(default_factory=utc_now)


class IdempotencyKey(SQLModel, table=True):
    """A form that was sent: the same form again finds the booking it made, and shows the same `screen` link."""

    __tablename__ = "idempotency_key"
    key_hash: str = Field(primary_key=True)
    screen: str = ""
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")
    created_at: datetime = when(default_factory=utc_now)
