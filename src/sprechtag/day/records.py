# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is noted of the day: arrivals, turns, who is in which call, what somebody said of an appointment."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..conference.person import tidy
from ..conference.slots import day_span
from ..conference.tables import VIDEO, Booking, Conference, Host, JoinGate, LiveCall, MediaSample, Slot
from ..conference.views import BookingView
from ..moments import local, shifted
from ..planning.capacity import Setup
from . import live, pace

EARLIEST = timedelta(minutes=15)
"""So long before the start an arrival counts: who tries the link in the morning does not wait for the afternoon."""
CHECK_AFTER = timedelta(seconds=40)
CHECKS_AT_ONCE = 8
"""Rooms that may be asked for in one look, every few seconds: about two calls a second at most."""
KEPT = timedelta(minutes=75)
LONGEST_SAYING = 300


def of_booking(session: Session, booking_id: int) -> LiveCall:
    """The booking's row, made where there is none yet."""
    found = session.get(LiveCall, booking_id)
    if found:
        return found
    try:
        with session.begin_nested():
            made = LiveCall(booking_id=booking_id)
            session.add(made)
        return made
    except IntegrityError:
        return session.get_one(LiveCall, booking_id)


def peek(session: Session, booking_id: int) -> LiveCall | None:
    """The booking's row, if there is one."""
    return session.get(LiveCall, booking_id)


def families_there(session: Session, now: datetime) -> int:
    """How many families are at their join page now, about: who came within the last hour and is in no call yet."""
    count: int = session.execute(
        select(func.count())
        .select_from(LiveCall)
        .where(col(LiveCall.arrived_at) > now - timedelta(hours=1), col(LiveCall.up_at).is_(None))
    ).scalar_one()
    return count


# -- the appointments of a day --------------------------------------------------------------------------------------


def today_of(conference: Conference, now: datetime) -> date:
    return local(now, ZoneInfo(conference.time_zone)).date()


def appointments(
    session: Session, conference: Conference, day: date, host_id: int | None = None
) -> list[live.Appointment]:
    """The active bookings of a day (in the conference's zone) with what is known of them, by start."""
    first, last = day_span(day, ZoneInfo(conference.time_zone))
    query = (
        # Columns, not rows of objects: the board and the observer ask for hundreds every few seconds.
        select(
            col(Booking.id),
            col(Booking.public_id),
            col(Booking.host_id),
            col(Slot.starts_at),
            col(Slot.ends_at),
            col(Booking.place),
            col(Host.delay_minutes),
            col(Host.delayed_on),
            col(LiveCall.arrived_at),
            col(LiveCall.present),
            col(LiveCall.up_at),
            col(LiveCall.left_at),
            col(LiveCall.mark),
            col(LiveCall.extra_minutes),
        )
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .outerjoin(LiveCall, col(LiveCall.booking_id) == col(Booking.id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Slot.starts_at) >= first, col(Slot.starts_at) < last)
        .order_by(col(Slot.starts_at), col(Booking.id))
    )
    if host_id is not None:
        query = query.where(col(Booking.host_id) == host_id)
    return [_appointment(tuple(row), day) for row in session.execute(query)]


def _appointment(row: tuple[Any, ...], day: date) -> live.Appointment:
    booking_id, public_id, host_id, starts_at, ends_at, place, delay_minutes, delayed_on = row[:8]
    arrived_at, present, up_at, left_at, mark_, extra_minutes = row[8:]
    delay = timedelta(minutes=delay_minutes if delayed_on == day else 0)
    if up_at and up_at < shifted(starts_at, delay):
        delay = timedelta(0)  # what began before the delay was announced began when it did
    return live.Appointment(
        booking_id,
        public_id,
        host_id,
        starts_at,
        ends_at,
        place,
        delay=delay,
        arrived_at=arrived_at,
        present=tuple(present or ()),
        up_at=up_at,
        left_at=left_at,
        mark=mark_ or "",
        extra=timedelta(minutes=extra_minutes or 0),
    )


# -- the join page --------------------------------------------------------------------------------------------------


def arrive(session: Session, view: BookingView, begins: datetime, now: datetime, setup: Setup) -> datetime:
    """Notes that the family is there and gives it its turn; returns when it is let in. The same family again, on
    another device or after a break, has the turn it had."""
    known = of_booking(session, view.id)
    if known.let_in_at and known.let_in_at + timedelta(seconds=1) >= begins:
        return known.let_in_at
    names = [one.name for one in setup.servers]
    server = known.server if known.server in names else pace.server_for(known.room, names)
    known.arrived_at = known.arrived_at or now
    known.let_in_by = max(now, begins) + pace.LONGEST
    return _give_turn(session, known, server, begins, now, setup)


def _give_turn(
    session: Session, call: LiveCall, server: str, not_before: datetime, now: datetime, setup: Setup
) -> datetime:
    """The first free place in the server's row, and never later than `let_in_by`."""
    rate = pace.rate_of(setup, server, share_of(_gate(session, server), now))
    turn = pace.turn(_taken(session, server, max(now, not_before)), now, not_before, rate)
    assert call.let_in_by is not None
    call.server, call.let_in_at = server, min(turn, call.let_in_by)
    return call.let_in_at


def calls_in(session: Session, rooms: Iterable[str]) -> list[LiveCall]:
    """The calls of these rooms, those first whose turn is first."""
    found: Any = session.execute(
        select(LiveCall)
        .where(col(LiveCall.room).in_(list(rooms)))
        .order_by(col(LiveCall.let_in_at), col(LiveCall.booking_id))
    ).scalars()
    return list(found)


def note_servers(
    session: Session, calls: Iterable[LiveCall], rooms: Mapping[str, str], now: datetime, setup: Setup
) -> None:
    """Media servers have said which rooms they have. Who waits at another one, because that was not known, gets a turn
    at the right one; who comes later waits there from the beginning."""
    for call in calls:
        server = rooms[call.room]
        if call.server == server:
            continue
        if call.let_in_at and call.let_in_by and call.let_in_at > now:
            _give_turn(session, call, server, call.let_in_by - pace.LONGEST, now, setup)
        call.server = server
        session.flush()


def _taken(session: Session, server: str, ready: datetime) -> list[datetime]:
    """The turns given out at this server about a moment."""
    rows: Any = session.execute(
        select(col(LiveCall.let_in_at)).where(
            col(LiveCall.server) == server,
            col(LiveCall.let_in_at) > ready - pace.LONGEST,
            col(LiveCall.let_in_at) < ready + 2 * pace.LONGEST,
        )
    ).scalars()
    return list(rows)


def _gate(session: Session, server: str) -> JoinGate:
    found = session.get(JoinGate, server, with_for_update=True)
    if found:
        return found
    try:
        with session.begin_nested():
            made = JoinGate(server=server)
            session.add(made)
        return made
    except IntegrityError:
        return session.get_one(JoinGate, server, with_for_update=True)


def asked_share(gate: JoinGate, now: datetime) -> float:
    return gate.asked_share if gate.asked_until and gate.asked_until > now else 1.0


def share_of(gate: JoinGate, now: datetime) -> float:
    slowed = gate.share if gate.slowed_until and gate.slowed_until > now else 1.0
    return min(slowed, asked_share(gate, now))


def share_at(session: Session, server: str, now: datetime) -> float:
    """The share of the planned rate that this server's bucket lets through."""
    gate = session.get(JoinGate, server)
    return share_of(gate, now) if gate else 1.0


def asked_at(session: Session, server: str, now: datetime) -> float:
    """The share that somebody asked for; 1 where nobody did."""
    gate = session.get(JoinGate, server)
    return asked_share(gate, now) if gate else 1.0


def slow_down(session: Session, server: str, share: float, now: datetime, setup: Setup) -> None:
    """Lets fewer through at a server in trouble, until it has had none for a while."""
    gate = _gate(session, server)
    gate.share, gate.slowed_until = share, now + pace.RECOVERS
    _spread(session, gate, now, setup)


def ask_pace(session: Session, server: str, share: float, now: datetime, until: datetime, setup: Setup) -> None:
    """Somebody wants fewer to be let through, until then; 1 takes it back."""
    gate = _gate(session, server)
    gate.asked_share, gate.asked_until = share, until
    _spread(session, gate, now, setup)


def _spread(session: Session, gate: JoinGate, now: datetime, setup: Setup) -> None:
    """Those who have a turn already are spread out anew; nobody beyond what was promised."""
    rate = pace.rate_of(setup, gate.server, share_of(gate, now))
    waiting = session.execute(
        select(LiveCall)
        .where(col(LiveCall.server) == gate.server, col(LiveCall.let_in_at) > now)
        .order_by(col(LiveCall.let_in_at), col(LiveCall.booking_id))
    ).scalars()
    taken: list[datetime] = []
    for one in list(waiting):
        assert one.let_in_at is not None
        turn = pace.turn(taken, now, one.let_in_at, rate)
        one.let_in_at = min(turn, one.let_in_by or one.let_in_at)
        taken.append(one.let_in_at)


def say(session: Session, booking_id: int, text: str) -> None:
    """What the family writes to its host, instead of coming. Raises `Invalid` for nothing and for too much."""
    of_booking(session, booking_id).family_says = tidy("message", text, LONGEST_SAYING, required=True)


# -- what Talk tells -------------------------------------------------------------------------------------------------


def remember_room(session: Session, booking_id: int, token: str) -> None:
    of_booking(session, booking_id).room = token


def actor_of(actor: str, host_user_id: str) -> str:
    """Who is in a call, without saying who: Talk's `users/t01` or `guests/…` as `host` or a short hash."""
    if actor == f"users/{host_user_id}":
        return live.HOST
    return hashlib.sha256(actor.encode()).hexdigest()[:10]


def heard(session: Session, room: str, what: str, actor: str, now: datetime) -> bool:
    """Takes in an event of Talk's; false for a room that is none of ours. The same event twice changes nothing."""
    row = session.execute(
        select(LiveCall, col(Host.user_id))
        .join(Booking, col(Booking.id) == col(LiveCall.booking_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .where(col(LiveCall.room) == room)
        .with_for_update(of=LiveCall)
    ).first()
    if row is None:
        return False
    call, host_user_id = row
    there = set(call.present)
    who = actor_of(actor, host_user_id)
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


# -- what somebody says of an appointment ---------------------------------------------------------------------------


def mark(session: Session, booking_id: int, said: live.Mark, now: datetime) -> None:
    call = of_booking(session, booking_id)
    call.mark, call.marked_at = said, now


def add_minutes(session: Session, booking_id: int, minutes: int) -> int:
    """More time for this one; returns how much it has now, at most an hour."""
    call = of_booking(session, booking_id)
    call.extra_minutes = max(0, min(60, call.extra_minutes + minutes))
    return call.extra_minutes


def delay(session: Session, host: Host, day: date, minutes: int) -> None:
    """Announces how much later than agreed all that is left of this host's day begins; 0 takes it back."""
    host.delay_minutes, host.delayed_on = minutes, day if minutes else None
    session.add(host)


# -- readings --------------------------------------------------------------------------------------------


def keep_reading(session: Session, server: str, at: datetime, reading: dict[str, float]) -> None:
    session.add(MediaSample(server=server, at=at, reading=reading))


def readings(session: Session, since: datetime) -> dict[str, list[MediaSample]]:
    """By server, the oldest first."""
    found: dict[str, list[MediaSample]] = {}
    rows = session.execute(select(MediaSample).where(col(MediaSample.at) >= since).order_by(col(MediaSample.at)))
    for sample in rows.scalars():
        found.setdefault(sample.server, []).append(sample)
    return found


def forget_readings(session: Session, now: datetime) -> None:
    session.execute(delete(MediaSample).where(col(MediaSample.at) < now - KEPT))
