# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Watches the day: reads the media servers, slows the join page down where they are in trouble, raises alarms.

One process does it at a time, every five seconds, and only while a conference is on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import coming, team
from ..conference.tables import Alarm, Conference, MediaSample, Slot
from ..conference.telling import tell_user
from ..database import Database, apart
from ..planning.capacity import Setup
from . import alarms, live, media, metrics, noted, pace, presence, readings, timeline, turns
from .fetch import ANSWER_SECONDS, Fetch, SideBySide, Unanswered, fetch

log = structlog.get_logger()
EVERY = 5.0
AROUND = timedelta(minutes=45)
ENDS_AFTER = timedelta(seconds=30)
LAST_MINUTE = timedelta(seconds=60)
AGAIN_AFTER = timedelta(minutes=5)
"""An alarm that comes back sooner is the same one, and nobody is told twice."""


@dataclass
class Observer:
    """`entered` gives what the admin has entered about media servers."""

    database: Database
    entered: Callable[[], dict[str, Any]]
    clock: Callable[[], datetime]
    fetch: Fetch = fetch
    _servers: SideBySide = field(default_factory=lambda: SideBySide(ANSWER_SECONDS + 0.5))

    def look(self) -> bool:
        """One look at everything; false while no conference is on."""
        now = self.clock()
        with self.database.read() as session:
            on = conferences_on(session, now)
        if not on:
            return False
        entered = self.entered()
        setup = media.setup_of(entered)
        seen = self._read_servers(media.sources_of(entered))
        rooms = {room: name for name, one in seen.items() if one for room in one.rooms}
        with self.database.write(EVERY) as session:
            self._keep(session, seen, now)
            calls = noted.calls_in(session, rooms)
            for one in seen.values():
                if one and one.rooms:
                    presence.agree(calls, one.rooms, now)
            turns.note_servers(session, calls, rooms, now, setup)
            servers = servers_now(readings.readings(session, now - LAST_MINUTE), entered, now)
            self._pace(session, servers, setup, now)
            for conference in on:
                self._look_at(session, conference, servers, setup, now)
        return True

    def _look_at(
        self,
        session: Session,
        conference: Conference,
        servers: Sequence[alarms.ServerNow],
        setup: Setup,
        now: datetime,
    ) -> None:
        with apart(session, "alarms"):
            of_day = timeline.appointments(session, conference, timeline.today_of(conference, now))
            self._chart(session, conference, of_day, now)
            note_alarms(session, conference, alarms.standing(of_day, servers, setup.lines, now), now)

    def _read_servers(self, sources: Sequence[media.Source]) -> Mapping[str, metrics.Metrics | None]:
        """What each says; None for one that does not answer."""
        return self._servers.ask({one.name: one for one in sources}, self._read)

    def _read(self, source: media.Source) -> metrics.Metrics | None:
        """The first address is the signaling server's; without it the server counts as silent."""
        found = []
        for number, address in enumerate(source.addresses):
            try:
                found.append(metrics.read(self.fetch(address)))
            except Exception as error:  # noqa: BLE001 - whatever a server answers, the others are read
                if number == 0:
                    known = isinstance(error, Unanswered | metrics.Unreadable)
                    reason = str(error) if known else type(error).__name__
                    log.warning("media server not read", server=source.name, reason=reason)
                    return None
        return replace(found[0], reading=metrics.together(one.reading for one in found))

    def _keep(self, session: Session, seen: Mapping[str, metrics.Metrics | None], now: datetime) -> None:
        for name, one in seen.items():
            readings.keep_reading(session, name, now, one.reading if one else {})
        readings.forget_readings(session, now)

    def _chart(
        self, session: Session, conference: Conference, of_day: Sequence[live.Appointment], now: datetime
    ) -> None:
        """Keeps how many calls are up, for the board's chart."""
        seen = live.figures(of_day, now)
        numbers = {"up": float(seen.up), "planned": float(seen.planned), "waiting": float(seen.waiting)}
        readings.keep_reading(session, chart_of(conference), now, numbers)

    def _pace(self, session: Session, servers: Sequence[alarms.ServerNow], setup: Setup, now: datetime) -> None:
        for server in servers:
            warned = pace.Warnings(server.stuck, server.load, server.silent)
            before = turns.share_at(session, server.name, now)
            share = pace.share_now(before, warned)
            if share < 1.0:
                turns.slow_down(session, server.name, share, now, setup)


def chart_of(conference: Conference) -> str:
    """Under which name the figures of a conference are kept among the readings; no server is called like that."""
    return f"/{conference.public_id}"


def conferences_on(session: Session, now: datetime) -> list[Conference]:
    """The conferences with appointments about now."""
    about_now = coming.beginning(now - AROUND - coming.LONGEST_SLOT, now + AROUND).where(
        col(Slot.starts_at) < now + AROUND, col(Slot.ends_at) > now - AROUND
    )
    rows: Any = session.execute(
        select(Conference).where(col(Conference.state) != "draft", col(Conference.id).in_(about_now))
    ).scalars()
    return list(rows)


def next_on(session: Session, now: datetime) -> datetime | None:
    """When the next conference begins to be on; of one that is on already, nothing is said."""
    first: datetime | None = session.execute(
        select(col(Slot.starts_at))
        .join(Conference, col(Conference.id) == col(Slot.conference_id))
        .where(col(Conference.state) != "draft", col(Slot.starts_at) >= now + AROUND)
        .order_by(col(Slot.starts_at))
        .limit(1)
    ).scalar_one_or_none()
    return first - AROUND if first else None


def servers_now(
    kept: Mapping[str, Sequence[MediaSample]], entered: dict[str, Any], now: datetime
) -> list[alarms.ServerNow]:
    """The servers that are asked, with their readings of the last minute and the rates between the last two that were
    answered."""
    since = now - LAST_MINUTE
    return [
        _server_now(source, [one for one in kept.get(source.name, []) if one.at >= since])
        for source in media.sources_of(entered)
    ]


def _server_now(source: media.Source, samples: Sequence[MediaSample]) -> alarms.ServerNow:
    answered = [one for one in samples if one.reading]
    rates = metrics.Rates()
    if len(answered) >= 2:
        before, last = answered[-2:]
        rates = metrics.rates(before.reading, before.at, last.reading, last.at)
        # Counters that grow slowly are looked at over the whole minute.
        rates = replace(rates, grown=metrics.rates(answered[0].reading, answered[0].at, last.reading, last.at).grown)
    return alarms.ServerNow(source.name, [one.reading for one in samples], rates, source.limit)


def note_alarms(session: Session, conference: Conference, stand: Sequence[alarms.Standing], now: datetime) -> bool:
    """Raises what is new, keeps what goes on, ends what is over; true when the organiser is to be told something."""
    known = {
        (one.kind, one.about): one
        for one in session.execute(
            select(Alarm).where(col(Alarm.conference_id) == conference.id).order_by(col(Alarm.since))
        ).scalars()
    }
    told = False
    for one in stand:
        alarm = known.pop((one.kind, one.about), None)
        facts = {**one.facts, "seen": now.timestamp()}
        if alarm and (alarm.ended_at is None or alarm.ended_at > now - AGAIN_AFTER):
            alarm.facts, alarm.ended_at = facts, None
            continue
        raised = Alarm(conference_id=conference.id or 0, kind=one.kind, about=one.about, facts=facts, since=now)
        session.add(raised)
        for user_id in team.organisers(session, conference):
            tell_user(session, conference.id or 0, user_id, "alarm", now, raised.public_id)
        told = True
    for over in known.values():
        if over.ended_at is None and over.facts.get("seen", 0.0) < (now - ENDS_AFTER).timestamp():
            over.ended_at = now
    return told
