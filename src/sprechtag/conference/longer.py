# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host gives a family two or three times in a row: one appointment, as long as they are together.

The slot itself is longer meanwhile, so that every page, paper and calendar shows it; the times after it are closed,
because their minutes are given (`elsewhere`)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from . import taken
from .errors import Invalid, NoTimeAfter
from .tables import Conference, Slot

MOST = 3
"""Times that one appointment can have."""


def stretch(
    session: Session, conference: Conference, slot: Slot, times: int, guest_id: int, *, by_guest: bool = False
) -> None:
    """Makes the slot as long as so many times, from 1 to `MOST`. Raises `Invalid`, and `NoTimeAfter` where the times
    after it do not follow at once or are another family's; for a guest also where they are closed, which the school
    may overrule."""
    if not 1 <= times <= MOST:
        raise Invalid("times", "times_wrong")
    restore(slot)
    after = _after(session, conference, slot)[: times - 1]
    taken.lock(session, after)
    if len(after) < times - 1 or any(_is_another_familys(session, one, guest_id) for one in after):
        raise NoTimeAfter
    if by_guest and any(one.blocked_by in ("organiser", "host", "calendar") for one in after):
        raise NoTimeAfter
    if after:
        slot.usual_ends_at, slot.ends_at = slot.ends_at, after[-1].usual_ends_at or after[-1].ends_at
    session.add(slot)


def restore(slot: Slot) -> None:
    """The slot is as long as any other again."""
    if slot.usual_ends_at is not None:
        slot.ends_at, slot.usual_ends_at = slot.usual_ends_at, None


def times_of(session: Session, slot: Slot) -> int:
    """How many times the slot is long."""
    if slot.usual_ends_at is None:
        return 1
    return times_of_many(session, [slot.id or 0]).get(slot.id or 0, 1)


def times_of_many(session: Session, slot_ids: Collection[int]) -> dict[int, int]:
    """As `times_of`, by slot id; only of those that are longer than usual."""
    after = aliased(Slot)
    rows = session.execute(
        select(col(Slot.id), func.count())
        .join(after, col(after.host_id) == col(Slot.host_id))
        .where(col(Slot.id).in_(slot_ids), col(Slot.usual_ends_at).is_not(None))
        .where(col(after.starts_at) >= col(Slot.starts_at), col(after.starts_at) < col(Slot.ends_at))
        .group_by(col(Slot.id))
    )
    return dict(rows.tuples().all())


def _is_another_familys(session: Session, slot: Slot, guest_id: int) -> bool:
    held = slot.blocked_by == "held" and slot.held_for != guest_id
    return held or taken.is_booked(session, slot)


def _after(session: Session, conference: Conference, slot: Slot) -> Sequence[Slot]:
    """The host's times that follow each other after this one, with no more than the conference's pause between them."""
    rows = session.execute(
        select(Slot)
        .where(col(Slot.host_id) == slot.host_id, col(Slot.starts_at) >= slot.ends_at)
        .order_by(col(Slot.starts_at))
        .limit(MOST - 1)
    ).scalars()
    return at_once_after(conference, slot, rows)


def at_once_after(conference: Conference, slot: Slot, later: Iterable[Slot]) -> list[Slot]:
    """Those of a host's later times (by time) that follow the slot and each other with no more than the conference's
    pause between them."""
    found: list[Slot] = []
    edge = slot.ends_at
    for one in later:
        if one.starts_at - edge > timedelta(minutes=conference.pause_minutes):
            break
        found.append(one)
        edge = one.usual_ends_at or one.ends_at
    return found
