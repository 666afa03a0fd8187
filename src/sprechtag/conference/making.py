# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one booking reads and writes, as statements that are built once: a rush is these, again and again.

The rules stand in `booking`, `rules` and `taken`; here is only what the database is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Insert, bindparam, exists, select
from sqlmodel import Session

from ..database import insert_for, table_of
from .kept import Keeper, Kept
from .slots import minutes_of
from .tables import Booking, Conference, Effect, Guest, GuestMinute, Host, IdempotencyKey, Slot
from .taken import span_of

_BOOKING, _CONFERENCE, _EFFECT, _GUEST = table_of(Booking), table_of(Conference), table_of(Effect), table_of(Guest)
_KEY, _MINUTE, _SLOT = table_of(IdempotencyKey), table_of(GuestMinute), table_of(Slot)

_SLOT_COLUMNS = _SLOT.c.keys()
_LOOK = (
    select(
        _CONFERENCE.c.version,
        exists().where(_BOOKING.c.slot_id == _SLOT.c.id, _BOOKING.c.state == "active").label("is_booked"),
        *_SLOT.c,
    )
    .join(_CONFERENCE, _CONFERENCE.c.id == _SLOT.c.conference_id)
    .where(
        _SLOT.c.conference_id == bindparam("conference_id"),
        _SLOT.c.public_id.in_(bindparam("public_ids", expanding=True)),
    )
    # In the order of their ids, so that two families never wait for each other's slot crosswise.
    .order_by(_SLOT.c.id)
)
_LOOK_AND_LOCK = _LOOK.with_for_update(of=_SLOT)
_BEFORE = (
    select(_KEY.c.key_hash, _KEY.c.screen, _KEY.c.booking_id, _BOOKING.c.guest_id, _BOOKING.c.state)
    .join(_BOOKING, _BOOKING.c.id == _KEY.c.booking_id)
    .where(_KEY.c.key_hash.in_(bindparam("key_hashes", expanding=True)))
)
_ADD_BOOKING = _BOOKING.insert().returning(_BOOKING.c.id)
_ADD_MINUTES, _ADD_KEY, _ADD_EFFECTS = _MINUTE.insert(), _KEY.insert(), _EFFECT.insert()
_FRESH = {"applied_revision": 0, "gave_up_revision": 0, "last_error": "", "remote": {}}


@dataclass(frozen=True)
class Wanted:
    """A slot that somebody wants, as its row's `columns`, and what it belongs to. `slot` belongs to no session."""

    kept: Kept
    host: Host
    is_booked: bool
    columns: Mapping[str, Any]

    @cached_property
    def slot(self) -> Slot:
        return Slot(**self.columns)

    @property
    def conference(self) -> Conference:
        return self.kept.conference


def look(
    session: Session, keeper: Keeper, conference_id: int, public_ids: Sequence[str], *, lock: bool = False
) -> dict[str, Wanted]:
    """The slots of these that there are in the conference, by public id; with `lock` their rows are held until the
    transaction ends, where the database has such locks."""
    statement = _LOOK_AND_LOCK if lock else _LOOK
    values = {"conference_id": conference_id, "public_ids": list(public_ids)}
    found = {}
    for row in session.connection().execute(statement, values).all():
        version, is_booked, *columns = row
        slot = dict(zip(_SLOT_COLUMNS, columns, strict=True))
        kept = keeper.at(session, conference_id, version)
        if host := kept.hosts.get(slot["host_id"]):
            found[slot["public_id"]] = Wanted(kept, host, bool(is_booked), slot)
    return found


@dataclass(frozen=True)
class Before:
    """What a form has booked before."""

    booking_id: int
    guest_id: int
    state: str
    screen: str


def before(session: Session, key_hashes: Sequence[str]) -> list[Before]:
    """In the order of the keys."""
    if not key_hashes:
        return []
    rows = session.connection().execute(_BEFORE, {"key_hashes": list(key_hashes)})
    found = {row.key_hash: Before(row.booking_id, row.guest_id, row.state, row.screen) for row in rows}
    return [found[key] for key in key_hashes if key in found]


@cache
def _add_guest(dialect: str) -> Insert:
    return insert_for(dialect, Guest).on_conflict_do_nothing().returning(_GUEST.c.id)


def add_guest(session: Session, guest: Guest) -> bool:
    """Writes a new guest and gives it its id; false where the conference has one with this address."""
    connection = session.connection()
    values = guest.model_dump(exclude={"id"})
    guest.id = connection.execute(_add_guest(connection.dialect.name), values).scalar_one_or_none()
    return guest.id is not None


def add_booking(session: Session, booking: Booking, key_hash: str, effects: Sequence[str]) -> None:
    """Writes the booking with its key, if the form had one, and its effects, and gives it its id. Raises
    `IntegrityError` where the slot is booked."""
    connection = session.connection()
    booking.id = connection.execute(_ADD_BOOKING, booking.model_dump(exclude={"id"})).scalar_one()
    if key_hash:
        key = {"key_hash": key_hash, "booking_id": booking.id, "screen": booking.screen}
        connection.execute(_ADD_KEY, key | {"created_at": booking.created_at})
    connection.execute(_ADD_EFFECTS, [{"booking_id": booking.id, "kind": kind, **_FRESH} for kind in effects])


def take_minutes(session: Session, booking: Booking, slot: Slot) -> None:
    """Raises `IntegrityError` where the family has given one of them away."""
    rows: list[dict[str, Any]] = [
        {"guest_id": booking.guest_id, "minute": minute, "booking_id": booking.id}
        for minute in minutes_of(span_of(slot))
    ]
    session.connection().execute(_ADD_MINUTES, rows)
