# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The conference day: calls, turns, readings, alarms, devices."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id


class LiveCall(SQLModel, table=True):
    """What is known of one appointment on its day; no row means that nothing has happened yet.

    `arrived_at`: the family opened its join page; `let_in_at`: when it is let on to the room, `let_in_by`: when at the
    latest, whatever slows the row down. `server`: the media server where the room is, or where it is taken to be.
    `present` holds who is in the call: `host`, and guests by a short hash that means nothing elsewhere. `up_at`: host
    and family were in the call together for the first time; `left_at`: since when nobody is. `seen_at`: when this was
    last known to be right. `mark` is what somebody said of it (`started`, `done`, `no_show`, `skipped`, `start_late`),
    `family_says` what the family wrote to the host."""

    __tablename__ = "live_call"
    __table_args__ = (Index("ix_live_call_turn", "server", "let_in_at"),)
    booking_id: int = Field(foreign_key="booking.id", primary_key=True, ondelete="CASCADE")
    room: str = Field(default="", index=True)
    server: str = ""
    arrived_at: datetime | None = when(nullable=True, default=None)
    let_in_at: datetime | None = when(nullable=True, default=None)
    let_in_by: datetime | None = when(nullable=True, default=None)
    present: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    up_at: datetime | None = when(nullable=True, default=None)
    left_at: datetime | None = when(nullable=True, default=None)
    seen_at: datetime | None = when(nullable=True, default=None)
    mark: str = ""
    marked_at: datetime | None = when(nullable=True, default=None)
    extra_minutes: int = 0
    family_says: str = ""


class JoinGate(SQLModel, table=True):
    """The gate before one media server, shared by all processes: whoever gives out a turn locks it. `share` of the
    planned rate is let through until `slowed_until`, because the server is in trouble; `asked_share` until
    `asked_until`, because somebody wants it so. The smaller one counts."""

    __tablename__ = "join_gate"
    server: str = Field(primary_key=True)
    share: float = 1.0
    slowed_until: datetime | None = when(nullable=True, default=None)
    asked_share: float = 1.0
    asked_until: datetime | None = when(nullable=True, default=None)


class MediaSample(SQLModel, table=True):
    """What one server said of itself at one moment (counters as they were, no room and nobody's name); kept for an hour
    and a bit. Empty `reading`: it did not answer."""

    __tablename__ = "media_sample"
    __table_args__ = (Index("ix_media_sample_at", "at"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    server: str
    at: datetime = when()
    reading: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Alarm(SQLModel, table=True):
    """Something on the day that somebody has to know. `kind` and `about` tell it apart; `facts` fill its words."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    kind: str
    about: str = ""
    facts: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    since: datetime = when(default_factory=utc_now)
    ended_at: datetime | None = when(nullable=True, default=None)


class DeviceCheck(SQLModel, table=True):
    """How a family's device did when it tried: each part is `ok` or `failed`, or empty where it was not tried."""

    __tablename__ = "device_check"
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    camera: str = ""
    microphone: str = ""
    webrtc: str = ""
    connection: str = ""
    at: datetime = when(default_factory=utc_now)
