# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has entered unusually much without proving anything, and taking a chosen part of it back."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from ..conference import jobs, visitors
from .access import REFUSALS, User, organised
from .at_once import job_answer
from .needs import House
from .schemas import JobAnswer, Strict

Kind = Literal["families", "times", "holds", "mailbox", "answers", "codes", "unproven"]


class HitAnswer(BaseModel):
    """A budget that was spent. `visitor` is a mark that means nothing elsewhere, empty where it was nobody in
    particular."""

    kind: Kind
    visitor: str
    count: int
    first_at: datetime
    last_at: datetime


class VisitorBooking(BaseModel):
    id: str
    starts_at: datetime
    host_name: str
    child: str
    guest_name: str
    guest_email: str
    created_at: datetime
    proven: bool


class VisitorAnswer(BaseModel):
    """What came from one address; `since` and `until` are the first and the last booking."""

    visitor: str
    since: datetime
    until: datetime
    families: int
    bookings: list[VisitorBooking]


class VisitorsAnswer(BaseModel):
    hits: list[HitAnswer]
    visitors: list[VisitorAnswer]


class UndoData(Strict):
    """Ids of bookings, as `visitors` lists them."""

    bookings: Annotated[list[Annotated[str, Field(max_length=32)]], Field(min_length=1, max_length=10_000)]


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/visitors", name="visitors")
def show_visitors(house: House, conference_id: str, user: User) -> VisitorsAnswer:
    """Budgets that were spent in the last week, and the visitors with the most bookings that nobody has proven."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        hits = visitors.hits(session, conference)
        found = visitors.busiest(session, conference)
    return VisitorsAnswer(
        hits=[HitAnswer.model_validate(hit, from_attributes=True) for hit in hits],
        visitors=[
            VisitorAnswer(
                visitor=one.visitor,
                since=one.since,
                until=one.until,
                families=one.families,
                bookings=[
                    VisitorBooking.model_validate(
                        {name: getattr(view, name) for name in VisitorBooking.model_fields if name != "id"}
                        | {"id": view.public_id}
                    )
                    for view in one.bookings
                ],
            )
            for one in found
        ],
    )


@router.post("/undo", status_code=status.HTTP_202_ACCEPTED)
def undo(house: House, conference_id: str, data: UndoData, user: User) -> JobAnswer:
    """Cancels these bookings in one go; addresses that nobody has proven are not written to."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        answer = job_answer(jobs.start_undoing(session, conference, data.bookings, house.clock()))
    return answer
