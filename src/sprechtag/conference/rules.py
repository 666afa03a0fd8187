# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may book, move and cancel, and when: functions over plain data."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..moments import minutes, shifted
from .errors import (
    AlreadyCancelled,
    BookingClosed,
    BookingNotOpen,
    LimitReached,
    OnlyInvited,
    PlaceNotOffered,
    SlotBlocked,
    TooLate,
    WishesFirst,
)
from .slots import TimeSpan
from .tables import ON_SITE, VIDEO, Booking, Conference, Host, Place, Slot

CONFIRM_WITHIN = timedelta(minutes=60)
"""How long a booking holds its slot until the family has opened the link in its mail."""

UNDONE_WITHIN = timedelta(minutes=10)
"""How long the school can take a cancellation back."""
OFFERED_FOR = timedelta(hours=2)
"""How long a freed time is held for the next family on the waiting list."""
HELD_WHILE_OPEN = timedelta(minutes=2)
"""How long proposed times are held for a family since its form was opened."""


@dataclass(frozen=True)
class GuestCounts:
    """How many active bookings a guest has: in the conference, and for the same child with the host in question; of
    these `by_other` are those of the family's other household."""

    all: int
    with_host: int
    by_other: int = 0


def places_offered(conference: Conference, host: Host) -> list[Place]:
    """On site first. Video needs a host who may create Talk rooms."""
    return places(
        conference.offers_on_site and host.offers_on_site,
        conference.offers_video and host.offers_video and host.can_video,
    )


def places(on_site: bool, video: bool) -> list[Place]:
    return [place for place, offered in ((ON_SITE, on_site), (VIDEO, video)) if offered]


def check_booking_is_open(conference: Conference, now: datetime, *, asked: bool = False) -> None:
    """`asked` is for a host who has asked for this family: then booking opens earlier, where the conference says so.

    Raises `BookingNotOpen`, `BookingClosed` and, until the wishes are assigned, `WishesFirst`."""
    _check_published(conference, now)
    opens_at = conference.opens_at
    if asked and conference.priority_from:
        opens_at = min(conference.priority_from, opens_at or conference.priority_from)
    if opens_at and now < opens_at:
        raise BookingNotOpen(opens_at)
    if conference.closes_at and now >= conference.closes_at:
        raise BookingClosed(conference.closes_at)
    if conference.booking_mode == "wishes":
        raise WishesFirst(conference.wishes_until, over=wishes_are_over(conference, now))


def wishes_are_over(conference: Conference, now: datetime) -> bool:
    return conference.wishes_until is not None and now >= conference.wishes_until


def check_wishes_are_taken(conference: Conference, now: datetime) -> None:
    """Raises what stands against entering wishes now."""
    _check_published(conference, now)
    if conference.booking_mode != "wishes":
        raise BookingClosed(conference.wishes_until)
    if conference.opens_at and now < conference.opens_at:
        raise BookingNotOpen(conference.opens_at)
    if wishes_are_over(conference, now):
        raise WishesFirst(conference.wishes_until, over=True)


def _check_published(conference: Conference, now: datetime) -> None:
    if conference.state == "closed":
        raise BookingClosed(conference.closes_at if conference.closes_at and conference.closes_at <= now else None)
    if conference.state != "published":
        raise BookingNotOpen(None)


def bookable_from(conference: Conference, now: datetime) -> datetime:
    """The earliest start that can still be booked at `now` (the lead time)."""
    return shifted(now, minutes(conference.lead_minutes))


def bookable_until(conference: Conference, slot: Slot) -> datetime:
    """Until when the slot can be booked by a guest."""
    last = shifted(slot.starts_at, -minutes(conference.lead_minutes))
    return min(last, conference.closes_at) if conference.closes_at else last


def check_share_link_books(conference: Conference) -> None:
    """Raises `OnlyInvited` where only families with a link of their own may book."""
    if conference.booking_by == "invited":
        raise OnlyInvited


def check_slot(
    conference: Conference,
    host: Host,
    slot: Slot,
    now: datetime,
    *,
    by_guest: bool = True,
    guest_id: int | None = None,
    form: str = "",
) -> None:
    """The lead time is for guests; the organiser books until the slot begins. A slot that is held for a guest is open
    to that guest, one that is held by a form (`Slot.held_by`) to that form."""
    theirs = (guest_id is not None and slot.held_for == guest_id) or bool(form and slot.held_by == form)
    held = slot.blocked_by == "held" and theirs
    if (slot.blocked and not held) or host.state != "joined" or host.gone or slot.host_id != host.id:
        raise SlotBlocked
    if slot.starts_at < (bookable_from(conference, now) if by_guest else now):
        raise TooLate(shifted(slot.starts_at, -minutes(conference.lead_minutes)))


def own_limits_allow(host: Host, pause_minutes: int, booked: Iterable[TimeSpan], wanted: TimeSpan) -> bool:
    """Whether the host's own limits leave room for one more appointment: the minimum pause before and after it, and
    how many may follow each other. Appointments follow each other where no more than the conference's pause lies
    between them."""
    spans = sorted(booked)
    pause = timedelta(minutes=host.min_pause_minutes)
    if any(
        span.starts_at < shifted(wanted.ends_at, pause) and wanted.starts_at < shifted(span.ends_at, pause)
        for span in spans
    ):
        return False
    if not host.max_in_a_row:
        return True
    step = timedelta(minutes=pause_minutes)
    in_a_row = 1
    edge = wanted.starts_at
    for span in reversed([span for span in spans if span.ends_at <= wanted.starts_at]):
        if edge - span.ends_at > step:
            break
        in_a_row, edge = in_a_row + 1, span.starts_at
    edge = wanted.ends_at
    for span in (span for span in spans if span.starts_at >= wanted.ends_at):
        if span.starts_at - edge > step:
            break
        in_a_row, edge = in_a_row + 1, span.ends_at
    return in_a_row <= host.max_in_a_row


def has_own_limits(host: Host) -> bool:
    return bool(host.min_pause_minutes or host.max_in_a_row)


def check_place(conference: Conference, host: Host, place: str) -> None:
    offered = places_offered(conference, host)
    if place not in offered:
        raise PlaceNotOffered(list(offered))


def check_limits(conference: Conference, counts: GuestCounts) -> None:
    if counts.with_host >= conference.max_bookings_per_guest_and_host:
        by_other = counts.by_other > 0
        raise LimitReached(conference.max_bookings_per_guest_and_host, per_host=True, by_other=by_other)
    if counts.all >= conference.max_bookings_per_guest:
        raise LimitReached(conference.max_bookings_per_guest, per_host=False)


def change_deadline(conference: Conference, slot: Slot) -> datetime:
    """Until when a guest may change or cancel the booking of this slot."""
    return deadline_of(slot.starts_at, conference.change_deadline_minutes)


def deadline_of(starts_at: datetime, change_deadline_minutes: int) -> datetime:
    return shifted(starts_at, -minutes(change_deadline_minutes))


def check_changeable(conference: Conference, booking: Booking, slot: Slot, now: datetime) -> None:
    if booking.state != "active":
        raise AlreadyCancelled
    if now >= change_deadline(conference, slot):
        raise TooLate(change_deadline(conference, slot))


def told_from(mails_wait: bool, state: str, cancelled_by: str, changed_at: datetime) -> datetime | None:
    """From when on a change is told: what the school has cancelled may be taken back before, where the conference's
    mails wait for that; None for at once."""
    return changed_at + UNDONE_WITHIN if mails_wait and state != "active" and cancelled_by == "school" else None


def next_free(free: Collection[datetime], wanted: datetime, count: int = 3) -> list[datetime]:
    """The `count` free starts nearest to `wanted`, later ones before earlier ones, in order of time."""
    later = sorted(start for start in free if start > wanted)[:count]
    earlier = sorted((start for start in free if start < wanted), reverse=True)
    return sorted(later + earlier[: count - len(later)])
