# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The screens in the hall: their links, and what they show of a family."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.tables import (
    Conference,
    Host,
)
from ..conference.tokens import display_path, part_of_path
from .access import REFUSALS, User, organised
from .needs import House
from .schemas import Strict


class DisplayData(Strict):
    """What the screens in the hall show of a family; `renew` makes all links to them void."""

    shows: Literal["initials", "number", "names"]
    renew: bool = False


class DisplayAnswer(BaseModel):
    """`link` is empty while the public address is not known. `parts`: rooms and corridors, each with its link."""

    shows: str
    link: str
    parts: list[tuple[str, str]]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/display")
def display(house: House, conference_id: str, user: User) -> DisplayAnswer:
    with house.database.read() as session:
        return _display(house, session, organised(session, conference_id, user))


@router.put("/conferences/{conference_id}/display")
def set_display(house: House, conference_id: str, data: DisplayData, user: User) -> DisplayAnswer:
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        conference.display_shows = data.shows
        conference.display_generation += data.renew
        session.add(conference)
        return _display(house, session, conference)


def _display(house: House, session: Session, conference: Conference) -> DisplayAnswer:
    base = house.public_base()
    path = display_path(house.links, conference.public_id, conference.display_generation)
    link = f"{base}/{path}" if base else ""
    rooms = session.execute(
        select(col(Host.room)).where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
    ).scalars()
    parts = _corridors(rooms) if link else []
    return DisplayAnswer(
        shows=conference.display_shows,
        link=link,
        parts=[(part, f"{link}/{part_of_path(part)}") for part in parts],
    )


def _corridors(rooms: Any) -> list[str]:
    """All rooms, and how more than one of them begin ("A 1"): a corridor, where rooms are numbered as schools do."""
    known = sorted({room.strip() for room in rooms if room.strip()})
    starts: dict[str, int] = {}
    for room in known:
        letters_and_floor = room[: next((i for i, sign in enumerate(room) if sign in "0123456789"), len(room)) + 1]
        starts[letters_and_floor] = starts.get(letters_and_floor, 0) + 1
    return [start for start, count in sorted(starts.items()) if count > 1] + known
