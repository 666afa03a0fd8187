# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Long work for many families at once: switching, cancelling, writing to them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import jobs
from ..conference.tables import Conference, Job
from .access import REFUSALS, User, organised
from .fields import Day, Line, SchoolClass, UserId
from .needs import House
from .schemas import JobAnswer, Message, MessagePreview, PlaceName, Saying, Strict


class SwitchData(Strict):
    """Which bookings to switch: all, those of one day, of one host, of one class, or of all of these. With `offer`
    families can book only this place from now on (not for a single day or class)."""

    place: PlaceName
    day: Day | None = None
    host: UserId = ""
    school_class: SchoolClass = ""
    message: Message = ""
    offer: bool = True


class MessageData(Strict):
    """To all families with appointments still to come, or to those of one host, one day or one class, or (`unbooked`)
    to those that were entered and have none."""

    subject: Annotated[Line, Field(max_length=200)]
    text: Message
    day: Day | None = None
    host: UserId = ""
    school_class: SchoolClass = ""
    unbooked: bool = False


class UnableAnswer(BaseModel):
    host_user_id: str
    host_name: str
    bookings: int
    reason: str


class SwitchPreviewAnswer(BaseModel):
    bookings: int
    guests: int
    already: int
    unable: list[UnableAnswer]


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.post("/switch-preview")
def preview_switch(house: House, conference_id: str, data: SwitchData, user: User) -> SwitchPreviewAnswer:
    """Counts whom a switch would concern. Nothing is changed."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        scope = jobs.Scope(data.day, data.host, school_class=data.school_class)
        found = jobs.preview_switch(session, conference, data.place, scope, house.clock())
    return SwitchPreviewAnswer.model_validate(asdict(found))


@router.post("/switch", status_code=status.HTTP_202_ACCEPTED)
def switch(house: House, conference_id: str, data: SwitchData, user: User) -> JobAnswer:
    """Begins to switch; what becomes of it is in `jobs`. Calendars, Talk and mails follow by themselves."""

    def begin(session: Session, conference: Conference) -> Job:
        scope = jobs.Scope(data.day, data.host, school_class=data.school_class)
        message = data.message.strip()
        return jobs.start_switch(session, conference, data.place, scope, message, data.offer, house.clock())

    return _begin(house, conference_id, user, begin)


@router.post("/cancel-all", status_code=status.HTTP_202_ACCEPTED)
def cancel_all(house: House, conference_id: str, data: Saying, user: User) -> JobAnswer:
    """Begins to cancel all appointments that are still to come; every family gets one mail."""

    def begin(session: Session, conference: Conference) -> Job:
        return jobs.start_cancelling(session, conference, data.message.strip(), house.clock())

    return _begin(house, conference_id, user, begin)


@router.post("/message-preview")
def preview_message(house: House, conference_id: str, data: MessageData, user: User) -> MessagePreview:
    """Counts whom a message would reach. Nothing is sent."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        guests = len(
            jobs.message_guests(
                session, conference, jobs.Scope(data.day, data.host, data.unbooked, data.school_class), house.clock()
            )
        )
    name, per_hour = house.mail_channel(conference.organiser_id)
    return MessagePreview(guests=guests, hours=round(guests / per_hour, 1) if per_hour else 0.0, channel=name)


@router.post("/messages", status_code=status.HTTP_202_ACCEPTED)
def message(house: House, conference_id: str, data: MessageData, user: User) -> JobAnswer:
    """Begins to write to the families, each one mail with its own appointments and manage link.

    409 where only the calendars' invitations are there to send with: they carry no message of their own."""

    def begin(session: Session, conference: Conference) -> Job:
        if house.mail_channel(conference.organiser_id)[0] == "calendar":
            raise jobs.NoChannel
        scope = jobs.Scope(data.day, data.host, data.unbooked, data.school_class)
        return jobs.start_message(session, conference, scope, data.subject, data.text, house.clock())

    return _begin(house, conference_id, user, begin)


def _begin(house: House, conference_id: str, user: User, begin: Callable[[Session, Conference], Job]) -> JobAnswer:
    with house.database.write() as session:
        job = begin(session, organised(session, conference_id, user))
        answer = job_answer(job)
    return answer


@router.get("/jobs", name="jobs")
def list_jobs(house: House, conference_id: str, user: User) -> list[JobAnswer]:
    """Long work, newest first."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        rows = session.execute(
            select(Job).where(col(Job.conference_id) == conference.id).order_by(col(Job.id).desc()).limit(20)
        ).scalars()
        return [job_answer(job) for job in rows]


def job_answer(job: Job) -> JobAnswer:
    fields = {name: getattr(job, name) for name in JobAnswer.model_fields}
    return JobAnswer.model_validate(fields | {"id": job.public_id})
