# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events in hosts' calendars whose families are erased: they stay as time that was spent, and name nobody any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from icalendar import Calendar, Event
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.tables import EventToEmpty
from ..database import Database
from ..nextcloud import calendar
from ..nextcloud.errors import NextcloudError, NotAllowed
from ..nextcloud.session import Door, UserSession
from ..paper.ical import PRODUCT
from .ledger import PATIENCE, pause_after

log = structlog.get_logger()
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
TITLE = "Sprechtag"
KEPT = ("uid", "dtstart", "dtend", "duration", "class", "transp", "status")
"""What an emptied event still says: that there was one, and when."""


def emptied(text: str) -> str:
    """The event as it stands in the calendar, without anything of the family: no names, place, links, attendees,
    reminders. A text that is no event comes back as it is."""
    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except ValueError:
        return text
    if not events:
        return text
    outer = Calendar()
    outer.add("prodid", PRODUCT)
    outer.add("version", "2.0")
    for before in events:
        outer.add_component(_emptied(before))
    outer.add_missing_timezones()
    return str(outer.to_ical().decode())


def _emptied(before: Any) -> Event:
    event = Event()
    for name in KEPT:
        if name in before:
            event[name] = before[name]
    event.add("summary", TITLE)
    event.add("sequence", int(str(before.get("sequence", "0")) or 0) + 1)
    event.add("dtstamp", datetime.now(UTC).replace(microsecond=0))
    return event


@dataclass
class Emptying:
    """One call for each host, so that nobody waits for another's calendar. Every call may be repeated."""

    database: Database
    door: Door
    clock: Callable[[], datetime]

    def due(self) -> list[tuple[int, int]]:
        """For each host with something to do now the first of the events, and how often it was tried."""
        with self.database.read() as session:
            rows = session.execute(
                select(EventToEmpty)
                .where(col(EventToEmpty.next_attempt_at) <= self.clock())
                .order_by(col(EventToEmpty.id))
                .limit(500)
            ).scalars()
            first: dict[str, tuple[int, int]] = {}
            for event in rows:
                first.setdefault(event.user_id, (event.id or 0, event.attempts))
            return list(first.values())

    async def empty(self, first_id: int) -> None:
        """Empties all that is due with the host of this event. What fails waits longer each time, until
        `give_up_at`."""
        with self.database.read() as session:
            first = session.get(EventToEmpty, first_id)
            due = self._due_of(session, first.user_id) if first else []
        if not due:
            return
        try:
            async with self.door.as_user(due[0].user_id) as session_of_host:
                for event in due:
                    await self._try(session_of_host, event)
        except NextcloudError as error:
            log.warning("events not emptied", call=error.doing, status=error.status)
            for event in due:
                self._later(event)

    async def _try(self, session: UserSession, event: EventToEmpty) -> None:
        """One event that cannot be written keeps no other back. Raises `NextcloudError` where none can be."""
        try:
            await _empty(session, event)
        except NextcloudError as error:
            if error.status == 0 or isinstance(error, NotAllowed):
                raise
            log.warning("event not emptied", call=error.doing, status=error.status)
            self._later(event)
        else:
            self._done(event)

    def _due_of(self, session: Session, user_id: str) -> list[EventToEmpty]:
        return list(
            session.execute(
                select(EventToEmpty)
                .where(col(EventToEmpty.user_id) == user_id, col(EventToEmpty.next_attempt_at) <= self.clock())
                .order_by(col(EventToEmpty.attempts), col(EventToEmpty.id))
                .limit(100)
            ).scalars()
        )

    def _done(self, event: EventToEmpty) -> None:
        with self.database.write(PATIENCE) as session:
            if found := session.get(EventToEmpty, event.id):
                session.delete(found)

    def _later(self, event: EventToEmpty) -> None:
        with self.database.write(PATIENCE) as session:
            if found := session.get(EventToEmpty, event.id):
                found.next_attempt_at = self.clock() + pause_after(found.attempts, FIRST_WAIT, LONGEST_WAIT)
                found.attempts += 1


async def _empty(session: UserSession, event: EventToEmpty) -> None:
    """One that is not there (deleted, moved to another calendar) is done. Raises `NextcloudError`."""
    stands = await calendar.get(session, event.calendar, event.name)
    if stands is None:
        return
    text = emptied(stands.text)
    where = event.calendar, event.name
    await calendar.put(session, *where, text, is_new=False, refused_before=False, etag=stands.etag, quiet=True)
