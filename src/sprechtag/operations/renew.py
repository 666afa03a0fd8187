# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a restored database has to have done to it before the app may start: time has passed outside."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from ..conference import effects, follow, letters, strays
from ..conference.strays import Restored
from ..conference.tables import VIDEO, Booking, Conference, Effect, GuestLetter, Host, Slot
from ..errands import queue
from ..errands.table import Errand
from ..privacy import retention

LONG_AGO = timedelta(hours=1)


def renew(session: Session, made: Restored) -> int:
    """In one transaction; returns how many appointments are looked at again outside. What is to be erased goes first:
    nothing of it may be written anywhere once more."""
    now = made.at
    retention.erase_expired(session, now)
    retention.tidy(session, now)
    session.execute(update(Errand).values(holder="", leased_until=None))
    strays.note_restored(session, made)
    _name_rooms(session)
    count = effects.look_at_all(session, now)
    close_until_read(session, now)
    forget_reminders(session, now)
    return count


def _name_rooms(session: Session) -> None:
    """A room that was made after the backup is found by its name, and no second one made."""
    rows = session.execute(
        select(Effect, Booking, col(Conference.name))
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .join(Conference, col(Conference.id) == col(Booking.conference_id))
        .where(col(Effect.kind) == "talk", col(Booking.state) == "active", col(Booking.place) == VIDEO)
    )
    for effect, booking, conference in rows:
        if not effect.remote:
            effect.remote = {"name": effects.room_name(conference, booking.code)}


def close_until_read(session: Session, now: datetime) -> None:
    """Who was given a time after the backup still comes: until a host's calendar was read, none of the free times can
    be booked. The reading opens what is free there too."""
    booked = select(col(Booking.slot_id)).where(col(Booking.state) == "active")
    joined = select(col(Host.id)).where(col(Host.state) == "joined")
    free = (col(Slot.blocked).is_(False), col(Slot.kept_open).is_(False), col(Slot.id).not_in(booked))
    session.execute(
        update(Slot)
        .where(col(Slot.host_id).in_(joined), col(Slot.ends_at) > now, *free)
        .values(blocked=True, blocked_by="calendar")
    )
    session.execute(update(Host).values(calendar_read_at=None))


def forget_reminders(session: Session, now: datetime) -> None:
    """What was due an hour ago or earlier has most likely gone out since the backup: it is noted as sent."""
    unsent = select(col(GuestLetter.id)).where(col(GuestLetter.sent_at).is_(None))
    before = set(session.execute(unsent).scalars())
    letters.write_reminders(session, now - LONG_AGO)
    letters.write_feedback(session, now - LONG_AGO)
    written = set(session.execute(unsent).scalars()) - before
    for letter_id in written:
        letters.sent(session, letter_id, now, "It was due before the backup was restored.")
    queue.forget(session, follow.LETTER, [str(letter_id) for letter_id in written])
