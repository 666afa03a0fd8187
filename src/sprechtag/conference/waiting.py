# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The waiting list of a host: a time that becomes free is offered to the family that has waited longest.

It is held for that family until `Slot.held_until` and taken by booking it. Whoever lets it pass has had its turn, and
the next one is asked. The offer is made in the transaction that frees the slot, so nobody else can be faster. Nothing
is offered that the family could not take, and what is held counts as booked; nobody waits while something is free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..database import apart
from . import children, coming, elsewhere, follow, letters, rules, taken
from .errors import NoWaitingList, Refused, StillFree
from .person import tidy
from .tables import Booking, Conference, Guest, Host, Slot, WaitingEntry


def join(
    session: Session,
    conference: Conference,
    host: Host,
    guest: Guest,
    child: str,
    school_class: str,
    now: datetime,
    screen: str = "",
) -> WaitingEntry:
    """Puts the family on the host's list and writes to it; once there, it keeps its turn. `screen` names the screen
    link it came by, if any.

    Raises `Invalid` without a child's name, `NoWaitingList`, `StillFree` while something is free with this host, what
    closes booking, and `LimitReached` for a family that could take nothing."""
    if not conference.waiting_list:
        raise NoWaitingList
    rules.check_booking_is_open(conference, now)
    child = tidy("child", child, 120, required=True)
    school_class = tidy("school_class", school_class, 40)
    entry = _entry(session, host.id or 0, guest.id or 0)
    if entry is None:
        if taken.free_starts(session, host.id or 0, rules.bookable_from(conference, now)):
            raise StillFree
        taken.check_limits(session, conference, guest, host, child)
        entry = WaitingEntry(
            conference_id=conference.id or 0,
            host_id=host.id or 0,
            guest_id=guest.id or 0,
            child=child,
            school_class=school_class,
            screen=screen,
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(entry)
        except IntegrityError:
            # The same form twice at the same moment: the other one has put the family on the list.
            there = _entry(session, host.id or 0, guest.id or 0)
            if there is None:
                raise
            return there
        payload = {"host": host.public_id}
        letters.write(session, guest.id or 0, "waiting", entry.public_id, payload, now, now + letters.WEEK)
        follow.offers(session, now)
    return entry


def leave(session: Session, host_id: int, guest_id: int) -> None:
    """Takes the family off the host's list, if it is there."""
    session.execute(
        delete(WaitingEntry).where(col(WaitingEntry.host_id) == host_id, col(WaitingEntry.guest_id) == guest_id)
    )


def turn_down(session: Session, conference: Conference, slot: Slot, guest: Guest, now: datetime) -> None:
    """The family does not want what was offered: its turn is over and the next one is asked."""
    taken.lock(session, [slot])
    if slot.held_for != guest.id or slot.held_until is None:
        return
    leave(session, slot.host_id, guest.id or 0)
    elsewhere.let_go(session, slot, now)
    offer(session, conference, session.get_one(Host, slot.host_id), slot, now)


def taken_up(session: Session, slot: Slot, guest_id: int) -> None:
    """The family has this slot now: it is held for nobody any more, and whoever was offered it has been served."""
    if slot.blocked_by != "held":
        return
    if slot.held_for is not None and slot.held_until is not None:
        leave(session, slot.host_id, guest_id)
    taken.release(slot)
    session.add(slot)


def reconsider(session: Session, conference: Conference, guest: Guest, now: datetime) -> None:
    """After a family has booked or moved: what is held for it and what it cannot take any more goes to the next one; so
    does what is held for its other household, where the limit is the child's. The family keeps its place on the list.
    """
    _reconsider(session, conference, guest, now)
    if conference.limit_per == "child":
        for other in children.households(session, guest):
            if other.id != guest.id:
                _reconsider(session, conference, other, now)


def _reconsider(session: Session, conference: Conference, guest: Guest, now: datetime) -> None:
    for slot in taken.offers_to(session, guest):
        taken.lock(session, [slot])
        entry = _entry(session, slot.host_id, guest.id or 0)
        host = session.get_one(Host, slot.host_id)
        if slot.held_for != guest.id or (entry and _can_take(session, conference, host, slot, guest, entry.child)):
            continue
        if entry:
            entry.offered_slot_id = None
            session.add(entry)
        elsewhere.let_go(session, slot, now)
        session.flush()
        offer(session, conference, host, slot, now)


def offer(session: Session, conference: Conference, host: Host, slot: Slot, now: datetime) -> bool:
    """Holds a free slot for the family that has waited longest of those who can take it, and writes to it; False when
    there is none or the slot cannot be booked. Who has proven its address comes first."""
    if slot.blocked or slot.starts_at < rules.bookable_from(conference, now) or host.state != "joined" or host.gone:
        return False
    try:
        rules.check_booking_is_open(conference, now)
    except Refused:
        return False
    waiting = (
        select(WaitingEntry)
        .where(col(WaitingEntry.host_id) == host.id, col(WaitingEntry.offered_slot_id).is_(None))
        .order_by(col(WaitingEntry.created_at), col(WaitingEntry.id))
    )
    entries = list(session.execute(waiting.with_for_update()).scalars())
    if not entries:
        return False
    taken.lock(session, [slot])
    if slot.blocked or taken.is_booked(session, slot) or elsewhere.settle(session, host, [slot], ()):
        return False
    # An address that nobody has proven may be invented: those who wait with one come after all others.
    waiting_guests = [(entry, session.get_one(Guest, entry.guest_id)) for entry in entries]
    for entry, guest in sorted(waiting_guests, key=lambda one: one[1].proven_at is None and not one[1].invited):
        if not _can_take(session, conference, host, slot, guest, entry.child):
            continue
        until = min(now + rules.OFFERED_FOR, rules.bookable_until(conference, slot))
        taken.hold(slot, entry.guest_id, until)
        entry.offered_slot_id = slot.id
        session.add_all((slot, entry))
        session.flush()
        elsewhere.close(session, host, slot)
        payload = {"slot": slot.public_id}
        letters.write(session, entry.guest_id, "offer", f"{entry.public_id}-{slot.public_id}", payload, now, until)
        follow.offers(session, until)
        return True
    return False


def _can_take(session: Session, conference: Conference, host: Host, slot: Slot, guest: Guest, child: str) -> bool:
    """Whether the family could book the slot as things stand."""
    try:
        taken.check_own_limits(session, conference, host, slot)
        taken.check_limits(session, conference, guest, host, child)
        taken.check_minutes(session, guest.id or 0, slot)
    except Refused:
        return False
    others = (other for other in taken.offers_to(session, guest) if other.id != slot.id)
    return not any(slot.starts_at < other.ends_at and other.starts_at < slot.ends_at for other in others)


def sweep(session: Session, now: datetime) -> int:
    """Ends offers that nobody took and what is held by forms that nobody sent, and offers what else is free to those
    who wait; returns how many were offered."""
    late = list(session.execute(_late(now)).scalars())
    taken.lock(session, late)
    for slot in late:
        if slot.held_until is None or slot.held_until >= now:
            continue
        if slot.held_for is not None:
            leave(session, slot.host_id, slot.held_for)
        elsewhere.let_go(session, slot, now)
    session.execute(update(WaitingEntry).where(*_offered_in_vain()).values(offered_slot_id=None))
    session.flush()
    offered = 0
    for host_id in list(session.execute(_hosts_to_offer(now)).scalars()):
        with apart(session, "waiting list"):
            host = session.get_one(Host, host_id)
            offered += offer_free(session, session.get_one(Conference, host.conference_id), host, now)
    return offered


def offer_free(session: Session, conference: Conference, host: Host, now: datetime) -> int:
    """Offers what is free with this host to those who wait, the earliest first; returns how many were offered."""
    free = session.execute(
        select(Slot)
        .where(col(Slot.host_id) == host.id, col(Slot.blocked).is_(False))
        .where(col(Slot.starts_at) >= rules.bookable_from(conference, now))
        .order_by(col(Slot.starts_at))
    ).scalars()
    return sum(offer(session, conference, host, slot, now) for slot in list(free))


def anything_to_do(session: Session, now: datetime) -> bool:
    """Whether `sweep` could have work; cheap, so that it is asked often."""
    in_vain = select(col(WaitingEntry.id)).where(*_offered_in_vain())
    return any(session.execute(one.limit(1)).first() for one in (_late(now), in_vain, _hosts_to_offer(now)))


def anybody_waits(session: Session, now: datetime) -> bool:
    """Whether a time that becomes free could be offered to somebody."""
    entries = select(col(WaitingEntry.id)).where(col(WaitingEntry.conference_id).in_(coming.not_over(now)))
    return session.execute(entries.limit(1)).first() is not None


def _late(now: datetime) -> Select[Any]:
    """Offers that nobody took, and what is held by forms that are open no more."""
    return select(Slot).where(col(Slot.held_until) < now)


def _offered_in_vain() -> tuple[ColumnElement[bool], ...]:
    """Of a `WaitingEntry`: an offer whose slot was closed by its host is none any more."""
    held = select(col(Slot.id)).where(
        col(Slot.id) == col(WaitingEntry.offered_slot_id), col(Slot.held_until).is_not(None)
    )
    return col(WaitingEntry.offered_slot_id).is_not(None), ~held.exists()


def _hosts_to_offer(now: datetime) -> Select[Any]:
    """Hosts, by id, for whom families wait and who have a time to come that is free."""
    booked = select(col(Booking.id)).where(col(Booking.slot_id) == col(Slot.id), col(Booking.state) == "active")
    free = (
        select(col(Slot.id))
        .where(col(Slot.host_id) == col(WaitingEntry.host_id), col(Slot.starts_at) >= now)
        .where(col(Slot.blocked).is_(False), ~booked.exists())
    )
    return (
        select(col(WaitingEntry.host_id))
        .where(col(WaitingEntry.conference_id).in_(coming.not_over(now)))
        .where(col(WaitingEntry.offered_slot_id).is_(None), free.exists())
        .distinct()
    )


def next_end(session: Session) -> datetime | None:
    """When the next time is free again that is held by an offer, an open form or a booking that nobody confirms."""
    offered = select(func.min(col(Slot.held_until))).where(col(Slot.held_until).is_not(None))
    unconfirmed = select(func.min(col(Booking.confirm_by))).where(
        col(Booking.confirm_by).is_not(None), col(Booking.state) == "active"
    )
    ends = [session.execute(one).scalar_one_or_none() for one in (offered, unconfirmed)]
    return min((one for one in ends if one), default=None)


@dataclass(frozen=True)
class Waiting:
    """A family's place on a host's list; `ahead` wait longer. `offered` is the slot that is held for it."""

    public_id: str
    host: Host
    child: str
    ahead: int
    offered: Slot | None


def of_guest(session: Session, guest: Guest, screen: str = "") -> Sequence[Waiting]:
    """The lists that the family is on; with `screen` those that it joined through this screen link."""
    entries = session.execute(
        select(WaitingEntry, Host)
        .join(Host, col(Host.id) == col(WaitingEntry.host_id))
        .where(col(WaitingEntry.guest_id) == guest.id)
        .where(col(WaitingEntry.screen) == screen if screen else true())
        .order_by(col(Host.display_name))
    )
    found = []
    for entry, host in entries:
        ahead = session.execute(
            select(func.count()).where(
                col(WaitingEntry.host_id) == host.id, col(WaitingEntry.created_at) < entry.created_at
            )
        ).scalar_one()
        slot = session.get(Slot, entry.offered_slot_id) if entry.offered_slot_id else None
        found.append(
            Waiting(entry.public_id, host, entry.child, ahead, slot if slot and slot.held_for == guest.id else None)
        )
    return found


def lengths(session: Session, conference_id: int) -> dict[int, int]:
    """How many wait, by the host's id."""
    rows = session.execute(
        select(col(WaitingEntry.host_id), func.count())
        .where(col(WaitingEntry.conference_id) == conference_id)
        .group_by(col(WaitingEntry.host_id))
    )
    return dict(rows.tuples().all())


def _entry(session: Session, host_id: int, guest_id: int) -> WaitingEntry | None:
    found: WaitingEntry | None = session.execute(
        select(WaitingEntry).where(col(WaitingEntry.host_id) == host_id, col(WaitingEntry.guest_id) == guest_id)
    ).scalar_one_or_none()
    return found
