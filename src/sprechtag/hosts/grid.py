# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser's grid of all hosts and times, and how far everything is."""

import io
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlmodel import col

from ..conference import organise, progress, rooms, strays, waiting
from ..conference.errors import NotFound
from ..conference.instance import fact
from ..conference.tables import Booking, Host
from .access import REFUSALS, User, attended, organised
from .needs import House
from .schemas import CountAnswer

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/grid")
def grid(house: House, conference_id: str, user: User) -> dict[str, Any]:
    """Everything the grid shows, in short form: 100 hosts x 48 slots come with every change.

    `slots` holds, for each host in the order of `hosts`, lists of slot id, start (epoch seconds), minutes and who
    blocked it. `bookings` are the active ones."""
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
        hosts = session.execute(
            select(Host)
            .where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
            .order_by(col(Host.display_name))
        ).scalars()
        listed = list(hosts)
        rows: dict[int, list[list[Any]]] = {host.id or 0: [] for host in listed}
        for slot in progress.grid_slots(session, conference.id or 0):
            minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
            rows.get(slot.host_id, []).append(
                [slot.public_id, int(slot.starts_at.timestamp()), minutes, slot.blocked_by]
            )
        bookings = progress.grid_bookings(session, conference.id or 0)
    return {
        "time_zone": conference.time_zone,
        "hosts": [
            {
                "user_id": host.user_id,
                "name": host.display_name,
                "short": host.short,
                "room": host.room,
                "subject": host.subject,
                "can_video": host.can_video,
            }
            for host in listed
        ],
        "slots": [rows[host.id or 0] for host in listed],
        "bookings": [asdict(booking) for booking in bookings],
    }


@router.get("/progress", name="progress")
def show_progress(house: House, conference_id: str, user: User) -> dict[str, Any]:
    """Booked shares, Nextcloud's progress, troubles in words, and the mail channel with its limit. `restored` says for
    two weeks of when the backup was that the database comes from, `strays` what differs in calendars since; `rooms` are
    those that two hosts have at one time; `standing` is how far the conference is prepared."""
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
        found = progress.progress(session, conference)
        differs = [
            {name: value for name, value in asdict(one).items() if name != "host_id"}
            for one in strays.listed(session, conference, house.clock())
        ]
        made = strays.restored(session)
        clashes = [asdict(one) for one in rooms.clashes(session, conference)]
        tested = fact(session, "test-mail").get("state") == "sent"
    name, per_hour = house.mail_channel(conference.organiser_id)
    hours = round(found.guests / per_hour, 1) if per_hour else 0.0
    with house.database.read() as session:
        lengths = waiting.lengths(session, conference.id or 0)
        lists = {
            host.user_id: lengths[host.id or 0]
            for host in session.execute(select(Host).where(col(Host.id).in_(lengths))).scalars()
        }
    shown = made if made and made.at > house.clock() - strays.SHOWN else None
    return asdict(found) | {
        "waiting": lists,
        "rooms": clashes,
        "mail": {"channel": name, "per_hour": per_hour, "hours_for_all": hours, "tested": tested},
        "restored": asdict(shown) if shown else None,
        "strays": differs,
    }


@router.post("/retry")
def retry(house: House, conference_id: str, user: User) -> CountAnswer:
    """Tries everything that failed or was given up once more, now."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        count = organise.try_again(session, col(Booking.conference_id) == conference.id, house.clock())
    return CountAnswer(count=count)


@router.get("/share-link.svg")
def qr_code(house: House, conference_id: str, user: User) -> Response:
    """The share link as a QR code (SVG). 404 while the public address is not known."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
    base = house.public_base()
    if not base:
        raise NotFound
    # Seldom needed.
    import segno

    image = io.BytesIO()
    link = f"{base}/s/{organise.share_token(conference, house.links)}"
    segno.make(link, error="m").save(image, kind="svg", scale=8, border=4, dark="#000", light="#fff")
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(image.getvalue(), media_type="image/svg+xml", headers=headers)
