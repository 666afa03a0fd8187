# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free slots that are held for one family."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from . import elsewhere, taken
from .errors import HostElsewhere, SlotBlocked, SlotTaken
from .tables import Guest, Host, Slot


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
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until = True, "held", guest.id, None
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
