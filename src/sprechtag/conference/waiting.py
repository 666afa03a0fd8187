# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The waiting list of a host: a time that becomes free is offered to the family that has waited longest.

It is held for that family until `Slot.held_until` and taken by booking it. Whoever lets it pass has had its turn, and
the next one is asked. The offer is made in the transaction that frees the slot, so nobody else can be faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from . import letters, rules
from .database import apart
from .errors import NoWaitingList, Refused
from .person import tidy
from .tables import Booking, Conference, Guest, Host, Slot, WaitingEntry


def join(
    session: Session, conference: Conference, host: Host, guest: Guest, child: str, school_class: str, now: datetime
) -> WaitingEntry:
    """Puts the family on the host's list and writes to it; once there, it keeps its turn.

    Raises `Invalid` without a child's name, `NoWaitingList` and whatever closes booking."""
    if not conference.waiting_list:
        raise NoWaitingList
    rules.check_booking_is_open(conference, now)
    child = tidy("child", child, 120, required=True)
    school_class = tidy("school_class", school_class, 40)
    entry = _entry(session, host.id or 0, guest.id or 0)
    if entry is None:
        entry = WaitingEntry(
            conference_id=conference.id or 0,
            host_id=host.id or 0,
            guest_id=guest.id or 0,
            child=child,
            school_class=school_class,
            created_at=now,
        )
        session.add(entry)
        session.flush()
        payload = {"host": host.public_id}
        letters.write(session, guest.id or 0, "waiting", entry.public_id, payload, now, now + letters.WEEK)
    return entry


def leave(session: Session, host_id: int, guest_id: int) -> None:
    """Takes the family off the host's list, if it is there."""
    session.execute(
        delete(WaitingEntry).where(col(WaitingEntry.host_id) == host_id, col(WaitingEntry.guest_id) == guest_id)
    )


def turn_down(session: Session, conference: Conference, slot: Slot, guest: Guest, now: datetime) -> None:
    """The family does not want what was offered: its turn is over and the next one is asked."""
    if slot.held_for != guest.id or slot.held_until is None:
        return
    leave(session, slot.host_id, guest.id or 0)
    _free(slot)
    offer(session, conference, session.get_one(Host, slot.host_id), slot, now)


def offer(session: Session, conference: Conference, host: Host, slot: Slot, now: datetime) -> bool:
    """Holds a free slot for the family that has waited longest and writes to it; False when nobody waits or the slot
    cannot be booked."""
    if slot.blocked or slot.starts_at < rules.bookable_from(conference, now) or host.state != "joined":
        return False
    try:
        rules.check_booking_is_open(conference, now)
    except Refused:
        return False
    taken = select(col(Booking.id)).where(col(Booking.slot_id) == slot.id, col(Booking.state) == "active")
    if session.execute(taken).first():
        return False
    entry = session.execute(
        select(WaitingEntry)
        .where(col(WaitingEntry.host_id) == host.id, col(WaitingEntry.offered_slot_id).is_(None))
        .order_by(col(WaitingEntry.created_at), col(WaitingEntry.id))
        .limit(1)
        .with_for_update()
    ).scalar_one_or_none()
    if entry is None:
        return False
    until = min(now + rules.OFFERED_FOR, rules.bookable_until(conference, slot))
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until = True, "held", entry.guest_id, until
    entry.offered_slot_id = slot.id
    session.add_all((slot, entry))
    payload = {"slot": slot.public_id}
    letters.write(session, entry.guest_id, "offer", f"{entry.public_id}-{slot.public_id}", payload, now, until)
    return True


def sweep(session: Session, now: datetime) -> int:
    """Ends offers that nobody took and offers what else is free to those who wait; returns how many were offered."""
    late = session.execute(select(Slot).where(col(Slot.held_until) < now)).scalars()
    for slot in list(late):
        leave(session, slot.host_id, slot.held_for or 0)
        _free(slot)
    # An offer whose slot was closed by its host is none any more.
    gone = select(col(Slot.id)).where(col(Slot.held_until).is_not(None))
    session.execute(
        update(WaitingEntry)
        .where(col(WaitingEntry.offered_slot_id).is_not(None), col(WaitingEntry.offered_slot_id).not_in(gone))
        .values(offered_slot_id=None)
    )
    session.flush()
    offered = 0
    waiting = select(col(WaitingEntry.host_id)).where(col(WaitingEntry.offered_slot_id).is_(None)).distinct()
    for host_id in list(session.execute(waiting).scalars()):
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
    entries = select(col(WaitingEntry.id)).limit(1)
    late = select(col(Slot.id)).where(col(Slot.held_until) < now).limit(1)
    return bool(session.execute(entries).first() or session.execute(late).first())


@dataclass(frozen=True)
class Waiting:
    """A family's place on a host's list; `ahead` wait longer. `offered` is the slot that is held for it."""

    public_id: str
    host: Host
    child: str
    ahead: int
    offered: Slot | None


def of_guest(session: Session, guest: Guest) -> Sequence[Waiting]:
    entries = session.execute(
        select(WaitingEntry, Host)
        .join(Host, col(Host.id) == col(WaitingEntry.host_id))
        .where(col(WaitingEntry.guest_id) == guest.id)
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


def _free(slot: Slot) -> None:
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until = False, "", None, None
