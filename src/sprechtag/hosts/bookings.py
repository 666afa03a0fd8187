# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One booking or slot, for the organiser and for the host; `booking_list` has all."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import col

from ..conference import longer, organise, windows
from ..conference.asked import Answers, Need, needs_of
from ..conference.booking import Pick
from ..conference.effects import Followed, followed
from ..conference.errors import HostElsewhere, NotFound, WrongState
from ..conference.person import Person
from ..conference.tables import Booking, Slot
from ..conference.views import BookingView, booking_view
from ..gate import Caller
from .access import REFUSALS, User, attended, own_booking, visible_booking, visible_slot
from .fields import Id, Line, SchoolClass, Spoken, Text
from .needs import House
from .schemas import PlaceName, Saying, Strict


class Moving(Saying):
    slot_id: Id


class PlaceChange(Saying):
    place: PlaceName


class Length(Saying):
    times: Annotated[int, Field(ge=1, le=longer.MOST)]


class NoteData(Strict):
    note: Annotated[Text, Field(max_length=4000)]


class Blocking(Strict):
    blocked: bool


class PhoneBooking(Strict):
    """`email` may be empty: then nobody is written to. `key` makes a repeated call book once."""

    slot_id: Id
    place: PlaceName
    child: Line
    school_class: SchoolClass = ""
    name: Line
    email: Line = ""
    phone: Line = ""
    language: Spoken = "de"
    interpreter: Annotated[Line, Field(max_length=60)] = ""
    key: Annotated[Line, Field(max_length=100)] = ""


class EffectAnswer(BaseModel):
    kind: str
    state: Literal["done", "waiting", "failing", "gave_up"]
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    """Why it does not go on; where it is done, what was not as usual (a mail whose answer got lost)."""


class BookingAnswer(BaseModel):
    id: str
    code: str
    state: Literal["active", "cancelled"]
    place: Literal["on_site", "video"]
    revision: int
    starts_at: datetime
    ends_at: datetime
    host_user_id: str
    host_name: str
    room: str
    child: str
    school_class: str
    guest_name: str
    guest_email: str | None = None
    """Only for the organiser, and for hosts where the conference says so."""
    note: str | None = None
    """The host's own; null for everybody else."""
    topic: str | None = None
    """What it is about, for its host; null for everybody else."""
    needs: list[Need]
    interpreter: str
    """The language that the family would like an interpreter for; empty for none."""
    people: list[str]
    """Names of those who come beside family and host, the interpreter too."""
    slot_id: str
    times: int
    """How many times in a row it is long."""
    unconfirmed: bool
    """Holds its slot until the family opens the link in its mail."""
    video_link: str
    effects: list[EffectAnswer]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/bookings/{booking_id}")
def booking(house: House, booking_id: str, user: User) -> BookingAnswer:
    """With how far Nextcloud has followed."""
    with house.database.read() as session:
        view, organises = visible_booking(session, booking_id, user)
        times = longer.times_of(session, session.get_one(Slot, session.get_one(Booking, view.id).slot_id))
        return _booking_answer(view, followed(session, view), organises, user, times)


@router.post("/conferences/{conference_id}/bookings")
def book(house: House, conference_id: str, data: PhoneBooking, user: User) -> BookingAnswer:
    """Books for a family on the phone; neither opening, lead time nor limits keep it out."""
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
    person = Person(data.name, data.email, data.language, data.phone)
    answers = Answers(interpreter=data.interpreter)
    pick = Pick(data.slot_id, data.place, data.child, data.school_class, data.key, answers)
    booked = house.desk.book(conference.id or 0, person, pick, by_guest=False)
    with house.database.read() as session:
        view = booking_view(session, booked.booking_id)
    return booking(house, view.public_id, user)


@router.post("/bookings/{booking_id}/cancel")
def cancel(house: House, booking_id: str, user: User, data: Saying | None = None) -> BookingAnswer:
    """Cancels for the family, who get a mail. For the organiser and the booking's host."""
    with house.database.read() as session:
        view, _ = visible_booking(session, booking_id, user)
    house.desk.cancel(view.id, by_guest=False, message=data.message if data else "")
    return booking(house, booking_id, user)


@router.post("/bookings/{booking_id}/move")
def move(house: House, booking_id: str, data: Moving, user: User) -> BookingAnswer:
    """Moves to another free slot of the same host; the family gets a mail."""
    with house.database.read() as session:
        view = own_booking(session, booking_id, user)
    house.desk.move(view.id, data.slot_id, by_guest=False, message=data.message)
    return booking(house, booking_id, user)


@router.post("/bookings/{booking_id}/place")
def change_place(house: House, booking_id: str, data: PlaceChange, user: User) -> BookingAnswer:
    with house.database.read() as session:
        view = own_booking(session, booking_id, user)
    house.desk.change_place(view.id, data.place, by_guest=False, message=data.message)
    return booking(house, booking_id, user)


@router.post("/bookings/{booking_id}/length")
def lengthen(house: House, booking_id: str, data: Length, user: User) -> BookingAnswer:
    """Gives the family two or three times in a row, or one again; it gets a mail. For the organiser and the host."""
    with house.database.read() as session:
        view, _ = visible_booking(session, booking_id, user)
    house.desk.lengthen(view.id, data.times, data.message)
    return booking(house, booking_id, user)


@router.put("/bookings/{booking_id}/note")
def set_note(house: House, booking_id: str, data: NoteData, user: User) -> NoteData:
    """A note of the host's own; nobody else sees it, the organiser neither."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        if not view.is_received_by(user.user_id):
            raise NotFound
        session.get_one(Booking, view.id).note = data.note
    return data


@router.put("/slots/{slot_id}")
def block(house: House, slot_id: str, data: Blocking, user: User) -> Blocking:
    """Closes or opens a slot. 409 for a booked one. A host cannot open what the organiser has closed."""
    with house.database.write() as session:
        slot, who = visible_slot(session, slot_id, user)
        if who == "host" and slot.blocked_by == "organiser":
            raise WrongState
        if data.blocked:
            windows.block(session, slot, who)
        else:
            windows.unblock(session, slot, keep_open=slot.blocked_by == "calendar")
            if slot.blocked:
                raise HostElsewhere
    return data


@router.post("/bookings/{booking_id}/retry")
def retry(house: House, booking_id: str, user: User) -> BookingAnswer:
    """Tries everything that failed or was given up once more, now."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        organise.try_again(session, col(Booking.id) == view.id, house.clock())
    return booking(house, booking_id, user)


def _booking_answer(
    view: BookingView, effects: list[Followed], organises: bool, user: Caller, times: int
) -> BookingAnswer:
    return BookingAnswer(
        id=view.public_id,
        code=view.code,
        state=view.state,  # type: ignore[arg-type]
        place=view.place,  # type: ignore[arg-type]
        revision=view.revision,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        host_user_id=view.host_user_id,
        host_name=view.host_name,
        room=view.host_room,
        child=view.child,
        school_class=view.school_class,
        guest_name=view.guest_name,
        guest_email=view.guest_email if organises or view.contact_for_hosts else None,
        note=view.note if view.is_received_by(user.user_id) else None,
        topic=view.topic if view.is_received_by(user.user_id) else None,
        needs=needs_of(view.needs),
        interpreter=view.interpreter,
        people=list(view.people),
        slot_id=view.slot_public_id,
        times=times,
        unconfirmed=view.confirm_by is not None,
        video_link=view.talk_link if view.place == "video" else "",
        effects=[_effect_answer(effect) for effect in effects],
    )


def _effect_answer(one: Followed) -> EffectAnswer:
    state, effect = one.step, one.effect
    return EffectAnswer(
        kind=effect.kind,
        state=state,  # type: ignore[arg-type]
        attempts=one.attempts,
        next_attempt_at=None if state in ("done", "gave_up") else one.next_try_at,
        last_error=effect.last_error,
    )
