# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that happens later, in one list: which errands there are, whose work it is, and what comes again and again."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from .conference import few, follow, jobs, letters, waiting
from .conference.assigning import Assigning
from .conference.booking import Desk
from .database import PATIENCE, Database
from .day.evening import tell_organisers
from .day.observer import EVERY, Observer, next_on
from .errands import clock as clocks
from .errands import queue
from .errands.clock import Clock
from .errands.lanes import Share
from .errands.queue import Put
from .errands.table import Errand
from .errands.worker import Kind
from .hosts import enrolling, entering
from .letters.owed import Owed
from .letters.people import People
from .letters.test_mail import TestMail
from .lifecycle import BOT, LEARN, MENU, READY
from .paper.printing import Papers
from .privacy import family, retention
from .sync.bookings import ARCHIVE, Bookings
from .sync.calendars import Calendars
from .sync.call_rooms import CallRooms
from .sync.emptying import Emptying
from .sync.instance import Instance
from .sync.notifications import Notifications
from .sync.users import PERSON, Users

TEST_MAIL = "test-mail"
ROOM, EVENING, RETENTION = "room", "evening", "retention"
OFTEN = timedelta(seconds=5)
HOURLY = timedelta(hours=1)
PATIENT = 5.0
"""Two for every host: while Nextcloud is away they are tried every ten minutes, as often as calendars are read."""
LONGEST_PRINT, LONGEST_RUN = 960.0, 3600.0


@dataclass
class Later:
    """The rooms that do it. `pace` shortens times in tests; `close_to_others` keeps the storage closed."""

    database: Database
    desk: Desk
    bookings: Bookings
    owed: Owed
    instance: Instance
    users: Users
    calendars: Calendars
    notifications: Notifications
    call_rooms: CallRooms
    emptying: Emptying
    assigning: Assigning
    papers: Papers
    test_mail: TestMail
    observer: Observer
    clock: Callable[[], datetime]
    close_to_others: Callable[[], None]
    pace: float = 1.0

    def kinds(self) -> Mapping[str, Kind]:
        owed, users, rooms = self.owed, self.users, self.call_rooms
        people = People(owed)
        found = (
            Kind(follow.BOOKING, Share.BOOKINGS, self.bookings.follow, self.bookings.noted, goes_on=True),
            Kind(follow.JOB, Share.BOOKINGS, self._job, seconds=LONGEST_RUN),
            Kind(follow.MAIL, Share.MAILS, owed.news, owed.news_noted),
            Kind(follow.LETTER, Share.MAILS, owed.letter, owed.letter_noted),
            Kind(follow.MESSAGE, Share.MAILS, owed.message, owed.message_noted),
            Kind(follow.PEOPLE, Share.MAILS, people.tell, people.noted),
            Kind(TEST_MAIL, Share.MAILS, self.test_mail.send, self.test_mail.noted),
            Kind(follow.DAY, Share.DAY, self._day),
            Kind(follow.ROOMS, Share.DAY, rooms.look_round),
            Kind(ROOM, Share.DAY, rooms.look_at),
            Kind(follow.NOTICE, Share.DAY, self.notifications.tell),
            Kind(follow.REHEARSAL, Share.DAY, rooms.prepare_rehearsal),
            Kind(ARCHIVE, Share.READINGS, self.bookings.archive),
            Kind(BOT, Share.HOUSE, rooms.keep_bot),
            Kind(follow.RELAYS, Share.HOUSE, rooms.learn_relays),
            Kind(READY, Share.HOUSE, self.instance.report_ready, always=True),
            Kind(MENU, Share.HOUSE, self.instance.show_menu_entry),
            Kind(LEARN, Share.HOUSE, self.instance.learn),
            Kind(follow.HEAR, Share.HOUSE, self.calendars.hear),
            Kind(PERSON, Share.HOUSE, users.check_person),
            Kind(follow.ORGANISER, Share.HOUSE, users.check_organiser),
            Kind(follow.OFFERS, Share.HOUSE, self._offers, always=True),
            Kind(follow.REMINDERS, Share.HOUSE, self._reminders),
            Kind(EVENING, Share.HOUSE, self._evening),
            Kind(RETENTION, Share.HOUSE, self._retention, always=True, seconds=LONGEST_RUN),
            Kind(clocks.KIND, Share.HOUSE, self._wind, always=True),
            Kind(follow.HOST, Share.READINGS, users.check_host, users.host_trouble, patience=PATIENT),
            Kind(follow.CALENDAR, Share.READINGS, self.calendars.read, patience=PATIENT),
            Kind(follow.EMPTY, Share.READINGS, self.emptying.empty),
            Kind(follow.PAPER, Share.LONG, self.papers.make, seconds=LONGEST_PRINT),
            Kind(follow.RUN, Share.LONG, self.assigning.run, seconds=LONGEST_RUN),
        )
        return {kind.name: kind for kind in found}

    def begin(self, session: Session, now: datetime) -> None:
        """When a process starts: all that is behind, all that comes again and again, and what may have become due or
        another one while none was there."""
        follow.level(session, now)
        self._hands().wind(session, now)
        queue.put(session, *(Put(kind, "", now) for kind in (RETENTION, LEARN, follow.HEAR)))

    def asked(self, session: Session, now: datetime) -> None:
        """What pages have asked for since: they write nothing themselves."""
        self.users.put_asked(session, now)
        self.calendars.put_asked(session, now)

    def _hands(self) -> Clock:
        single = (*follow.TIMES, LEARN, follow.HEAR, follow.OFFERS, EVENING, RETENTION)
        return Clock(single, (self.users.put_missing, self.calendars.put_missing, self.call_rooms.put_missing))

    def _rest(self, until: datetime | None = None) -> datetime:
        return clocks.rest(self.clock(), until, self.pace)

    # -- what needs no Nextcloud --------------------------------------------------------------------------------

    async def _written(self, write: Callable[[Session, datetime], object]) -> None:
        """In a transaction of its own, beside the loop."""

        def in_transaction() -> None:
            with self.database.write(PATIENCE) as session:
                write(session, self.clock())

        await asyncio.to_thread(in_transaction)

    async def _wind(self, _errand: Errand) -> datetime:
        await self._written(self._hands().wind)
        return self._rest()

    async def _job(self, errand: Errand) -> None:
        await asyncio.to_thread(self._run_job, int(errand.key))

    def _run_job(self, job_id: int) -> None:
        if entering.JOB.is_of(self.database, job_id):
            entering.run(self.database, job_id, self.desk.links, self.clock)
        elif enrolling.JOB.is_of(self.database, job_id):
            enrolling.run(self.database, job_id, self.clock)
        else:
            jobs.run(self.database, job_id, self.clock)

    async def _day(self, _errand: Errand) -> datetime:
        return await asyncio.to_thread(self.watch)

    def watch(self) -> datetime:
        """One look at the day; returns when the next one is due."""
        if self.observer.look():
            return self.clock() + timedelta(seconds=EVERY) * self.pace
        with self.database.read() as session:
            return self._rest(next_on(session, self.clock()))

    async def _reminders(self, _errand: Errand) -> datetime:
        return await asyncio.to_thread(self.remind)

    def remind(self) -> datetime:
        """Writes the reminders whose moment has come; returns the next one. Families are looked for without keeping
        anybody from writing."""
        now = self.clock()
        with self.database.read() as session:
            due, again_at = letters.due(session, now), letters.next_reminder(session, now)
        if due:
            with self.database.write(PATIENCE) as session:
                letters.write_all(session, due, now)
        return self._rest(again_at)

    async def _evening(self, _errand: Errand) -> datetime:
        await self._written(tell_organisers)
        await self._written(few.tell)
        return self._rest()

    async def _offers(self, _errand: Errand) -> datetime:
        return await asyncio.to_thread(self.release)

    def release(self) -> datetime:
        """Times that were held for nothing are free again, and offered to those who wait; erased families go whose
        mail is out. Returns when there may be more of it."""
        self.desk.release_unconfirmed()
        now = self.clock()
        with self.database.read() as session:
            offers, erasing = waiting.anything_to_do(session, now), family.any_to_erase(session)
            waits, ends = waiting.anybody_waits(session, now), waiting.next_end(session)
        if offers:
            with self.database.write(PATIENCE) as session:
                waiting.sweep(session, now)
        if erasing:
            with self.database.write(PATIENCE) as session:
                done = family.erase_done(session, now)
            if done:
                self.database.wipe()
        soon = now + OFTEN * self.pace
        if offers or erasing or waits:
            return soon
        return self._rest(max(ends, soon) if ends else None)

    async def _retention(self, _errand: Errand) -> datetime:
        await asyncio.to_thread(self.tidy)
        return self.clock() + HOURLY

    def tidy(self) -> None:
        """What is no longer needed goes; what is behind and was forgotten is put again."""
        self.close_to_others()
        with self.database.write(PATIENCE) as session:
            retention.erase_expired(session, self.clock())
            retention.tidy(session, self.clock())
            follow.level(session, self.clock())
        self.database.wipe()
