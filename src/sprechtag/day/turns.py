# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Turns: each media server lets so many families in a second, and fewer while it is in trouble."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..conference.tables import JoinGate, LiveCall
from ..conference.views import BookingView
from ..planning.capacity import Setup
from . import pace
from .noted import of_booking

EARLIEST = timedelta(minutes=15)
"""So long before the start an arrival counts: who tries the link in the morning does not wait for the afternoon."""


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
    return _give_turn(session, known, server, begins, known.let_in_by, now, setup)


def _give_turn(
    session: Session,
    call: LiveCall,
    server: str,
    not_before: datetime,
    not_after: datetime,
    now: datetime,
    setup: Setup,
) -> datetime:
    """The first free place in the server's row, and never after what was promised."""
    rate = pace.rate_of(setup, server, share_of(_gate(session, server), now))
    turn = pace.turn(_taken(session, server, max(now, not_before)), now, not_before, rate)
    call.server, call.let_in_at = server, min(turn, not_after)
    return call.let_in_at


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
            _give_turn(session, call, server, call.let_in_by - pace.LONGEST, call.let_in_by, now, setup)
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
        until_now = one.let_in_at or now
        turn = pace.turn(taken, now, until_now, rate)
        one.let_in_at = min(turn, one.let_in_by or until_now)
        taken.append(one.let_in_at)
