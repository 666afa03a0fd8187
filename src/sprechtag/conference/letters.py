# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails to families that are about no change of a booking: offers, reminders. What is due, what was sent."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from ..database import apart, insert
from ..moments import local
from . import entries, follow
from .tables import Booking, Conference, Guest, GuestLetter, LetterKind, Slot

WEEK = timedelta(days=7)
FEEDBACK_AFTER = timedelta(hours=3)
FEEDBACK_UNTIL = timedelta(days=7)


def write(
    session: Session,
    guest_id: int,
    kind: LetterKind,
    name: str,
    payload: dict[str, Any],
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Has a letter written in the background; one that was written before is not written again (false then)."""
    made = GuestLetter(guest_id=guest_id, kind=kind, name=name, payload=payload, expires_at=expires_at)
    statement = insert(session, GuestLetter).values(**made.model_dump(exclude={"id"})).on_conflict_do_nothing()
    letter_id = session.execute(statement.returning(col(GuestLetter.id))).scalar()
    if letter_id is None:
        return False
    follow.letter(session, letter_id, guest_id, kind, now, expires_at)
    return True


def reminder_minutes(conference: Conference) -> list[int]:
    """Minutes before the first appointment of a day, longest first."""
    found = (entries.digits(part, entries.MOST_REMINDER) for part in conference.reminders.split(","))
    return sorted({minutes for minutes in found if minutes is not None}, reverse=True)


def write_reminders(session: Session, now: datetime) -> int:
    """Has those reminded whose time has come; returns how many letters were written.

    One letter a family, day and reminder. Who booked after the moment of a reminder does not get that one: the mail
    about the booking is fresh enough."""
    written = 0
    conferences = session.execute(select(Conference).where(col(Conference.reminders) != "")).scalars()
    for conference in list(conferences):
        with apart(session, "reminders"):
            written += _remind(session, conference, now)
    return written


def next_reminder(session: Session, now: datetime) -> datetime | None:
    """The next moment of a reminder, whoever will have booked by then; None where none comes within a day."""
    moments = []
    conferences = session.execute(select(Conference).where(col(Conference.reminders) != "")).scalars()
    for conference in conferences:
        minutes = reminder_minutes(conference)
        starts = session.execute(
            select(col(Slot.starts_at))
            .where(col(Slot.conference_id) == conference.id, col(Slot.starts_at) > now)
            .where(col(Slot.starts_at) <= now + timedelta(minutes=max(minutes, default=0) + 24 * 60))
            .distinct()
        ).scalars()
        moments += [start - timedelta(minutes=before) for start in starts for before in minutes]
    return min((moment for moment in moments if moment > now), default=None)


def _remind(session: Session, conference: Conference, now: datetime) -> int:
    written = 0
    if minutes := reminder_minutes(conference):
        rows = session.execute(
            select(col(Booking.guest_id), col(Slot.starts_at), col(Booking.created_at))
            .join(Slot, col(Slot.id) == col(Booking.slot_id))
            .join(Guest, col(Guest.id) == col(Booking.guest_id))
            .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
            .where(col(Booking.confirm_by).is_(None), col(Guest.email) != "")
            .where(col(Slot.starts_at) > now, col(Slot.starts_at) <= now + timedelta(minutes=minutes[0] + 24 * 60))
        )
        for (guest_id, day), times in _by_guest_and_day(rows, ZoneInfo(conference.time_zone)).items():
            first = min(starts_at for starts_at, _ in times)
            booked_at = min(created_at for _, created_at in times)
            for before in minutes:
                at = first - timedelta(minutes=before)
                # Later ones make earlier ones needless: after a long break of ours nobody gets two at once.
                later = [other for other in minutes if other < before]
                over = first - timedelta(minutes=later[0]) if later else first
                if at <= now < over and booked_at < at:
                    payload = {"day": day, "minutes": before}
                    written += write(session, guest_id, "reminder", f"{day}-{before}", payload, now, over)
    return written


def _by_guest_and_day(rows: Iterable[Any], zone: ZoneInfo) -> dict[tuple[int, str], list[tuple[datetime, datetime]]]:
    found: dict[tuple[int, str], list[tuple[datetime, datetime]]] = {}
    for guest_id, starts_at, created_at in rows:
        day = local(starts_at, zone).date().isoformat()
        found.setdefault((guest_id, day), []).append((starts_at, created_at))
    return found


def write_feedback(session: Session, now: datetime) -> int:
    """Has those asked how it was who had an appointment, some hours after the last one of the conference; returns how
    many letters were written."""
    written = 0
    conferences = session.execute(select(Conference).where(col(Conference.feedback).is_(True))).scalars()
    for conference in list(conferences):
        with apart(session, "feedback"):
            written += _ask_for_feedback(session, conference, now)
    return written


def _ask_for_feedback(session: Session, conference: Conference, now: datetime) -> int:
    ended = session.execute(
        select(func.max(col(Slot.ends_at)))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
    ).scalar_one()
    # What is now is moved, not what is stored: a day at the end of the calendar cannot be moved on.
    if ended is None or not now - FEEDBACK_UNTIL < ended <= now - FEEDBACK_AFTER:
        return 0
    guests = session.execute(
        select(col(Booking.guest_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active", col(Guest.email) != "")
        .distinct()
    ).scalars()
    return sum(write(session, guest_id, "feedback", "", {}, now, ended + FEEDBACK_UNTIL) for guest_id in list(guests))


def sent(session: Session, letter_id: int, now: datetime, note: str = "") -> None:
    letter = session.get(GuestLetter, letter_id)
    if letter:
        letter.sent_at, letter.last_error = now, note[:300]


def note(session: Session, letter_id: int, reason: str) -> None:
    """Says why it has not gone out so far."""
    letter = session.get(GuestLetter, letter_id)
    if letter:
        letter.last_error = reason[:300]
