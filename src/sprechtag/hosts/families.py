# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The families whom the school enters, each with a link of its own."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import families, jobs, letters, lookup, named, taken
from ..conference.errors import HasBookings, Invalid, NotFound
from ..conference.tables import Conference, Guest
from ..paper.pdf import pdf_soon
from ..phrases import LANGUAGES, Speaker
from ..privacy import my_data
from ..privacy.family import ChildCorrection, Correction, children, correct, erase, export, parts
from .access import REFUSALS, User, organised, visible
from .at_once import job_answer
from .exchange import ImportAnswer, ImportLine, TableFile, columns_of, import_answer, rows_for
from .fields import Id, Line
from .needs import House
from .schemas import FamilyData, JobAnswer, MessagePreview, Strict

FamilyList = Annotated[list[FamilyData], Field(max_length=500)]
_COLUMNS = {
    "name": ("name", "family", "familie", "eltern", "parents"),
    "email": ("email", "e-mail", "mail", "adresse"),
    "child": ("child", "kind", "pupil", "schüler", "schueler"),
    "school_class": ("class", "klasse"),
    "language": ("language", "sprache"),
    "hosts": ("teachers", "lehrkräfte", "lehrkraefte", "lehrer", "hosts"),
}


class FamilyAnswer(BaseModel):
    """`link` is the family's own page, empty while the public address is not known; `code` opens it too, typed on the
    share page. `hosts` are the names of those whom the school's list names or who have asked (`asked` of them).
    `mailed` says whether an invitation went out by mail, `invited` whether the school has entered it."""

    id: str
    name: str
    email: str
    child: str
    school_class: str
    language: str
    bookings: int
    link: str
    code: str
    hosts: list[str]
    asked: int
    mailed: bool
    phone: str
    invited: bool


class ChildData(Strict):
    """`was` is the name as it stands, `child` as it shall be."""

    was: Annotated[Line, Field(max_length=300)]
    child: Annotated[Line, Field(max_length=300)]
    school_class: Annotated[Line, Field(max_length=300)] = ""


class CorrectionData(Strict):
    """A family as it shall be; children that are not named stay as they are."""

    name: Annotated[Line, Field(max_length=300)]
    email: Annotated[Line, Field(max_length=300)] = ""
    phone: Annotated[Line, Field(max_length=300)] = ""
    children: Annotated[list[ChildData], Field(max_length=20, default_factory=list)]

    def correction(self) -> Correction:
        children = tuple(ChildCorrection(**one.model_dump()) for one in self.children)
        return Correction(self.name, self.email, self.phone, children)


class CorrectAnswer(CorrectionData):
    """What can be corrected. `moved` says that the address has changed: the family confirms it again, by a new link
    that goes there. `mailed` is false where nothing is there that could write; pass the new link on by hand then."""

    moved: bool = False
    mailed: bool = False


class EraseAnswer(BaseModel):
    """`done`: nothing is left. Else name and address stay until calendars and the mail about cancelled appointments
    have followed."""

    done: bool


class NewLink(BaseModel):
    """`link` is the family's new page, to pass on by hand; `mailed` says whether it is written to."""

    link: str
    mailed: bool


class InviteData(Strict):
    """With `again` those too who were invited by mail before."""

    again: bool = False


class AskedFamily(BaseModel):
    id: str
    child: str
    school_class: str
    asked: bool


class AskData(Strict):
    family: Id
    asked: bool = True


Everybody = Annotated[bool, Query(alias="all")]

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/families", name="families")
def list_families(house: House, conference_id: str, user: User, everybody: Everybody = False) -> list[FamilyAnswer]:
    """All whom the school has entered, by class and name; with `all` those too who booked with the link for all."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        lines = families.families(session, conference, house.links, all_of_them=everybody)
        mailed = jobs.mailed_before(session, conference)
    base = house.public_base()
    return [
        FamilyAnswer(
            id=line.public_id,
            name=line.name,
            email=line.email,
            child=line.child,
            school_class=line.school_class,
            language=line.language,
            bookings=line.bookings,
            link=f"{base}/m/{line.token}" if base else "",
            code=line.code,
            hosts=line.hosts,
            asked=line.asked,
            mailed=line.id in mailed,
            phone=line.phone,
            invited=line.invited,
        )
        for line in lines
    ]


@router.post("/families")
def enter(house: House, conference_id: str, data: FamilyList, user: User) -> list[FamilyAnswer]:
    """Enters families, all or none; one with the same address is entered once."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        for family in data:
            families.invite(session, conference, families.Family(**family.model_dump()), house.links)
    return list_families(house, conference_id, user)


@router.delete("/families/{family_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(house: House, conference_id: str, family_id: str, user: User) -> None:
    """Takes a family out that has no appointment; its link is dead then, and what was held for it is free."""
    with house.database.write() as session:
        guest = _family(session, organised(session, conference_id, user), family_id)
        if taken.has_bookings(session, guest):
            raise HasBookings
        erase(session, guest, house.clock(), by="school", papers=False)
    house.database.wipe()


# -- a family's rights --------------------------------------------------------------------------------------


@router.get("/families/{family_id}/data.json")
def data(house: House, conference_id: str, family_id: str, user: User) -> Response:
    """All that is kept of a family, as a file."""
    with house.database.read() as session:
        found = export(session, _family(session, organised(session, conference_id, user), family_id))
    return _file(json.dumps(found, ensure_ascii=False, indent=1).encode(), "application/json", "family.json")


@router.get("/families/{family_id}/data.pdf")
def data_as_pdf(house: House, conference_id: str, family_id: str, user: User) -> Response:
    """The same to print, in the family's language."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        guest = _family(session, conference, family_id)
        say = Speaker(guest.language, conference.time_zone)
        html = my_data.document(conference, my_data.sections(parts(session, guest), say), say)
    return _file(pdf_soon(html), "application/pdf", "family.pdf")


@router.get("/families/{family_id}/correct")
def to_correct(house: House, conference_id: str, family_id: str, user: User) -> CorrectAnswer:
    """What can be corrected, as it stands."""
    with house.database.read() as session:
        return _as_it_stands(session, _family(session, organised(session, conference_id, user), family_id))


@router.post("/families/{family_id}/correct", name="correct")
def correct_family(house: House, conference_id: str, family_id: str, data: CorrectionData, user: User) -> CorrectAnswer:
    """Sets right what is wrong; calendars follow. 409 where another family of the conference has the address."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        guest = _family(session, conference, family_id)
        writes = house.desk.can_confirm(conference.organiser_id)
        moved = correct(session, guest, data.correction(), house.links, house.clock(), rewrite_events=not writes)
        mailed = moved and bool(guest.email) and (writes or taken.has_bookings(session, guest))
        answer = _as_it_stands(session, guest).model_copy(update={"moved": moved, "mailed": mailed})
    return answer


def _as_it_stands(session: Session, guest: Guest) -> CorrectAnswer:
    listed = [ChildData(was=child, child=child, school_class=one) for child, one in children(session, guest)]
    return CorrectAnswer(name=guest.name, email=guest.email, phone=guest.phone, children=listed)


@router.post("/families/{family_id}/erase", name="erase")
def erase_family(house: House, conference_id: str, family_id: str, user: User) -> EraseAnswer:
    """Erases a family and all that is kept of it; what is to come is cancelled, and the family gets a mail that
    says so."""
    with house.database.write() as session:
        guest = _family(session, organised(session, conference_id, user), family_id)
        done = erase(session, guest, house.clock(), by="school")
    house.database.wipe()
    return EraseAnswer(done=done)


@router.post("/families/{family_id}/new-link")
def new_link(house: House, conference_id: str, family_id: str, user: User) -> NewLink:
    """Voids the family's links and its code; the new link goes to it by mail where it has an address."""
    with house.database.read() as session:
        guest_id = _family(session, organised(session, conference_id, user), family_id).id or 0
    mailed = house.desk.new_links(guest_id)
    with house.database.read() as session:
        token = families.manage_token(session.get_one(Guest, guest_id), house.links)
    base = house.public_base()
    return NewLink(link=f"{base}/m/{token}" if base else "", mailed=mailed)


@router.post("/invite-preview")
def preview_inviting(house: House, conference_id: str, data: InviteData, user: User) -> MessagePreview:
    """How many families would get their invitation by mail, and how long that takes. Nothing is sent."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        guests = len(jobs.invited_guests(session, conference, data.again))
    name, per_hour = house.mail_channel(conference.organiser_id)
    return MessagePreview(guests=guests, hours=round(guests / per_hour, 1) if per_hour else 0.0, channel=name)


@router.post("/invite", status_code=status.HTTP_202_ACCEPTED)
def invite(house: House, conference_id: str, data: InviteData, user: User) -> JobAnswer:
    """Begins to send the invitations by mail; what becomes of it is in `jobs`. 409 where no mail can be sent."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        if house.mail_channel(conference.organiser_id)[0] == "calendar":
            raise jobs.NoChannel
        answer = job_answer(jobs.start_inviting(session, conference, data.again, house.clock()))
    return answer


@router.get("/my-families")
def my_families(house: House, conference_id: str, user: User, search: Line = "") -> list[AskedFamily]:
    """For a host: the children among the entered families of the own classes (of all, where no classes are given)
    whose name holds `search` (two letters or more), and whom I have asked already."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        found = named.children_of(session, conference, host, search[:60])
    return [
        AskedFamily(id=guest.public_id, child=guest.child, school_class=guest.school_class, asked=asked)
        for guest, asked in found
    ]


@router.post("/ask-family", status_code=status.HTTP_204_NO_CONTENT)
def ask(house: House, conference_id: str, data: AskData, user: User) -> None:
    """I would like to talk to this family: it sees me first, may book me early, and gets a mail where that is
    possible. With `asked` false I take it back."""
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        guest = session.execute(
            select(Guest).where(col(Guest.conference_id) == conference.id, col(Guest.public_id) == data.family)
        ).scalar_one_or_none()
        if guest is None or not guest.invited:
            raise NotFound
        if not data.asked:
            named.take_back(session, guest, host)
        elif named.name_host(session, guest, host, asked=True):
            until = house.clock() + letters.WEEK
            payload = {"host": host.public_id}
            letters.write(session, guest.id or 0, "asked", host.public_id, payload, house.clock(), until)


@router.post("/families-import-preview")
def preview_import(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """What an import would change, line by line. Nothing is changed."""
    rows = rows_for(house.database, conference_id, data, user)
    with house.database.read() as session:
        register = families.Register.of(session, organised(session, conference_id, user))
        lines, _, unknown = _plan(house, session, register, rows)
    return import_answer(lines, unknown, applied=False)


@router.post("/families-import")
def import_families(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """Enters all lines, or none when one of them has an error."""
    rows = rows_for(house.database, conference_id, data, user)
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        register = families.Register.of(session, conference)
        lines, found, unknown = _plan(house, session, register, rows)
        applied = not any(line.outcome == "error" for line in lines)
        if applied:
            families.invite_all(session, conference, found, house.links, register)
    return import_answer(lines, unknown, applied=applied)


def _plan(
    house: House, session: Session, register: families.Register, rows: list[list[str]]
) -> tuple[list[ImportLine], list[families.Family], list[str]]:
    if not rows:
        raise Invalid("file", "file_empty")
    columns, unknown = columns_of(rows[0], _COLUMNS)
    if "name" not in columns.values():
        raise Invalid("file", "column_name_missing")
    lines: list[ImportLine] = []
    found: list[families.Family] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], 2):
        given = {name: row[index] for index, name in columns.items() if index < len(row)}
        if any(given.values()):
            line, family = _line(house, session, register, number, given, seen)
            lines.append(line)
            found += [family] if family else []
    return lines, found, unknown


def _line(
    house: House,
    session: Session,
    register: families.Register,
    number: int,
    given: dict[str, str],
    seen: dict[str, int],
) -> tuple[ImportLine, families.Family | None]:
    name = given.get("name", "")

    def wrong(problem: str) -> tuple[ImportLine, None]:
        return ImportLine(line=number, user_id=name, outcome="error", problem=problem), None

    language = given.get("language", "").casefold()[:2]
    hosts, unknown = families.hosts_named(register.hosts, given.get("hosts", ""))
    if unknown:
        unknown_host = "A host in this line is unknown. Give the name or the Nextcloud user of somebody invited."
        return ImportLine(
            line=number, user_id=name, outcome="error", problem=unknown_host, changes={"hosts": ("", unknown[0])}
        ), None
    try:
        family = families.Family(
            name,
            given.get("email", ""),
            given.get("child", ""),
            given.get("school_class", ""),
            language if language in LANGUAGES else "de",
            tuple(hosts),
        ).checked()
    except Invalid as invalid:
        problems = {
            "name_missing": "The name of the family is missing in this line.",
            "email_wrong": "This e-mail address cannot be right.",
            "too_long": "A text in this line is too long.",
        }
        return wrong(problems.get(invalid.reason, "This line cannot be used."))
    key = family.email.casefold() or f"{family.name}|{family.child}|{family.school_class}".casefold()
    if key in seen:
        return wrong("This family stands in the list twice.")
    seen[key] = number
    known = register.find(family, house.links)
    changes = {column: ("", value) for column, value in given.items() if value}
    if known and known.invited:
        new_hosts = set(hosts) - set(named.named_hosts(session, known.id or 0))
        if not new_hosts:
            return ImportLine(line=number, user_id=name, outcome="same"), None
        return ImportLine(line=number, user_id=name, outcome="changed", changes=changes), family
    return ImportLine(line=number, user_id=name, outcome="changed" if known else "new", changes=changes), family


def _family(session: Session, conference: Conference, family_id: str) -> Guest:
    """Raises `NotFound`, also for a family that is erased."""
    guest: Guest | None = session.execute(
        select(Guest).where(
            col(Guest.conference_id) == conference.id, col(Guest.public_id) == family_id, col(Guest.erase_by).is_(None)
        )
    ).scalar_one_or_none()
    if guest is None:
        raise NotFound
    return guest


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers | {"X-Content-Type-Options": "nosniff"})
