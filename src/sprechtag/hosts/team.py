# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who organises a conference together: deputies, the front desk, and handing it over."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlmodel import col

from ..conference import team
from ..conference.tables import Conference, DeputyRole, Window
from .access import REFUSALS, User, find, organised, owned
from .fields import Line, UserId
from .groups import check_admin
from .needs import House
from .schemas import Strict

Name = Annotated[Line, Field(max_length=200)]


class MemberData(Strict):
    """A Nextcloud user and what they may do: `organiser` all but deleting the conference and choosing the team, `desk`
    looking, booking, moving, cancelling and renewing links."""

    user_id: Annotated[UserId, Field(min_length=1, max_length=64)]
    name: Name = ""
    role: DeputyRole = "organiser"


class TeamData(Strict):
    members: Annotated[list[MemberData], Field(max_length=team.MOST)]


class OwnerData(Strict):
    """To whom the conference goes. `former_name` is what the owner until now is called in the team."""

    user_id: Annotated[UserId, Field(min_length=1, max_length=64)]
    name: Name = ""
    former_name: Name = ""


class MemberAnswer(BaseModel):
    user_id: str
    name: str
    role: DeputyRole


class TeamAnswer(BaseModel):
    owner: str
    members: list[MemberAnswer]


class OwnedConference(BaseModel):
    """For Nextcloud's admin: what there is, and whose; nothing of its families."""

    id: str
    name: str
    owner: str
    state: str
    last_day: date | None


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/team")
def show(house: House, conference_id: str, user: User) -> TeamAnswer:
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        return _answer(conference, team.members(session, conference))


@router.put("/conferences/{conference_id}/team")
def change(house: House, conference_id: str, data: TeamData, user: User) -> TeamAnswer:
    """Sets the whole team. For the owner only."""
    with house.database.write() as session:
        conference = owned(session, conference_id, user)
        wanted = [team.Member(one.user_id, one.name or one.user_id, one.role) for one in data.members]
        team.set_members(session, conference, wanted, house.clock())
        return _answer(conference, team.members(session, conference))


@router.put("/conferences/{conference_id}/owner", status_code=status.HTTP_204_NO_CONTENT)
def hand_over(house: House, conference_id: str, data: OwnerData, user: User) -> None:
    """Makes somebody else the owner; I stay in the team as an organiser. For the owner only."""
    with house.database.write() as session:
        conference = owned(session, conference_id, user)
        to = team.Member(data.user_id, data.name, "organiser")
        team.hand_over(session, conference, to, data.former_name or user.user_id, house.clock())


@router.get("/admin/conferences")
def all_conferences(house: House, user: User) -> list[OwnedConference]:
    """All conferences of this Nextcloud and whose they are, newest first. For its admins."""
    with house.database.read() as session:
        check_admin(session, user, house.clock(), house.ask_for_groups)
        rows = session.execute(
            select(Conference, func.max(col(Window.day)))
            .outerjoin(Window, col(Window.conference_id) == col(Conference.id))
            .group_by(col(Conference.id))
            .order_by(col(Conference.created_at).desc())
        )
        return [
            OwnedConference(
                id=conference.public_id,
                name=conference.name,
                owner=conference.organiser_id,
                state=conference.state,
                last_day=day,
            )
            for conference, day in rows
        ]


@router.put("/admin/conferences/{conference_id}/owner", status_code=status.HTTP_204_NO_CONTENT)
def take_over(house: House, conference_id: str, data: OwnerData, user: User) -> None:
    """Gives a conference to somebody, because its owner has left or is deleted. For Nextcloud's admins."""
    with house.database.write() as session:
        check_admin(session, user, house.clock(), house.ask_for_groups)
        to = team.Member(data.user_id, data.name, "organiser")
        team.hand_over(session, find(session, conference_id), to, data.former_name, house.clock())


def _answer(conference: Conference, members: list[team.Member]) -> TeamAnswer:
    listed = [MemberAnswer.model_validate(one, from_attributes=True) for one in members]
    return TeamAnswer(owner=conference.organiser_id, members=listed)
