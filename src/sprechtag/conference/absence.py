# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host is ill: the appointments go to a substitute at the same time where that is free, else at the nearest one, or
are cancelled; the host's free times are closed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..moments import local
from . import companions, elsewhere, follow, hosts, interpreting, longer, persons, rules, taken, windows
from .booking import Desk, assign_slot
from .errors import AlreadyCancelled, GuestBusy, NotFound, NoTimeAfter, Refused
from .slots import minutes_of
from .tables import Booking, Conference, Guest, GuestMinute, Host, Slot

Otherwise = Literal["nearest", "cancel"]


@dataclass(frozen=True)
class Moved:
    """An appointment that goes to the substitute."""

    booking_id: str
    guest_id: int
    child: str
    starts_at: datetime
    slot_id: str
    new_start: datetime


@dataclass
class Plan:
    """`kept` go to the substitute at their time, `moved` at another one, `cancelled` are left over."""

    kept: list[Moved] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    cancelled: list[Booking] = field(default_factory=list)

    @property
    def slots(self) -> dict[str, str]:
        """The slot for each booking that has one, by public ids."""
        return {one.booking_id: one.slot_id for one in (*self.kept, *self.moved)}


def plan(
    session: Session,
    conference: Conference,
    bookings: Sequence[Booking],
    substitute: Host | None,
    otherwise: Otherwise,
    now: datetime,
) -> Plan:
    """What would become of these bookings. First those who can keep their time, so that nobody else takes it."""
    made = Plan()
    starts = _starts(session, bookings)
    inside = sorted(bookings, key=lambda one: (starts[one.id or 0], one.id or 0))
    if substitute is None:
        made.cancelled = inside
        return made
    free = _free(session, substitute, now)
    busy = _minutes_of_guests(session, bookings)
    times = longer.times_of_many(session, [one.slot_id for one in bookings])
    left = []
    for booking in inside:
        slot = next((one for one in free if one.starts_at == starts[booking.id or 0]), None)
        if slot and _fits(conference, substitute, booking, slot, busy):
            made.kept.append(_moved(booking, starts, slot))
            _give(conference, booking, slot, times.get(booking.slot_id, 1), free, busy)
        else:
            left.append(booking)
    for booking in left:
        wanted = starts[booking.id or 0]
        near = sorted(free, key=lambda one: (abs(one.starts_at - wanted), one.starts_at))
        slot = next((one for one in near if _fits(conference, substitute, booking, one, busy)), None)
        if slot and otherwise == "nearest":
            made.moved.append(_moved(booking, starts, slot))
            _give(conference, booking, slot, times.get(booking.slot_id, 1), free, busy)
        else:
            made.cancelled.append(booking)
    return made


def close_times(session: Session, host: Host, day: date | None, now: datetime) -> int:
    """Closes the host's free times that are still to come, of one day (in the conference's zone) or all; returns how
    many."""
    zone = ZoneInfo(session.get_one(Conference, host.conference_id).time_zone)
    booked = taken.booked_slots(session, host)
    coming = session.execute(select(Slot).where(col(Slot.host_id) == host.id, col(Slot.starts_at) > now)).scalars()
    closed = 0
    for slot in list(coming):
        if slot.id in booked or slot.blocked_by == "organiser":
            continue
        if day is None or local(slot.starts_at, zone).date() == day:
            windows.block(session, slot, "organiser")
            closed += 1
    return closed


def hand_over(
    session: Session,
    booking: Booking,
    substitute: Host | None,
    planned: str,
    otherwise: Otherwise,
    message: str,
    now: datetime,
) -> None:
    """Cancels the appointment and gives the family the planned slot with the substitute; where that was taken in the
    meantime, what `plan` says then. The caller has the transaction."""
    conference = session.get_one(Conference, booking.conference_id)
    slot = _planned(session, conference, booking, substitute, planned, otherwise, now)
    if slot is None or substitute is None:
        Desk.cancel_in(session, booking, now, message)
        session.flush()
    else:
        give(session, booking, slot, message, now)


def give(session: Session, booking: Booking, slot: Slot, message: str, now: datetime) -> Booking:
    """Gives the family this slot, of another host, instead of its appointment; one mail tells of both. Raises
    `NotFound` for a slot of another conference, `AlreadyCancelled`, and as `assign_slot` where it cannot be had."""
    if slot.conference_id != booking.conference_id:
        raise NotFound
    if booking.state != "active":
        raise AlreadyCancelled
    taken.lock_hosts(session, {booking.host_id, slot.host_id})
    conference, host = session.get_one(Conference, slot.conference_id), session.get_one(Host, slot.host_id)
    times = longer.times_of(session, session.get_one(Slot, booking.slot_id))
    confirm_by = booking.confirm_by
    Desk.cancel_in(session, booking, now, message)
    session.flush()
    guest = session.get_one(Guest, booking.guest_id)
    wanted = (conference, host, slot)
    made = assign_slot(session, wanted, guest, booking.place, booking.child, booking.school_class, now, booking.screen)
    made.message = message
    made.language, made.visitor, made.confirm_by = booking.language, booking.visitor, confirm_by
    made.topic, made.needs, made.interpreter = booking.topic, booking.needs, booking.interpreter
    session.add(made)
    session.flush()
    if named := companions.of_booking(session, booking.id or 0):
        companions.hand_on(session, booking, made)
        follow.people(session, named, now)
    interpreting.settle(session, made, slot, now)
    if times > 1:
        try:
            with session.begin_nested():
                Desk.lengthen_in(session, conference, made, slot, times, now)
        except (NoTimeAfter, GuestBusy):
            pass  # it is as long as others then; better than none
    return made


def finish(session: Session, host: Host, *, leaves: bool) -> None:
    """All have been seen to. A host who leaves is offered no more."""
    if leaves and not any(taken.booked_slots(session, one) for one in (host, *persons.tandems_with(session, host))):
        hosts.decline(session, host)


def _planned(
    session: Session,
    conference: Conference,
    booking: Booking,
    substitute: Host | None,
    planned: str,
    otherwise: Otherwise,
    now: datetime,
) -> Slot | None:
    if substitute is None:
        return None
    if planned:
        slot: Slot | None = session.execute(select(Slot).where(col(Slot.public_id) == planned)).scalar_one_or_none()
        if slot:
            taken.lock(session, [slot])
            busy = _minutes_of_guests(session, [booking])
            free = not (slot.blocked or taken.is_booked(session, slot) or elsewhere.is_taken(session, substitute, slot))
            if free and slot.starts_at > now and _fits(conference, substitute, booking, slot, busy):
                return slot
    anew = plan(session, conference, [booking], substitute, otherwise, now).slots.get(booking.public_id)
    found: Slot | None = (
        session.execute(select(Slot).where(col(Slot.public_id) == anew)).scalar_one_or_none() if anew else None
    )
    return found


def _free(session: Session, host: Host, now: datetime) -> list[Slot]:
    """Times of the host that the school can give away, by time."""
    if host.state != "joined" or host.gone:
        return []
    booked = select(col(Booking.slot_id)).where(col(Booking.host_id) == host.id, col(Booking.state) == "active")
    rows = session.execute(
        select(Slot)
        .where(col(Slot.host_id) == host.id, col(Slot.starts_at) > now, col(Slot.blocked).is_(False))
        .where(col(Slot.id).not_in(booked))
        .order_by(col(Slot.starts_at))
    ).scalars()
    return list(rows)


def _starts(session: Session, bookings: Sequence[Booking]) -> Mapping[int, datetime]:
    rows = session.execute(
        select(col(Booking.id), col(Slot.starts_at))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.id).in_([one.id for one in bookings]))
    )
    return dict(rows.tuples().all())


def _minutes_of_guests(session: Session, bookings: Sequence[Booking]) -> dict[int, set[int]]:
    """Minutes that these families give to other appointments than these, by guest."""
    rows = session.execute(
        select(col(GuestMinute.guest_id), col(GuestMinute.minute))
        .where(col(GuestMinute.guest_id).in_({one.guest_id for one in bookings}))
        .where(col(GuestMinute.booking_id).not_in([one.id for one in bookings]))
    )
    found: dict[int, set[int]] = {}
    for guest_id, minute in rows:
        found.setdefault(guest_id, set()).add(minute)
    return found


def _fits(
    conference: Conference, host: Host, booking: Booking, slot: Slot, busy: Mapping[int, Collection[int]]
) -> bool:
    minutes = minutes_of(taken.span_of(slot))
    try:
        rules.check_place(conference, host, booking.place)
    except Refused:
        return False
    return not set(minutes) & set(busy.get(booking.guest_id, ()))


def _give(
    conference: Conference, booking: Booking, slot: Slot, times: int, free: list[Slot], busy: dict[int, set[int]]
) -> None:
    """A longer appointment takes the times after it as well, as `give` does: all, or it is as long as others."""
    later = free[free.index(slot) + 1 :][: times - 1]
    row = [slot, *longer.at_once_after(conference, slot, later)]
    minutes = busy.setdefault(booking.guest_id, set())
    for one in row if len(row) == times else [slot]:
        free.remove(one)
        minutes.update(minutes_of(taken.span_of(one)))


def _moved(booking: Booking, starts: Mapping[int, datetime], slot: Slot) -> Moved:
    return Moved(
        booking.public_id, booking.guest_id, booking.child, starts[booking.id or 0], slot.public_id, slot.starts_at
    )


def of_class(bookings: Iterable[Booking], school_class: str) -> list[Booking]:
    """Those of one class, however it was typed."""
    wanted = _tidy(school_class)
    return [one for one in bookings if not wanted or _tidy(one.school_class) == wanted]


def _tidy(school_class: str) -> str:
    return "".join(school_class.split()).casefold().lstrip("0")
