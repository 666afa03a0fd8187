# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes to an appointment beside family and host: a second parent, a grandparent, an interpreter.

Each gets the mails of this one appointment and a link of their own, which shows it and joins its call, and changes
nothing. The unique seats (`Companion.seat`) say how many there can be. Who is not asked for any more is told so
once; the row goes with that mail."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from . import budgets, effects, follow, history
from .errors import AlreadyCancelled, Invalid, NotFound, TooManyPeople
from .person import Person
from .tables import Booking, Companion, CompanionKind
from .tokens import LinkKey, is_token

MOST = 3
"""Whom family and office can name to one appointment; the interpreter that the list gives it comes beside."""
LISTED = 0
"""The seat of the interpreter that the list gives."""
BUDGET = budgets.Budget.of("people", "6 per hour", "12 per day")
"""Whom one family names: each is a mail to an address that nobody has proven."""
KINDS: tuple[CompanionKind, ...] = get_args(CompanionKind)


def of_booking(session: Session, booking_id: int) -> list[Companion]:
    """All who are asked to come, the listed interpreter first."""
    mine = select(Companion).where(col(Companion.booking_id) == booking_id, col(Companion.seat).is_not(None))
    return list(session.execute(mine.order_by(col(Companion.seat))).scalars())


def by_link(
    session: Session, links: LinkKey, public_id: str, token: str, purpose: Literal["people", "join"] = "people"
) -> Companion:
    """Whose link it is: to the own page, or to `join` the call. Raises `NotFound`, also for who is not
    asked for any more."""
    found: Companion | None = session.execute(
        select(Companion).where(col(Companion.public_id) == public_id)
    ).scalar_one_or_none()
    if found is None or found.seat is None or not is_token(links, purpose, public_id, found.generation, token):
        raise NotFound
    return found


def name(
    session: Session, booking: Booking, person: Person, kind: str, now: datetime, *, by_family: bool = False
) -> Companion:
    """Names somebody to the appointment. Raises `Invalid`, `AlreadyCancelled` and `TooManyPeople`."""
    if kind not in KINDS:
        raise Invalid("kind", "kind_unknown")
    if booking.state != "active":
        raise AlreadyCancelled
    person = person.checked()
    there = of_booking(session, booking.id or 0)
    known = next((one for one in there if one.seat and one.email.casefold() == person.email.casefold()), None)
    if known:
        return known  # the same form again
    taken = {one.seat for one in there}
    for seat in (one for one in range(1, MOST + 1) if one not in taken):
        made = Companion(
            booking_id=booking.id or 0,
            seat=seat,
            kind=kind,
            name=person.name,
            email=person.email,
            language=person.language,
            by_family=by_family,
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            continue  # somebody else was named at the same moment
        effects.event_follows(session, booking, now)
        follow.people(session, [made], now)
        history.note(session, booking, "person", now, after=made.name)
        return made
    raise TooManyPeople(MOST)


def remove(session: Session, booking: Booking, public_id: str, now: datetime) -> None:
    """Takes somebody back who was named, and tells them. Raises `NotFound`."""
    found = next((one for one in of_booking(session, booking.id or 0) if one.public_id == public_id), None)
    if found is None or found.seat == LISTED:
        raise NotFound
    history.note(session, booking, "person", now, before=found.name)
    let_go(session, found, now)
    if booking.state == "active":
        effects.event_follows(session, booking, now)


def let_go(session: Session, one: Companion, now: datetime) -> None:
    """Not asked for any more: told once, where they were told of it at all."""
    if one.told_at is None:
        session.delete(one)
        session.flush()
        return
    one.seat = None
    session.add(one)
    session.flush()
    follow.people(session, [one], now)


def end(session: Session, one: Companion, now: datetime) -> None:
    """What is over or cancelled is not opened by them any more. Who has still to hear that it is cancelled does."""
    booking = session.get_one(Booking, one.booking_id)
    if booking.state == "active":
        one.generation += 1
        session.add(one)
    elif is_news(one, booking):
        let_go(session, one, now)
    else:
        session.delete(one)
    session.flush()


def hand_on(session: Session, before: Booking, after: Booking) -> None:
    """Whoever is named to an appointment comes to the one that the family has instead."""
    for one in of_booking(session, before.id or 0):
        one.booking_id, one.told_revision = after.id or 0, 0
        session.add(one)
    session.flush()


def heard_nothing(session: Session, booking: Booking) -> None:
    """A cancellation was taken back before anybody heard of it: for those who knew of all before, nothing happened."""
    session.execute(
        update(Companion)
        .where(col(Companion.booking_id) == booking.id, col(Companion.told_revision) == booking.revision - 2)
        .values(told_revision=booking.revision)
    )


def is_news(one: Companion, booking: Booking) -> bool:
    """Whether there is something to tell them: their appointment has changed, or they are not asked for any more.
    Whoever was never told of an appointment does not hear that it is cancelled."""
    if one.seat is None:
        return True
    known = booking.state == "active" or one.told_at is not None
    return known and booking.confirm_by is None and one.told_revision < booking.revision


def told(session: Session, one: Companion, revision: int, now: datetime, trouble: str = "") -> None:
    """They know their appointment as of this revision, or cannot be told because of a `trouble`; who is not asked for
    any more goes."""
    if one.seat is None:
        session.delete(one)
        return
    one.told_revision, one.last_error = max(one.told_revision, revision), trouble
    one.told_at = one.told_at or (None if trouble else now)
    session.add(one)
