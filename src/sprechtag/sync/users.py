# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud tells us of people: what a host can do, an organiser's mail account, somebody's groups."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session, col

from ..conference import effects, entries, follow, hosts, persons, tandem
from ..conference.instance import fact, learn
from ..conference.tables import Conference, Host
from ..database import PATIENCE, Database
from ..errands import queue
from ..errands.queue import Put
from ..errands.retry import Fault, Trouble
from ..errands.table import Errand
from ..errands.worker import insist
from ..nextcloud import mail, people, talk
from ..nextcloud.errors import Missing, NextcloudError, NotAllowed
from ..nextcloud.session import Door
from ..privacy import retention

PERSON = "person"
HOST_EVERY, ORGANISER_EVERY = timedelta(hours=1), timedelta(minutes=10)
LONGEST_NAME = 200
NO_USER = "Nextcloud does not know this user or does not let the app act for them."


@dataclass
class Users:
    """`ask` has the worker look: a page has asked for something."""

    database: Database
    door: Door
    clock: Callable[[], datetime]
    ask: Callable[[], None]
    pace: float = 1.0
    _asked: set[str] = field(default_factory=set)

    # -- hosts --------------------------------------------------------------------------------------------------

    async def check_host(self, errand: Errand) -> datetime | None:
        """Looks, as the host, what the host can do: who it is, and whether it may create Talk rooms."""
        host_id = int(errand.key)
        with self.database.read() as session:
            host = session.get(Host, host_id)
            if host is None or host.tandem or host.state != "joined" or host.conference_id in self._past(session):
                return None
        # Who the user is comes first: of a deleted user, capabilities tell something all the same.
        async with self.door.as_user(host.user_id) as session_of_host:
            try:
                profile = await people.profile(session_of_host)
            except NotAllowed:
                if await self._we_are_known():
                    await insist(lambda: self._is_gone(host_id))
                raise
            able = await talk.ability(session_of_host)
        off = not able.can_create and await self._talk_is_off()
        now = self.clock()
        with self.database.write(PATIENCE) as session:
            before = fact(session, f"host:{host.user_id}").get("name", "")
            given = entries.line(profile.display_name[:LONGEST_NAME], 9 * LONGEST_NAME) or host.user_id
            values = {"email": profile.email, "language": profile.language[:2], "name": given}
            learn(session, f"host:{host.user_id}", values, now)
            found = session.get(Host, host_id)
            if found is None:
                return None
            hosts.is_named(session, host.user_id, before, given)
            found.problem = able.reason
            hosts.is_gone(session, found, False, now)
            # A Talk that is being updated takes nobody's right away.
            found.can_video = found.can_video if off else able.can_create
            session.add(found)
            session.flush()
            tandem.level(session, found)
            if able.can_create:
                for one in (found, *persons.tandems_with(session, found)):
                    effects.look_again(session, "talk", one.id or 0, now)
        return now + (ORGANISER_EVERY if off else HOST_EVERY) * self.pace

    async def _we_are_known(self) -> bool:
        """Whether Nextcloud still takes our own word: where it takes nobody's, a refusal says nothing of the user."""
        try:
            await self._talk_is_off()
        except NextcloudError:
            return False
        return True

    def _is_gone(self, host_id: int) -> None:
        with self.database.write(PATIENCE) as session:
            if host := session.get(Host, host_id):
                hosts.is_gone(session, host, True, self.clock())

    async def _talk_is_off(self) -> bool:
        async with self.door.as_user("") as session_of_app:
            return await talk.is_off(session_of_app)

    def host_trouble(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        """Only what concerns this host: that Nextcloud is away says nothing of it."""
        host = session.get(Host, int(errand.key))
        if host and trouble.fault in (Fault.RIGHTS, Fault.OURS):
            host.problem = NO_USER if trouble.fault is Fault.RIGHTS else trouble.words
            session.add(host)

    # -- organisers ---------------------------------------------------------------------------------------------

    async def check_organiser(self, errand: Errand) -> datetime | None:
        """Finds the organiser's Mail account, if there is one."""
        user_id = errand.key
        with self.database.read() as session:
            mine = select(col(Conference.id)).where(
                col(Conference.organiser_id) == user_id, col(Conference.id).not_in(self._over(session))
            )
            if session.execute(mine.limit(1)).first() is None:
                return None
        async with self.door.as_user(user_id) as session_of_organiser:
            profile = await people.profile(session_of_organiser)
            try:
                account = await mail.first_account(session_of_organiser)
                gone = False
            except (Missing, NotAllowed):
                account, gone = None, True
        value: dict[str, object] = {"id": account.id, "address": account.address} if account else {}
        with self.database.write(PATIENCE) as db:
            if gone:
                value = self._kept_account(fact(db, f"mail:{user_id}"))
            learn(db, f"mail:{user_id}", value | {"reply_to": profile.email}, self.clock())
        return self.clock() + ORGANISER_EVERY * self.pace

    def _kept_account(self, known: dict[str, Any]) -> dict[str, object]:
        """A Mail app that is not there just now, as while it is updated, takes no account away for a day: mails wait,
        because they would go by another way, or none."""
        since = datetime.fromisoformat(known["gone_since"]) if known.get("gone_since") else self.clock()
        if not known.get("id") or self.clock() - since > timedelta(days=1):
            return {}
        return {"id": known["id"], "address": known["address"], "gone_since": since.isoformat()}

    # -- whoever uses the page ------------------------------------------------------------------------------------

    def ask_for_groups(self, user_id: str) -> None:
        """Somebody has opened the page. It is kept in this process only: a question changes nothing, and the page asks
        again until it knows."""
        self._asked.add(user_id)
        self.ask()

    def asked(self) -> list[str]:
        """Users whose groups a page has asked for since the last call."""
        asked, self._asked = self._asked, set()
        return sorted(asked)

    def put_asked(self, session: Session, now: datetime) -> None:
        queue.put(session, *(Put(PERSON, user_id, now, rank=follow.URGENT) for user_id in self.asked()))

    async def check_person(self, errand: Errand) -> None:
        """Learns the groups of somebody who uses the page, as that user."""
        async with self.door.as_user(errand.key) as session:
            groups = await people.groups(session)
        with self.database.write(PATIENCE) as db:
            learn(db, f"person:{errand.key}", {"groups": groups}, self.clock())

    # -- who is looked at again and again -------------------------------------------------------------------------

    def put_missing(self, session: Session, now: datetime) -> None:
        """Hosts of conferences that are not past, and organisers until the retention is over, because letters go out by
        their mail: of the others nothing is to be known any more."""
        watched = select(col(Conference.id)).where(col(Conference.id).not_in(self._past(session)))
        alone = col(Host.tandem).is_(False)
        hosts = select(Host).where(col(Host.conference_id).in_(watched), col(Host.state) == "joined", alone)
        queue.put_missing(session, follow.HOST, _keyed(hosts, col(Host.id)), now)
        organisers = select(Conference).where(col(Conference.id).not_in(self._over(session)))
        queue.put_missing(session, follow.ORGANISER, _keyed(organisers, col(Conference.organiser_id)), now)

    def _over(self, session: Session) -> set[int]:
        return retention.conferences_over(session, self.clock())

    def _past(self, session: Session) -> set[int]:
        return retention.conferences_past(session, self.clock())


def _keyed(of: Select[Any], key: Any) -> Select[Any]:
    return follow.each(of, key, follow.lane("check", key))
