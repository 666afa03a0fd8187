# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far room, event and mail have followed each booking: what was applied, what was given up, and how to find it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from ..database import PATIENCE, Database, table_of
from ..errands import queue
from ..errands.table import Errand
from . import follow, strays
from .errors import NotFound
from .slots import TimeSpan
from .tables import Booking, Companion, Effect, EffectKind
from .views import BookingView, booking_view, bookings_of_guest

LONGEST_REASON = 300
OTHERS = "others"
"""In a tandem's event's `remote`: where the events of those beside the first one are, by their user ids."""
RESTORED = "restored"
"""In an event's `remote`: it was not looked at yet since a backup was restored."""


@dataclass(frozen=True)
class State:
    """A booking and how far one effect has followed it."""

    view: BookingView
    applied: int
    gave_up: int
    remote: dict[str, Any]

    @property
    def behind(self) -> bool:
        return self.applied < self.view.revision and self.gave_up < self.view.revision


@dataclass(frozen=True)
class Followed:
    """One effect of a booking, for people's eyes: its `step`, how often it was tried, and when it is tried next."""

    effect: Effect
    step: str
    attempts: int
    next_try_at: datetime | None


def followed(session: Session, view: BookingView) -> list[Followed]:
    """The effects of a booking, in the order of the kinds."""
    outside = queue.of(session, follow.BOOKING, [str(view.id)]).get(str(view.id))
    mail = queue.of(session, follow.MAIL, [str(view.guest_id)]).get(str(view.guest_id))
    rows = session.execute(select(Effect).where(col(Effect.booking_id) == view.id).order_by(col(Effect.kind))).scalars()
    return [_followed(effect, view.revision, mail if effect.kind == "mail" else outside) for effect in rows]


def _followed(effect: Effect, revision: int, errand: Errand | None) -> Followed:
    tries, due_at = (errand.attempts, errand.due_at) if errand else (0, None)
    return Followed(effect, step_of(effect, revision), tries, due_at)


def step_of(effect: Effect, revision: int) -> str:
    """Of an effect, or of a row with its columns: `done`, `gave_up`, `failing` (tried and tried again) or `waiting`."""
    if effect.applied_revision >= revision:
        return "done"
    if effect.gave_up_revision >= revision:
        return "gave_up"
    return "failing" if effect.last_error else "waiting"


class Ledger:
    """`Effect`, in transactions of its own. Who settles room or event has the mail looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, booking_id: int, kind: EffectKind) -> State | None:
        """None where the booking is gone."""
        found = self.states(booking_id)
        return found[kind] if found else None

    def states(self, booking_id: int) -> dict[EffectKind, State]:
        """By kind; empty where the booking is gone."""
        with self._database.read() as session:
            try:
                view = booking_view(session, booking_id)
            except NotFound:
                return {}
            return _states(session, [view])[0]

    def of_guest(self, guest_id: int) -> list[dict[EffectKind, State]]:
        """Of all bookings of a family, by kind."""
        with self._database.read() as session:
            return _states(session, bookings_of_guest(session, guest_id))

    def remember(self, booking_id: int, kind: EffectKind, remote: dict[str, Any]) -> None:
        """Notes what is about to be made, before it is made."""

        def write(session: Session) -> None:
            session.connection().execute(_REMEMBER, {"one": booking_id, "of": kind, "where": remote})

        self._database.do(write, PATIENCE)

    def note_difference(self, view: BookingView, uid: str, stood: TimeSpan | None, now: datetime) -> None:
        """Where the event stood when it was first looked at after a restored backup; None where it was gone."""
        with self._database.write(PATIENCE) as session:
            strays.note_difference(session, view.id, uid, TimeSpan(view.starts_at, view.ends_at), stood, now)

    def applied(self, state: State, kind: EffectKind, remote: dict[str, Any], now: datetime, note: str = "") -> None:
        """The effect shows the state's revision. A booking that has moved on meanwhile stays due."""
        self._database.do(lambda session: applied(session, state, kind, remote, now, note), PATIENCE)


def applied(
    session: Session, state: State, kind: EffectKind, remote: dict[str, Any], now: datetime, note: str = ""
) -> None:
    """As `Ledger.applied`, in a transaction of the caller's."""
    _is_applied(session, state, kind, remote, note)
    if kind == "mail":
        return
    if session.connection().execute(_IS_BEHIND, {"one": state.view.id, "of": "mail"}).first():
        follow.mail(session, state.view.guest_id, now)


def told(session: Session, states: Sequence[State], note: str) -> None:
    """One mail has told the family of all these; at once, because a part of it would be told again."""
    for state in states:
        # Of what is still to be confirmed the family knows nothing that could change.
        told = {} if state.view.confirm_by else state.view.told.kept()
        _is_applied(session, state, "mail", told, note)


def _is_applied(session: Session, state: State, kind: EffectKind, remote: dict[str, Any], note: str) -> None:
    values = {"one": state.view.id, "of": kind, "shows": state.view.revision, "where": remote}
    session.connection().execute(_APPLY, values | {"note": note[:LONGEST_REASON]})


def note_trouble(
    session: Session, kind: EffectKind, tried: Mapping[int, int], words: str, now: datetime, *, final: bool
) -> None:
    """Notes why these bookings (their revisions by id) were not followed; `final`: trying again cannot help until the
    booking changes or somebody asks for it."""
    for booking_id, revision in tried.items():
        more = {"gave_up_revision": revision} if final else {}
        _set(session, booking_id, kind, last_error=words[:LONGEST_REASON], **more)
        if final and kind != "mail":
            booking = session.get(Booking, booking_id)
            if booking:
                follow.mail(session, booking.guest_id, now)


def event_follows(session: Session, booking: Booking, now: datetime) -> None:
    """Has the host's event written anew as the booking is now; nobody gets a mail for it where the mails are ours."""
    booking.changed_at = now
    write_event_anew(session, booking, now)


def write_event_anew(session: Session, booking: Booking, now: datetime) -> None:
    """As `event_follows`, where the booking itself has not changed: a new revision that only the event has to
    follow."""
    before, after = booking.revision, booking.revision + 1
    for effect in session.execute(select(Effect).where(col(Effect.booking_id) == booking.id)).scalars():
        if effect.kind == "calendar":
            effect.last_error = ""
        elif effect.applied_revision == before:
            effect.applied_revision = after
        elif effect.gave_up_revision == before:
            effect.gave_up_revision = after
    session.execute(
        update(Companion)
        .where(col(Companion.booking_id) == booking.id, col(Companion.told_revision) == before)
        .values(told_revision=after)
    )
    booking.revision = after
    session.add(booking)
    session.flush()
    follow.bookings(session, [booking], now, mail=False)


def behind_again(session: Session, booking_id: int, kind: EffectKind, now: datetime) -> None:
    """Has one effect follow its booking once more, as it stands."""
    booking = session.get_one(Booking, booking_id)
    _set(session, booking_id, kind, applied_revision=booking.revision - 1, gave_up_revision=0)
    follow.bookings(session, [booking], now, mail=False)


def look_again(session: Session, kind: EffectKind, host_id: int, now: datetime) -> int:
    """Has what was given up for this host's coming bookings tried once more, because the host can do it now; event and
    family follow. Returns how many bookings that is."""
    rows = session.execute(
        select(Effect, Booking)
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(col(Booking.host_id) == host_id, col(Booking.state) == "active", col(Effect.kind) == kind)
        .where(
            col(Effect.gave_up_revision) >= col(Booking.revision), col(Effect.applied_revision) < col(Booking.revision)
        )
    ).all()
    for _, booking in rows:
        session.execute(
            update(Effect)
            .where(col(Effect.booking_id) == booking.id, col(Effect.applied_revision) >= booking.revision)
            .values(applied_revision=booking.revision - 1)
        )
        _set(session, booking.id, kind, gave_up_revision=0, last_error="")
    follow.bookings(session, [booking for _, booking in rows], now)
    return len(rows)


def take_bot_again(session: Session, now: datetime) -> None:
    """Has every room looked after once more that a bot was taken into; the bot is another one now."""
    rooms = session.execute(
        select(Effect, Booking)
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(col(Effect.kind) == "talk", col(Booking.state) == "active")
        .with_for_update(of=Effect)
    ).all()
    again = []
    for effect, booking in rooms:
        if effect.remote.get("bot") and effect.applied_revision == booking.revision:
            effect.remote = effect.remote | {"bot": False}
            effect.applied_revision = booking.revision - 1
            again.append(booking)
    follow.bookings(session, again, now, mail=False)


def room_name(conference: str, code: str) -> str:
    """Known to everybody who has the link, so without names: the conference and the booking's number. It does not
    hold the time, because a room of type `event` cannot be renamed (400) when the booking moves."""
    return f"{conference} · {code}"


def look_at_all(session: Session, now: datetime) -> int:
    """Has the rooms and events of all active bookings compared with what stands outside: after a restored backup the
    record may say less than is there, or more. Families are not written to. Returns how many bookings that is."""
    of_active = select(col(Booking.id)).where(col(Booking.state) == "active")
    active = list(session.execute(select(Booking).where(col(Booking.state) == "active")).scalars())
    session.execute(
        update(Effect)
        .where(col(Effect.booking_id).in_(of_active))
        .where(col(Effect.kind) != "mail", col(Effect.applied_revision) > 0)
        .values(
            applied_revision=select(col(Booking.revision) - 1)
            .where(col(Booking.id) == col(Effect.booking_id))
            .scalar_subquery()
        )
    )
    events = select(Effect).where(col(Effect.kind) == "calendar", col(Effect.booking_id).in_(of_active))
    for effect in session.execute(events.execution_options(populate_existing=True)).scalars():
        if effect.remote.get("written"):
            effect.remote = effect.remote | {RESTORED: True}
    follow.bookings(session, active, now, mail=False)
    return len(active)


def _set(session: Session, booking_id: int | None, kind: EffectKind, **values: Any) -> None:
    session.execute(
        update(Effect).where(col(Effect.booking_id) == booking_id, col(Effect.kind) == kind).values(**values)
    )


def _states(session: Session, views: Sequence[BookingView]) -> list[dict[EffectKind, State]]:
    """In the order of the views."""
    found: dict[int, dict[EffectKind, State]] = {view.id: {} for view in views}
    by_id = {view.id: view for view in views}
    for row in session.connection().execute(_OF_BOOKINGS, {"ids": list(by_id)}):
        view = by_id[row.booking_id]
        found[view.id][row.kind] = State(view, row.applied_revision, row.gave_up_revision, dict(row.remote))
    return [found[view.id] for view in views]


_EFFECT = table_of(Effect)
_ONE = (_EFFECT.c.booking_id == bindparam("one"), _EFFECT.c.kind == bindparam("of"))
_OF_BOOKINGS = select(_EFFECT).where(_EFFECT.c.booking_id.in_(bindparam("ids", expanding=True)))
_REMEMBER = update(_EFFECT).where(*_ONE).values(remote=bindparam("where"))
_APPLY = (
    update(_EFFECT)
    .where(*_ONE)
    .values(applied_revision=bindparam("shows"), remote=bindparam("where"), last_error=bindparam("note"))
)
_IS_BEHIND = (
    select(_EFFECT.c.kind)
    .join(Booking, col(Booking.id) == _EFFECT.c.booking_id)
    .where(
        *_ONE, _EFFECT.c.applied_revision < col(Booking.revision), _EFFECT.c.gave_up_revision < col(Booking.revision)
    )
)
