# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host is a person: in whichever conferences, never at two places at once.

The primary key of `host_minute` decides, as that of `guest_minute` does for families. So that nobody is offered what
would be refused, the host's other free times are closed meanwhile (`blocked_by` `elsewhere`), in the same transaction,
and opened again when the appointment goes; so they are for a time that is held for a family. Whoever decides on a time
holds its person (`taken.lock_hosts`), so that of two who do so at once the second sees what the first has done.

A tandem gives the minutes of all who are in it, and has time only where none of them has closed an own one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, exists, or_, select, update
from sqlmodel import Session, col

from ..database import table_of
from . import follow, persons, taken
from .slots import TimeSpan, minutes_of
from .tables import Booking, Host, HostMinute, HostPartner, Slot

ELSEWHERE = "elsewhere"
_BOOKING, _HOST, _MINUTE, _SLOT = table_of(Booking), table_of(Host), table_of(HostMinute), table_of(Slot)
_PARTNER = table_of(HostPartner)
_ADD = _MINUTE.insert()
_WHOSE: BindParameter[str] = bindparam("whose", expanding=True)
_TOGETHER = select(_PARTNER.c.host_id).where(_PARTNER.c.user_id.in_(_WHOSE))
_OTHERS = (
    select(_SLOT.c.id)
    .join(_HOST, _HOST.c.id == _SLOT.c.host_id)
    .where(
        or_(_HOST.c.user_id.in_(_WHOSE), _HOST.c.id.in_(_TOGETHER)),
        _SLOT.c.id != bindparam("but"),
        _SLOT.c.starts_at < bindparam("until"),
        _SLOT.c.ends_at > bindparam("since"),
        _SLOT.c.blocked.is_(False),
        ~exists().where(_BOOKING.c.slot_id == _SLOT.c.id, _BOOKING.c.state == "active"),
    )
    .with_for_update(of=_SLOT)
)
_CLOSE = update(_SLOT).where(_SLOT.c.id.in_(_OTHERS)).values(blocked=True, blocked_by=ELSEWHERE)
CLOSED_BY_THEMSELVES = ("calendar", "host", "organiser")


@dataclass(frozen=True)
class Given:
    """Whose time it was, and when."""

    users: frozenset[str]
    span: TimeSpan


def take(session: Session, host: Host, booking: Booking, slot: Slot) -> None:
    """The host gives these minutes to the booking, and has no other time to offer in them. Raises `IntegrityError`
    where one of them is given already."""
    users = persons.users_of(session, host)
    rows = [
        {"user_id": user_id, "minute": minute, "booking_id": booking.id}
        for user_id in sorted(users)
        for minute in minutes_of(taken.span_of(slot))
    ]
    session.connection().execute(_ADD, rows)
    _close(session, users, slot)


def take_along(session: Session, user_id: str, booking: Booking, slot: Slot) -> None:
    """Somebody else of Nextcloud comes to the booking, who may be a host, too, and has no other time to offer then.
    Raises `IntegrityError` where one of the minutes is given already."""
    minutes = minutes_of(taken.span_of(slot))
    rows = [{"user_id": user_id, "minute": minute, "booking_id": booking.id} for minute in minutes]
    session.connection().execute(_ADD, rows)
    _close(session, [user_id], slot)


def close(session: Session, host: Host, slot: Slot) -> None:
    """Closes the host's other free times that overlap this one, which is booked or held."""
    _close(session, persons.users_of(session, host), slot)


def _close(session: Session, users: Collection[str], slot: Slot) -> None:
    values = {"whose": list(users), "but": slot.id, "since": slot.starts_at, "until": slot.ends_at}
    session.connection().execute(_CLOSE, values)


def leave_behind(session: Session, user_id: str, booking: Booking, now: datetime) -> None:
    """Who was taken along comes no more; what was closed for it is open again."""
    mine = (col(HostMinute.booking_id) == booking.id, col(HostMinute.user_id) == user_id)
    minutes = list(session.execute(select(col(HostMinute.minute)).where(*mine)).scalars())
    if minutes:
        session.execute(delete(HostMinute).where(*mine))
        reopen(session, Given(frozenset([user_id]), _span(minutes)), now)


def _span(minutes: Collection[int]) -> TimeSpan:
    first, last = min(minutes), max(minutes)
    return TimeSpan(datetime.fromtimestamp(first * 60, UTC), datetime.fromtimestamp((last + 1) * 60, UTC))


def give_back(session: Session, booking: Booking) -> Given | None:
    """The booking takes nobody's minutes any more. Whoever calls it has to `reopen` what was given, where it is not
    taken again."""
    taken.lock_hosts(session, [booking.host_id])
    minutes = select(col(HostMinute.user_id), col(HostMinute.minute)).where(col(HostMinute.booking_id) == booking.id)
    given = session.execute(minutes).all()
    if not given:
        return None
    session.execute(delete(HostMinute).where(col(HostMinute.booking_id) == booking.id))
    return Given(frozenset(user_id for user_id, _ in given), _span([minute for _, minute in given]))


def let_go(session: Session, slot: Slot, now: datetime) -> None:
    """The slot is neither closed nor held any more; what was closed for it is open again."""
    held = slot.blocked_by == "held"
    taken.release(slot)
    session.add(slot)
    if held:
        host = session.get_one(Host, slot.host_id)
        session.flush()
        # What one of its persons has closed or given away meanwhile, it cannot have again.
        settle(session, host, [slot], taken.booked_slots(session, host))
        reopen(session, Given(frozenset(persons.users_of(session, host)), taken.span_of(slot)), now)


def reopen(session: Session, given: Given | None, now: datetime) -> None:
    """Opens what was closed for it, where nothing else takes the time; whoever waits for it is offered it."""
    if given is None:
        return
    session.flush()
    closed = (
        select(Slot, Host)
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(persons.is_of(given.users), col(Slot.blocked_by) == ELSEWHERE)
        .where(col(Slot.starts_at) < given.span.ends_at, col(Slot.ends_at) > given.span.starts_at)
        .order_by(col(Slot.id))
        .with_for_update(of=Slot)
    )
    if sum(settle(session, host, [slot], ()) for slot, host in session.execute(closed).all()):
        session.flush()
        follow.offers(session, now)


def settle(session: Session, host: Host, slots: Iterable[Slot], booked: Collection[int | None]) -> int:
    """Closes those of the host's slots whose minutes are given elsewhere and opens those whose are not; returns how
    many changed. `booked` are ids of slots with an appointment of their own. The caller holds the rows."""
    free = [slot for slot in slots if slot.id not in booked and slot.blocked_by in ("", ELSEWHERE)]
    if not free:
        return 0
    taken.lock_hosts(session, [host.id or 0])
    whole = TimeSpan(min(slot.starts_at for slot in free), max(slot.ends_at for slot in free))
    given = minutes_given(session, host, whole)
    changed = 0
    for slot in free:
        wanted = not given.isdisjoint(minutes_of(taken.span_of(slot)))
        if wanted != slot.blocked:
            slot.blocked, slot.blocked_by = wanted, ELSEWHERE if wanted else ""
            session.add(slot)
            changed += 1
    return changed


def is_taken(session: Session, host: Host, slot: Slot) -> bool:
    """Whether the host gives one of the slot's minutes to something else already."""
    taken.lock_hosts(session, [host.id or 0])
    span = taken.span_of(slot)
    return not minutes_given(session, host, span).isdisjoint(minutes_of(span))


def minutes_given(session: Session, host: Host, span: TimeSpan) -> set[int]:
    """Minutes since the epoch within the span that the host has given away in any conference, or holds for a family in
    another one; of a tandem those of all of them, and what they have closed for themselves."""
    minutes, users = minutes_of(span), persons.users_of(session, host)
    booked = session.execute(
        select(col(HostMinute.minute)).where(
            col(HostMinute.user_id).in_(users),
            col(HostMinute.minute) >= minutes.start,
            col(HostMinute.minute) < minutes.stop,
        )
    )
    closed = col(Slot.blocked_by) == "held"
    if host.tandem:
        closed |= col(Slot.blocked_by).in_(CLOSED_BY_THEMSELVES) & (col(Host.conference_id) == host.conference_id)
    return set(booked.scalars()) | _minutes_closed(session, users, span, closed, col(Host.id) != host.id)


def minutes_held(session: Session, user_id: str, span: TimeSpan) -> set[int]:
    """Minutes since the epoch within the span that this user, by itself or in a tandem, holds for a family in any
    conference."""
    return _minutes_closed(session, [user_id], span, col(Slot.blocked_by) == "held")


def _minutes_closed(session: Session, users: Collection[str], span: TimeSpan, *which: ColumnElement[bool]) -> set[int]:
    """Minutes of those of these persons' slots within the span for which all of `which` is so."""
    closed = session.execute(
        select(col(Slot.starts_at), col(Slot.ends_at))
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(persons.is_of(users), *which)
        .where(col(Slot.starts_at) < span.ends_at, col(Slot.ends_at) > span.starts_at)
    )
    return set[int]().union(*(minutes_of(TimeSpan(*times)) for times in closed))


def tandems_follow(session: Session, host: Host, slots: Iterable[Slot]) -> int:
    """The host has opened or closed these times: tandems that it belongs to have them no more, or again. Returns how
    many of theirs changed."""
    spans = [taken.span_of(slot) for slot in slots]
    changed = 0
    for tandem in persons.tandems_with(session, host) if spans else ():
        session.flush()
        theirs = (
            select(Slot)
            .where(col(Slot.host_id) == tandem.id, col(Slot.ends_at) > min(span.starts_at for span in spans))
            .where(col(Slot.starts_at) < max(span.ends_at for span in spans))
        )
        found = list(session.execute(theirs).scalars())
        taken.lock(session, found)
        changed += settle(session, tandem, found, taken.booked_slots(session, tandem))
    return changed
