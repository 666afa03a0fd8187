# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All bookings of a conference as a list shows them: thousands at once, so columns and no objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, or_, select
from sqlmodel import Session, col

from .effects import step_of
from .tables import Booking, Companion, Effect, Guest, Host, Slot


@dataclass(frozen=True)
class Steps:
    """By kind, only what is not as usual: effects that are not `done`, and what was said of one."""

    steps: dict[str, str]
    said: dict[str, str]


# Built once, as in `views`.
_LIST = (
    select(
        col(Booking.id),
        col(Booking.public_id),
        col(Booking.code),
        col(Booking.host_id),
        col(Slot.starts_at),
        col(Booking.place),
        col(Booking.child),
        col(Booking.school_class),
        col(Guest.name),
        col(Guest.email),
        col(Booking.state),
        col(Booking.confirm_by),
        case((col(Slot.usual_ends_at).is_not(None), col(Slot.ends_at))).label("longer_until"),
        col(Booking.needs),
        col(Booking.interpreter),
    )
    .join(Slot, col(Slot.id) == col(Booking.slot_id))
    .join(Guest, col(Guest.id) == col(Booking.guest_id))
    .where(col(Booking.conference_id) == bindparam("conference_id"))
    .order_by(col(Slot.starts_at), col(Booking.id))
)
_LIST_OF_HOSTS = _LIST.where(col(Booking.host_id).in_(bindparam("host_ids", expanding=True)))
_OWN = (
    select(col(Booking.id), col(Booking.note), col(Booking.topic), col(Booking.place), col(Effect.remote))
    .outerjoin(Effect, (col(Effect.booking_id) == col(Booking.id)) & (col(Effect.kind) == "talk"))
    .where(col(Booking.host_id).in_(bindparam("host_ids", expanding=True)))
)
_UNUSUAL = (
    select(
        col(Effect.booking_id),
        col(Effect.kind),
        col(Effect.applied_revision),
        col(Effect.gave_up_revision),
        col(Effect.last_error),
        col(Booking.revision),
    )
    .join(Booking, col(Booking.id) == col(Effect.booking_id))
    .where(col(Booking.conference_id) == bindparam("conference_id"))
    .where(or_(col(Effect.applied_revision) < col(Booking.revision), col(Effect.last_error) != ""))
    .order_by(col(Effect.kind))
)
_COMPANIONS = (
    select(col(Companion.booking_id), col(Companion.name))
    .join(Booking, col(Booking.id) == col(Companion.booking_id))
    .where(col(Booking.conference_id) == bindparam("conference_id"), col(Companion.seat).is_not(None))
    .order_by(col(Companion.seat))
)
_HOSTS = (
    select(col(Host.id), col(Host.user_id), col(Host.display_name), col(Host.room))
    .where(col(Host.conference_id) == bindparam("conference_id"))
    .order_by(col(Host.display_name), col(Host.id))
)


def listed(session: Session, conference_id: int, host_ids: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
    """The columns of `_LIST`. By time, cancelled ones too; all, or those of some hosts."""
    statement = _LIST if host_ids is None else _LIST_OF_HOSTS
    values = {"conference_id": conference_id} | ({} if host_ids is None else {"host_ids": list(host_ids)})
    rows: Any = session.connection().execute(statement, values)
    return list(rows)


def hosts(session: Session, conference_id: int) -> list[Any]:
    """By name: rows of `id`, `user_id`, `display_name`, `room`."""
    return list(session.connection().execute(_HOSTS, {"conference_id": conference_id}))


def unusual_steps(session: Session, conference_id: int) -> dict[int, Steps]:
    """By booking; nothing of those that everything has followed without a word."""
    found: dict[int, Steps] = {}
    rows: Any = session.connection().execute(_UNUSUAL, {"conference_id": conference_id})
    for effect in rows:
        of_booking = found.setdefault(effect.booking_id, Steps({}, {}))
        step = step_of(effect, effect.revision)
        if step != "done":
            of_booking.steps[effect.kind] = step
        if effect.last_error:
            of_booking.said[effect.kind] = effect.last_error
    return found


def companions(session: Session, conference_id: int) -> dict[int, list[str]]:
    """By booking, the names of who comes beside family and host."""
    found: dict[int, list[str]] = {}
    for booking_id, name in session.connection().execute(_COMPANIONS, {"conference_id": conference_id}):
        found.setdefault(booking_id, []).append(name)
    return found


def own_details(session: Session, host_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """By booking, what only its host is shown in the list: `note`, `topic` and `video_link`, where there is one."""
    rows = session.connection().execute(_OWN, {"host_ids": list(host_ids)})
    return {row.id: _filled(note=row.note, topic=row.topic, video_link=_link(row)) for row in rows}


def _link(row: Any) -> str:
    link: str = (row.remote or {}).get("link", "") if row.place == "video" else ""
    return link


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
