# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's view of all: the grid, the progress, switching many bookings, the share link as a QR code."""

import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import segno
from fastapi import APIRouter, Response, status
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import jobs, organise, overview, waiting
from ..conference.errors import NotFound
from ..conference.tables import Booking, Conference, Host, Job
from .access import REFUSALS, User, own
from .needs import House
from .schemas import CountAnswer, JobAnswer, MessageData, MessagePreview, Saying, SwitchData, SwitchPreviewAnswer

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/grid")
def grid(house: House, conference_id: str, user: User) -> dict[str, Any]:
    """Everything the grid shows, in short form: 100 hosts x 48 slots come with every change.

    `slots` holds, for each host in the order of `hosts`, lists of slot id, start (epoch seconds), minutes and who
    blocked it. `bookings` are the active ones."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        hosts = session.execute(
            select(Host)
            .where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
            .order_by(col(Host.display_name))
        ).scalars()
        listed = list(hosts)
        rows: dict[int, list[list[Any]]] = {host.id or 0: [] for host in listed}
        for slot in overview.grid_slots(session, conference.id or 0):
            minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
            rows.get(slot.host_id, []).append(
                [slot.public_id, int(slot.starts_at.timestamp()), minutes, slot.blocked_by]
            )
        bookings = overview.grid_bookings(session, conference.id or 0)
    return {
        "time_zone": conference.time_zone,
        "hosts": [
            {
                "user_id": host.user_id,
                "name": host.display_name,
                "room": host.room,
                "subject": host.subject,
                "can_video": host.can_video,
            }
            for host in listed
        ],
        "slots": [rows[host.id or 0] for host in listed],
        "bookings": [asdict(booking) for booking in bookings],
    }


@router.get("/progress")
def progress(house: House, conference_id: str, user: User) -> dict[str, Any]:
    """Booked shares, Nextcloud's progress, troubles in words, and the mail channel with its limit."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        found = overview.progress(session, conference)
    name, per_hour = house.mail_channel(conference.organiser_id)
    hours = round(found.guests / per_hour, 1) if per_hour else 0.0
    with house.database.read() as session:
        lengths = waiting.lengths(session, conference.id or 0)
        lists = {
            host.user_id: lengths[host.id or 0]
            for host in session.execute(select(Host).where(col(Host.id).in_(lengths))).scalars()
        }
    return (
        asdict(found) | {"waiting": lists} | {"mail": {"channel": name, "per_hour": per_hour, "hours_for_all": hours}}
    )


@router.post("/retry")
def retry(house: House, conference_id: str, user: User) -> CountAnswer:
    """Tries everything that failed or was given up once more, now."""
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        count = organise.try_again(session, col(Booking.conference_id) == conference.id, house.clock())
    house.wake()
    return CountAnswer(count=count)


@router.post("/switch-preview")
def preview_switch(house: House, conference_id: str, data: SwitchData, user: User) -> SwitchPreviewAnswer:
    """Counts whom a switch would concern. Nothing is changed."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        scope = jobs.Scope(data.day, data.host)
        found = jobs.preview_switch(session, conference, data.place, scope, house.clock())
    return SwitchPreviewAnswer.model_validate(asdict(found))


@router.post("/switch", status_code=status.HTTP_202_ACCEPTED)
def switch(house: House, conference_id: str, data: SwitchData, user: User) -> JobAnswer:
    """Begins to switch; what becomes of it is in `jobs`. Calendars, Talk and mails follow by themselves."""

    def begin(session: Session, conference: Conference) -> Job:
        scope = jobs.Scope(data.day, data.host)
        message = data.message.strip()
        return jobs.start_switch(session, conference, data.place, scope, message, data.offer, house.clock())

    return _begin(house, conference_id, user, begin)


@router.post("/cancel-all", status_code=status.HTTP_202_ACCEPTED)
def cancel_all(house: House, conference_id: str, data: Saying, user: User) -> JobAnswer:
    """Begins to cancel all appointments that are still to come; every family gets one mail."""

    def begin(session: Session, conference: Conference) -> Job:
        return jobs.start_cancelling(session, conference, data.message.strip(), house.clock())

    return _begin(house, conference_id, user, begin)


@router.post("/message-preview")
def preview_message(house: House, conference_id: str, data: MessageData, user: User) -> MessagePreview:
    """Counts whom a message would reach. Nothing is sent."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        guests = len(
            jobs.message_guests(session, conference, jobs.Scope(data.day, data.host, data.unbooked), house.clock())
        )
    name, per_hour = house.mail_channel(conference.organiser_id)
    return MessagePreview(guests=guests, hours=round(guests / per_hour, 1) if per_hour else 0.0, channel=name)


@router.post("/messages", status_code=status.HTTP_202_ACCEPTED)
def message(house: House, conference_id: str, data: MessageData, user: User) -> JobAnswer:
    """Begins to write to the families, each one mail with its own appointments and manage link.

    409 where only the calendars' invitations are there to send with: they carry no message of their own."""

    def begin(session: Session, conference: Conference) -> Job:
        if house.mail_channel(conference.organiser_id)[0] == "calendar":
            raise jobs.NoChannel
        scope = jobs.Scope(data.day, data.host, data.unbooked)
        return jobs.start_message(session, conference, scope, data.subject, data.text, house.clock())

    return _begin(house, conference_id, user, begin)


def _begin(house: House, conference_id: str, user: User, begin: Callable[[Session, Conference], Job]) -> JobAnswer:
    with house.database.write() as session:
        job = begin(session, own(session, conference_id, user))
        answer = job_answer(job)
    house.wake()
    return answer


@router.get("/jobs", name="jobs")
def list_jobs(house: House, conference_id: str, user: User) -> list[JobAnswer]:
    """Long work, newest first."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        rows = session.execute(
            select(Job).where(col(Job.conference_id) == conference.id).order_by(col(Job.id).desc()).limit(20)
        ).scalars()
        return [job_answer(job) for job in rows]


@router.get("/share-link.svg")
def qr_code(house: House, conference_id: str, user: User) -> Response:
    """The share link as a QR code (SVG). 404 while the public address is not known."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
    base = house.public_base()
    if not base:
        raise NotFound
    image = io.BytesIO()
    link = f"{base}/s/{organise.share_token(conference, house.links)}"
    segno.make(link, error="m").save(image, kind="svg", scale=8, border=4, dark="#000", light="#fff")
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(image.getvalue(), media_type="image/svg+xml", headers=headers)


def job_answer(job: Job) -> JobAnswer:
    fields = {name: getattr(job, name) for name in JobAnswer.model_fields}
    return JobAnswer.model_validate(fields | {"id": job.public_id})
