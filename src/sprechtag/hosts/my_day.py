# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a host sets and answers: own times, limits and calendar, slots held for a family, events it has moved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import busy, families, follow, holding, hosts, jobs, lookup, persons, windows
from ..conference.errors import NotFound, Refused
from ..conference.hosts import HostChoices
from ..conference.instance import fact
from ..conference.progress import grid_slots
from ..conference.slots import TimeWindow
from ..conference.tables import Booking, CalendarQuestion, Conference, Guest, Host, Slot
from ..phrases import Speaker
from .access import REFUSALS, User, visible, visible_booking, visible_slot
from .fields import Line
from .needs import House
from .schemas import FamilyData, Message, Saying, Strict, WindowAnswer, WindowData


class OwnEntry(Strict):
    room: Annotated[Line, Field(max_length=100)] = ""
    offers_on_site: bool = True
    offers_video: bool = True
    calendar: Annotated[Line, Field(max_length=200)] = ""
    min_pause_minutes: Annotated[int, Field(ge=0, le=240)] = 0
    max_in_a_row: Annotated[int, Field(ge=0, le=100)] = 0
    windows: Annotated[list[WindowData], Field(max_length=60)] = Field(default=[])

    def choices(self) -> HostChoices:
        return HostChoices(**{name: getattr(self, name) for name in HostChoices.__dataclass_fields__})


class OwnAnswer(BaseModel):
    room: str
    offers_on_site: bool
    offers_video: bool
    calendar: str
    min_pause_minutes: int
    max_in_a_row: int
    windows: list[WindowAnswer]

    @classmethod
    def of(cls, host: Host, windows: Sequence[TimeWindow]) -> "OwnAnswer":
        own = {name: getattr(host, name) for name in HostChoices.__dataclass_fields__}
        return cls(windows=WindowAnswer.all(windows), **own)


class OwnSlot(BaseModel):
    """`closed_by` is empty for a time that can be booked, else `booked`, `host`, `organiser`, `calendar` or `held`."""

    id: str
    starts_at: datetime
    ends_at: datetime
    closed_by: str
    held_for: str


class CalendarName(BaseModel):
    name: str
    title: str


class QuestionAnswer(BaseModel):
    """I have moved our event in my calendar to `moved_to`, or deleted it (null)."""

    booking_id: str
    child: str
    starts_at: datetime
    moved_to: datetime | None


class OwnDay(BaseModel):
    slots: list[OwnSlot]
    calendars: list[CalendarName]
    questions: list[QuestionAnswer]
    calendar_read_at: datetime | None


class CalendarAnswer(Saying):
    tell: bool


class HoldData(FamilyData):
    message: Message = ""


class HeldAnswer(BaseModel):
    """`link` is the family's own page, to pass on by hand; `mailed` says whether it is written to."""

    link: str
    mailed: bool


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/me")
def own_entry(house: House, conference_id: str, user: User) -> OwnAnswer:
    """My own settings in this conference; empty windows are the conference's."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        return OwnAnswer.of(host, windows.windows_of(session, conference, host))


@router.put("/conferences/{conference_id}/me")
def set_own_entry(house: House, conference_id: str, data: OwnEntry, user: User) -> OwnAnswer:
    """Sets my room, places, times, calendar and limits. 409 when a booked slot would have to go; nothing is changed
    then."""
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        windows = [window.window() for window in data.windows]
        hosts.set_own_entry(session, conference, host, data.choices(), windows)
        follow.calendar(session, host, house.clock())
        answer = OwnAnswer.of(host, windows)
    return answer


@router.get("/conferences/{conference_id}/my-day")
def own_day(house: House, conference_id: str, user: User) -> OwnDay:
    """My slots with why each is closed, my calendars, and what I am asked about my calendar."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        booked = select(col(Booking.slot_id)).where(col(Booking.host_id) == host.id, col(Booking.state) == "active")
        taken = select(col(Slot.public_id)).where(col(Slot.id).in_(booked))
        busy_slots = set(session.execute(taken).scalars())
        held = dict(
            session.execute(
                select(col(Slot.public_id), col(Guest.name))
                .join(Guest, col(Guest.id) == col(Slot.held_for))
                .where(col(Slot.host_id) == host.id)
            ).all()
        )
        slots = [
            OwnSlot(
                id=slot.public_id,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                closed_by="booked" if slot.public_id in busy_slots else slot.blocked_by,
                held_for=held.get(slot.public_id, "") if slot.blocked_by == "held" else "",
            )
            for slot in grid_slots(session, conference.id or 0, host.id)
        ]
        known = fact(session, f"calendars:{user.user_id}").get("calendars", [])
        return OwnDay(
            slots=slots,
            calendars=[CalendarName.model_validate(one) for one in known],
            questions=_questions(session, host),
            calendar_read_at=host.calendar_read_at,
        )


@router.post("/slots/{slot_id}/hold")
def hold(house: House, slot_id: str, data: HoldData, user: User) -> HeldAnswer:
    """Holds a free slot for a family and writes to it where mails can be sent. `link` is its own page, given out
    only for a family that was not there before: another one's page shows its other appointments."""
    with house.database.write() as session:
        slot, _ = visible_slot(session, slot_id, user)
        conference = session.get_one(Conference, slot.conference_id)
        host = session.get_one(Host, slot.host_id)
        family = families.Family(data.name, data.email, data.child, data.school_class, data.language)
        guest, new = families.invite(session, conference, family, house.links, adds=False)
        holding.hold(session, slot, guest)
        mailed = bool(guest.email) and house.mail_channel(conference.organiser_id)[0] != "calendar"
        if mailed:
            say = Speaker(guest.language, conference.time_zone)
            subject = say("%(host)s invites you", host=host.display_name)
            held = say("This time is held for you: %(when)s.", when=say.when(slot.starts_at))
            text = f"{say('Somebody would like to talk to you.')} {held} {say('Open the link below to take it.')}"
            text = f"{text}\n\n{data.message.strip()}" if data.message.strip() else text
            jobs.write_to(session, guest, subject, text, house.clock())
        token = families.manage_token(guest, house.links)
    base = house.public_base()
    return HeldAnswer(link=f"{base}/m/{token}" if new and base else "", mailed=mailed)


@router.post("/bookings/{booking_id}/calendar-answer", status_code=status.HTTP_204_NO_CONTENT)
def answer_calendar(house: House, booking_id: str, data: CalendarAnswer, user: User) -> None:
    """My answer when I have moved or deleted an appointment in my calendar: `tell` moves or cancels it for the
    family too, else the event goes back to where it was."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        if not view.is_received_by(user.user_id):
            raise NotFound
        question = busy.question_of(session, view.id)
        moved_to = None
        if not data.tell:
            busy.put_back(session, view.id, house.clock())
        elif question.starts_at is not None:
            moved_to = busy.slot_for_event(session, question, session.get_one(Booking, view.id))
    if not data.tell:
        return
    if moved_to:
        slot, made = moved_to
        _move(house, view.id, slot.public_id, made, data.message)
    else:
        house.desk.cancel(view.id, by_guest=False, message=data.message)


def _move(house: House, booking_id: int, slot_id: str, made: bool, message: str) -> None:
    try:
        house.desk.move(booking_id, slot_id, by_guest=False, message=message)
    except Refused:
        if made:
            with house.database.write() as session:
                for slot in session.execute(select(Slot).where(col(Slot.public_id) == slot_id)).scalars():
                    session.delete(slot)
        raise


def _questions(session: Session, host: Host) -> list[QuestionAnswer]:
    mine = [one.id for one in persons.hosts_of_user(session, host.conference_id, host.user_id)]
    rows = session.execute(
        select(CalendarQuestion, col(Booking.public_id), col(Booking.child), col(Slot.starts_at))
        .join(Booking, col(Booking.id) == col(CalendarQuestion.booking_id))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.host_id).in_(mine), col(Booking.state) == "active")
        .order_by(col(Slot.starts_at))
    )
    return [
        QuestionAnswer(booking_id=public_id, child=child, starts_at=starts_at, moved_to=question.starts_at)
        for question, public_id, child, starts_at in rows
    ]
