# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What those are told who come to an appointment beside its family, and who interprets: one mail for all that is new.

As the family's mail it follows the booking's revision, and the same news have the same Message-ID. Where only the
calendar server writes mails nobody is told: then it stands with the person that no mail went out."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import companions
from ..conference.tables import VIDEO, Booking, Companion, Conference, Interpreter
from ..conference.views import BookingView, GuestView, booking_view
from ..errands.retry import NotYet, Trouble, part
from ..errands.table import Errand
from ..errands.worker import Done
from .channels.troubles import explain
from .kinds import people
from .letter import Letter
from .owed import LOOK_AGAIN, NO_CHANNEL, Owed
from .sending import fingerprint_of
from .writer import Writer

News = tuple[Companion, BookingView]
"""Somebody and the appointment as it is now."""


@dataclass(frozen=True)
class _Found:
    """Of an errand's key: the interpreter, if it is one's, all that he or she comes to, and what of it is new."""

    interpreter: Interpreter | None
    conference: Conference
    all: Sequence[News]
    news: Sequence[News]

    @property
    def welcomes(self) -> bool:
        return self.interpreter is not None and self.interpreter.told_at is None


@dataclass
class People:
    owed: Owed

    async def tell(self, errand: Errand) -> Done | None:
        now = self.owed.clock()
        with self.owed.database.read() as session:
            found = _find(session, errand.key)
        if found is None or not (found.news or found.welcomes):
            return None
        ready = [one for one in found.news if self._is_ready(one)]
        waits = len(ready) < len(found.news)
        if not (ready or found.welcomes):
            raise NotYet(now + LOOK_AGAIN * self.owed.short)
        channel, trouble = self.owed.channel(found.conference.organiser_id), ""
        coming = [(one, view) for one, view in ready if view.ends_at > now]
        counted: BookingView | GuestView | None = None
        if channel.name == "calendar":
            trouble = NO_CHANNEL
        elif coming or found.welcomes:
            written, to = _write(found, coming, self.owed.writer())
            with part("people", {}, explain):
                await self.owed.send(errand, written, to, channel, fingerprint_of(_name(found, coming)))
            counted = to

        def note(session: Session) -> None:
            _note(session, found, ready, self.owed, trouble)
            if counted:
                self.owed.held.count(session, counted)

        return Done(note, now + LOOK_AGAIN * self.owed.short if waits else None)

    def noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        if final and (found := _find(session, errand.key)):
            _note(session, found, found.news, self.owed, trouble.words)

    def _is_ready(self, news: News) -> bool:
        """A mail about a video call waits for its link, one about a cancellation until it cannot be taken back."""
        one, view = news
        if one.seat is not None and view.told_from and view.told_from > self.owed.clock():
            return False
        if one.seat is None or not view.active or view.place != VIDEO:
            return True
        states = self.owed.ledger.states(view.id)
        return not (states and states["talk"].behind)


def _find(session: Session, key: str) -> _Found | None:
    """None where nobody is left to be told."""
    interpreter = session.get(Interpreter, int(key[1:])) if key.startswith("i") else None
    if key.startswith("i"):
        mine = select(Companion).where(col(Companion.interpreter_id) == int(key[1:])).order_by(col(Companion.id))
    else:
        mine = select(Companion).where(col(Companion.id) == int(key), col(Companion.interpreter_id).is_(None))
    rows = list(session.execute(mine).scalars())
    everything = [(one, booking_view(session, one.booking_id)) for one in rows]
    news = [
        (one, view) for one, view in everything if companions.is_news(one, session.get_one(Booking, one.booking_id))
    ]
    of_conference = interpreter.conference_id if interpreter else everything[0][1].conference_id if everything else None
    if of_conference is None:
        return None
    return _Found(interpreter, session.get_one(Conference, of_conference), everything, news)


def _write(found: _Found, news: Sequence[News], writer: Writer) -> tuple[Letter, BookingView | GuestView]:
    told = [(_gone(one, writer.for_person(view, one)), one.told_at is not None) for one, view in news]
    gone = [one.seat is None for one, _ in news]
    if found.interpreter:
        new = {one.id for one, _ in news}
        others = [
            writer.for_person(view, one)
            for one, view in found.all
            if one.id not in new and one.seat is not None and view.active and view.ends_at > writer.now
        ]
        return people.to_interpreter(found.interpreter, found.conference, told, gone, others, writer)
    return people.to_companion(news[0][0], told[0], gone[0], writer)


def _gone(one: Companion, view: BookingView) -> BookingView:
    return people.without(view) if one.seat is None else view


def _name(found: _Found, news: Sequence[News]) -> str:
    """The same for the same news, whenever they are told."""
    parts = [f"{one.public_id}.{view.public_id}.{view.revision}.{one.seat}" for one, view in news]
    welcome = f"{found.interpreter.public_id}.{found.interpreter.generation}" if found.interpreter else ""
    return ",".join(["people", welcome if found.welcomes else "", *parts])


def _note(session: Session, found: _Found, told: Sequence[News], owed: Owed, trouble: str) -> None:
    now = owed.clock()
    for one, view in told:
        row = session.get(Companion, one.id)
        if row and row.booking_id == view.id and (row.seat is None) == (one.seat is None):
            companions.told(session, row, view.revision, now, trouble)
    interpreter = session.get(Interpreter, found.interpreter.id) if found.interpreter else None
    if interpreter and found.interpreter and interpreter.generation == found.interpreter.generation:
        interpreter.told_at = interpreter.told_at or now
        interpreter.last_error = trouble
        session.add(interpreter)
