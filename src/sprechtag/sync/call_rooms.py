# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rooms on the conference day and in a rehearsal: Talk's bot tells who is in a call, single rooms are looked at where
it has not."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.effects import take_bot_again
from ..conference.instance import fact, learn
from ..conference.tables import Booking, Conference, Host, Slot
from ..conference.tokens import hashed
from ..conference.views import booking_view
from ..database import PATIENCE, Database
from ..day import media, noted, observer, presence
from ..errands import clock as clocks
from ..errands import queue
from ..errands.queue import Put
from ..errands.table import Errand
from ..errands.worker import insist
from ..nextcloud import callbacks, talk
from ..nextcloud.errors import Missing, NextcloudError, NotAllowed
from ..nextcloud.session import Door

log = structlog.get_logger()
FORMER_ROUTE = "/talk_bot"
"""Where the bot was registered until 0.1.0; whoever knew the app's name knew it too."""
REGISTERED = "talk-bot"
"""The fact that says at which address the bot is registered and which one it is (its secret), both as hashes."""
BOT = "Sprechtag"
DESCRIPTION = "Tells the organisers of a conference day which calls are up. It does not read what is written."
LOOK_EVERY, LOOK_WITHIN = timedelta(seconds=4), timedelta(minutes=1)
NO_TALK = timedelta(minutes=10)
ROOMS = 3
ROOM, BOT_KIND = "room", "bot"
_ROOM = re.compile("[A-Za-z0-9_-]{1,64}")


@dataclass
class CallRooms:
    """`clock` gives UTC; `route` is the bot's address, which only Nextcloud is told. Every call may be repeated."""

    database: Database
    door: Door
    clock: Callable[[], datetime]
    nextcloud_url: Callable[[], str]
    route: str = ""
    pace: float = 1.0

    # -- the bot ------------------------------------------------------------------------------------------------

    async def keep_bot(self, _errand: Errand) -> datetime | None:
        """Tells Talk of our bot. A bot that stands at a former address goes. The rooms a former one was in get the new
        one: AppAPI takes ours away when the app is registered anew, and it is another one when Nextcloud's address has
        changed. Where there is no Talk it is tried again: an admin may install it."""
        moved = await asyncio.to_thread(self._bot_has_moved)
        async with self.door.as_user("") as session:
            if await talk.is_off(session):
                return self.clock() + NO_TALK * self.pace
            if moved:
                await talk.forget_bot(session, FORMER_ROUTE)
            secret = await talk.register_bot(session, BOT, self.route, DESCRIPTION)
        await insist(lambda: self._note_bot({"at": hashed(self.route), "secret": hashed(secret)}))
        return None

    def put_missing(self, session: Session, now: datetime) -> None:
        """Registers the bot where an update came without AppAPI's enabling the app again."""
        if fact(session, REGISTERED).get("at") != hashed(self.route):
            queue.put(session, Put(BOT_KIND, "", now))

    def _bot_has_moved(self) -> bool:
        with self.database.read() as session:
            return fact(session, REGISTERED).get("at") != hashed(self.route)

    def _note_bot(self, bot: dict[str, Any]) -> None:
        with self.database.write(PATIENCE) as session:
            if fact(session, REGISTERED) != bot:
                take_bot_again(session, self.clock())
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

    async def look_round(self, _errand: Errand) -> datetime:
        """Has those rooms looked at that were not heard of for a while; none while no conference is on."""
        now = self.clock()
        with self.database.read() as session:
            on = bool(observer.conferences_on(session, now))
            unheard = presence.rooms_to_check(session, now) if on else []
            again_at = clocks.rest(now, observer.next_on(session, now), self.pace)
        if unheard:
            with self.database.write(PATIENCE) as session:
                queue.put(session, *(Put(ROOM, str(one), now, expires_at=now + LOOK_WITHIN) for one in unheard))
        return now + LOOK_EVERY * self.pace if on else again_at

    async def look_at(self, errand: Errand) -> None:
        """Looks, as the host, who is in the call."""
        booking_id = int(errand.key)
        with self.database.read() as session:
            if session.get(Booking, booking_id) is None:
                return
            view = booking_view(session, booking_id)
            room = noted.of_booking(session, booking_id).room
        if not room or not view.active:
            return
        try:
            async with self.door.as_user(view.receivers[0].user_id) as session_of_host:
                there = await talk.in_call(session_of_host, room)
        except (Missing, NotAllowed):
            there = []
        with self.database.write(PATIENCE) as session:
            hosts = [one.user_id for one in view.receivers]
            present = [presence.actor_of(actor, hosts) for actor in there]
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

    async def learn_relays(self, _errand: Errand) -> datetime:
        """Asks, as the first host who can, for the servers that Talk gives to all who join."""
        again_at = clocks.rest(self.clock(), pace=self.pace)
        if not self.relays_are_old():
            return again_at
        with self.database.read() as session:
            hosts = session.execute(
                select(col(Host.user_id))
                .where(col(Host.state) == "joined", col(Host.can_video).is_(True), col(Host.tandem).is_(False))
                .limit(3)
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
            break
        return again_at

    # -- rehearsal: rooms to try in, as the organiser -------------------------------------------------------------

    async def prepare_rehearsal(self, errand: Errand) -> None:
        """Makes the three rooms to try in, or takes them away again, as the organiser."""
        conference_id, talk_base = int(errand.key), self.nextcloud_url()
        with self.database.read() as session:
            conference = session.get(Conference, conference_id)
        if conference is None or conference.rehearsal not in ("wanted", "ending"):
            return
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
        with self.database.write(PATIENCE) as session:
            if found := session.get(Conference, conference_id):
                found.rehearsal, found.rehearsal_rooms = state, rooms
                session.add(found)
