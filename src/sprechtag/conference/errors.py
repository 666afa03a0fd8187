# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal of the booking rules, as one tree.

Refused
├── NotFound            the thing does not exist, or not for you
├── Invalid             a field of a conference or booking is wrong (`field` names it)
├── SlotTaken           somebody was faster (`free_next`: up to three starts, UTC)
├── SlotBlocked         the host does not offer this time
├── PlaceNotOffered     on site or video is not offered here (`offered`)
├── GuestBusy           the guest has another appointment at that time (`starts_at`)
├── LimitReached        the guest has all appointments the rules allow (`limit`, `per_host`; `by_other`: its other
│                       household has them)
├── OnlyInvited         this conference is for families with a link of their own
├── BookingNotOpen      booking opens later (`opens_at`) or the conference is not published
├── WishesFirst         families say whom they want to see, one run assigns (`until`, `over`)
├── WishesBefore        this address has wishes; only its own link may change them
├── NoWaitingList       this conference keeps no waiting lists
├── StillFree           nobody waits while something is free with this host
├── NotLikeThis         something stands against it that only the family itself may learn
├── AddressTaken        another family of the conference has this address
├── InterpreterBusy     all who interpret the language are taken at that time (`starts_at`, `language`)
├── TooManyPeople       so many are named to the appointment already (`most`)
├── Spent               a budget is used up (`kind`, `minutes` until there is more)
├── BookingClosed       booking is over (`closed_at`)
├── TooLate             lead time or change deadline has passed (`until`)
└── AlreadyCancelled    the booking was cancelled before
"""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime


class Refused(Exception):
    """A rule said no; nothing was changed."""

    code = "refused"


class NotFound(Refused):
    code = "not_found"


@dataclass
class Invalid(Refused):
    """`field` is the name of the wrong field, `reason` a key of the sentence that explains it, `values` what the
    sentence names."""

    field: str
    reason: str
    values: dict[str, str] = dataclasses.field(default_factory=dict)
    code = "invalid"


@dataclass
class SlotTaken(Refused):
    starts_at: datetime
    free_next: list[datetime] = field(default_factory=list)
    code = "slot_taken"


class HostElsewhere(Refused):
    """The host has another appointment at that time, in this conference or another one."""

    code = "host_elsewhere"


class NotYours(Refused):
    """The office sets it; a host may not."""

    code = "not_yours"


class NoTimeAfter(Refused):
    """The host's times after this one are another family's, or there are none."""

    code = "no_time_after"


class SlotBlocked(Refused):
    code = "slot_blocked"


@dataclass
class PlaceNotOffered(Refused):
    offered: list[str]
    code = "place_not_offered"


@dataclass
class GuestBusy(Refused):
    starts_at: datetime
    code = "guest_busy"


@dataclass
class LimitReached(Refused):
    limit: int
    per_host: bool
    by_other: bool = False
    code = "limit_reached"


@dataclass
class InterpreterBusy(Refused):
    """`language` is as the family wrote it."""

    starts_at: datetime
    language: str
    code = "interpreter_busy"


@dataclass
class TooManyPeople(Refused):
    most: int
    code = "too_many_people"


class OtherFamily(Refused):
    code = "other_family"


class OnlyInvited(Refused):
    code = "only_invited"


@dataclass
class BookingNotOpen(Refused):
    opens_at: datetime | None
    code = "booking_not_open"


@dataclass
class WishesFirst(Refused):
    """`over` says that the time for wishes has passed and the run is still to be published."""

    until: datetime | None
    over: bool
    code = "wishes_first"


class WishesBefore(Refused):
    """This address has wishes; only its own link may change them."""

    code = "wishes_before"


class NoWaitingList(Refused):
    code = "no_waiting_list"


class StillFree(Refused):
    code = "still_free"


class NotLikeThis(Refused):
    code = "not_like_this"


class AddressTaken(Refused):
    """Another family of the conference has this address; only the organiser may learn that."""

    code = "address_taken"


@dataclass
class Spent(Refused):
    kind: str
    minutes: int
    code = "spent"


@dataclass
class BookingClosed(Refused):
    closed_at: datetime | None
    code = "booking_closed"


@dataclass
class TooLate(Refused):
    until: datetime
    code = "too_late"


class AlreadyCancelled(Refused):
    code = "already_cancelled"


class HasBookings(Refused):
    """The change would take away slots that are booked."""

    code = "has_bookings"


class StillFollowing(Refused):
    """Nextcloud has not been told of all cancellations yet; deleting now would leave events and rooms behind."""

    code = "still_following"


class OnlyPreview(Refused):
    """The public pages of a draft are looked at; nothing is booked there."""

    code = "only_preview"


class WrongState(Refused):
    """Not possible in the conference's present state."""

    code = "wrong_state"
