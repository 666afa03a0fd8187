# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes over the wire. Times are ISO 8601 with an offset; windows are wall-clock in the conference's zone."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..conference.hosts import HostChoices, HostEntry
from ..conference.ruleset import Rules
from ..conference.slots import TimeWindow
from ..conference.tables import Conference, Host
from .fields import Clock, Day, Id, Instant, Line, SchoolClass, Spoken, Text, UserId, Zone


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WindowData(Strict):
    day: Day
    starts: Clock
    ends: Clock

    def window(self) -> TimeWindow:
        return TimeWindow(self.day, self.starts, self.ends)


class WindowAnswer(BaseModel):
    """As it is stored: a rule that is younger than a row must not hide it."""

    day: date
    starts: time
    ends: time

    @classmethod
    def all(cls, windows: Sequence[TimeWindow]) -> "list[WindowAnswer]":
        return [cls(day=window.day, starts=window.starts, ends=window.ends) for window in windows]


Minutes = Annotated[int, Field(ge=0, le=100_000)]


class RulesData(Strict):
    """The rules of a conference; minutes, days and counts are whole numbers."""

    name: Annotated[Line, Field(max_length=200)]
    windows: Annotated[list[WindowData], Field(max_length=60)]
    description: Annotated[Text, Field(max_length=4000)] = ""
    contact: Annotated[Line, Field(max_length=400)] = ""
    time_zone: Zone = "Europe/Berlin"
    slot_minutes: Annotated[int, Field(ge=1, le=480)] = 10
    pause_minutes: Annotated[int, Field(ge=0, le=480)] = 0
    offers_on_site: bool = True
    offers_video: bool = True
    opens_at: Instant | None = None
    closes_at: Instant | None = None
    lead_minutes: Minutes = 60
    change_deadline_minutes: Minutes = 120
    max_bookings_per_guest: Annotated[int, Field(ge=1, le=100)] = 10
    max_bookings_per_guest_and_host: Annotated[int, Field(ge=1, le=20)] = 1
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    contact_for_hosts: bool = False
    booking_by: Literal["link", "confirmed", "invited"] = "link"
    languages: Annotated[Line, Field(max_length=200)] = ""
    walk_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    reminders: Annotated[Line, Field(max_length=100)] = "1440,60"
    waiting_list: bool = True
    priority_from: Instant | None = None
    booking_mode: Literal["direct", "wishes", "assigned"] = "direct"
    wishes_until: Instant | None = None
    privacy_notice: Annotated[Text, Field(max_length=4000)] = ""
    legal_basis: Annotated[Text, Field(max_length=1000)] = ""
    data_protection_officer: Annotated[Text, Field(max_length=1000)] = ""
    empty_events: bool = True
    feedback: bool = False

    def rules(self) -> Rules:
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "windows"}
        return Rules(windows=[window.window() for window in self.windows], **values)


class HostData(Strict):
    user_id: Annotated[UserId, Field(min_length=1, max_length=64)]
    display_name: Annotated[Line, Field(max_length=200)] = ""
    subject: Annotated[Line, Field(max_length=200)] = ""
    classes: Annotated[Line, Field(max_length=200)] = ""
    room: Annotated[Line, Field(max_length=100)] = ""
    offers_on_site: bool = True
    offers_video: bool = True
    windows: Annotated[list[WindowData], Field(max_length=60)] = []

    def entry(self) -> HostEntry:
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "windows"}
        return HostEntry(windows=[window.window() for window in self.windows], **values)


class PreviewAnswer(BaseModel):
    """`times` are the slots' starts for one host, `slots` those of all hosts. `calls` run at once if every time became
    a video call; `calls_fit` is None where nothing was entered to compare with, and `tightest` is what fits worst."""

    times: list[datetime]
    slots: int
    families: int
    calls: int
    calls_fit: bool | None
    tightest: str


class CopyData(Strict):
    first_day: Day
    name: Annotated[Line, Field(max_length=200)] = ""


class OwnEntry(Strict):
    room: Annotated[Line, Field(max_length=100)] = ""
    offers_on_site: bool = True
    offers_video: bool = True
    calendar: Annotated[Line, Field(max_length=200)] = ""
    min_pause_minutes: Annotated[int, Field(ge=0, le=240)] = 0
    max_in_a_row: Annotated[int, Field(ge=0, le=100)] = 0
    windows: Annotated[list[WindowData], Field(max_length=60)] = []

    def choices(self) -> HostChoices:
        return HostChoices(**{name: getattr(self, name) for name in HostChoices.__dataclass_fields__})


class OwnAnswer(BaseModel):
    room: str
    offers_on_site: bool
    offers_video: bool
    calendar: str
    min_pause_minutes: int
    max_in_a_row: int
    windows: list[WindowAnswer]

    @classmethod
    def of(cls, host: Host, windows: Sequence[TimeWindow]) -> "OwnAnswer":
        own = {name: getattr(host, name) for name in HostChoices.__dataclass_fields__}
        return cls(windows=WindowAnswer.all(windows), **own)


class OwnSlot(BaseModel):
    """`closed_by` is empty for a time that can be booked, else `booked`, `host`, `organiser`, `calendar` or `held`."""

    id: str
    starts_at: datetime
    ends_at: datetime
    closed_by: str
    held_for: str


class CalendarName(BaseModel):
    name: str
    title: str


class QuestionAnswer(BaseModel):
    """I have moved our event in my calendar to `moved_to`, or deleted it (null)."""

    booking_id: str
    child: str
    starts_at: datetime
    moved_to: datetime | None


class OwnDay(BaseModel):
    slots: list[OwnSlot]
    calendars: list[CalendarName]
    questions: list[QuestionAnswer]
    calendar_read_at: datetime | None


class CountAnswer(BaseModel):
    count: int


class MeAnswer(BaseModel):
    """`retention_days` and `languages` are what the admin proposes for a new conference; `groups_named` says whether it
    has named who may make one."""

    user_id: str
    known: bool
    admin: bool
    may_organise: bool
    groups_named: bool
    retention_days: int
    languages: list[str]


Message = Annotated[Text, Field(max_length=4000)]
PlaceName = Literal["on_site", "video"]


class Saying(Strict):
    """What the school says to the family in the mail about it."""

    message: Message = ""


class Moving(Saying):
    slot_id: Id


class PlaceChange(Saying):
    place: PlaceName


class CalendarAnswer(Saying):
    tell: bool


class NoteData(Strict):
    note: Annotated[Text, Field(max_length=4000)]


class Blocking(Strict):
    blocked: bool


class PhoneBooking(Strict):
    """`email` may be empty: then nobody is written to. `key` makes a repeated call book once."""

    slot_id: Id
    place: PlaceName
    child: Line
    school_class: SchoolClass = ""
    name: Line
    email: Line = ""
    phone: Line = ""
    language: Spoken = "de"
    key: Annotated[Line, Field(max_length=100)] = ""


class FamilyData(Strict):
    """A family as the school enters it; `email` may be empty."""

    name: Line
    email: Line = ""
    child: Line = ""
    school_class: SchoolClass = ""
    language: Spoken = "de"


class HoldData(FamilyData):
    message: Message = ""


class HeldAnswer(BaseModel):
    """`link` is the family's own page, to pass on by hand; `mailed` says whether it is written to."""

    link: str
    mailed: bool


class SwitchData(Strict):
    """Which bookings to switch: all, those of one day, of one host, or both. With `offer` families can book only this
    place from now on (not for a single day)."""

    place: PlaceName
    day: Day | None = None
    host: UserId = ""
    message: Message = ""
    offer: bool = True


class MessageData(Strict):
    """To all families with appointments still to come, or to those of one host or one day, or (`unbooked`) to those
    that were entered and have none."""

    subject: Annotated[Line, Field(max_length=200)]
    text: Message
    day: Day | None = None
    host: UserId = ""
    unbooked: bool = False


class MessagePreview(BaseModel):
    """How many families a message goes to, and how many hours that takes at the channel's pace (0: at once)."""

    guests: int
    hours: float
    channel: str


class UnableAnswer(BaseModel):
    host_user_id: str
    host_name: str
    bookings: int
    reason: str


class SwitchPreviewAnswer(BaseModel):
    bookings: int
    guests: int
    already: int
    unable: list[UnableAnswer]


class JobAnswer(BaseModel):
    """`done` of `total` families are through; `changed` bookings so far."""

    id: str
    kind: str
    total: int
    done: int
    changed: int
    created_at: datetime
    finished_at: datetime | None


class ConferenceAnswer(BaseModel):
    id: str
    name: str
    description: str
    contact: str
    time_zone: str
    state: Literal["draft", "published", "closed"]
    slot_minutes: int
    pause_minutes: int
    offers_on_site: bool
    offers_video: bool
    opens_at: datetime | None
    closes_at: datetime | None
    lead_minutes: int
    change_deadline_minutes: int
    max_bookings_per_guest: int
    max_bookings_per_guest_and_host: int
    retention_days: int
    contact_for_hosts: bool
    booking_by: Literal["link", "confirmed", "invited"]
    languages: str
    walk_minutes: int
    reminders: str
    waiting_list: bool
    priority_from: datetime | None
    booking_mode: Literal["direct", "wishes", "assigned"]
    wishes_until: datetime | None
    privacy_notice: str
    legal_basis: str
    data_protection_officer: str
    empty_events: bool
    feedback: bool
    windows: list[WindowAnswer]
    role: Literal["organiser", "host"]
    host_state: Literal["invited", "joined", "declined"] | None = None
    share_link: str = ""
    """Empty for hosts, and for organisers while the public address is not known yet."""

    @classmethod
    def of(cls, conference: Conference, windows: list[TimeWindow], **more: object) -> "ConferenceAnswer":
        fields = {name: getattr(conference, name) for name in cls.model_fields if hasattr(conference, name)}
        listed = WindowAnswer.all(windows)
        return cls(**fields | {"id": conference.public_id, "windows": listed} | more)


class HostAnswer(BaseModel):
    user_id: str
    display_name: str
    subject: str
    classes: str
    room: str
    state: Literal["invited", "joined", "declined"]
    offers_on_site: bool
    offers_video: bool
    can_video: bool
    problem: str
    """Why Nextcloud cannot follow this host's bookings, in a sentence; empty when all is well."""


class EffectAnswer(BaseModel):
    kind: str
    state: Literal["done", "waiting", "failing", "gave_up"]
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    """Why it does not go on; where it is done, what was not as usual (a mail whose answer got lost)."""


class BookingAnswer(BaseModel):
    id: str
    code: str
    state: Literal["active", "cancelled"]
    place: Literal["on_site", "video"]
    revision: int
    starts_at: datetime
    ends_at: datetime
    host_user_id: str
    host_name: str
    room: str
    child: str
    school_class: str
    guest_name: str
    guest_email: str | None = None
    """Only for the organiser, and for hosts where the conference says so."""
    note: str | None = None
    """The host's own; null for everybody else."""
    slot_id: str
    unconfirmed: bool
    """Holds its slot until the family opens the link in its mail."""
    video_link: str
    effects: list[EffectAnswer]


class Problem(BaseModel):
    """What every refusal looks like. `message` says what happened and what to do."""

    error: str
    message: str
    field: str = ""
