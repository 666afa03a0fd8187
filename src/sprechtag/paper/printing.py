# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs for a whole school: made in the background, by a process of its own, and kept for a day."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlmodel import Session

from ..conference.tables import Conference, PaperJob
from ..conference.tokens import LinkKey
from ..conference.views import BookingView, bookings_of_conference
from ..database import PATIENCE, Database
from ..errands.table import Errand
from ..phrases import Speaker
from .invitations import Which, letters
from .pdf import pdf
from .sheets_of_hosts import door_signs, host_lists, host_sheets, room_plan
from .timetable import timetables

log = structlog.get_logger()
MOST_ATTEMPTS = 3
LONGEST_SECONDS = 900.0
NICER = 10


class Papers:
    """`public_base` is the app's public address without a slash at its end, or empty while it is not known."""

    def __init__(
        self, database: Database, links: LinkKey, public_base: Callable[[], str], clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._links = links
        self._public_base = public_base
        self._clock = clock

    async def make(self, errand: Errand) -> None:
        job_id = int(errand.key)
        with self._database.write(PATIENCE) as session:
            job = session.get(PaperJob, job_id)
            if job is None or job.state != "waiting":
                return
            if errand.attempts > MOST_ATTEMPTS:
                job.state = "failed"
                return
            html = self._html(session, job)
        content = await _printed(html)
        with self._database.write(PATIENCE) as session:
            job = session.get(PaperJob, job_id)
            if job:
                job.content, job.state = content, "ready" if content else "failed"

    def _html(self, session: Session, job: PaperJob) -> str:
        conference = session.get_one(Conference, job.conference_id)
        options = job.options
        say = Speaker(str(options.get("language") or "de"), conference.time_zone)
        match job.kind:
            case "invitations":
                which = Which(str(options.get("school_class", "")), bool(options.get("unreachable", False)))
                return letters(session, conference, which, self._links, self._public_base(), say)
            case "timetables":
                return timetables(_families(session, conference), conference, say)
        sheets = host_sheets(session, conference, str(options.get("host", "")))
        match job.kind:
            case "door_signs":
                return door_signs(sheets, conference, say, options.get("shown", "initials"))
            case "host_lists":
                return host_lists(sheets, conference, say)
        return room_plan(sheets, conference, say)


def _families(session: Session, conference: Conference) -> list[tuple[str, list[BookingView], Speaker]]:
    by_guest: dict[int, list[BookingView]] = {}
    for view in bookings_of_conference(session, conference.id or 0):
        if view.active and view.confirm_by is None:
            by_guest.setdefault(view.guest_id, []).append(view)
    found = [
        (views[0].guest_name, views, Speaker(views[0].language, conference.time_zone)) for views in by_guest.values()
    ]
    return sorted(found, key=lambda family: family[0].rsplit(maxsplit=1)[-1].casefold())


async def _printed(html: str) -> bytes | None:
    """None when it could not be made; the next attempt may."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sprechtag",
        "print",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        content, _ = await asyncio.wait_for(process.communicate(html.encode()), LONGEST_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    if process.returncode != 0:
        log.warning("nothing was printed", code=process.returncode)
        return None
    return content


def work(html: bytes) -> bytes:
    """The process itself: a document as PDF, out of the way of those that answer families."""
    os.nice(NICER)
    return pdf(html.decode())
