# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the conference day needs of Nextcloud: Talk's bot tells, single rooms are looked at where it has not."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.instance import fact, learn
from ..conference.tables import Conference, Host, Slot
from ..conference.telling import tell_user
from ..conference.tokens import hashed
from ..conference.views import booking_view
from ..database import Database, apart
from ..day import media, noted, observer, presence
from ..moments import local
from ..nextcloud import callbacks, talk
from ..nextcloud.errors import Missing, NextcloudError, NotAllowed
from ..nextcloud.session import Door
from .ledger import PATIENCE, take_bot_again

log = structlog.get_logger()
FORMER_ROUTE = "/talk_bot"
"""Where the bot was registered until 0.1.0; whoever knew the app's name knew it too."""
REGISTERED = "talk-bot"
"""The fact that says at which address the bot is registered and which one it is (its secret), both as hashes."""
BOT = "Sprechtag"
DESCRIPTION = "Tells the organisers of a conference day which calls are up. It does not read what is written."
LOOK_SECONDS = 4.0
REST_SECONDS = 20.0
EVENING = 18
_ROOM = re.compile("[A-Za-z0-9_-]{1,64}")


@dataclass
class Today:
    """`clock` gives UTC; `route` is the bot's address, which only Nextcloud is told. Every call may be repeated."""

    database: Database
    door: Door
    clock: Callable[[], datetime]
    route: str = ""
    _looked_at: float = float("-inf")
    _rest: float = 0.0
    _told: set[tuple[int, str]] = field(default_factory=set)

    # -- the bot ------------------------------------------------------------------------------------------------

    async def register_bot(self) -> None:
        """Tells Talk of our bot. Where there is no Talk there is none. A bot that stands at a former address goes.
        The rooms a former one was in get the new one: AppAPI takes ours away when the app is registered anew, and it is
        another one when Nextcloud's address has changed."""
        moved = self._bot_has_moved()
        try:
            async with self.door.as_user("") as session:
                if moved:
                    await talk.forget_bot(session, FORMER_ROUTE)
                secret = await talk.register_bot(session, BOT, self.route, DESCRIPTION)
        except NextcloudError as error:
            log.warning("talk bot not registered", call=error.doing, status=error.status)
            return
        await asyncio.to_thread(self._note_bot, {"at": hashed(self.route), "secret": hashed(secret)})

    async def keep_bot(self) -> None:
        """Registers the bot where an update came without AppAPI's enabling the app again."""
        if await asyncio.to_thread(self._bot_has_moved):
            await self.register_bot()

    def _bot_has_moved(self) -> bool:
        with self.database.read() as session:
            return fact(session, REGISTERED).get("at") != hashed(self.route)

    def _note_bot(self, bot: dict[str, Any]) -> None:
        with self.database.write(PATIENCE) as session:
            if fact(session, REGISTERED) != bot:
                take_bot_again(session)
                learn(session, REGISTERED, bot, self.clock())

    def heard(self, said: dict[str, Any]) -> None:
        """An event of Talk's, as the bot gets it (Activity Streams 2.0). What is written in a chat is not looked at."""
        if said.get("type") != "Activity":
            return
        room = callbacks.word(said, "target", "id")
        what = callbacks.word(said, "object", "name")
        actor = callbacks.word(said, "actor", "id")
        if _ROOM.fullmatch(room) and actor and what.startswith("call_"):
            with self.database.write(PATIENCE) as session:
                presence.heard(session, room, what, actor, self.clock())

    # -- looking at single rooms --------------------------------------------------------------------------------

    def rooms_to_check(self) -> list[int]:
        """Bookings whose room was not heard of for a while; none while no conference is on, and not asked for more
        often than every few seconds."""
        if time.monotonic() - self._looked_at < self._rest:
            return []
        self._looked_at = time.monotonic()
        with self.database.read() as session:
            on = bool(observer.conferences_on(session, self.clock()))
            self._rest = LOOK_SECONDS if on else REST_SECONDS
            return presence.rooms_to_check(session, self.clock()) if on else []

    async def check_room(self, booking_id: int) -> None:
        """Looks, as the host, who is in the call."""
        with self.database.read() as session:
            view = booking_view(session, booking_id)
            room = noted.of_booking(session, booking_id).room
        if not room or not view.active:
            return
        try:
            async with self.door.as_user(view.host_user_id) as session_of_host:
                there = await talk.in_call(session_of_host, room)
        except (Missing, NotAllowed):
            there = []
        except NextcloudError as error:
            log.warning("room not looked at", call=error.doing, status=error.status)
            return
        with self.database.write(PATIENCE) as session:
            present = [presence.actor_of(actor, view.host_user_id) for actor in there]
            presence.seen(session, booking_id, present, self.clock())

    # -- what a browser needs to try its way --------------------------------------------------------------------

    def relays_are_old(self) -> bool:
        """Their passwords are good for a day; they are asked for every six hours while a conference is near."""
        now = self.clock()
        with self.database.read() as session:
            known = fact(session, media.RELAYS)
            if known and datetime.fromisoformat(known["until"]) > now:
                return False
            near = select(col(Slot.id)).where(
                col(Slot.starts_at) < now + timedelta(days=15), col(Slot.ends_at) > now - timedelta(hours=2)
            )
            return session.execute(near.limit(1)).first() is not None

    async def learn_relays(self) -> None:
        """Asks, as the first host who can, for the servers that Talk gives to all who join."""
        with self.database.read() as session:
            hosts = session.execute(
                select(col(Host.user_id)).where(col(Host.state) == "joined", col(Host.can_video).is_(True)).limit(3)
            )
            user_ids = list(hosts.scalars())
        for user_id in user_ids:
            try:
                async with self.door.as_user(user_id) as session_of_host:
                    found = await talk.relays(session_of_host)
            except NextcloudError as error:
                log.warning("relays not learned", call=error.doing, status=error.status)
                continue
            until = (self.clock() + timedelta(hours=6)).isoformat()
            with self.database.write(PATIENCE) as session:
                known = {"mode": found.mode, "servers": list(found.servers), "until": until}
                learn(session, media.RELAYS, known, self.clock())
            return

    # -- rehearsal: rooms to try in, as the organiser -------------------------------------------------------------

    def rehearsals_to_prepare(self) -> list[int]:
        with self.database.read() as session:
            asked = select(col(Conference.id)).where(col(Conference.rehearsal).in_(("wanted", "ending")))
            return list(session.execute(asked).scalars())

    async def prepare_rehearsal(self, conference_id: int, talk_base: str) -> None:
        """Makes the three rooms to try in, or takes them away again, as the organiser."""
        with self.database.read() as session:
            conference = session.get(Conference, conference_id)
        if conference is None or conference.rehearsal not in ("wanted", "ending"):
            return
        try:
            async with self.door.as_user(conference.organiser_id) as session_of_organiser:
                if conference.rehearsal == "ending":
                    for room in conference.rehearsal_rooms:
                        await talk.delete(session_of_organiser, room["token"])
                    state, rooms = "", []
                else:
                    rooms = list(conference.rehearsal_rooms)
                    able = await talk.ability(session_of_organiser)
                    for number in range(len(rooms) + 1, ROOMS + 1):
                        if not able.can_create:
                            break
                        name = f"{conference.name} · {number}"
                        token = await talk.create_open(session_of_organiser, name)
                        rooms.append({"token": token, "link": f"{talk_base}/call/{token}"})
                    state = "on" if rooms else "failed"
        except NextcloudError as error:
            log.warning("rehearsal not prepared", call=error.doing, status=error.status)
            return
        with self.database.write(PATIENCE) as session:
            if found := session.get(Conference, conference_id):
                found.rehearsal, found.rehearsal_rooms = state, rooms
                session.add(found)

    # -- the evening before ---------------------------------------------------------------------------------------

    def tell_organisers(self) -> None:
        """The evening before a conference day its organiser is told to look once more whether all calls fit."""
        now = self.clock()
        with self.database.read() as session:
            due = [one for one in _tomorrows(session, now) if (one[0].id or 0, one[1]) not in self._told]
        if not due:
            return
        with self.database.write(PATIENCE) as session:
            for conference, day in due:
                self._told.add((conference.id or 0, day))
                name = f"evening:{conference.public_id}:{day}"
                if not fact(session, name):
                    learn(session, name, {"told": True}, now)
                    tell_user(session, conference.id or 0, conference.organiser_id, "evening", now, day)


ROOMS = 3


def _tomorrows(session: Session, now: datetime) -> list[tuple[Conference, str]]:
    """Conferences with a day tomorrow, once it is evening there."""
    found = []
    rows: Any = session.execute(
        select(Conference).where(
            col(Conference.state) != "draft",
            select(col(Slot.id))
            .where(col(Slot.conference_id) == col(Conference.id))
            .where(col(Slot.starts_at) > now, col(Slot.starts_at) < now + timedelta(days=2))
            .exists(),
        )
    ).scalars()
    for conference in list(rows):
        with apart(session, "evening"):
            found += _tomorrow(session, conference, now)
    return found


def _tomorrow(session: Session, conference: Conference, now: datetime) -> list[tuple[Conference, str]]:
    zone = ZoneInfo(conference.time_zone)
    there = local(now, zone)
    starts = session.execute(
        select(col(Slot.starts_at)).where(
            col(Slot.conference_id) == conference.id,
            col(Slot.starts_at) > now,
            col(Slot.starts_at) < now + timedelta(days=3),
        )
    ).scalars()
    tomorrow = (there + timedelta(days=1)).date()
    if there.hour >= EVENING and any(local(one, zone).date() == tomorrow for one in starts):
        return [(conference, tomorrow.isoformat())]
    return []
