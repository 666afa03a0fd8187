# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two households of one family: each is a guest with a link, a mailbox and a language of its own. They have the
children in common, and learn of each other's appointments with these where somebody has said that they shall
(`Kin.shares`): host, time, place and child, never how the other one is reached or what it is about."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session, col

from . import children, history, letters, rules
from .children import Pupil
from .errors import OtherFamily
from .tables import Booking, Conference, Guest, Kin

TOLD_WITHIN = timedelta(days=7)
_LINKED = "linked"
"""No name: it would stand in one family's history after the other one is erased."""


def other_of(session: Session, guest: Guest) -> Guest | None:
    """The other household of this one's family."""
    return next((one for one in children.households(session, guest) if one.id != guest.id), None)


def shares(session: Session, guest: Guest) -> bool:
    return guest.kin_id is not None and session.get_one(Kin, guest.kin_id).shares


def link(session: Session, guest: Guest, other: Guest, now: datetime, *, shared: bool) -> None:
    """Makes them households of one family; children of whom only the first one's appointments know are entered. Twice
    is once. Raises `OtherFamily` where one of them has another household, or the second one other children."""
    if guest.id == other.id or guest.conference_id != other.conference_id or other.erase_by:
        raise OtherFamily
    if guest.kin_id is None or guest.kin_id != other.kin_id:
        if other_of(session, guest) or other_of(session, other):
            raise OtherFamily
        enter_booked(session, guest)
        known = {child.name.casefold() for child in children.of_guest(session, guest)}
        if any(child.name.casefold() not in known for child in children.of_guest(session, other)):
            raise OtherFamily
        before, other.kin_id = other.kin_id, children.kin_of(session, guest)
        session.add(other)
        session.flush()
        if before:
            session.execute(delete(Kin).where(col(Kin.id) == before))
        history.note_of_family(session, guest.id or 0, "household", now, "", _LINKED)
        history.note_of_family(session, other.id or 0, "household", now, "", _LINKED)
    guest.named_other = other.named_other = False
    session.add(other)
    share(session, guest, shared=shared)


def part(session: Session, guest: Guest, now: datetime) -> None:
    """The household is a family of its own, with the same children as far as they are called."""
    other = other_of(session, guest)
    if other is None:
        return
    pupils = [Pupil(child.name, child.school_class) for child in children.of_guest(session, guest)]
    guest.kin_id, guest.named_other, other.named_other = None, False, False
    children.enter(session, guest, pupils)
    session.add(guest)
    share(session, other, shared=False)
    history.note_of_family(session, guest.id or 0, "household", now, _LINKED, "")
    history.note_of_family(session, other.id or 0, "household", now, _LINKED, "")


def share(session: Session, guest: Guest, *, shared: bool) -> None:
    kin = session.get_one(Kin, children.kin_of(session, guest))
    kin.shares = shared
    session.add(kin)
    session.flush()


def tell_other(session: Session, guest: Guest, booking: Booking, now: datetime) -> None:
    """Has the other household written what stands now, where it shall know; one letter for all that is done at once.
    What a stranger may have booked with an address that nobody has proven is told to nobody."""
    if guest.kin_id is None or booking.confirm_by or (booking.screen and guest.proven_at is None):
        return
    other = other_of(session, guest)
    if other is None or not other.email or other.erase_by or not shares(session, guest):
        return
    if any(child.name == booking.child for child in children.of_guest(session, guest)):
        mails_wait = session.get_one(Conference, guest.conference_id).mails_wait
        waits_until = rules.told_from(mails_wait, booking.state, booking.cancelled_by, now)
        about = {"cancelled_at": now.isoformat()} if waits_until else {}
        name, due = f"{now:%Y%m%d%H%M%S%f}", waits_until or now
        letters.write(session, other.id or 0, "household", name, about, due, now + TOLD_WITHIN)


def is_taken_back(session: Session, guest: Guest, cancelled_at: datetime) -> bool:
    """Whether nothing stands any more of what the school has cancelled at that moment with the other household: then
    this one never heard of it."""
    stands = (
        select(col(Booking.id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Guest.kin_id) == guest.kin_id, col(Guest.id) != guest.id)
        .where(col(Booking.state) == "cancelled", col(Booking.changed_at) == cancelled_at)
    )
    return session.execute(stands.limit(1)).first() is None


def enter_booked(session: Session, guest: Guest) -> None:
    """Enters the children of whom only its appointments know."""
    rows = session.execute(
        select(col(Booking.child), col(Booking.school_class))
        .where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active", col(Booking.screen) == "")
        .order_by(col(Booking.id))
    )
    children.enter(session, guest, [Pupil(name, school_class) for name, school_class in rows])
