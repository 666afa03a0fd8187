# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What hosts and organisers are told in Nextcloud's notifications."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from ..conference import entries, hosts
from ..conference.tables import Alarm, Conference, Host
from ..conference.views import booking_by_public_id
from ..database import PATIENCE, Database
from ..day import noted
from ..errands.retry import Fault, Trouble
from ..errands.table import Errand
from ..nextcloud import instance, notifications
from ..nextcloud import people as nextcloud_people
from ..nextcloud.errors import NotAllowed
from ..nextcloud.session import Door, UserSession
from ..nextcloud.troubles import NOT_ALLOWED
from ..phrases import LANGUAGES, Speaker
from ..settings import Settings

PAGE = "/index.php/apps/app_api/embedded/{app}/" + instance.MENU_ENTRY
LONGEST_NAME = 200
WHERE = {"alarm": "board", "host_gone": "hosts"} | dict.fromkeys(
    ("evening", "budget", "deputy", "owner", "few_left_of"), "overview"
)


@dataclass(frozen=True)
class Notice:
    """Who is told what (`NoticeKind`), and the public id of what it is about."""

    conference_id: int
    user_id: str
    kind: str
    about: str

    @classmethod
    def of(cls, errand: Errand) -> "Notice":
        said = errand.payload
        return cls(int(said["conference"]), str(said["user"]), str(said["kind"]), str(said["about"]))


@dataclass
class Notifications:
    """`nextcloud_url` is Nextcloud's public address without a slash at its end."""

    database: Database
    door: Door
    options: Callable[[], Settings]
    nextcloud_url: Callable[[], str]
    clock: Callable[[], datetime]

    async def tell(self, errand: Errand) -> None:
        """Tells a host; whoever is in a group that the admin enrols takes part without being asked."""
        notice = Notice.of(errand)
        with self.database.read() as session:
            conference = session.get(Conference, notice.conference_id)
        if conference is None:
            return
        try:
            await self._tell(notice, conference)
        except NotAllowed as error:
            # Nobody is there who could read it.
            raise Trouble(Fault.RIGHTS, NOT_ALLOWED.format(status=error.status), final=True) from error

    async def _tell(self, notice: Notice, conference: Conference) -> None:
        async with self.door.as_user(notice.user_id) as session_of_host:
            enrolled = notice.kind == "invited" and await self._is_enrolled(session_of_host)
            if enrolled:
                self._enrol(notice)
            profile = await nextcloud_people.profile(session_of_host)
            if notice.kind == "invited":
                self._name(notice, profile.display_name)
            language = profile.language[:2]
            say = Speaker(language if language in LANGUAGES else "en", conference.time_zone)
            subject, message = self._words(say, notice, conference, enrolled)
            if subject:
                page = PAGE.format(app=self.door.app_id)
                link = f"{self.nextcloud_url()}{page}#/c/{conference.public_id}/{WHERE.get(notice.kind, 'mine')}"
                await notifications.notify(session_of_host, subject, message, link)

    async def _is_enrolled(self, session: UserSession) -> bool:
        rule = set(self.options().names("enrolled_groups"))
        return bool(rule and rule & set(await nextcloud_people.groups(session)))

    def _enrol(self, notice: Notice) -> None:
        with self.database.write(PATIENCE) as session:
            host = session.exec(
                select(Host).where(col(Host.conference_id) == notice.conference_id, col(Host.user_id) == notice.user_id)
            ).first()
            if host and host.state == "invited":
                hosts.join(session, host)

    def _name(self, notice: Notice, name: str) -> None:
        """Who was invited with a group is known by the user id alone, which is a UUID where users come from LDAP."""
        given = entries.line(name[:LONGEST_NAME], 9 * LONGEST_NAME)
        with self.database.write(PATIENCE) as session:
            host = session.exec(
                select(Host).where(col(Host.conference_id) == notice.conference_id, col(Host.user_id) == notice.user_id)
            ).first()
            if host and given and host.display_name == host.user_id:
                host.display_name = given
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
        if notice.kind == "few_left":
            return (
                say("You have hardly a time left at “%(name)s”", name=name),
                say("Families still book. Open this to receive them longer, if you can."),
            )
        if notice.kind == "few_left_of":
            return (
                say("Somebody has hardly a time left at “%(name)s”", name=name),
                say("Families still book. Open this to see who it is, and to give them more times."),
            )
        if notice.kind == "host_gone":
            return self._host_gone(say, notice, name)
        if notice.kind in ("deputy", "owner"):
            return (
                say("You help to organise “%(name)s”", name=name)
                if notice.kind == "deputy"
                else say("“%(name)s” is yours to organise now", name=name),
                say("Open this to see it."),
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

    def _host_gone(self, say: Speaker, notice: Notice, conference: str) -> tuple[str, str]:
        with self.database.read() as session:
            host = session.exec(select(Host).where(col(Host.public_id) == notice.about)).first()
        if host is None or not host.gone:
            return "", ""
        return (
            say("%(host)s is no user of Nextcloud any more (“%(name)s”)", host=host.display_name, name=conference),
            say("Nobody can book there now. Open this to hand the appointments over to somebody else."),
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
