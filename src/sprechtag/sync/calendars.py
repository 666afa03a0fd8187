# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in hosts' calendars: other events close slots, and where ours stand now."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, func, select

from ..conference import busy, coming, follow, strays
from ..conference.instance import fact, learn
from ..conference.slots import TimeSpan
from ..conference.tables import Conference, Host, InstanceFact, Slot
from ..conference.tokens import hashed
from ..database import PATIENCE, Database
from ..errands import queue
from ..errands.table import Errand
from ..nextcloud import calendar, instance
from ..nextcloud.errors import Missing, NotAllowed
from ..nextcloud.session import Door, UserSession
from ..settings import Settings

log = structlog.get_logger()
HORIZON = timedelta(days=800)
"""So far ahead calendars are read."""
NEAR, SELDOM = timedelta(days=2), 6
"""Longer before a host's first time the calendar is read so many times less often."""
HEAR_EVERY = timedelta(hours=1)
"""An admin may have enabled the webhooks since; of hosts who join it is told at once."""


@dataclass
class Calendars:
    """`route` is the address of ours that Nextcloud's webhooks call; `ask` has the worker look. Every call may be
    repeated."""

    database: Database
    door: Door
    options: Callable[[], Settings]
    clock: Callable[[], datetime]
    ask: Callable[[], None]
    route: str = ""
    pace: float = 1.0
    _soon: set[int] = field(default_factory=set)

    # -- whose turn it is -----------------------------------------------------------------------------------------

    def look_soon(self, host_id: int) -> None:
        """Somebody looks at this host's times: have the calendar read now if what we know of it is old."""
        if host_id not in self._soon:
            self._soon.add(host_id)
            self.ask()

    def put_asked(self, session: Session, now: datetime) -> None:
        """Has those read that were asked for and are stale."""
        asked, self._soon = self._soon, set()
        if asked:
            often = timedelta(seconds=self.options().calendar_seconds)
            for host in busy.hosts_to_read(session, asked, now, now - min(often, busy.STALE)):
                follow.calendar(session, host, now)

    def put_missing(self, session: Session, now: datetime) -> None:
        """Joined hosts with times to come are read again and again."""
        hosts, number = select(Host).where(*_with_times_to_come(now)), col(Host.id)
        queue.put_missing(session, follow.CALENDAR, follow.each(hosts, number, follow.lane("reading", number)), now)

    def changed(self, user_id: str) -> None:
        """Nextcloud says that something has changed in this user's calendars."""
        with self.database.write() as session:
            for host in session.exec(select(Host).where(col(Host.user_id) == user_id, col(Host.state) == "joined")):
                follow.calendar(session, host, self.clock())

    # -- reading --------------------------------------------------------------------------------------------------

    async def read(self, errand: Errand) -> datetime | None:
        """Reads the host's own calendars as the host: other events close slots, ours are looked after."""
        host_id, began = int(errand.key), self.clock()
        with self.database.read() as session:
            host = session.get(Host, host_id)
            if host is None or host.tandem or host.state != "joined":
                return None
            conference = session.get_one(Conference, host.conference_id)
            last = session.exec(
                select(Slot.ends_at).where(col(Slot.host_id) == host_id).order_by(col(Slot.ends_at).desc())
            ).first()
            first = session.exec(
                select(func.min(col(Slot.starts_at))).where(col(Slot.host_id) == host_id, col(Slot.ends_at) > began)
            ).one()
            ours = busy.written_events(session, host, began)
            mine = busy.public_ids(session, host)
            address = str(fact(session, f"host:{host.user_id}").get("email", ""))
        if last is None or last < began:
            return None
        last = min(last, began + HORIZON)
        async with self.door.as_user(host.user_id) as session_of_host:
            events = await self._events(session_of_host, host, began, last, conference.time_zone, address)
            standing = [(one, await self._where(session_of_host, one, events, conference.time_zone)) for one in ours]
        unknown = await asyncio.to_thread(self._unknown, host, conference.time_zone, events)
        lost = {one.uid for one in unknown}
        in_place = {one.public_id: one.span if span == one.span else None for one, span in standing}
        taken = [
            TimeSpan(event.starts_at, event.ends_at)
            for event in events
            if event.uid in lost or (event.busy and not _is_settled(event, mine, in_place))
        ]
        with self.database.write(PATIENCE) as session:
            host = session.get(Host, host_id)
            if host is None or host.state != "joined":
                return None
            busy.close_busy_slots(session, host, [*taken, *strays.promised(session, host, began)], began)
            for one, span in standing:
                busy.note_standing(session, one, span, began)
            strays.note_unknown(session, host, unknown, began)
            host.calendar_read_at = began
            session.add(host)
        return began + self._rest(first, began)

    def _rest(self, first: datetime | None, now: datetime) -> timedelta:
        """Until it is read again. Days before the host's `first` time nothing is in a hurry: who looks at the host's
        times has the calendar read at once, and Nextcloud tells of changes where it can."""
        often = timedelta(seconds=self.options().calendar_seconds)
        return often * SELDOM if first and first - now > NEAR else often

    def _unknown(self, host: Host, zone: str, events: list[calendar.EventTime]) -> list[strays.Standing]:
        """Events of ours that a restored backup knows nothing of; they close their times whatever they say of it."""
        standing = [strays.Standing(one.uid, one.title, TimeSpan(one.starts_at, one.ends_at)) for one in events]
        with self.database.read() as session:
            return strays.unknown(session, host, zone, standing)

    async def _events(
        self, session: UserSession, host: Host, start: datetime, end: datetime, zone: str, address: str
    ) -> list[calendar.EventTime]:
        found = await calendar.calendars(session)
        with self.database.write(PATIENCE) as db:
            listed = [{"name": one.name, "title": one.title} for one in found if one.writable]
            learn(db, f"calendars:{host.user_id}", {"calendars": listed}, self.clock())
        events: list[calendar.EventTime] = []
        for one in found:
            if one.own and one.takes_time:
                events += await calendar.events_between(session, one.name, start, end, zone, address, strays.OURS)
        return events

    async def _where(
        self, session: UserSession, ours: busy.Ours, events: list[calendar.EventTime], zone: str
    ) -> TimeSpan | None:
        """Where our event stands now; None when it is in no calendar any more."""
        uid = f"{ours.public_id}-{ours.life}@sprechtag"
        spans = [TimeSpan(event.starts_at, event.ends_at) for event in events if event.uid == uid]
        if spans:
            return ours.span if ours.span in spans else spans[0]
        stored = await calendar.get(session, ours.calendar, ours.name)
        for event in calendar.event_times(stored.text, zone) if stored else ():
            return TimeSpan(event.starts_at, event.ends_at)
        return None

    async def hear(self, _errand: Errand) -> datetime:
        """Has Nextcloud tell us of changes in the calendars of hosts with times to come, where it can; once a day
        anew, because an admin may have enabled the webhooks since, and whenever the app is enabled: AppAPI has taken
        ours away when it was registered anew."""
        with self.database.read() as session:
            hosts = select(Host.user_id).where(*_with_times_to_come(self.clock()))
            wanted = sorted(set(session.exec(hosts)))
            known = fact(session, "webhooks")
            enabled = session.get(InstanceFact, "enabled")
        asked = {"hosts": wanted, "day": self.clock().date().isoformat(), "at": hashed(self.route)}
        asked["enabled"] = enabled.learned_at.isoformat() if enabled else ""
        again_at = self.clock() + HEAR_EVERY * self.pace
        if known == asked or not (wanted or known.get("hosts")):
            return again_at
        try:
            async with self.door.as_user("") as session_of_app:
                await instance.hear_of_calendars(session_of_app, self.door.app_id, self.route, wanted)
        except (Missing, NotAllowed):
            # Without the app webhook_listeners the reading every few minutes has to do.
            log.info("no webhooks here")
        with self.database.write(PATIENCE) as session:
            learn(session, "webhooks", asked, self.clock())
        return again_at


def _with_times_to_come(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of a `Host`: whether it has joined and has times that are not over. Only those of conferences that are not over
    are looked at one by one."""
    to_come = (
        exists()
        .where(col(Slot.host_id) == col(Host.id), col(Slot.starts_at) > now - coming.LONGEST_SLOT)
        .where(col(Slot.ends_at) > now)
    )
    return (
        col(Host.conference_id).in_(coming.not_over(now)),
        col(Host.state) == "joined",
        col(Host.tandem).is_(False),
        to_come,
    )


def _is_settled(event: calendar.EventTime, mine: set[str], in_place: dict[str, TimeSpan | None]) -> bool:
    """Whether the event is one of ours that takes no other slot: in its place, or of a booking that is gone or is being
    written just now."""
    public_id = event.uid.rpartition("-")[0]
    if not event.uid.endswith("@sprechtag") or public_id not in mine:
        return False
    return public_id not in in_place or in_place[public_id] == TimeSpan(event.starts_at, event.ends_at)
