# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of one family: to read, to take along, to correct, to erase."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from ..conference import taken
from ..conference.tables import Guest
from ..paper.pdf import pdf_soon
from ..phrases import Speaker
from ..privacy import my_data
from ..privacy.family import ChildCorrection, Correction, children_named, correct, erase, export, parts
from .access import REFUSALS, User, organised
from .families import family_of
from .fields import Line, Spoken
from .needs import House
from .schemas import Strict


class ChildData(Strict):
    """`was` is the name as it stands, empty for a new child; `child` as it shall be. One without appointments that is
    `gone` is taken out."""

    was: Annotated[Line, Field(max_length=300)] = ""
    child: Annotated[Line, Field(max_length=300)]
    school_class: Annotated[Line, Field(max_length=300)] = ""
    gone: bool = False


class CorrectionData(Strict):
    """A family as it shall be; children that are not named stay as they are, and an empty language."""

    name: Annotated[Line, Field(max_length=300)]
    email: Annotated[Line, Field(max_length=300)] = ""
    phone: Annotated[Line, Field(max_length=300)] = ""
    language: Spoken | Literal[""] = ""
    children: Annotated[list[ChildData], Field(max_length=20, default_factory=list)]

    def correction(self) -> Correction:
        children = tuple(ChildCorrection(**one.model_dump()) for one in self.children)
        return Correction(self.name, self.email, self.phone, children, self.language)


class CorrectAnswer(CorrectionData):
    """What can be corrected. `moved` says that the address has changed: the family confirms it again, by a new link
    that goes there. `mailed` is false where nothing is there that could write; pass the new link on by hand then."""

    moved: bool = False
    mailed: bool = False


class EraseAnswer(BaseModel):
    """`done`: nothing is left. Else name and address stay until calendars and the mail about cancelled appointments
    have followed."""

    done: bool


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/families/{family_id}/data.json")
def data(house: House, conference_id: str, family_id: str, user: User) -> Response:
    """All that is kept of a family, as a file."""
    with house.database.read() as session:
        found = export(session, family_of(session, organised(session, conference_id, user), family_id))
    return _file(json.dumps(found, ensure_ascii=False, indent=1).encode(), "application/json", "family.json")


@router.get("/families/{family_id}/data.pdf")
def data_as_pdf(house: House, conference_id: str, family_id: str, user: User) -> Response:
    """The same to print, in the family's language."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        guest = family_of(session, conference, family_id)
        say = Speaker(guest.language, conference.time_zone)
        html = my_data.document(conference, my_data.sections(parts(session, guest), say), say)
    return _file(pdf_soon(html), "application/pdf", "family.pdf")


@router.get("/families/{family_id}/correct")
def to_correct(house: House, conference_id: str, family_id: str, user: User) -> CorrectAnswer:
    """What can be corrected, as it stands."""
    with house.database.read() as session:
        return _as_it_stands(session, family_of(session, organised(session, conference_id, user), family_id))


@router.post("/families/{family_id}/correct", name="correct")
def correct_family(house: House, conference_id: str, family_id: str, data: CorrectionData, user: User) -> CorrectAnswer:
    """Sets right what is wrong; calendars follow. 409 where another family of the conference has the
    address, and for a child that has appointments and shall be taken out."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        guest = family_of(session, conference, family_id)
        writes = house.desk.can_confirm(conference.organiser_id)
        moved = correct(session, guest, data.correction(), house.links, house.clock(), rewrite_events=not writes)
        mailed = moved and bool(guest.email) and (writes or taken.has_bookings(session, guest))
        answer = _as_it_stands(session, guest).model_copy(update={"moved": moved, "mailed": mailed})
    return answer


def _as_it_stands(session: Session, guest: Guest) -> CorrectAnswer:
    listed = [ChildData(was=child, child=child, school_class=one) for child, one in children_named(session, guest)]
    return CorrectAnswer(
        name=guest.name, email=guest.email, phone=guest.phone, language=guest.language, children=listed
    )


@router.post("/families/{family_id}/erase", name="erase")
def erase_family(house: House, conference_id: str, family_id: str, user: User) -> EraseAnswer:
    """Erases a family and all that is kept of it; what is to come is cancelled, and the family gets a mail that
    says so."""
    with house.database.write() as session:
        guest = family_of(session, organised(session, conference_id, user), family_id)
        done = erase(session, guest, house.clock(), by="school")
    house.database.wipe()
    return EraseAnswer(done=done)


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers | {"X-Content-Type-Options": "nosniff"})
