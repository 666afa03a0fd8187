# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The children of a family, and who teaches which."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN
from ..tokens import public_id


class Kin(SQLModel, table=True):
    """What the households of one family have in common: its children. Made when the first child is entered; a guest
    who has only booked is a household without one. Where it `shares`, one household learns of what the other one books
    for them."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    shares: bool = False


class Child(SQLModel, table=True):
    """A child that the school or the family has entered. `name` is empty while only its class is known."""

    __table_args__ = (UniqueConstraint("kin_id", "name"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    kin_id: int = Field(foreign_key="kin.id", index=True, ondelete="CASCADE")
    name: str
    school_class: str = ""


class ChildHost(SQLModel, table=True):
    """A host who teaches the child, by the school's files. Whom the family shall see is `GuestHost`."""

    __tablename__ = "child_host"
    child_id: int = Field(foreign_key="child.id", primary_key=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", primary_key=True, index=True, ondelete="CASCADE")
