# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the school has done to an appointment or a family, and taking a cancellation back."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from ..conference import history
from ..conference.tables import Deed
from .access import REFUSALS, User, attended, own_booking
from .bookings import BookingAnswer, booking
from .families import family_of
from .needs import House


class DeedAnswer(BaseModel):
    """`what` is `booked`, `moved`, `place`, `length`, `cancelled`, `restored`, `name`, `email`, `phone`, `child` or
    `link`; `before` and `after` are moments (ISO 8601, UTC) of `booked`, `moved` and `length`, places of `place`."""

    at: datetime
    who: str
    what: str
    before: str
    after: str

    @classmethod
    def all(cls, deeds: list[Deed]) -> "list[DeedAnswer]":
        return [cls.model_validate(one, from_attributes=True) for one in deeds]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/bookings/{booking_id}/history")
def of_booking(house: House, booking_id: str, user: User) -> list[DeedAnswer]:
    """Newest first; for the conference's team."""
    with house.database.read() as session:
        return DeedAnswer.all(history.of_booking(session, own_booking(session, booking_id, user).id))


@router.get("/conferences/{conference_id}/families/{family_id}/history")
def of_family(house: House, conference_id: str, family_id: str, user: User) -> list[DeedAnswer]:
    """With that of its appointments, newest first."""
    with house.database.read() as session:
        guest = family_of(session, attended(session, conference_id, user), family_id)
        return DeedAnswer.all(history.of_family(session, guest.id or 0))


@router.post("/bookings/{booking_id}/restore")
def restore(house: House, booking_id: str, user: User) -> BookingAnswer:
    """Takes back that the school has cancelled it, for ten minutes and while the time is free. The family gets a
    mail."""
    with house.database.read() as session:
        view = own_booking(session, booking_id, user)
    house.desk.restore(view.id)
    return booking(house, booking_id, user)
