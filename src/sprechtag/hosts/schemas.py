# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What several routes send over the wire. Times are ISO 8601 with an offset; windows are wall-clock in the
conference's zone."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..conference.slots import TimeWindow
from .fields import Clock, Day, Line, SchoolClass, Spoken, Text


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


class CountAnswer(BaseModel):
    count: int


Message = Annotated[Text, Field(max_length=4000)]
PlaceName = Literal["on_site", "video"]


class Saying(Strict):
    """What the school says to the family in the mail about it."""

    message: Message = ""


class FamilyData(Strict):
    """A family as the school enters it; `email` may be empty."""

    name: Line
    email: Line = ""
    child: Line = ""
    school_class: SchoolClass = ""
    language: Spoken = "de"


class MessagePreview(BaseModel):
    """How many families a message goes to, and how many hours that takes at the channel's pace (0: at once)."""

    guests: int
    hours: float
    channel: str


class JobAnswer(BaseModel):
    """`done` of `total` families are through; `changed` bookings so far."""

    id: str
    kind: str
    total: int
    done: int
    changed: int
    created_at: datetime
    finished_at: datetime | None


class HostAnswer(BaseModel):
    user_id: str
    display_name: str
    short: str
    """The Kürzel, the short sign that the school's programs call a teacher by."""
    subject: str
    classes: str
    room: str
    state: Literal["invited", "joined", "declined"]
    offers_on_site: bool
    offers_video: bool
    can_video: bool
    gone: bool
    """Whether Nextcloud knows the host no more; nobody can book there then."""
    problem: str
    """Why Nextcloud cannot follow this host's bookings, in a sentence; empty when all is well."""
    tandem: bool = False
    partners: list[str] = []
    """Who is in a tandem, by user id; the first one's is the Talk room."""


class Problem(BaseModel):
    """What every refusal looks like. `message` says what happened and what to do; `text` is the same with braces where
    `values` stand, for who translates it, empty where there are none."""

    error: str
    message: str
    field: str = ""
    text: str = ""
    values: dict[str, str] = {}
