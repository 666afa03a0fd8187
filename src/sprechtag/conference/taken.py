# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is taken already, of a slot, of a host and of a family, and what is still free.

Whoever decides on a slot (to book, close, hold, offer or delete it) holds its row while deciding: `lock`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select, text
from sqlmodel import Session, col

from ..moments import shifted
from . import persons, rules
from .errors import GuestBusy, SlotBlocked
from .slots import TimeSpan, minutes_of
from .tables import Booking, Conference, Guest, GuestMinute, Host, HostPartner, Slot


def lock(session: Session, slots: Iterable[Slot]) -> None:
    """Takes the rows of these slots and reads them anew, in the order of their ids, so that nobody waits crosswise. The
    persons whose times they are come first (`lock_hosts`).

    SQLite has one writer at a time and needs no locks."""
    if session.get_bind().dialect.name == "sqlite":
        return
    found = list(slots)
    session.add_all(found)
    session.flush()
    lock_hosts(session, {slot.host_id for slot in found})
    for slot in sorted(found, key=lambda one: one.id or 0):
        session.refresh(slot, with_for_update=True)


_OWN_OF_HOSTS = (
    "WITH own AS (SELECT user_id FROM host WHERE id = ANY(:ids) "
    "UNION SELECT user_id FROM host_partner WHERE host_id = ANY(:ids)) "
)
_OWN_OF_SLOTS = (
    "WITH wanted AS (SELECT host_id FROM slot WHERE conference_id = :conference_id AND public_id = ANY(:public_ids)), "
    "own AS (SELECT user_id FROM host JOIN wanted ON wanted.host_id = host.id "
    "UNION SELECT user_id FROM host_partner JOIN wanted ON wanted.host_id = host_partner.host_id) "
)
_HOLD = (
    "SELECT pg_advisory_xact_lock(hashtextextended(user_id, 0)) FROM ("
    "SELECT user_id FROM own UNION SELECT user_id FROM host_partner WHERE host_id IN ("
    "SELECT host_id FROM host_partner JOIN own USING (user_id)) ORDER BY user_id) AS persons"
)
"""With those whom somebody receives families with: their common times are closed and opened with the own ones."""
_HOLD_HOSTS, _HOLD_SLOTS = text(_OWN_OF_HOSTS + _HOLD), text(_OWN_OF_SLOTS + _HOLD)


def lock_hosts(session: Session, host_ids: Collection[int]) -> None:
    """Until the transaction ends nobody else takes, closes or opens any time of these persons, in whichever conference.
    Whoever takes the row of a slot holds its host's person before, so that two never wait for each other crosswise; the
    persons of one form are taken at once."""
    if host_ids and session.get_bind().dialect.name != "sqlite":
        session.connection().execute(_HOLD_HOSTS, {"ids": sorted(host_ids)})


def lock_hosts_of(session: Session, conference_id: int, public_ids: Sequence[str]) -> None:
    """As `lock_hosts`, for the hosts of these slots."""
    if session.get_bind().dialect.name != "sqlite":
        session.connection().execute(_HOLD_SLOTS, {"conference_id": conference_id, "public_ids": list(public_ids)})


def is_booked(session: Session, slot: Slot) -> bool:
    taken = select(col(Booking.id)).where(col(Booking.slot_id) == slot.id, col(Booking.state) == "active")
    return session.execute(taken).first() is not None


def booked_slots(session: Session, host: Host) -> set[int]:
    """Ids of the host's slots that have an appointment."""
    rows = select(col(Booking.slot_id)).where(col(Booking.host_id) == host.id, col(Booking.state) == "active")
    return set(session.execute(rows).scalars())


def span_of(slot: Slot) -> TimeSpan:
    return TimeSpan(slot.starts_at, slot.ends_at)


# -- of a host ---------------------------------------------------------------------------------------------------


def check_own_limits(
    session: Session, conference: Conference, host: Host, slot: Slot, without: int | None = None
) -> None:
    """Raises `SlotBlocked` where the host's own limits leave no room, of a tandem those of each of its hosts. They are
    held, so that two bookings of neighbouring slots queue."""
    limited = _limited(session, host)
    lock_hosts(session, [one.id or 0 for one in limited])
    for one in limited:
        booked = booked_spans(session, one.id or 0, without)
        if not rules.own_limits_allow(one, conference.pause_minutes, booked, span_of(slot)):
            raise SlotBlocked


def _limited(session: Session, host: Host) -> list[Host]:
    """Whose own limits an appointment with this host has to respect."""
    return [one for one in (host, *(persons.alone(session, host) if host.tandem else ())) if rules.has_own_limits(one)]


def booked_spans(session: Session, host_id: int, without: int | None = None) -> list[TimeSpan]:
    user_id = select(col(Host.user_id)).where(col(Host.id) == host_id).scalar_subquery()
    together = select(col(HostPartner.host_id)).where(col(HostPartner.user_id) == user_id)
    rows = session.execute(
        select(col(Slot.starts_at), col(Slot.ends_at))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .where(or_(col(Booking.host_id) == host_id, col(Booking.host_id).in_(together)))
        .where(col(Booking.state) == "active", col(Booking.id) != (without or 0))
    )
    return [TimeSpan(starts_at, ends_at) for starts_at, ends_at in rows]


def free_starts(
    session: Session, host_id: int, earliest: datetime, without: int | None = None
) -> list[tuple[datetime, str]]:
    """As `free_of`, for a host by its id."""
    host = session.get_one(Host, host_id)
    return free_of(session, session.get_one(Conference, host.conference_id), host, earliest, without)


_FREE = (
    select(col(Slot.starts_at), col(Slot.public_id), col(Slot.ends_at))
    .outerjoin(Booking, (col(Booking.slot_id) == col(Slot.id)) & (col(Booking.state) == "active"))
    .where(col(Slot.host_id) == bindparam("host_id"), col(Slot.blocked).is_(False), col(Booking.id).is_(None))
    .where(col(Slot.starts_at) >= bindparam("earliest"))
    .order_by(col(Slot.starts_at))
)


def free_of(
    session: Session, conference: Conference, host: Host, earliest: datetime, without: int | None = None
) -> list[tuple[datetime, str]]:
    """Start and public id of the slots that guests can have of the host from `earliest` on, sorted.

    The booking `without` is about to move: the host's own limits are taken as if it were gone."""
    rows = session.execute(_FREE, {"host_id": host.id, "earliest": earliest})
    limited = [(one, booked_spans(session, one.id or 0, without)) for one in _limited(session, host)]
    pause = conference.pause_minutes
    return [
        (starts_at, public_id)
        for starts_at, public_id, ends_at in rows
        if all(rules.own_limits_allow(one, pause, booked, TimeSpan(starts_at, ends_at)) for one, booked in limited)
    ]


# -- of a family -------------------------------------------------------------------------------------------------


def check_minutes(session: Session, guest_id: int, slot: Slot) -> None:
    """Raises `GuestBusy` when the family is somewhere else at that time."""
    minutes = minutes_of(span_of(slot))
    other = session.execute(
        select(col(Slot.starts_at))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .join(GuestMinute, col(GuestMinute.booking_id) == col(Booking.id))
        .where(col(GuestMinute.guest_id) == guest_id)
        .where(col(GuestMinute.minute) >= minutes.start, col(GuestMinute.minute) < minutes.stop)
    ).first()
    if other:
        raise GuestBusy(other[0])


def apart_from_own(
    session: Session,
    conference: Conference,
    guest_id: int,
    free: Sequence[tuple[datetime, str]],
    without: int | None = None,
) -> list[tuple[datetime, str]]:
    """Those of a host's free times at which the family has no other appointment than `without`, the one to be moved."""
    own = session.execute(
        select(col(GuestMinute.minute)).where(
            col(GuestMinute.guest_id) == guest_id, col(GuestMinute.booking_id) != (without or 0)
        )
    )
    busy, length = set(own.scalars()), timedelta(minutes=conference.slot_minutes)
    return [one for one in free if busy.isdisjoint(minutes_of(TimeSpan(one[0], shifted(one[0], length))))]


def check_limits(session: Session, conference: Conference, guest: Guest, host: Host, child: str) -> None:
    """The limits hold for each family, and for each child by itself with one host. What the waiting list holds for the
    family with other hosts counts as booked. Raises `LimitReached`.

    Where the limit holds for the child, what its other household has with the host counts too. Two households cannot
    both be the last: whoever books holds the host's person (`lock_hosts`)."""
    rows = session.execute(
        select(col(Booking.host_id), col(Booking.child)).where(
            col(Booking.guest_id) == guest.id, col(Booking.state) == "active"
        )
    ).all()
    offered = len([slot for slot in offers_to(session, guest) if slot.host_id != host.id])
    same = [name for host_id, name in rows if host_id == host.id and name.casefold() == child.casefold()]
    others = _of_other_household(session, guest, host, child) if conference.limit_per == "child" else 0
    rules.check_limits(conference, rules.GuestCounts(len(rows) + offered, len(same) + others, others))


def _of_other_household(session: Session, guest: Guest, host: Host, child: str) -> int:
    """How many appointments the other household has for the child with this host. What a stranger may have booked with
    its address, which nobody has proven, keeps nobody else out."""
    if guest.kin_id is None:
        return 0
    rows = session.execute(
        select(col(Booking.child))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Guest.kin_id) == guest.kin_id, col(Guest.id) != guest.id)
        .where(or_(col(Booking.screen) == "", col(Guest.proven_at).is_not(None)))
        .where(col(Booking.host_id) == host.id, col(Booking.state) == "active")
    ).scalars()
    return sum(name.casefold() == child.casefold() for name in rows)


def check_offers(session: Session, guest: Guest, slot: Slot) -> None:
    """Raises `GuestBusy` where the waiting list holds a time for the family that this slot would take from it: whoever
    has only typed its address takes nothing away."""
    for held in offers_to(session, guest):
        if held.host_id == slot.host_id or (held.starts_at < slot.ends_at and slot.starts_at < held.ends_at):
            raise GuestBusy(held.starts_at)


def counted(session: Session, guest: Guest) -> int:
    """How many appointments the family has, with what the waiting list holds for it."""
    mine = select(func.count()).where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active")
    return int(session.execute(mine).scalar_one()) + len(offers_to(session, guest))


def has_bookings(session: Session, guest: Guest) -> bool:
    mine = select(col(Booking.id)).where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active")
    return session.execute(mine.limit(1)).first() is not None


def offers_to(session: Session, guest: Guest) -> list[Slot]:
    """The slots that the waiting list holds for the family."""
    held = select(Slot).where(
        col(Slot.held_for) == guest.id, col(Slot.blocked_by) == "held", col(Slot.held_until).is_not(None)
    )
    return list(session.execute(held.order_by(col(Slot.id))).scalars())


def hold(slot: Slot, guest_id: int | None, until: datetime | None, by: str | None = None) -> None:
    """The slot is held for a family, or `by` an open form."""
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until, slot.held_by = True, "held", guest_id, until, by


def release(slot: Slot) -> None:
    """The slot is neither closed nor held any more."""
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until, slot.held_by = False, "", None, None, None
