# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who interprets at a conference, and the appointments that nobody interprets."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from ..conference import interpreting
from ..conference.spoken import language_of, languages_in
from ..conference.tables import Booking, Conference, Guest, Host, Interpreter, Slot
from ..conference.tokens import interpreter_path
from .access import REFUSALS, User, attended, organised, own_booking
from .fields import Id, Line, Spoken, UserId
from .needs import House
from .schemas import Strict, WindowAnswer, WindowData


class InterpreterData(Strict):
    """`languages` are comma-separated names or codes; without `windows` all of the conference. The link of the own
    page goes to `email`, also of a Nextcloud user."""

    name: Annotated[Line, Field(max_length=120)]
    email: Annotated[Line, Field(max_length=320)]
    languages: Annotated[Line, Field(max_length=300)]
    language: Spoken = "de"
    user_id: Annotated[str, Field(pattern="^$")] | Annotated[UserId, Field(max_length=64)] = ""
    windows: Annotated[list[WindowData], Field(max_length=50)] = Field(default_factory=list)

    def entry(self) -> interpreting.Entry:
        windows = tuple(one.window() for one in self.windows)
        return interpreting.Entry(self.name, self.email, self.languages, self.language, self.user_id, windows)


class AssignData(Strict):
    """Null for nobody."""

    interpreter_id: Id | None


class InterpreterAnswer(BaseModel):
    """`appointments` to come; `link` is the own page's, empty while the app's address is not known; `trouble` says why
    no mail could go out."""

    id: str
    name: str
    email: str
    user_id: str
    language: str
    languages: str
    windows: list[WindowAnswer]
    appointments: int
    link: str
    trouble: str


class CouldAnswer(BaseModel):
    """An interpreter who is free then; `speaks` the language."""

    id: str
    name: str
    speaks: bool


class UncoveredAnswer(BaseModel):
    """An appointment that asks for a `language` and has nobody who interprets."""

    booking_id: str
    starts_at: datetime
    ends_at: datetime
    host_name: str
    guest_name: str
    child: str
    language: str
    could: list[CouldAnswer]


class InterpretersAnswer(BaseModel):
    interpreters: list[InterpreterAnswer]
    uncovered: list[UncoveredAnswer]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/interpreters", name="interpreters")
def show(house: House, conference_id: str, user: User) -> InterpretersAnswer:
    """All who interpret, and what is not covered, each with who could."""
    with house.database.read() as session:
        return _answer(session, house, attended(session, conference_id, user))


@router.post("/conferences/{conference_id}/interpreters", status_code=status.HTTP_201_CREATED, name="enter_interpreter")
def enter(house: House, conference_id: str, data: InterpreterData, user: User) -> InterpretersAnswer:
    """Enters somebody, who gets a mail with the link of the own page and what is not covered so far."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        interpreting.enter(session, conference, data.entry(), house.clock())
    return show(house, conference_id, user)


@router.put("/conferences/{conference_id}/interpreters/{interpreter_id}", name="change_interpreter")
def change(
    house: House, conference_id: str, interpreter_id: str, data: InterpreterData, user: User
) -> InterpretersAnswer:
    """What fits no more goes to somebody else, or is not covered. A new address gets a new link."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        found = interpreting.find(session, conference.id or 0, interpreter_id)
        interpreting.change(session, conference, found, data.entry(), house.clock())
    return show(house, conference_id, user)


@router.delete("/conferences/{conference_id}/interpreters/{interpreter_id}", name="take_out_interpreter")
def take_out(house: House, conference_id: str, interpreter_id: str, user: User) -> InterpretersAnswer:
    """The appointments go to others who are free, else they are not covered; the interpreter is told."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        interpreting.take_out(session, interpreting.find(session, conference.id or 0, interpreter_id), house.clock())
    return show(house, conference_id, user)


@router.put("/bookings/{booking_id}/interpreter", status_code=status.HTTP_204_NO_CONTENT, name="assign_interpreter")
def assign(house: House, booking_id: str, data: AssignData, user: User) -> None:
    """Gives an appointment an interpreter by hand, whatever languages and times the list says. 409 for one who is
    somewhere else then."""
    with house.database.write() as session:
        view = own_booking(session, booking_id, user)
        wanted = data.interpreter_id
        found = interpreting.find(session, view.conference_id, wanted) if wanted else None
        booking = session.get_one(Booking, view.id, with_for_update=True)
        interpreting.assign(session, booking, found, house.clock())


def _answer(session: Session, house: House, conference: Conference) -> InterpretersAnswer:
    now = house.clock()
    return InterpretersAnswer(
        interpreters=[
            _interpreter(session, house, one, now) for one in interpreting.of_conference(session, conference.id or 0)
        ],
        uncovered=[
            _uncovered(session, conference, booking, slot)
            for booking, slot in interpreting.uncovered(session, conference.id or 0, now)
        ],
    )


def _interpreter(session: Session, house: House, one: Interpreter, now: datetime) -> InterpreterAnswer:
    base = house.public_base()
    coming = [view for view, _ in interpreting.appointments(session, one) if view.active and view.ends_at > now]
    return InterpreterAnswer(
        id=one.public_id,
        name=one.name,
        email=one.email,
        user_id=one.user_id,
        language=one.language,
        languages=one.languages,
        windows=WindowAnswer.all(interpreting.windows_of(one)),
        appointments=len(coming),
        link=f"{base}/{interpreter_path(house.links, one.public_id, one.generation)}" if base else "",
        trouble=one.last_error,
    )


def _uncovered(session: Session, conference: Conference, booking: Booking, slot: Slot) -> UncoveredAnswer:
    wanted = language_of(booking.interpreter)
    return UncoveredAnswer(
        booking_id=booking.public_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        host_name=session.get_one(Host, booking.host_id).display_name,
        guest_name=session.get_one(Guest, booking.guest_id).name,
        child=booking.child,
        language=booking.interpreter,
        could=[
            CouldAnswer(id=one.public_id, name=one.name, speaks=wanted in languages_in(one.languages))
            for one in interpreting.who_could(session, conference, booking, slot)
        ],
    )
