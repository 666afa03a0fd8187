# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The record of what was done: what is due, what was applied, what failed and when to try again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from ..conference.tables import Booking, Effect, EffectKind, Host, still_to_follow
from ..conference.views import BookingView, booking_view, bookings_of_guest
from ..database import Database
from ..limits import kind_of

log = structlog.get_logger()
Wait = TypeVar("Wait", float, timedelta)
"""A length of time; a number is seconds."""
LONGEST_UNEXPECTED = timedelta(hours=1)
"""Between two tries of what an error of ours stands against: only a newer version may help."""
PATIENCE = 30.0
"""Seconds the work in the background waits for its turn to write, while families book."""


def unexpected(error: Exception) -> str:
    """For the organiser's eyes: an error that nobody expected. It is written down by its kind and place only: what it
    says may hold names."""
    log.error("unexpected error", **kind_of(error))
    return f"An error in Sprechtag ({type(error).__name__}). It is tried again."


@dataclass(frozen=True)
class Due:
    """One effect that is behind its booking."""

    booking_id: int
    public_id: str
    guest_id: int
    host_user_id: str
    organiser_conference_id: int
    kind: str
    revision: int
    attempts: int


@dataclass(frozen=True)
class State:
    """A booking and how far one effect has followed it."""

    view: BookingView
    applied: int
    gave_up: int
    attempts: int
    remote: dict[str, Any]

    @property
    def behind(self) -> bool:
        return self.applied < self.view.revision and self.gave_up < self.view.revision


def pause_after(attempts: int, first: Wait, longest: Wait) -> Wait:
    """How long to wait after so many tries: twice as long each time, up to `longest`."""
    times: int = 2 ** min(attempts, 12)
    return min(first * times, longest)


class Ledger:
    def __init__(self, database: Database, first_wait: timedelta, longest_wait: timedelta) -> None:
        self._database = database
        self._first_wait, self._longest_wait = first_wait, longest_wait

    def due(self, now: datetime, limit: int = 500) -> list[Due]:
        """What is behind and may be tried at `now`, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                select(Effect, Booking, col(Host.user_id))
                .join(Booking, col(Booking.id) == col(Effect.booking_id))
                .join(Host, col(Host.id) == col(Booking.host_id))
                .where(still_to_follow())
                .where(col(Effect.next_attempt_at) <= now)
                .order_by(col(Effect.next_attempt_at), col(Effect.booking_id))
                .limit(limit)
            )
            return [
                Due(
                    effect.booking_id,
                    booking.public_id,
                    booking.guest_id,
                    user_id,
                    booking.conference_id,
                    effect.kind,
                    booking.revision,
                    effect.attempts,
                )
                for effect, booking, user_id in rows
            ]

    def pending(self) -> int:
        """How many effects are behind, whenever they may be tried; given-up ones do not count."""
        with self._database.read() as session:
            count: int = session.execute(
                select(func.count())
                .select_from(Effect)
                .join(Booking, col(Booking.id) == col(Effect.booking_id))
                .where(still_to_follow())
            ).scalar_one()
            return count

    def state(self, booking_id: int, kind: EffectKind) -> State:
        with self._database.read() as session:
            return _state(session, booking_view(session, booking_id), kind)

    def of_guest(self, guest_id: int, kind: EffectKind) -> list[State]:
        with self._database.read() as session:
            return [_state(session, view, kind) for view in bookings_of_guest(session, guest_id)]

    def remember(self, booking_id: int, kind: EffectKind, remote: dict[str, Any]) -> None:
        """Notes what is about to be made, before it is made."""
        self._set(booking_id, kind, remote=remote)

    def applied(self, state: State, kind: EffectKind, remote: dict[str, Any], note: str = "") -> None:
        """The effect shows the state's revision. A booking that has moved on meanwhile stays due."""
        self._set(
            state.view.id,
            kind,
            applied_revision=state.view.revision,
            remote=remote,
            attempts=0,
            last_error=note,
        )

    def gave_up(self, state: State, kind: EffectKind, reason: str) -> None:
        """Trying again cannot help until the booking changes or somebody asks for it."""
        self._set(state.view.id, kind, gave_up_revision=state.view.revision, last_error=reason[:300])

    def failed(
        self,
        booking_id: int,
        kind: EffectKind,
        reason: str,
        now: datetime,
        wait: float | None = None,
        longest: timedelta | None = None,
    ) -> None:
        """Tries again later: after `wait` seconds, else after a time that grows up to `longest`, with chance in it."""
        with self._database.write(PATIENCE) as session:
            effect = session.get(Effect, (booking_id, kind))
            if effect is None:
                return
            pause = pause_after(effect.attempts, self._first_wait, longest or self._longest_wait)
            pause *= random.uniform(0.8, 1.2)  # noqa: S311 - only spreads the attempts
            effect.attempts += 1
            effect.last_error = reason[:300]
            effect.next_attempt_at = now + (timedelta(seconds=wait) if wait is not None else pause)

    def count_attempt(self, booking_id: int, kind: str, attempts: int) -> None:
        """Opens the next attempt where the work of this one has ended without a trace."""
        with self._database.write(PATIENCE) as session:
            session.execute(
                update(Effect)
                .where(col(Effect.booking_id) == booking_id, col(Effect.kind) == kind)
                .where(col(Effect.attempts) == attempts)
                .values(attempts=attempts + 1)
            )

    def _set(self, booking_id: int, kind: EffectKind, **values: Any) -> None:
        with self._database.write(PATIENCE) as session:
            session.execute(
                update(Effect).where(col(Effect.booking_id) == booking_id, col(Effect.kind) == kind).values(**values)
            )


def take_bot_again(session: Session) -> None:
    """Has every room looked after once more that a bot was taken into; the bot is another one now."""
    rooms = session.execute(
        select(Effect, Booking)
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(col(Effect.kind) == "talk", col(Booking.state) == "active")
        .with_for_update(of=Effect)
    )
    for effect, booking in rooms.all():
        if effect.remote.get("bot") and effect.applied_revision == booking.revision:
            effect.remote = effect.remote | {"bot": False}
            effect.applied_revision = booking.revision - 1


def _state(session: Session, view: BookingView, kind: EffectKind) -> State:
    effect = session.get_one(Effect, (view.id, kind))
    return State(view, effect.applied_revision, effect.gave_up_revision, effect.attempts, dict(effect.remote))
