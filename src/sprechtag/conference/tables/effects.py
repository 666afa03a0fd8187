# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far the things outside have followed a booking."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, ColumnElement, true
from sqlmodel import Field, SQLModel, col

from ...database import NEVER_AGAIN, when
from .bookings import Booking
from .indexes import open_ones

EffectKind = Literal["calendar", "talk", "mail"]


class Effect(SQLModel, table=True):
    """How far one thing outside has followed one booking.

    `applied_revision` is the booking's revision it shows; `remote` holds what it needs to find the thing again
    (calendar, href, room token, …) and is written before the thing is made, where its name is known before.
    `gave_up_revision` is the one with which trying again could not help; a new revision is tried again. The errand says
    when (`conference.follow`). The database keeps `behind` (triggers): whether the booking's revision is a later one
    than both."""

    __table_args__ = (open_ones("ix_effect_behind", "booking_id", "behind", sqlite="behind = 1"),)
    booking_id: int = Field(foreign_key="booking.id", primary_key=True, ondelete="CASCADE")
    kind: str = Field(primary_key=True)
    applied_revision: int = 0
    gave_up_revision: int = 0
    behind: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    last_error: str = ""
    remote: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def still_to_follow() -> ColumnElement[bool]:
    """Of an `Effect` joined with its `Booking`: whether it shows an older revision and is still tried."""
    revision = col(Booking.revision)
    return (col(Effect.applied_revision) < revision) & (col(Effect.gave_up_revision) < revision)


class EventToEmpty(SQLModel, table=True):
    """An event in a host's calendar whose family is erased; what it says of the family is taken out, as the host, until
    `give_up_at`. Nothing of the family stands here."""

    __tablename__ = "event_to_empty"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    calendar: str
    name: str
    give_up_at: datetime = when()
