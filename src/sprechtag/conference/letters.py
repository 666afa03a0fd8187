# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails to families that are about no change of a booking: offers, reminders. What is due, what was sent."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from ..database import apart, insert
from ..moments import local
from . import coming, entries, follow
from .tables import Booking, Conference, Guest, GuestLetter, LetterKind, Slot

WEEK, DAY = timedelta(days=7), timedelta(days=1)
LONGEST_REMINDER = timedelta(minutes=entries.MOST_REMINDER)
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


@dataclass(frozen=True)
class Due:
    """A letter that is to be written to a family; see `GuestLetter`."""

    guest_id: int
    kind: LetterKind
    name: str
    payload: dict[str, Any]
    expires_at: datetime


def due(session: Session, now: datetime) -> list[Due]:
    """The reminders and questions whose moment has come and that are not written yet; reads only."""
    return [*_due_reminders(session, now), *_due_questions(session, now)]


def write_all(session: Session, letters: Sequence[Due], now: datetime) -> int:
    """As `write`, for many at once; returns how many were new."""
    if not letters:
        return 0
    rows = [
        GuestLetter(guest_id=one.guest_id, kind=one.kind, name=one.name, payload=one.payload, expires_at=one.expires_at)
        for one in letters
    ]
    statement = insert(session, GuestLetter).on_conflict_do_nothing().returning(*_WRITTEN)
    written = session.execute(statement, [row.model_dump(exclude={"id"}) for row in rows]).all()
    follow.letters(session, written, now)
    return len(written)


_WRITTEN = (col(GuestLetter.id), col(GuestLetter.guest_id), col(GuestLetter.kind), col(GuestLetter.expires_at))


def write_reminders(session: Session, now: datetime) -> int:
    """Has those reminded whose time has come; returns how many letters were written.

    One letter a family, day and reminder. Who booked after the moment of a reminder does not get that one: the mail
    about the booking is fresh enough."""
    return write_all(session, _due_reminders(session, now), now)


def next_reminder(session: Session, now: datetime) -> datetime | None:
    """The next moment of a reminder, whoever will have booked by then; None where none comes within a day."""
    moments = []
    for conference in _reminding(session, now, LONGEST_REMINDER + DAY):
        minutes = reminder_minutes(conference)
        starts = session.execute(
            select(col(Slot.starts_at))
            .where(col(Slot.conference_id) == conference.id, col(Slot.starts_at) > now)
            .where(col(Slot.starts_at) <= now + timedelta(minutes=max(minutes, default=0)) + DAY)
            .distinct()
        ).scalars()
        moments += [start - timedelta(minutes=before) for start in starts for before in minutes]
    return min((moment for moment in moments if moment > now), default=None)


def _reminding(session: Session, now: datetime, within: timedelta) -> list[Conference]:
    """Those that remind and have times which begin soon."""
    near = coming.beginning(now, now + within)
    rows: Any = session.execute(
        select(Conference).where(col(Conference.reminders) != "", col(Conference.id).in_(near))
    ).scalars()
    return list(rows)


def _due_reminders(session: Session, now: datetime) -> list[Due]:
    found: list[Due] = []
    for conference in _reminding(session, now, LONGEST_REMINDER):
        with apart(session, "reminders"):
            found += _due_of(session, conference, now)
    return found


def _due_of(session: Session, conference: Conference, now: datetime) -> list[Due]:
    minutes = reminder_minutes(conference)
    if not minutes:
        return []
    rows = session.execute(
        select(col(Booking.guest_id), col(Slot.starts_at), col(Booking.created_at))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Booking.confirm_by).is_(None), col(Guest.email) != "")
        .where(col(Slot.starts_at) > now, col(Slot.starts_at) <= now + timedelta(minutes=minutes[0]) + DAY)
    )
    found = [
        one
        for (guest_id, day), times in _by_guest_and_day(rows, ZoneInfo(conference.time_zone)).items()
        for one in _due_on(guest_id, day, times, minutes, now)
    ]
    written = _written_to(session, conference, "reminder", {one.name for one in found})
    return [one for one in found if (one.guest_id, one.name) not in written]


def _due_on(
    guest_id: int, day: str, times: Sequence[tuple[datetime, datetime]], minutes: Sequence[int], now: datetime
) -> Iterator[Due]:
    """Of a family's `times` on one day, each with when it was booked."""
    first = min(starts_at for starts_at, _ in times)
    booked_at = min(created_at for _, created_at in times)
    # Later ones make earlier ones needless: after a long break of ours nobody gets two at once.
    for before, later in zip(minutes, [*minutes[1:], 0], strict=True):
        at, over = first - timedelta(minutes=before), first - timedelta(minutes=later)
        if at <= now < over and booked_at < at:
            yield Due(guest_id, "reminder", f"{day}-{before}", {"day": day, "minutes": before}, over)


def _written_to(
    session: Session, conference: Conference, kind: LetterKind, names: Collection[str]
) -> set[tuple[int, str]]:
    """Families of the conference, by id, with what is written to them of this kind under these names."""
    if not names:
        return set()
    rows = session.execute(
        select(col(GuestLetter.guest_id), col(GuestLetter.name))
        .join(Guest, col(Guest.id) == col(GuestLetter.guest_id))
        .where(col(Guest.conference_id) == conference.id)
        .where(col(GuestLetter.kind) == kind, col(GuestLetter.name).in_(names))
    )
    return set(rows.tuples())


def _by_guest_and_day(rows: Iterable[Any], zone: ZoneInfo) -> dict[tuple[int, str], list[tuple[datetime, datetime]]]:
    found: dict[tuple[int, str], list[tuple[datetime, datetime]]] = {}
    for guest_id, starts_at, created_at in rows:
        day = local(starts_at, zone).date().isoformat()
        found.setdefault((guest_id, day), []).append((starts_at, created_at))
    return found


def write_feedback(session: Session, now: datetime) -> int:
    """Has those asked how it was who had an appointment, some hours after the last one of the conference; returns how
    many letters were written."""
    return write_all(session, _due_questions(session, now), now)


def _due_questions(session: Session, now: datetime) -> list[Due]:
    found: list[Due] = []
    ended = coming.beginning(now - FEEDBACK_UNTIL - coming.LONGEST_SLOT, now)
    conferences = session.execute(
        select(Conference).where(col(Conference.feedback).is_(True), col(Conference.id).in_(ended))
    ).scalars()
    for conference in list(conferences):
        with apart(session, "feedback"):
            found += _due_questions_of(session, conference, now)
    return found


def _due_questions_of(session: Session, conference: Conference, now: datetime) -> list[Due]:
    ended = session.execute(
        select(func.max(col(Slot.ends_at)))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Slot.conference_id) == conference.id)
    ).scalar_one()
    # What is now is moved, not what is stored: a day at the end of the calendar cannot be moved on.
    if ended is None or not now - FEEDBACK_UNTIL < ended <= now - FEEDBACK_AFTER:
        return []
    guests = session.execute(
        select(col(Booking.guest_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active", col(Guest.email) != "")
        .distinct()
    ).scalars()
    asked = _written_to(session, conference, "feedback", {""})
    until = ended + FEEDBACK_UNTIL
    return [Due(guest_id, "feedback", "", {}, until) for guest_id in guests if (guest_id, "") not in asked]


def sent(session: Session, letter_id: int, now: datetime, note: str = "") -> None:
    letter = session.get(GuestLetter, letter_id)
    if letter:
        letter.sent_at, letter.last_error = now, note[:300]


def note(session: Session, letter_id: int, reason: str) -> None:
    """Says why it has not gone out so far."""
    letter = session.get(GuestLetter, letter_id)
    if letter:
        letter.last_error = reason[:300]
