# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the organiser and the hosts do about the day as it goes: marks, delays, a slower pace, a word to a family."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import jobs, letters, persons, team
from ..conference.errors import Invalid, NotFound, WrongState
from ..conference.tables import (
    Booking,
    Conference,
    Guest,
    Host,
)
from ..day import live, media, noted, pace, timeline, turns
from ..phrases import Speaker
from .access import REFUSALS, User, organised, visible, visible_booking
from .board import _is_on
from .fields import Text
from .needs import House
from .schemas import Strict


class PaceData(Strict):
    """`share` of the planned pace, for so many minutes; 1 takes it back."""

    share: Annotated[float, Field(ge=0.25, le=1)]
    minutes: Annotated[int, Field(ge=1, le=120)] = 15


class DelayData(Strict):
    """How much later than agreed all that is left begins; 0 takes it back. With `tell` the families get a mail."""

    minutes: Annotated[int, Field(ge=0, le=180)]
    tell: bool = True


class DelayAnswer(BaseModel):
    told: int


class MarkData(Strict):
    mark: Literal["", "started", "done", "no_show", "skipped", "start_late"]


class ExtraData(Strict):
    minutes: Annotated[int, Field(ge=-60, le=60)] = 5


class WordsData(Strict):
    text: Annotated[Text, Field(max_length=2000)]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.post("/conferences/{conference_id}/board/pace", status_code=status.HTTP_204_NO_CONTENT)
def set_pace(house: House, conference_id: str, data: PaceData, user: User) -> None:
    """Lets fewer families through to their calls per second, on all servers; who has a turn waits at most 20 s. It
    slows the families of other conferences too, so 409 while the own one is not under way."""
    now = house.clock()
    entered = house.options().media
    setup = media.setup_of(entered)
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        if not _is_on(session, conference, now):
            raise WrongState
        until = now + timedelta(minutes=data.minutes) if data.share < 1 else now
        for name in media.server_names(entered) or [pace.ALONE]:
            turns.ask_pace(session, name, data.share, now, until, setup)
    house.boards.forget(conference.id or 0)


@router.post("/conferences/{conference_id}/hosts/{host_id}/delay")
def delay(house: House, conference_id: str, host_id: str, data: DelayData, user: User) -> DelayAnswer:
    """Announces that a host runs late: on the join pages, on the screens, and by mail. The times in calendars stay
    what was agreed. Its organiser may, and the host."""
    now = house.clock()
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = _host_of(session, conference, host_id)
        theirs = persons.is_person(session, host, user.user_id)
        if not theirs and team.role_of(session, conference, user.user_id) is None:
            raise NotFound
        day = timeline.today_of(conference, now)
        timeline.delay(session, host, day, data.minutes)
        told = 0
        if data.tell and data.minutes and house.mail_channel(conference.organiser_id)[0] != "calendar":
            told = _tell_of_delay(session, conference, host, day, data.minutes, now)
    house.boards.forget(conference.id or 0)
    return DelayAnswer(told=told)


@router.post("/bookings/{booking_id}/mark", status_code=status.HTTP_204_NO_CONTENT)
def mark(house: House, booking_id: str, data: MarkData, user: User) -> None:
    """Says of an appointment that it has begun, is over, begins later, is skipped, or that nobody came."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        noted.mark(session, view.id, data.mark, house.clock())
    house.boards.forget(view.conference_id)


@router.post("/bookings/{booking_id}/extra", status_code=status.HTTP_204_NO_CONTENT)
def extra(house: House, booking_id: str, data: ExtraData, user: User) -> None:
    """Gives an appointment more time; those after it begin later."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        noted.add_minutes(session, view.id, data.minutes)
    house.boards.forget(view.conference_id)


@router.post("/bookings/{booking_id}/words", status_code=status.HTTP_204_NO_CONTENT)
def words(house: House, booking_id: str, data: WordsData, user: User) -> None:
    """A mail to the family of one appointment."""
    if not data.text.strip():
        raise Invalid("text", "text_missing")
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        if not view.guest_email or house.mail_channel(view.organiser_id)[0] == "calendar":
            raise jobs.NoChannel
        say = Speaker(view.language, view.zone)
        subject = say("Your appointment: %(when)s", when=say.when(view.starts_at))
        jobs.write_to(session, session.get_one(Guest, view.guest_id), subject, data.text.strip(), house.clock())


def _host_of(session: Session, conference: Conference, host_id: str) -> Host:
    host: Host | None = session.execute(
        select(Host).where(col(Host.conference_id) == conference.id, col(Host.public_id) == host_id)
    ).scalar_one_or_none()
    if host is None:
        raise NotFound
    return host


def _tell_of_delay(session: Session, conference: Conference, host: Host, day: date, minutes: int, now: datetime) -> int:
    """A mail for each family that still comes to this host today; the same delay is told once."""
    left = [
        one
        for one in timeline.appointments(session, conference, day, host.id)
        if live.state(one, now) in ("expected", "waiting")
    ]
    guests = session.execute(
        select(col(Booking.guest_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.id).in_([one.booking_id for one in left]), col(Guest.email) != "")
        .distinct()
    ).scalars()
    until = max((one.ends_at for one in left), default=now) + timedelta(hours=1)
    payload = {"host": host.public_id, "minutes": minutes}
    name = f"{host.public_id}-{day}-{minutes}"
    return sum(letters.write(session, guest_id, "late", name, payload, now, until) for guest_id in list(guests))
