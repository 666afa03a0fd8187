# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bookings as a file, for the school's own use."""

from typing import Literal

from fastapi import APIRouter, Response

from ..conference.views import BookingView, bookings_of_conference
from ..paper import sheets
from ..paper.ical import calendar_file
from ..phrases import Speaker
from .access import REFUSALS, User, organised
from .needs import House

ExportName = Literal["bookings.csv", "bookings.xlsx", "bookings.ics"]
HEADER = [
    "Datum",
    "Beginn",
    "Ende",
    "Lehrkraft",
    "Raum",
    "Ort",
    "Kind",
    "Klasse",
    "Familie",
    "E-Mail",
    "Telefon",
    "Nr.",
]
router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/export/{name}")
def export(house: House, conference_id: str, name: ExportName, user: User) -> Response:
    """All active appointments as a file, times in the conference's zone."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        views = [view for view in bookings_of_conference(session, conference.id or 0) if view.active]
    say = Speaker("de", conference.time_zone)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if name == "bookings.ics":
        return Response(calendar_file(views, say), media_type="text/calendar", headers=headers)
    rows = [_row(view, say) for view in views]
    if name == "bookings.csv":
        return Response(sheets.write_csv(HEADER, rows), media_type="text/csv", headers=headers)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(sheets.write_xlsx(conference.name, HEADER, rows), media_type=kind, headers=headers)


def _row(view: BookingView, say: Speaker) -> list[str]:
    start, end = say.local(view.starts_at), say.local(view.ends_at)
    place = say("By video") if view.place == "video" else say("On site")
    return [
        f"{start:%Y-%m-%d}",
        f"{start:%H:%M}",
        f"{end:%H:%M}",
        view.host_name,
        view.host_room,
        place,
        view.child,
        view.school_class,
        view.guest_name,
        view.guest_email,
        view.guest_phone,
        view.code,
    ]
