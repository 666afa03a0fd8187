# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes to an appointment beside family and host: those who are named to it, and who interprets."""

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id
from .indexes import open_ones

CompanionKind = Literal["parent", "relative", "interpreter", "other"]


class Interpreter(SQLModel, table=True):
    """Who interprets at a conference: a guest by mail, or a Nextcloud user (`user_id`, else empty).

    `languages` are comma-separated as they were entered; `times` are windows `[day, starts, ends]` by the conference's
    clock in ISO 8601, none for all of it. `told_at`: when the interpreter was sent the link of the own page;
    `last_error`: why a mail could not go out."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    user_id: str = ""
    name: str
    email: str
    language: str = "de"
    languages: str
    times: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    generation: int = 1
    told_at: datetime | None = when(nullable=True, default=None)
    last_error: str = ""
    created_at: datetime = when(default_factory=utc_now)


class InterpreterMinute(SQLModel, table=True):
    """A minute an interpreter has given away (minutes since the epoch): nobody interprets at two places at once."""

    __tablename__ = "interpreter_minute"
    interpreter_id: int = Field(foreign_key="interpreter.id", primary_key=True, ondelete="CASCADE")
    minute: int = Field(sa_column=Column(BigInteger, primary_key=True))
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")


class Companion(SQLModel, table=True):
    """Somebody who comes to one appointment. `seat` is 0 for the interpreter whom the list has given it, 1 to 3 for
    those whom family or office have named, and None once they are not asked for any more: then they are told, and the
    row goes.

    `by_family`: the family has named them, and knows the address that it has typed; else the school has.
    `told_revision` is the booking's that they know, `told_at` when they first heard of it."""

    __table_args__ = (
        UniqueConstraint("booking_id", "seat"),
        open_ones("ix_companion_gone", "id", "seat IS NULL"),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")
    interpreter_id: int | None = Field(default=None, foreign_key="interpreter.id", index=True, ondelete="SET NULL")
    seat: int | None = None
    kind: str = "other"
    name: str
    email: str
    language: str = "de"
    by_family: bool = False
    generation: int = 1
    told_revision: int = 0
    told_at: datetime | None = when(nullable=True, default=None)
    last_error: str = ""
    created_at: datetime = when(default_factory=utc_now)
