# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free slots that are held for one family: by a host who wants to see it, or while a form is open."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from . import elsewhere, follow, rules, taken
from .errors import HostElsewhere, Refused, SlotBlocked, SlotTaken
from .tables import Conference, Guest, Host, Slot


def hold(session: Session, slot: Slot, guest: Guest) -> None:
    """Holds a free slot for one family. Raises `SlotTaken` for a booked one, `SlotBlocked` for one that is held for
    somebody else or closed by the organiser, and `HostElsewhere`."""
    taken.lock(session, [slot])
    if taken.is_booked(session, slot):
        raise SlotTaken(slot.starts_at)
    if slot.blocked_by == "organiser" or (slot.blocked_by == "held" and slot.held_for != guest.id):
        raise SlotBlocked
    host = session.get_one(Host, slot.host_id)
    if elsewhere.is_taken(session, host, slot):
        raise HostElsewhere
    taken.hold(slot, guest.id, None)
    session.add(slot)
    session.flush()
    elsewhere.close(session, host, slot)


def held_slots(session: Session, guest: Guest, now: datetime) -> list[tuple[Slot, Host]]:
    """What is held for the guest and still to come."""
    rows = session.execute(
        select(Slot, Host)
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(col(Slot.held_for) == guest.id, col(Slot.blocked_by) == "held", col(Slot.starts_at) > now)
        .order_by(col(Slot.starts_at))
    )
    return [(slot, host) for slot, host in rows]


@dataclass(frozen=True)
class HeldByForm:
    """Public ids of the slots that a form holds now, and of those that it cannot have any more."""

    held: Collection[str] = ()
    lost: Collection[str] = ()


def hold_by_form(
    session: Session, conference: Conference, public_ids: Sequence[str], form: str, now: datetime
) -> HeldByForm:
    """Holds these slots of the conference by the form for `rules.HELD_WHILE_OPEN` from `now` on, as far as they can be
    had. What the form has held before and does not want any more is let go."""
    before = of_form(session, form)
    wanted = select(Slot).where(col(Slot.conference_id) == conference.id, col(Slot.public_id).in_(public_ids))
    slots = {slot.id: slot for slot in (*before, *session.execute(wanted).scalars())}
    taken.lock(session, slots.values())
    for slot in before:
        if slot.held_by == form and slot.public_id not in public_ids:
            elsewhere.let_go(session, slot, now)
    session.flush()
    until, held = now + rules.HELD_WHILE_OPEN, []
    for slot in sorted(slots.values(), key=lambda one: one.id or 0):
        if slot.public_id in public_ids and _can_have(session, conference, slot, form, now):
            taken.hold(slot, None, until, form)
            session.add(slot)
            session.flush()
            elsewhere.close(session, session.get_one(Host, slot.host_id), slot)
            held.append(slot.public_id)
    if held:
        follow.offers(session, until)
    return HeldByForm(held, [one for one in public_ids if one not in held])


def of_form(session: Session, form: str) -> list[Slot]:
    """What the form holds."""
    if not form:
        return []
    return list(session.execute(select(Slot).where(col(Slot.held_by) == form).order_by(col(Slot.id))).scalars())


def _can_have(session: Session, conference: Conference, slot: Slot, form: str, now: datetime) -> bool:
    host = session.get_one(Host, slot.host_id)
    try:
        rules.check_slot(conference, host, slot, now, form=form)
        taken.check_own_limits(session, conference, host, slot)
    except Refused:
        return False
    return not taken.is_booked(session, slot) and not elsewhere.is_taken(session, host, slot)
