# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What else stands in a host's calendar closes slots; what the host does there with our events becomes a question.

The app does not fight: an event that the host has moved or deleted stays as the host left it until the host has said
whether the family shall hear of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from . import effects, elsewhere, persons, taken
from .errors import NotFound
from .slots import TimeSpan
from .tables import Booking, CalendarQuestion, Effect, Host, HostPartner, Slot
from .telling import tell_host

STALE = timedelta(minutes=2)
"""A host's calendar is read now and then, and at once when a family looks at times that are older than this."""


def overlaps(span: TimeSpan, other: TimeSpan) -> bool:
    return span.starts_at < other.ends_at and other.starts_at < span.ends_at


def close_busy_slots(session: Session, host: Host, busy: Iterable[TimeSpan], now: datetime) -> int:
    """Closes the host's free slots that overlap `busy` and opens those that no longer do; returns how many changed.

    A booked slot stays as it is, and so does one that the host has opened in spite of the calendar, as long as the
    reason lasts."""
    spans = list(busy)
    changed = 0
    coming = list(session.execute(select(Slot).where(col(Slot.host_id) == host.id, col(Slot.ends_at) > now)).scalars())
    taken.lock(session, coming)
    busy_slots = taken.booked_slots(session, host)
    for slot in coming:
        wanted = any(overlaps(TimeSpan(slot.starts_at, slot.ends_at), span) for span in spans)
        if not wanted:
            slot.kept_open = False
            if slot.blocked_by == "calendar":
                slot.blocked, slot.blocked_by = False, ""
                changed += 1
        elif not slot.blocked and not slot.kept_open and slot.id not in busy_slots:
            slot.blocked, slot.blocked_by = True, "calendar"
            changed += 1
        session.add(slot)
    changed += elsewhere.settle(session, host, coming, busy_slots)
    return changed + elsewhere.tandems_follow(session, host, coming)


@dataclass(frozen=True)
class Ours:
    """An event of ours as it was written: how to find it, and when it should be (UTC)."""

    booking_id: int
    public_id: str
    revision: int
    life: int
    calendar: str
    name: str
    span: TimeSpan


def written_events(session: Session, host: Host, now: datetime) -> list[Ours]:
    """The host's coming appointments whose event stands in the calendar as far as we know; those of a tandem are looked
    after in the first one's."""
    rows = session.execute(
        select(Booking, Slot, col(Effect.remote))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Effect, (col(Effect.booking_id) == col(Booking.id)) & (col(Effect.kind) == "calendar"))
        .where(col(Booking.host_id).in_(_first_in(session, host)), col(Booking.state) == "active")
        .where(col(Slot.ends_at) > now, col(Effect.applied_revision) == col(Booking.revision))
    )
    return [
        Ours(
            booking.id,
            booking.public_id,
            booking.revision,
            int(remote["life"]),
            remote["calendar"],
            remote["name"],
            TimeSpan(slot.starts_at, slot.ends_at),
        )
        for booking, slot, remote in rows
        if remote.get("written")
    ]


def _first_in(session: Session, host: Host) -> list[int]:
    """The host and the tandems that it is the first of, by id."""
    tandems = [tandem.id or 0 for tandem in persons.tandems_with(session, host)]
    first = [one for one, them in persons.receivers(session, tandems).items() if them[0].user_id == host.user_id]
    return [host.id or 0, *first]


def public_ids(session: Session, host: Host) -> set[str]:
    """Of all the host's bookings in this conference, cancelled ones and those of a tandem too: their events are
    ours."""
    mine = [one.id for one in persons.hosts_of_user(session, host.conference_id, host.user_id)]
    return set(session.execute(select(col(Booking.public_id)).where(col(Booking.host_id).in_(mine))).scalars())


def note_standing(session: Session, ours: Ours, stands: TimeSpan | None, now: datetime) -> bool:
    """Compares an event with where it `stands` (None: it is gone); returns whether the host has to be asked anew.

    A booking that has changed since the calendar was read is left alone."""
    booking = session.get(Booking, ours.booking_id)
    effect = session.get(Effect, (ours.booking_id, "calendar"))
    if booking is None or effect is None or booking.state != "active":
        return False
    if not booking.revision == ours.revision == effect.applied_revision:
        return False
    question = session.get(CalendarQuestion, ours.booking_id)
    if stands == ours.span:
        if question:
            session.delete(question)
        return False
    starts_at, ends_at = (stands.starts_at, stands.ends_at) if stands else (None, None)
    if question and (question.starts_at, question.ends_at) == (starts_at, ends_at):
        return False
    session.merge(CalendarQuestion(booking_id=ours.booking_id, starts_at=starts_at, ends_at=ends_at, asked_at=now))
    host = session.get_one(Host, booking.host_id)
    tell_host(session, host, "event_moved" if stands else "event_deleted", now, booking.public_id)
    return True


def question_of(session: Session, booking_id: int) -> CalendarQuestion:
    """Raises `NotFound` where nothing is asked."""
    question = session.get(CalendarQuestion, booking_id)
    if question is None:
        raise NotFound
    return question


def put_back(session: Session, booking_id: int, now: datetime) -> None:
    """The event goes back to where it was; nobody hears of it."""
    session.delete(question_of(session, booking_id))
    effects.write_event_anew(session, session.get_one(Booking, booking_id), now)


def slot_for_event(session: Session, question: CalendarQuestion, booking: Booking) -> tuple[Slot, bool]:
    """The slot at the time to which the host has moved the event, opened; made (true) where there is none."""
    if question.starts_at is None or question.ends_at is None:
        raise NotFound
    slot: Slot | None = session.execute(
        select(Slot).where(col(Slot.host_id) == booking.host_id, col(Slot.starts_at) == question.starts_at)
    ).scalar_one_or_none()
    made = slot is None
    if slot is None:
        slot = Slot(
            conference_id=booking.conference_id,
            host_id=booking.host_id,
            starts_at=question.starts_at,
            ends_at=question.ends_at,
        )
    elif slot.blocked_by in ("calendar", "host"):
        slot.blocked, slot.blocked_by, slot.kept_open = False, "", True
    session.add(slot)
    session.flush()
    return slot, made


def hosts_to_read(session: Session, asked: Collection[int], now: datetime, stale_at: datetime) -> list[Host]:
    """Of these the joined hosts with times to come whose calendar was not read since `stale_at`."""
    coming = select(col(Slot.host_id)).where(col(Slot.ends_at) > now)
    tandems = select(col(HostPartner.user_id)).where(col(HostPartner.host_id).in_(asked))
    in_them = col(Host.user_id).in_(tandems) & col(Host.tandem).is_(False)
    rows = session.execute(
        select(Host)
        .where(col(Host.id).in_(asked) | in_them, col(Host.tandem).is_(False))
        .where(col(Host.state) == "joined", col(Host.id).in_(coming))
        .where(col(Host.calendar_read_at).is_(None) | (col(Host.calendar_read_at) < stale_at))
    ).scalars()
    return list(rows)
