# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the school has done to a family and its appointments."""

from datetime import datetime
from typing import Literal

from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when

DeedKind = Literal[
    "booked",
    "moved",
    "place",
    "length",
    "cancelled",
    "restored",
    "name",
    "email",
    "phone",
    "child",
    "language",
    "link",
    "household",
    "person",
    "interpreter",
]


class Deed(SQLModel, table=True):
    """Somebody of the school (`who`, a Nextcloud user) has changed something `before` to `after`: moments as ISO 8601
    in UTC, places by their names, of what is `cancelled` how many times long it was, else as it was written. It goes
    with the family."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    booking_id: int | None = Field(default=None, foreign_key="booking.id", index=True, ondelete="CASCADE")
    who: str
    what: str
    before: str = ""
    after: str = ""
    at: datetime = when(default_factory=utc_now)
