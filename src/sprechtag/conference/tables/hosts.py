# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Those who receive families, and what Nextcloud asks them about."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id


class Host(SQLModel, table=True):
    """A Nextcloud user in one conference. `problem` is what keeps Nextcloud from following, in a word; who is `gone`
    was deleted or disabled there and is offered to nobody. A `tandem` is two or three of them who receive a family
    together: its `user_id` is one that Nextcloud cannot have, its persons are its `HostPartner`s.

    `short` is the Kürzel, the short sign that the school's programs call a teacher by; families do not see it.
    `calendar` is the name of the one that takes the appointments, empty for the first that can be written;
    `min_pause_minutes` and `max_in_a_row` (0: no limit) hold between the host's own appointments. On the day
    `delayed_on` (in the conference's zone) all that is left begins `delay_minutes` later than agreed."""

    __table_args__ = (UniqueConstraint("conference_id", "user_id"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    user_id: str = Field(index=True)
    display_name: str
    short: str = ""
    subject: str = ""
    classes: str = ""
    room: str = ""
    state: str = "invited"
    offers_on_site: bool = True
    offers_video: bool = True
    can_video: bool = True
    gone: bool = False
    tandem: bool = False
    calendar: str = ""
    min_pause_minutes: int = 0
    max_in_a_row: int = 0
    delay_minutes: int = 0
    delayed_on: date | None = None
    calendar_read_at: datetime | None = when(nullable=True, default=None)
    problem: str = ""


class HostPartner(SQLModel, table=True):
    """One of those who are together in a tandem, by `place`: the first one's are Talk room and the family's mail."""

    __tablename__ = "host_partner"
    host_id: int = Field(foreign_key="host.id", primary_key=True, ondelete="CASCADE")
    user_id: str = Field(primary_key=True, index=True)
    place: int = 0


class HostMinute(SQLModel, table=True):
    """A minute a Nextcloud user has given away (minutes since the epoch), in whichever conference: a host is never at
    two places at once."""

    __tablename__ = "host_minute"
    user_id: str = Field(primary_key=True)
    minute: int = Field(sa_column=Column(BigInteger, primary_key=True))
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")


class CalendarQuestion(SQLModel, table=True):
    """The host has moved or deleted our event in the calendar, and is asked whether the family shall hear of it.

    `starts_at` and `ends_at` are where the event stands now, None for a deleted one."""

    __tablename__ = "calendar_question"
    booking_id: int = Field(foreign_key="booking.id", primary_key=True, ondelete="CASCADE")
    starts_at: datetime | None = when(nullable=True, default=None)
    ends_at: datetime | None = when(nullable=True, default=None)
    asked_at: datetime = when(default_factory=utc_now)
