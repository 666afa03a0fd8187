# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who of the school has done what to a family: written in the transaction that does it, erased with the family.

What families do themselves is not in it: their mails tell it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from .tables import Booking, Deed, DeedKind

acting: ContextVar[str] = ContextVar("acting", default="")
"""The Nextcloud user in whose name something is done; empty for a family and for the app itself. Worker threads inherit
it."""


@contextmanager
def acted_by(who: str) -> Iterator[None]:
    token = acting.set(who)
    try:
        yield
    finally:
        acting.reset(token)


def note(session: Session, booking: Booking, what: DeedKind, now: datetime, before: str = "", after: str = "") -> None:
    """Notes what was done to an appointment, where somebody of the school has done it."""
    if who := acting.get():
        _write(session, booking.guest_id, booking.id, who, what, now, before, after)


def note_of_family(
    session: Session, guest_id: int, what: DeedKind, now: datetime, before: str = "", after: str = ""
) -> None:
    """As `note`, for what was done to the family itself; nothing where nothing has changed."""
    who = acting.get()
    if who and (before != after or what == "link"):
        _write(session, guest_id, None, who, what, now, before, after)


def of_booking(session: Session, booking_id: int) -> list[Deed]:
    """Newest first."""
    rows = select(Deed).where(col(Deed.booking_id) == booking_id).order_by(col(Deed.id).desc())
    return list(session.execute(rows).scalars())


def times_cancelled(session: Session, booking_id: int) -> int:
    """How many times long the appointment was that the school has cancelled last; 1 where nobody knows."""
    deed = next((deed for deed in of_booking(session, booking_id) if deed.what == "cancelled"), None)
    return int(deed.before) if deed and deed.before.isdecimal() else 1


def of_family(session: Session, guest_id: int) -> list[Deed]:
    """That of its appointments too, newest first."""
    rows = select(Deed).where(col(Deed.guest_id) == guest_id).order_by(col(Deed.id).desc())
    return list(session.execute(rows).scalars())


def _write(
    session: Session,
    guest_id: int,
    booking_id: int | None,
    who: str,
    what: DeedKind,
    now: datetime,
    before: str,
    after: str,
) -> None:
    session.add(Deed(guest_id=guest_id, booking_id=booking_id, who=who, what=what, before=before, after=after, at=now))
