# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families, their links and whom they shall see."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id
from .indexes import open_ones


class Guest(SQLModel, table=True):
    """Who books. One row for each address of a conference, found by its keyed fingerprint.

    `invited` are those whom the school has entered. `kin_id` leads to the children that were entered, and to the other
    household of the family; None for who has only booked. `named_other`: it has named its other household itself, which
    may be an address that was known before and is no household of its family then.
    `proven_at`: when somebody first pressed something that only who reads this family's mail or letter can press; None
    while the address is only what a stranger has typed. `erase_by`: the family is erased but for what the mail about
    its cancelled appointments needs; the row goes when that is out, and then at the latest."""

    __table_args__ = (
        UniqueConstraint("conference_id", "email_fingerprint"),
        open_ones("ix_guest_erase_by", "erase_by", "erase_by IS NOT NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    name: str
    email: str
    email_fingerprint: str
    phone: str = ""
    language: str = "de"
    kin_id: int | None = Field(default=None, foreign_key="kin.id", index=True, ondelete="SET NULL")
    named_other: bool = False
    invited: bool = False
    manage_generation: int = 1
    manage_token_hash: str = Field(default="", index=True)
    code_hash: str = Field(default="", index=True)
    proven_at: datetime | None = when(nullable=True, default=None)
    erase_by: datetime | None = when(nullable=True, default=None)
    created_at: datetime = when(default_factory=utc_now)


class ScreenLink(SQLModel, table=True):
    """A link that an answer has shown to somebody who has proven nothing. It opens what was made through it, and
    nothing else of the guest's; what was made carries its `public_id`. A new link of the family's voids it."""

    __tablename__ = "screen_link"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    token_hash: str = Field(index=True)
    created_at: datetime = when(default_factory=utc_now)


class GuestMinute(SQLModel, table=True):
    """A minute a guest has given away (minutes since the epoch): a guest is never at two places at once."""

    __tablename__ = "guest_minute"
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    minute: int = Field(sa_column=Column(BigInteger, primary_key=True))
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")


class GuestHost(SQLModel, table=True):
    """A host whom a family shall see: named by the school's list, or `asked` for by the host ("please come")."""

    __tablename__ = "guest_host"
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", primary_key=True, index=True, ondelete="CASCADE")
    asked: bool = False
