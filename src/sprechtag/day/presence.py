# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is in which call, as Talk and the media servers tell."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import persons
from ..conference.tables import VIDEO, Booking, Host, LiveCall, Slot
from . import live
from .noted import of_booking

CHECK_AFTER = timedelta(seconds=40)
CHECKS_AT_ONCE = 8
"""Rooms that may be asked for in one look, every few seconds: about two calls a second at most."""


def actor_of(actor: str, hosts: Collection[str]) -> str:
    """Who is in a call, without saying who: Talk's `users/t01` or `guests/…` as `host` (one of these
    user ids) or a short hash."""
    if actor.removeprefix("users/") in hosts and actor.startswith("users/"):
        return live.HOST
    return hashlib.sha256(actor.encode()).hexdigest()[:10]


def heard(session: Session, room: str, what: str, actor: str, now: datetime) -> bool:
    """Takes in an event of Talk's; false for a room that is none of ours. The same event twice changes nothing."""
    row = session.execute(
        select(LiveCall, Host)
        .join(Booking, col(Booking.id) == col(LiveCall.booking_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .where(col(LiveCall.room) == room)
        .with_for_update(of=LiveCall)
    ).first()
    if row is None:
        return False
    call, host = row
    there = set(call.present)
    who = actor_of(actor, persons.users_of(session, host))
    match what:
        case "call_started" | "call_joined":
            there.add(who)
        case "call_left":
            there.discard(who)
        case "call_ended" | "call_ended_everyone" | "call_missed" | "call_tried":
            there.clear()
        case _:
            return True
    _is_there(call, there, now)
    return True


def seen(session: Session, booking_id: int, present: Iterable[str], now: datetime) -> None:
    """What a look at the room has shown; it counts more than what was heard."""
    _is_there(of_booking(session, booking_id), set(present), now)


def _is_there(call: LiveCall, there: set[str], now: datetime) -> None:
    call.present, call.seen_at = sorted(there), now
    together = live.HOST in there and len(there) > 1
    if together and call.up_at is None:
        call.up_at = now
    if there:
        call.left_at = None
    elif call.left_at is None:
        call.left_at = now


def rooms_to_check(session: Session, now: datetime) -> list[int]:
    """Bookings whose room should be looked at, because nothing was heard of it for a while; the longest unseen first,
    and few at once."""
    never = datetime(1970, 1, 2, tzinfo=ZoneInfo("UTC"))
    rows = session.execute(
        select(col(LiveCall.booking_id), col(LiveCall.seen_at))
        .join(Booking, col(Booking.id) == col(LiveCall.booking_id))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.state) == "active", col(Booking.place) == VIDEO, col(LiveCall.room) != "")
        .where(col(LiveCall.mark).not_in(("done", "no_show", "skipped")))
        .where(col(Slot.starts_at) <= now, col(Slot.ends_at) > now - live.PATIENCE)
        .where(col(LiveCall.seen_at).is_(None) | (col(LiveCall.seen_at) < now - CHECK_AFTER))
        # Past its end only what still seems to be under way is worth a look.
        .where((col(Slot.ends_at) > now) | col(LiveCall.left_at).is_(None))
    ).all()
    return [row[0] for row in sorted(rows, key=lambda row: row[1] or never)[:CHECKS_AT_ONCE]]


def agree(calls: Iterable[LiveCall], rooms: Mapping[str, int], now: datetime) -> None:
    """Takes calls for seen in whose room a media server counts as many as we know of: no need to ask Nextcloud."""
    for call in calls:
        if len(call.present) == rooms.get(call.room):
            call.seen_at = now
