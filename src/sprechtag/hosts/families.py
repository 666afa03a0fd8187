# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families that the school has entered: the organiser's list, their links, invitations; whom a host asks for."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import children as pupils
from ..conference import families, households, jobs, letters, lookup, named, taken
from ..conference.errors import HasBookings, Invalid, NotFound
from ..conference.tables import Conference, Guest
from ..privacy.family import erase
from .access import REFUSALS, User, attended, organised, visible
from .at_once import job_answer
from .fields import Id, Line, SchoolClass, Spoken
from .needs import House
from .schemas import FamilyData, JobAnswer, MessagePreview, Strict


class ChildAnswer(BaseModel):
    id: str
    name: str
    school_class: str


class ChildData(Strict):
    name: Line
    school_class: SchoolClass = ""


class EnteredFamily(FamilyData):
    """`children` where there are several, all of them; else `child` and `school_class` are enough."""

    children: Annotated[list[ChildData], Field(max_length=20, default_factory=list)]

    def family(self) -> families.Family:
        siblings = tuple(pupils.Pupil(one.name, one.school_class) for one in self.children)
        return families.Family(self.name, self.email, self.child, self.school_class, self.language, siblings=siblings)


class FamilyAnswer(BaseModel):
    """`link` is the family's own page, empty while the public address is not known; `code` opens it too, typed on the
    share page. `hosts` are the names of those whom the school's list names or who have asked (`asked` of them).
    `child` and `school_class` are the names and the classes of its `children` in one line. `mailed` says whether an
    invitation went out by mail, `invited` whether the school has entered it. `household` is the id of the other
    household of the family, empty where there is none; `shares` says that each learns of what the other books."""

    id: str
    name: str
    email: str
    child: str
    school_class: str
    children: list[ChildAnswer]
    language: str
    bookings: int
    link: str
    code: str
    hosts: list[str]
    asked: int
    mailed: bool
    phone: str
    invited: bool
    household: str
    shares: bool


class NewLink(BaseModel):
    """`link` is the family's new page, to pass on by hand; `mailed` says whether it is written to."""

    link: str
    mailed: bool


class HouseholdData(Strict):
    """The other household of a family: one that is there with this address, or a new one. Where it `shares`, each sees
    and is mailed what the other books for their children."""

    name: Line
    email: Line
    language: Spoken = "de"
    shares: bool = True


class ShareData(Strict):
    shares: bool


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
        conference = attended(session, conference_id, user)
        lines = families.families(session, conference, house.links, all_of_them=everybody)
        mailed = jobs.mailed_before(session, conference)
    base = house.public_base()
    return [
        FamilyAnswer(
            id=line.public_id,
            name=line.name,
            email=line.email,
            child=pupils.names(line.children),
            school_class=pupils.classes(line.children),
            children=[
                ChildAnswer(id=one.public_id, name=one.name, school_class=one.school_class) for one in line.children
            ],
            language=line.language,
            bookings=line.bookings,
            link=f"{base}/m/{line.token}" if base else "",
            code=line.code,
            hosts=line.hosts,
            asked=line.asked,
            mailed=line.id in mailed,
            phone=line.phone,
            invited=line.invited,
            household=line.household,
            shares=line.shares,
        )
        for line in lines
    ]


@router.post("/families")
def enter(
    house: House, conference_id: str, data: Annotated[list[EnteredFamily], Field(max_length=500)], user: User
) -> list[FamilyAnswer]:
    """Enters families, all or none; one with the same address is entered once."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        for family in data:
            families.invite(session, conference, family.family(), house.links)
    return list_families(house, conference_id, user)


@router.delete("/families/{family_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(house: House, conference_id: str, family_id: str, user: User) -> None:
    """Takes a family out that has no appointment; its link is dead then, and what was held for it is free."""
    with house.database.write() as session:
        guest = family_of(session, organised(session, conference_id, user), family_id)
        if taken.has_bookings(session, guest):
            raise HasBookings
        erase(session, guest, house.clock(), by="school", papers=False)
    house.database.wipe()


@router.post("/families/{family_id}/new-link")
def new_link(house: House, conference_id: str, family_id: str, user: User) -> NewLink:
    """Voids the family's links and its code; the new link goes to it by mail where it has an address."""
    with house.database.read() as session:
        guest_id = family_of(session, attended(session, conference_id, user), family_id).id or 0
    mailed = house.desk.new_links(guest_id)
    with house.database.read() as session:
        token = families.manage_token(session.get_one(Guest, guest_id), house.links)
    base = house.public_base()
    return NewLink(link=f"{base}/m/{token}" if base else "", mailed=mailed)


@router.post("/families/{family_id}/household", name="household")
def add_household(
    house: House, conference_id: str, family_id: str, data: HouseholdData, user: User
) -> list[FamilyAnswer]:
    """Adds the other household of a family, with a link of its own; both are answered. 409 where one of them has
    another household, or the other one has other children."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        guest = family_of(session, conference, family_id)
        wanted = families.Family(data.name, data.email, language=data.language)
        if not wanted.email:
            raise Invalid("email", "email_missing")
        other, _ = families.invite(session, conference, wanted, house.links)
        households.link(session, guest, other, house.clock(), shared=data.shares)
        both = {family_id, other.public_id}
    return [one for one in list_families(house, conference_id, user, True) if one.id in both]


@router.delete("/families/{family_id}/household", status_code=status.HTTP_204_NO_CONTENT, name="part")
def part_household(house: House, conference_id: str, family_id: str, user: User) -> None:
    """This household is a family of its own from now on."""
    with house.database.write() as session:
        households.part(session, family_of(session, organised(session, conference_id, user), family_id), house.clock())


@router.post("/families/{family_id}/shares", status_code=status.HTTP_204_NO_CONTENT, name="shares")
def share(house: House, conference_id: str, family_id: str, data: ShareData, user: User) -> None:
    """Whether the two households of a family learn of what the other books."""
    with house.database.write() as session:
        guest = family_of(session, organised(session, conference_id, user), family_id)
        households.share(session, guest, shared=data.shares)


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
        AskedFamily(id=guest.public_id, child=pupils.names(meant), school_class=pupils.classes(meant), asked=asked)
        for guest, meant, asked in found
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
        for household in pupils.households(session, guest):
            if not data.asked:
                named.take_back(session, household, host)
            elif named.name_host(session, household, host, asked=True):
                until = house.clock() + letters.WEEK
                payload = {"host": host.public_id}
                letters.write(session, household.id or 0, "asked", host.public_id, payload, house.clock(), until)


def family_of(session: Session, conference: Conference, family_id: str) -> Guest:
    """Raises `NotFound`, also for a family that is erased."""
    guest: Guest | None = session.execute(
        select(Guest).where(
            col(Guest.conference_id) == conference.id, col(Guest.public_id) == family_id, col(Guest.erase_by).is_(None)
        )
    ).scalar_one_or_none()
    if guest is None:
        raise NotFound
    return guest
