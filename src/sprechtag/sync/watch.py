# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud tells us of people: their calendars, their groups; and what we tell them in its notifications."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import col, select

from ..conference import busy, telling
from ..conference.instance import fact, learn
from ..conference.slots import TimeSpan
from ..conference.tables import Alarm, Conference, Host, InstanceFact, Notice, Slot
from ..conference.tokens import hashed
from ..conference.views import booking_by_public_id
from ..database import Busy, Database
from ..day import noted
from ..nextcloud import calendar, instance, notifications
from ..nextcloud import people as nextcloud_people
from ..nextcloud.errors import Missing, NextcloudError, NotAllowed
from ..nextcloud.session import Door, UserSession
from ..phrases import LANGUAGES, Speaker
from ..settings import Settings
from . import ledger, letter, smtp
from .ledger import PATIENCE, pause_after

log = structlog.get_logger()
MOST_TRIES = 12
HORIZON = timedelta(days=800)
"""So far ahead calendars are read."""
PAGE = "/index.php/apps/app_api/embedded/{app}/" + instance.MENU_ENTRY
WHERE = {"alarm": "board", "evening": "overview", "budget": "overview"}


@dataclass
class Watch:
    """`nextcloud_url` is Nextcloud's public address without a slash at its end, `route` the address of ours that its
    webhooks call. Every call may be repeated."""

    database: Database
    door: Door
    options: Callable[[], Settings]
    nextcloud_url: Callable[[], str]
    clock: Callable[[], datetime]
    route: str = ""
    _soon: set[int] = field(default_factory=set)
    _people: set[str] = field(default_factory=set)

    # -- calendars ----------------------------------------------------------------------------------------------

    def look_soon(self, host_id: int) -> None:
        """Somebody looks at this host's times: have the calendar read now if what we know of it is old."""
        self._soon.add(host_id)

    def calendars_to_read(self) -> list[int]:
        """Hosts whose turn it is, and those that were asked for and are stale."""
        now, often = self.clock(), timedelta(seconds=self.options().calendar_seconds)
        asked, self._soon = self._soon, set()
        with self.database.read() as session:
            turn = busy.hosts_to_read(session, now, now - often)
            stale = busy.hosts_to_read(session, now, now - min(often, busy.STALE)) if asked else []
        return turn + [host_id for host_id in stale if host_id in asked and host_id not in turn]

    def calendar_changed(self, user_id: str) -> None:
        """Nextcloud says that something has changed in this user's calendars."""
        with self.database.write() as session:
            for host in session.exec(select(Host).where(col(Host.user_id) == user_id, col(Host.state) == "joined")):
                host.calendar_read_at = None
                session.add(host)

    async def read_calendar(self, host_id: int) -> None:
        """Reads the host's own calendars as the host: other events close slots, ours are looked after. What cannot be
        read is tried again in a minute at the earliest."""
        began = self.clock()
        try:
            await self._read_calendar(host_id, began)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - whatever stands in one host's calendar, the others are read
            if isinstance(error, NextcloudError):
                log.warning("calendar not read", call=error.doing, status=error.status)
            else:
                ledger.unexpected(error)
            self._read(host_id, began - timedelta(seconds=max(0.0, self.options().calendar_seconds - 60)))

    async def _read_calendar(self, host_id: int, began: datetime) -> None:
        with self.database.read() as session:
            host = session.get(Host, host_id)
            if host is None or host.state != "joined":
                return
            conference = session.get_one(Conference, host.conference_id)
            last = session.exec(
                select(Slot.ends_at).where(col(Slot.host_id) == host_id).order_by(col(Slot.ends_at).desc())
            ).first()
            ours = busy.written_events(session, host, began)
            mine = busy.public_ids(session, host)
            address = str(fact(session, f"host:{host.user_id}").get("email", ""))
        if last is None:
            return
        last = min(last, began + HORIZON)
        async with self.door.as_user(host.user_id) as session_of_host:
            events = await self._events(session_of_host, host, began, last, conference.time_zone, address)
            standing = [(one, await self._where(session_of_host, one, events, conference.time_zone)) for one in ours]
        in_place = {one.public_id: one.span if span == one.span else None for one, span in standing}
        taken = [
            TimeSpan(event.starts_at, event.ends_at)
            for event in events
            if event.busy and not _is_settled(event, mine, in_place)
        ]
        with self.database.write(PATIENCE) as session:
            host = session.get(Host, host_id)
            if host is None or host.state != "joined":
                return
            busy.close_busy_slots(session, host, taken, began)
            for one, span in standing:
                busy.note_standing(session, one, span, began)
            host.calendar_read_at = began
            session.add(host)

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
                events += await calendar.events_between(session, one.name, start, end, zone, address)
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

    def _read(self, host_id: int, when: datetime) -> None:
        with self.database.write(PATIENCE) as session:
            host = session.get(Host, host_id)
            if host:
                host.calendar_read_at = when
                session.add(host)

    async def hear_of_calendars(self) -> None:
        """Has Nextcloud tell us of changes in the calendars of hosts with times to come, where it can; once a day
        anew, because an admin may have enabled the webhooks since, and whenever the app is enabled: AppAPI has taken
        ours away when it was registered anew."""
        with self.database.read() as session:
            coming = select(Slot.host_id).where(col(Slot.ends_at) > self.clock())
            hosts = select(Host.user_id).where(col(Host.state) == "joined", col(Host.id).in_(coming))
            wanted = sorted(set(session.exec(hosts)))
            known = fact(session, "webhooks")
            enabled = session.get(InstanceFact, "enabled")
        asked = {"hosts": wanted, "day": self.clock().date().isoformat(), "at": hashed(self.route)}
        asked["enabled"] = enabled.learned_at.isoformat() if enabled else ""
        if known == asked or not (wanted or known.get("hosts")):
            return
        try:
            async with self.door.as_user("") as session_of_app:
                await instance.hear_of_calendars(session_of_app, self.door.app_id, self.route, wanted)
        except (Missing, NotAllowed):
            # Without the app webhook_listeners the reading every few minutes has to do.
            log.info("no webhooks here")
        except NextcloudError as error:
            log.warning("webhooks not set", call=error.doing, status=error.status)
            return
        with self.database.write(PATIENCE) as session:
            learn(session, "webhooks", asked, self.clock())

    # -- people -------------------------------------------------------------------------------------------------

    def ask_for_groups(self, user_id: str) -> None:
        """Somebody has opened the page. It is kept in this process only: a question changes nothing, and the page asks
        again until it knows."""
        self._people.add(user_id)

    def people_to_check(self) -> list[str]:
        """Users whose groups a page has asked for since the last call."""
        asked, self._people = self._people, set()
        return sorted(asked.copy())

    async def check_person(self, user_id: str) -> None:
        """Learns the groups of somebody who uses the page, as that user."""
        try:
            async with self.door.as_user(user_id) as session:
                groups = await nextcloud_people.groups(session)
        except NextcloudError as error:
            log.warning("groups not learned", call=error.doing, status=error.status)
            return
        with self.database.write(PATIENCE) as db:
            learn(db, f"person:{user_id}", {"groups": groups}, self.clock())

    # -- notifications ------------------------------------------------------------------------------------------

    def due_notices(self) -> list[tuple[int, int]]:
        with self.database.read() as session:
            return telling.due_notices(session, self.clock())

    async def send_notice(self, notice_id: int, due: int) -> None:
        """Tells a host; whoever is in a group that the admin enrols takes part without being asked."""
        with self.database.write(PATIENCE) as session:
            notice = telling.claim_notice(session, notice_id, due, self.clock())
            if notice is None:
                return
            conference = session.get_one(Conference, notice.conference_id)
        try:
            async with self.door.as_user(notice.user_id) as session_of_host:
                enrolled = notice.kind == "invited" and await self._is_enrolled(session_of_host)
                if enrolled:
                    self._enrol(notice)
                profile = await nextcloud_people.profile(session_of_host)
                language = profile.language[:2]
                say = Speaker(language if language in LANGUAGES else "en", conference.time_zone)
                subject, message = self._words(say, notice, conference, enrolled)
                if subject:
                    page = PAGE.format(app=self.door.app_id)
                    link = f"{self.nextcloud_url()}{page}#/c/{conference.public_id}/{WHERE.get(notice.kind, 'mine')}"
                    await notifications.notify(session_of_host, subject, message, link)
        except NextcloudError as error:
            log.warning("host not notified", call=error.doing, status=error.status)
            self._again(notice_id, given_up=isinstance(error, NotAllowed))
            return
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - tried again ever later, and given up in the end
            ledger.unexpected(error)
            self._again(notice_id, given_up=False)
            return
        with self.database.write(PATIENCE) as session:
            if found := session.get(Notice, notice_id):
                session.delete(found)

    async def _is_enrolled(self, session: UserSession) -> bool:
        rule = set(self.options().names("enrolled_groups"))
        return bool(rule and rule & set(await nextcloud_people.groups(session)))

    def _enrol(self, notice: Notice) -> None:
        with self.database.write(PATIENCE) as session:
            host = session.exec(
                select(Host).where(col(Host.conference_id) == notice.conference_id, col(Host.user_id) == notice.user_id)
            ).first()
            if host and host.state == "invited":
                host.state = "joined"
                session.add(host)

    def _words(self, say: Speaker, notice: Notice, conference: Conference, enrolled: bool) -> tuple[str, str]:
        name = conference.name
        if enrolled:
            return (
                say("You are a host at “%(name)s”", name=name),
                say("Your school enrols you. Families can book with you; see your times here."),
            )
        if notice.kind == "alarm":
            return self._alarm(say, notice)
        if notice.kind == "budget":
            return (
                say("Unusual entries at “%(name)s”", name=name),
                say(
                    "Much came from one network or address, and further entries are refused or have to be confirmed. "
                    "Open this to see what it was, and to undo it."
                ),
            )
        if notice.kind == "evening":
            return (
                say("Tomorrow: “%(name)s”", name=name),
                say("Please look once more whether all video calls fit. The page says it in one sentence."),
            )
        if notice.kind in ("invited", "reminded"):
            return (
                say("You are invited to “%(name)s” as a host", name=name)
                if notice.kind == "invited"
                else say("Please answer: do you take part in “%(name)s”?", name=name),
                say("Open this to take part or to decline."),
            )
        with self.database.read() as session:
            view = booking_by_public_id(session, notice.about)
        if view is None or not view.active:
            return "", ""
        when = say.when(view.starts_at)
        if notice.kind == "family_says":
            with self.database.read() as session:
                call = noted.peek(session, view.id)
            return say("%(name)s (%(when)s) writes to you", name=view.guest_name, when=when), (
                call.family_says if call else ""
            )
        if notice.kind == "event_moved":
            return (
                say("You have moved the appointment of %(when)s in your calendar", when=when),
                say("The family does not know of it. Open this to tell it, or to put the event back."),
            )
        return (
            say("You have deleted the appointment of %(when)s from your calendar", when=when),
            say("The family does not know of it. Open this to cancel it for the family, or to put the event back."),
        )

    def _alarm(self, say: Speaker, notice: Notice) -> tuple[str, str]:
        """What is wrong, and what to do; the board has the buttons."""
        with self.database.read() as session:
            alarm = session.exec(select(Alarm).where(col(Alarm.public_id) == notice.about)).first()
        if alarm is None:
            return "", ""
        number = {name: f"{value:.0f}" for name, value in alarm.facts.items()}
        match alarm.kind:
            case "calls_not_up":
                return (
                    say(
                        "%(missing)s of %(due)s video calls are not up",
                        missing=number.get("missing", "0"),
                        due=number.get("due", "0"),
                    ),
                    say("Open the board: it shows which. Slow the pace, and tell those who wait."),
                )
            case "server_silent":
                return (
                    say("The media server %(server)s does not answer", server=alarm.about),
                    say("Have it started again. Calls that are up may go on; new ones may fail."),
                )
            case "server_full":
                return (
                    say(
                        "The media server %(server)s is at %(percent)s %%",
                        server=alarm.about,
                        percent=number.get("percent", "?"),
                    ),
                    say("Slow the pace on the board, and have hosts begin later whose calls have not started."),
                )
            case "joining_stuck":
                return (
                    say("People get in slowly at %(server)s", server=alarm.about),
                    say("Nextcloud answers slowly. The pace was slowed down by itself; more PHP workers help."),
                )
            case "line_full":
                percent = number.get("percent", "?")
                return (
                    say("The line %(line)s is full to %(percent)s %%", line=alarm.about, percent=percent),
                    say("Ask hosts to switch off HD, and have some begin later. The provider may help."),
                )
            case _:
                return (
                    say("Connections fail at %(server)s", server=alarm.about),
                    say("Look at the TURN server and at the firewall: UDP may be blocked."),
                )

    def _again(self, notice_id: int, given_up: bool) -> None:
        options = self.options()
        with self.database.write(PATIENCE) as session:
            notice = session.get(Notice, notice_id)
            if notice is None:
                return
            notice.attempts += 1
            if given_up or notice.attempts >= MOST_TRIES:
                session.delete(notice)
                return
            wait = pause_after(notice.attempts, options.retry_seconds, options.longest_retry_seconds)
            notice.next_attempt_at = self.clock() + timedelta(seconds=wait)
            session.add(notice)

    # -- the admin's test mail ----------------------------------------------------------------------------------

    def test_mail_due(self) -> str:
        """When the admin asked for a test mail that has not been tried, else empty."""
        with self.database.read() as session:
            asked = fact(session, "test-mail")
        return str(asked.get("asked", "")) if asked.get("state") == "waiting" else ""

    async def send_test_mail(self) -> None:
        """Sends it through the relay and notes what came of it."""
        with self.database.read() as session:
            asked = fact(session, "test-mail")
        if asked.get("state") != "waiting":
            return
        outcome: dict[str, Any] = {"state": "sent", "reason": ""}
        try:
            message = letter.test_message(self.options(), str(asked["to"]), str(asked.get("language", "en")))
            await asyncio.to_thread(smtp.send, self.options(), message)
        except (smtp.SmtpRefused, smtp.SmtpTroubled) as error:
            outcome = {"state": "failed", "reason": str(error)}
        except Exception as error:  # noqa: BLE001 - the admin waits for an answer
            outcome = {"state": "failed", "reason": ledger.unexpected(error)}
        with self.database.write(PATIENCE) as session:
            learn(session, "test-mail", asked | outcome, self.clock())


def _is_settled(event: calendar.EventTime, mine: set[str], in_place: dict[str, TimeSpan | None]) -> bool:
    """Whether the event is one of ours that takes no other slot: in its place, or of a booking that is gone or is being
    written just now."""
    public_id = event.uid.rpartition("-")[0]
    if not event.uid.endswith("@sprechtag") or public_id not in mine:
        return False
    return public_id not in in_place or in_place[public_id] == TimeSpan(event.starts_at, event.ends_at)
