# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may see and change what: a team its conference, each by their role, a host own bookings. For all others it does
not exist."""

from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import history, lookup, persons, team
from ..conference.errors import NotFound
from ..conference.tables import Booking, Conference, Host, Slot
from ..conference.views import BookingView, booking_view
from ..gate import Caller
from .schemas import Problem


async def caller(request: Request) -> Caller:
    """Who calls, as the gate has found out; what is done from here on is done in that name."""
    found: Caller = request.scope["caller"]
    history.acting.set(found.user_id)
    return found


User = Annotated[Caller, Depends(caller)]
TEAM: tuple[team.Role, ...] = ("owner", "organiser", "desk")
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    # By its name: FastAPI builds a validator for each model that a route names, and six of 120 routes take a third of a
    # second. One router names it (`NAMED`), so that it is in the schema.
    code: {"content": _PROBLEM}
    for code in (401, 403, 404, 409, 422, 503)
}
NAMED: dict[int | str, dict[str, Any]] = {**REFUSALS, 401: {"model": Problem}}


def find(session: Session, conference_id: str) -> Conference:
    conference: Conference | None = session.execute(
        select(Conference).where(col(Conference.public_id) == conference_id)
    ).scalar_one_or_none()
    if conference is None:
        raise NotFound
    return conference


def owned(session: Session, conference_id: str, user: Caller) -> Conference:
    """The conference, for its owner only."""
    return _for(session, conference_id, user, "owner")


def organised(session: Session, conference_id: str, user: Caller) -> Conference:
    """The conference, for whoever may change all of it: its owner and the organisers beside."""
    return _for(session, conference_id, user, "owner", "organiser")


def attended(session: Session, conference_id: str, user: Caller) -> Conference:
    """The conference, for its whole team: the front desk too, which looks, books, moves, cancels."""
    return _for(session, conference_id, user, *TEAM)


def _for(session: Session, conference_id: str, user: Caller, *roles: team.Role) -> Conference:
    conference = find(session, conference_id)
    if team.role_of(session, conference, user.user_id) not in roles:
        raise NotFound
    return conference


def visible(session: Session, conference_id: str, user: Caller) -> Conference:
    """The conference, for its team and its hosts."""
    conference = find(session, conference_id)
    if team.role_of(session, conference, user.user_id) is None:
        lookup.find_host(session, conference.id or 0, user.user_id)
    return conference


def visible_booking(session: Session, booking_id: str, user: Caller) -> tuple[BookingView, bool]:
    """The booking, for the conference's team (true) and for its host (false)."""
    booking = session.execute(select(col(Booking.id)).where(col(Booking.public_id) == booking_id)).scalar_one_or_none()
    if booking is None:
        raise NotFound
    view = booking_view(session, booking)
    if team.role_of(session, session.get_one(Conference, view.conference_id), user.user_id):
        return view, True
    if view.is_received_by(user.user_id):
        return view, False
    raise NotFound


def own_booking(session: Session, booking_id: str, user: Caller) -> BookingView:
    """The booking, for the conference's team only."""
    view, organises = visible_booking(session, booking_id, user)
    if not organises:
        raise NotFound
    return view


def visible_slot(session: Session, slot_id: str, user: Caller) -> tuple[Slot, str]:
    """The slot, and as what the caller may block it: `organiser` or `host`."""
    row = session.execute(
        select(Slot, Conference, Host)
        .join(Conference, col(Conference.id) == col(Slot.conference_id))
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(col(Slot.public_id) == slot_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    slot, conference, host = row
    if team.role_of(session, conference, user.user_id) in ("owner", "organiser"):
        return slot, "organiser"
    if persons.is_person(session, host, user.user_id):
        return slot, "host"
    raise NotFound
