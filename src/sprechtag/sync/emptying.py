# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events in hosts' calendars whose families are erased: they stay as time that was spent, and name nobody any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Event
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.tables import EventToEmpty
from ..database import PATIENCE, Database
from ..errands.retry import NotYet
from ..errands.table import Errand
from ..nextcloud import calendar
from ..nextcloud.errors import NextcloudError, NotAllowed
from ..nextcloud.session import Door, UserSession
from ..paper.ical import PRODUCT

AT_ONCE = 100
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

    async def empty(self, errand: Errand) -> None:
        """Empties all that is due with this host (`errand.key`). What fails is tried again until `give_up_at`."""
        failed: NextcloudError | None = None
        with self.database.read() as session:
            due = self._due_of(session, errand.key)
        if not due:
            return
        async with self.door.as_user(errand.key) as session_of_host:
            for event in due:
                try:
                    await _empty(session_of_host, event)
                except NextcloudError as error:
                    if error.status == 0 or isinstance(error, NotAllowed):
                        raise
                    failed = error  # one event that cannot be written keeps no other back
                else:
                    self._done(event)
        if failed:
            raise failed
        if len(due) == AT_ONCE:
            raise NotYet(self.clock())

    def _due_of(self, session: Session, user_id: str) -> list[EventToEmpty]:
        return list(
            session.execute(
                select(EventToEmpty)
                .where(col(EventToEmpty.user_id) == user_id)
                .order_by(col(EventToEmpty.id))
                .limit(AT_ONCE)
            ).scalars()
        )

    def _done(self, event: EventToEmpty) -> None:
        with self.database.write(PATIENCE) as session:
            if found := session.get(EventToEmpty, event.id):
                session.delete(found)


async def _empty(session: UserSession, event: EventToEmpty) -> None:
    """One that is not there (deleted, moved to another calendar) is done. Raises `NextcloudError`."""
    stands = await calendar.get(session, event.calendar, event.name)
    if stands is None:
        return
    text = emptied(stands.text)
    where = event.calendar, event.name
    await calendar.put(session, *where, text, is_new=False, refused_before=False, etag=stands.etag, quiet=True)
