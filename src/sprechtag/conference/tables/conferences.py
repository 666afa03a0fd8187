# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference and its time windows."""

from datetime import date, datetime, time

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when
from ..tokens import public_id
from .indexes import open_ones


class Conference(SQLModel, table=True):
    """One event with its rules. `time_zone` is an IANA name; minutes and days are whole numbers.

    `booking_by` says who may book: `link` (anyone), `confirmed` (who opens the link in a mail), `invited` (who has
    a link of its own). `languages` of the public pages are comma-separated codes, empty for all. `walk_minutes` is
    proposed to families between two appointments on site. `reminders` are minutes before a family's first
    appointment of a day, comma-separated. Families that a host has asked for may book from `priority_from` on.
    `texts` are the school's own words in mails and letters, by kind and language. With `booking_mode` `wishes`
    families enter until `wishes_until` whom they want to see, and one run assigns everybody; after its publication
    what is left is booked as usual. `privacy_notice`, `legal_basis` and `data_protection_officer` are the school's
    own parts of the privacy notice. With `empty_events` hosts' events are emptied of the family at the end of the
    retention. With `feedback` families are asked after the last day. `asks` are comma-separated questions of the
    booking form (`asked`). With `hosts_change` hosts may change their own times, rooms and places. With
    `mails_wait` mails about the school's cancellations wait until they cannot be taken back any more. `limit_per`
    says for whom the limit of appointments with one host holds: `household` (each guest and child) or `child`
    (whichever household of its family books). With `households_share` two households that are entered from a list
    learn of each other's appointments. The database
    raises `version` with every change of this row and of the conference's hosts (`kept`)."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    organiser_id: str = Field(index=True)
    name: str
    description: str = ""
    contact: str = ""
    time_zone: str = "Europe/Berlin"
    state: str = "draft"
    slot_minutes: int = 10
    pause_minutes: int = 0
    offers_on_site: bool = True
    offers_video: bool = True
    opens_at: datetime | None = when(nullable=True, default=None)
    closes_at: datetime | None = when(nullable=True, default=None)
    lead_minutes: int = 60
    change_deadline_minutes: int = 120
    max_bookings_per_guest: int = 10
    max_bookings_per_guest_and_host: int = 1
    limit_per: str = "household"
    households_share: bool = False
    retention_days: int = 30
    contact_for_hosts: bool = False
    booking_by: str = "link"
    languages: str = ""
    walk_minutes: int = 5
    reminders: str = "1440,60"
    waiting_list: bool = True
    priority_from: datetime | None = when(nullable=True, default=None)
    texts: dict[str, dict[str, str]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    booking_mode: str = "direct"
    wishes_until: datetime | None = when(nullable=True, default=None)
    privacy_notice: str = ""
    legal_basis: str = ""
    data_protection_officer: str = ""
    empty_events: bool = True
    feedback: bool = False
    asks: str = ""
    hosts_change: bool = True
    mails_wait: bool = False
    display_shows: str = "initials"
    display_generation: int = 1
    rehearsal: str = ""
    rehearsal_rooms: list[dict[str, str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    share_generation: int = 1
    share_token_hash: str = Field(default="", index=True)
    preview_token_hash: str = Field(default="", index=True)
    version: int = 1
    created_at: datetime = when(default_factory=utc_now)


class Window(SQLModel, table=True):
    """A stretch of wall-clock time on one day; with `host_id` it replaces the conference's windows for that host."""

    __table_args__ = (open_ones("ix_window_host_id", "host_id", "host_id IS NOT NULL"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int | None = Field(default=None, foreign_key="host.id", ondelete="CASCADE")
    day: date
    starts: time
    ends: time
