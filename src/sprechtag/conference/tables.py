# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables. Times are aware and in UTC; SQLite and PostgreSQL hold the same schema."""

from datetime import date, datetime, time
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, ColumnElement, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel, col

from ..database import NEVER_AGAIN, utc_now, when
from .tokens import public_id, short_code

Place = Literal["on_site", "video"]
PLACES: tuple[Place, ...] = ("on_site", "video")
ON_SITE: Place = "on_site"
VIDEO: Place = "video"
EffectKind = Literal["calendar", "talk", "mail"]


class Conference(SQLModel, table=True):
    """One event with its rules. `time_zone` is an IANA name; minutes and days are whole numbers.

    `booking_by` says who may book: `link` (anyone), `confirmed` (who opens the link in a mail), `invited` (who has
    a link of its own). `languages` of the public pages are comma-separated codes, empty for all. `walk_minutes` is
    proposed to families between two appointments on site. `reminders` are minutes before a family's first appointment
    of a day, comma-separated. Families that a host has asked for may book from `priority_from` on. `texts` are the
    school's own words in mails and letters, by kind and language. With `booking_mode` `wishes` families enter until
    `wishes_until` whom they want to see, and one run assigns everybody; after its publication what is left is booked
    as usual. `privacy_notice`, `legal_basis` and `data_protection_officer` are the school's own parts of the privacy
    notice. With `empty_events` hosts' events are emptied of the family at the end of the retention. With `feedback`
    families are asked after the last day."""

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
    display_shows: str = "initials"
    display_generation: int = 1
    rehearsal: str = ""
    rehearsal_rooms: list[dict[str, str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    share_generation: int = 1
    share_token_hash: str = Field(default="", index=True)
    created_at: datetime = when(default_factory=utc_now)


class Window(SQLModel, table=True):
    """A stretch of wall-clock time on one day; with `host_id` it replaces the conference's windows for that host."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int | None = Field(default=None, foreign_key="host.id", ondelete="CASCADE")
    day: date
    starts: time
    ends: time


class Host(SQLModel, table=True):
    """A Nextcloud user in one conference. `problem` is what keeps Nextcloud from following, in a word.

    `calendar` is the name of the one that takes the appointments, empty for the first that can be written;
    `min_pause_minutes` and `max_in_a_row` (0: no limit) hold between the host's own appointments. On the day
    `delayed_on` (in the conference's zone) all that is left begins `delay_minutes` later than agreed."""

    __table_args__ = (UniqueConstraint("conference_id", "user_id"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    user_id: str = Field(index=True)
    display_name: str
    subject: str = ""
    classes: str = ""
    room: str = ""
    state: str = "invited"
    offers_on_site: bool = True
    offers_video: bool = True
    can_video: bool = True
    calendar: str = ""
    min_pause_minutes: int = 0
    max_in_a_row: int = 0
    delay_minutes: int = 0
    delayed_on: date | None = None
    calendar_read_at: datetime | None = when(nullable=True, default=None)
    problem: str = ""


class Slot(SQLModel, table=True):
    """`blocked_by` is `organiser`, `host`, `calendar` (the host has another event) or `held` (for the guest `held_for`)
    while it is blocked. `kept_open` is set by a host who opens it in spite of the calendar. What is offered to the next
    on the waiting list is held until `held_until`; what a host holds has none."""

    __table_args__ = (UniqueConstraint("host_id", "starts_at"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    starts_at: datetime = when()
    ends_at: datetime = when()
    blocked: bool = False
    blocked_by: str = ""
    kept_open: bool = False
    held_for: int | None = None
    held_until: datetime | None = when(nullable=True, default=None)


class Guest(SQLModel, table=True):
    """Who books. One row for each address of a conference, found by its keyed fingerprint.

    `invited` are those whom the school has entered; `child` and `school_class` are then known before a booking.
    `proven_at`: when somebody first pressed something that only who reads this family's mail or letter can press; None
    while the address is only what a stranger has typed. `erase_by`: the family is erased but for what the mail about
    its cancelled appointments needs; the row goes when that is out, and then at the latest."""

    __table_args__ = (UniqueConstraint("conference_id", "email_fingerprint"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    name: str
    email: str
    email_fingerprint: str
    phone: str = ""
    language: str = "de"
    child: str = ""
    school_class: str = ""
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


class Booking(SQLModel, table=True):
    """Guest + slot + place + revision. Every change raises the revision; effects follow it.

    `cancelled_by` is `guest` or `school`. `message` is what the school says to the family with its last change; `note`
    is the host's own and shown to nobody else. Until `confirm_by` a booking holds its slot and waits for the family's
    word; None once it has come. `screen` names the `ScreenLink` through which it was made (empty: none), `language` the
    one of its form where that was no family's own, `visitor` the
    address it came from as a keyed fingerprint that means nothing elsewhere."""

    __table_args__ = (
        # One slot, one active booking: the promise that no concurrency can break.
        Index(
            "uq_booking_active_slot",
            "slot_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        NEVER_AGAIN,
    )
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    code: str = Field(default_factory=short_code, index=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", index=True)
    slot_id: int = Field(foreign_key="slot.id")
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    place: str
    state: str = "active"
    revision: int = 1
    child: str = ""
    school_class: str = ""
    message: str = ""
    note: str = ""
    cancelled_by: str = ""
    screen: str = ""
    language: str = ""
    visitor: str = Field(default="", index=True)
    confirm_by: datetime | None = when(nullable=True, default=None)
    created_at: datetime = when(default_factory=utc_now)
    changed_at: datetime = when(default_factory=utc_now)


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
    host_id: int = Field(foreign_key="host.id", primary_key=True, ondelete="CASCADE")
    asked: bool = False


class WaitingEntry(SQLModel, table=True):
    """A family that waits for a time with a host. While one is offered to it, `offered_slot_id` says which."""

    __tablename__ = "waiting_entry"
    __table_args__ = (UniqueConstraint("host_id", "guest_id"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", index=True, ondelete="CASCADE")
    child: str
    school_class: str = ""
    screen: str = ""
    offered_slot_id: int | None = Field(default=None, foreign_key="slot.id", ondelete="SET NULL")
    created_at: datetime = when(default_factory=utc_now)


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
    "new_link",
    "not_done",
]


class GuestLetter(SQLModel, table=True):
    """A mail to a family that is about no change of a booking. `name` makes it one of its kind: the same is never
    written twice. It stays after it was sent, as the proof; what was not sent by `expires_at` is not sent any more."""

    __tablename__ = "guest_letter"
    __table_args__ = (UniqueConstraint("guest_id", "kind", "name"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    guest_id: int = Field(foreign_key="guest.id", ondelete="CASCADE")
    kind: str
    name: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    expires_at: datetime = when()
    sent_at: datetime | None = when(nullable=True, default=None)
    last_error: str = ""


class WishSheet(SQLModel, table=True):
    """What a family has said for the one run that assigns everybody: when it can, on which place it prefers.

    `available` holds, by day (ISO date in the conference's zone), the earliest start and the latest end as minutes
    since midnight; a day that is missing is a day it cannot come."""

    __tablename__ = "wish_sheet"
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    available: dict[str, list[int]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    place: str
    walk_minutes: int = 5
    changed_at: datetime = when(default_factory=utc_now)


class HostWish(SQLModel, table=True):
    """One host whom a family wants to see. `outcome` is empty until a run was published, then `served` or why not."""

    __tablename__ = "host_wish"
    __table_args__ = (UniqueConstraint("guest_id", "host_id", "child"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    child: str
    school_class: str = ""
    screen: str = ""
    outcome: str = ""


class WishRun(SQLModel, table=True):
    """One run that assigns everybody. `state` is `running`, `ready`, `publishing`, `published`, `discarded` or
    `failed`. `progress` is for the eyes, `chosen` holds slot ids by wish id, `unserved` the reasons by wish id. The
    same seed and wishes give the same result."""

    __tablename__ = "wish_run"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    seed: int
    effort: float
    state: str = "running"
    progress: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    chosen: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    unserved: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    problem: str = ""
    created_at: datetime = when(default_factory=utc_now)
    finished_at: datetime | None = when(nullable=True, default=None)


class FeedbackAnswer(SQLModel, table=True):
    """What a family thought of the day. It names nobody and no time: not even a day can tell who wrote it."""

    __tablename__ = "feedback_answer"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    key_hash: str = Field(unique=True)
    worth: int
    ease: int
    place: str = ""
    comment: str = ""


class PaperJob(SQLModel, table=True):
    """A PDF for many people, made in the background and kept for a day. `content` is there once it is `ready`."""

    __tablename__ = "paper_job"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    user_id: str
    kind: str
    options: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = "waiting"
    pages: int = 0
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    created_at: datetime = when(default_factory=utc_now)


class IdempotencyKey(SQLModel, table=True):
    """A form that was sent: the same form again finds the booking it made, and shows the same `screen` link."""

    __tablename__ = "idempotency_key"
    key_hash: str = Field(primary_key=True)
    screen: str = ""
    booking_id: int = Field(foreign_key="booking.id", index=True, ondelete="CASCADE")
    created_at: datetime = when(default_factory=utc_now)


class Effect(SQLModel, table=True):
    """How far one thing outside has followed one booking.

    `applied_revision` is the booking's revision it shows; `remote` holds what it needs to find the thing again
    (calendar, href, room token, …) and is written before the thing is made, where its name is known before.
    `gave_up` is set when trying again cannot help; a new revision tries again."""

    booking_id: int = Field(foreign_key="booking.id", primary_key=True, ondelete="CASCADE")
    kind: str = Field(primary_key=True)
    applied_revision: int = 0
    gave_up_revision: int = 0
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


JobKind = Literal["switch_place", "cancel_all", "message", "invitation", "assign", "undo"]


class Job(SQLModel, table=True):
    """Long work of an organiser's, done in the background guest by guest and taken up again after a crash.

    `payload` is what the kind needs to know; `done` of `total` guests are through."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(default_factory=public_id, unique=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    total: int = 0
    done: int = 0
    changed: int = 0
    created_at: datetime = when(default_factory=utc_now)
    finished_at: datetime | None = when(nullable=True, default=None)


class JobItem(SQLModel, table=True):
    """One guest of a job; gone when it is through. `attempts` of work in the database have failed."""

    __tablename__ = "job_item"
    job_id: int = Field(foreign_key="job.id", primary_key=True, ondelete="CASCADE")
    guest_id: int = Field(foreign_key="guest.id", primary_key=True, ondelete="CASCADE")
    attempts: int = 0


NoticeKind = Literal["invited", "reminded", "event_moved", "event_deleted", "alarm", "evening", "family_says", "budget"]


class CalendarQuestion(SQLModel, table=True):
    """The host has moved or deleted our event in the calendar, and is asked whether the family shall hear of it.

    `starts_at` and `ends_at` are where the event stands now, None for a deleted one."""

    __tablename__ = "calendar_question"
    booking_id: int = Field(foreign_key="booking.id", primary_key=True, ondelete="CASCADE")
    starts_at: datetime | None = when(nullable=True, default=None)
    ends_at: datetime | None = when(nullable=True, default=None)
    asked_at: datetime = when(default_factory=utc_now)


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


class BudgetCount(SQLModel, table=True):
    """How much of a budget is spent in its window. `key` is a keyed fingerprint: no address stands in it."""

    __tablename__ = "budget_count"
    key: str = Field(primary_key=True)
    count: int = 0
    expires_at: datetime = when(index=True)


class BudgetHit(SQLModel, table=True):
    """A budget that was spent: which `kind`, by which `visitor` (a keyed fingerprint), how often it refused since."""

    __tablename__ = "budget_hit"
    __table_args__ = (UniqueConstraint("conference_id", "kind", "visitor"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    kind: str
    visitor: str
    count: int = 1
    first_at: datetime = when(default_factory=utc_now)
    last_at: datetime = when(default_factory=utc_now)


class AdminSettings(SQLModel, table=True):
    """What Nextcloud's admin has set in the page; one row."""

    __tablename__ = "admin_settings"
    id: int = Field(default=1, primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class InstanceFact(SQLModel, table=True):
    """What was last learned of this Nextcloud (theming, capabilities, public address), so that no page asks for it."""

    __tablename__ = "instance_fact"
    name: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    learned_at: datetime = when(default_factory=utc_now)
