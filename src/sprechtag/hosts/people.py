# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes to an appointment beside its family and its host."""

from typing import Annotated, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from ..conference import companions
from ..conference.person import Person
from ..conference.tables import Booking, CompanionKind
from ..conference.tokens import person_path
from .access import REFUSALS, User, own_booking, visible_booking
from .fields import Line, Spoken
from .needs import House
from .schemas import Strict


class PersonData(Strict):
    kind: CompanionKind
    name: Annotated[Line, Field(max_length=120)]
    email: Annotated[Line, Field(max_length=320)]
    language: Spoken = "de"


class PersonAnswer(BaseModel):
    """`listed`: an interpreter whom the list has given it. Address, link and why no mail could go out are for the
    conference's team only."""

    id: str
    kind: Literal["parent", "relative", "interpreter", "other"]
    name: str
    listed: bool
    email: str | None = None
    link: str = ""
    trouble: str = ""


router = APIRouter(prefix="/api/v1/bookings/{booking_id}/people", responses=REFUSALS)


@router.get("", name="people")
def show(house: House, booking_id: str, user: User) -> list[PersonAnswer]:
    """For the conference's team and the appointment's host."""
    base = house.public_base()
    with house.database.read() as session:
        view, organises = visible_booking(session, booking_id, user)
        return [
            PersonAnswer(
                id=one.public_id,
                kind=one.kind,  # type: ignore[arg-type]
                name=one.name,
                listed=one.seat == companions.LISTED,
                email=one.email if organises else None,
                link=f"{base}/{person_path(house.links, one.public_id, one.generation)}" if organises and base else "",
                trouble=one.last_error if organises else "",
            )
            for one in companions.of_booking(session, view.id)
        ]


@router.post("", status_code=status.HTTP_201_CREATED, name="name_person")
def name(house: House, booking_id: str, data: PersonData, user: User) -> list[PersonAnswer]:
    """Names somebody, who gets a mail with the appointment and a link to it. 409 where three are named already."""
    with house.database.write() as session:
        view = own_booking(session, booking_id, user)
        booking = session.get_one(Booking, view.id, with_for_update=True)
        person = Person(data.name, data.email, data.language)
        companions.name(session, booking, person, data.kind, house.clock())
    return show(house, booking_id, user)


@router.delete("/{person_id}", name="take_person_back")
def remove(house: House, booking_id: str, person_id: str, user: User) -> list[PersonAnswer]:
    """Takes somebody back who was named, and tells them."""
    with house.database.write() as session:
        view = own_booking(session, booking_id, user)
        booking = session.get_one(Booking, view.id, with_for_update=True)
        companions.remove(session, booking, person_id, house.clock())
    return show(house, booking_id, user)
