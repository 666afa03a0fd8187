# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rehearsal with real people: rooms to try in, and whose device is fit."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import children, follow, jobs, letters, organise
from ..conference.tables import (
    ON_SITE,
    VIDEO,
    Booking,
    Conference,
    DeviceCheck,
    Guest,
    Slot,
)
from .access import REFUSALS, User, organised
from .needs import House
from .schemas import Strict


class RehearsalData(Strict):
    """`on` makes three rooms to try in; with `tell` all families with a call are asked to check their device."""

    on: bool
    tell: bool = False


class CheckedFamily(BaseModel):
    name: str
    child: str
    result: Literal["fine", "trouble", "not_tried"]
    failed: list[str]
    at: datetime | None


class RehearsalAnswer(BaseModel):
    state: str
    rooms: list[str]
    told: int
    families: list[CheckedFamily]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/rehearsal")
def rehearsal(house: House, conference_id: str, user: User) -> RehearsalAnswer:
    """Who of the families with a video call has checked the device, and how that went."""
    with house.database.read() as session:
        return _rehearsal(session, organised(session, conference_id, user), 0)


@router.post("/conferences/{conference_id}/rehearsal")
def set_rehearsal(house: House, conference_id: str, data: RehearsalData, user: User) -> RehearsalAnswer:
    now = house.clock()
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        if data.on and conference.rehearsal in ("", "failed", "ending"):
            conference.rehearsal = "wanted"
            session.add(conference)
            follow.rehearsal(session, conference, now)
        elif not data.on:
            organise.end_rehearsal(session, conference)
        told = 0
        if data.tell:
            if house.mail_channel(conference.organiser_id)[0] == "calendar":
                raise jobs.NoChannel
            last = _last_start(session, conference, now)
            for guest_id in _guests_with_calls(session, conference, now):
                name = now.date().isoformat()
                told += letters.write(session, guest_id, "rehearsal", name, {}, now, last)
        answer = _rehearsal(session, conference, told)
    return answer


def _last_start(session: Session, conference: Conference, now: datetime) -> datetime:
    starts = session.execute(
        select(col(Slot.starts_at)).where(col(Slot.conference_id) == conference.id).order_by(col(Slot.starts_at).desc())
    ).scalars()
    return starts.first() or now


def _guests_with_calls(session: Session, conference: Conference, now: datetime) -> list[int]:
    rows = session.execute(
        select(col(Booking.guest_id))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Booking.place) == VIDEO, col(Slot.starts_at) > now, col(Guest.email) != "")
        .distinct()
    ).scalars()
    return list(rows)


def _rehearsal(session: Session, conference: Conference, told: int) -> RehearsalAnswer:
    rows = session.execute(
        select(Guest, DeviceCheck)
        .outerjoin(DeviceCheck, col(DeviceCheck.guest_id) == col(Guest.id))
        .where(
            col(Guest.id).in_(
                select(col(Booking.guest_id))
                .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
                .where(col(Booking.place) != ON_SITE)
            )
        )
        .order_by(col(Guest.name))
    )
    pupils = children.of_conference(session, conference.id or 0)
    families = []
    for guest, check in rows:
        parts = ("webrtc", "camera", "microphone", "connection")
        failed = [part for part in parts if check and getattr(check, part) == "failed"]
        result: Literal["fine", "trouble", "not_tried"] = "not_tried"
        if check:
            result = "trouble" if failed else "fine"
        families.append(
            CheckedFamily(
                name=guest.name,
                child=children.names(pupils.get(guest.kin_id or 0, [])),
                result=result,
                failed=failed,
                at=check.at if check else None,
            )
        )
    order = {"trouble": 0, "not_tried": 1, "fine": 2}
    return RehearsalAnswer(
        state=conference.rehearsal,
        rooms=[room["link"] for room in conference.rehearsal_rooms],
        told=told,
        families=sorted(families, key=lambda one: order[one.result]),
    )
