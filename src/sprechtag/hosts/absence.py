# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host is ill: one step for all appointments, after a look at what becomes of them."""

from datetime import datetime

from fastapi import APIRouter, status
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from ..conference import absence, jobs
from ..conference.absence import Moved, Otherwise
from ..conference.errors import NotFound
from ..conference.tables import Booking, Slot
from .access import REFUSALS, User, organised, own_booking
from .at_once import job_answer
from .bookings import BookingAnswer, booking
from .fields import Day, Id, SchoolClass, UserId
from .needs import House
from .schemas import JobAnswer, Message, Saying, Strict


class AbsenceData(Strict):
    """Who does not come, on one day or at all, for all or for one class; who takes over (empty: nobody). Where the
    substitute has not the same time, an appointment goes to the `nearest` one, or `cancel`s. With `leaves` the host
    takes part in nothing more afterwards."""

    host: UserId
    day: Day | None = None
    school_class: SchoolClass = ""
    substitute: UserId = ""
    otherwise: Otherwise = "nearest"
    leaves: bool = False
    message: Message = ""

    def wanted(self) -> jobs.Absence:
        scope = jobs.Scope(self.day, self.host, school_class=self.school_class)
        return jobs.Absence(scope, self.substitute, self.otherwise, self.leaves)


class MovedAnswer(BaseModel):
    child: str
    starts_at: datetime
    new_start: datetime

    @classmethod
    def all(cls, moved: list[Moved]) -> "list[MovedAnswer]":
        return [cls(child=one.child, starts_at=one.starts_at, new_start=one.new_start) for one in moved]


class CancelledAnswer(BaseModel):
    child: str
    starts_at: datetime


class AbsencePreview(BaseModel):
    """`kept` appointments keep their time, `moved` get another one, both with the substitute; `cancelled` are left."""

    guests: int
    kept: int
    moved: list[MovedAnswer]
    cancelled: list[CancelledAnswer]


class HandOver(Saying):
    """To which time of which other host."""

    slot_id: Id


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.post("/conferences/{conference_id}/absence-preview")
def preview(house: House, conference_id: str, data: AbsenceData, user: User) -> AbsencePreview:
    """What would become of the appointments. Nothing is changed."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        plan = jobs.plan_absence(session, conference, data.wanted(), house.clock())
        left = [
            CancelledAnswer(child=one.child, starts_at=session.get_one(Slot, one.slot_id).starts_at)
            for one in plan.cancelled
        ]
        guests = {one.guest_id for one in [*plan.kept, *plan.moved]} | {one.guest_id for one in plan.cancelled}
    return AbsencePreview(guests=len(guests), kept=len(plan.kept), moved=MovedAnswer.all(plan.moved), cancelled=left)


@router.post("/conferences/{conference_id}/absence", status_code=status.HTTP_202_ACCEPTED)
def begin(house: House, conference_id: str, data: AbsenceData, user: User) -> JobAnswer:
    """Closes the host's free times and begins; what becomes of it is in `jobs`. Each family gets one mail."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        job = jobs.start_absence(session, conference, data.wanted(), data.message.strip(), house.clock())
        return job_answer(job)


@router.post("/bookings/{booking_id}/hand-over")
def hand_over(house: House, booking_id: str, data: HandOver, user: User) -> BookingAnswer:
    """Gives the family a free time of another host instead; it gets one mail. The answer is the new appointment."""
    with house.database.write() as session:
        view = own_booking(session, booking_id, user)
        slot = session.execute(select(Slot).where(col(Slot.public_id) == data.slot_id)).scalar_one_or_none()
        if slot is None:
            raise NotFound
        given = session.get_one(Booking, view.id)
        made = absence.give(session, given, slot, data.message, house.clock()).public_id
    return booking(house, made, user)
