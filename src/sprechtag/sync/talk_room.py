# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Talk room of a video booking, as the host."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ..conference.effects import Ledger, State, room_name
from ..conference.tables import VIDEO
from ..moments import shifted
from ..nextcloud import talk
from ..nextcloud.errors import Missing, NotAllowed, Rejected
from ..nextcloud.session import Door, UserSession
from .call_rooms import BOT
from .places import Guesses

OPENS_BEFORE = timedelta(0)
OFF = "Nextcloud Talk is off. It is tried again by itself."


class CannotCreateRooms(Exception):
    """The host may not; the message says why. `off`: nobody here can just now, because Talk itself is off."""

    def __init__(self, reason: str, off: bool) -> None:
        super().__init__(reason)
        self.off = off


class TalkRoom:
    def __init__(self, door: Door, ledger: Ledger, public_url: str, guesses: Guesses, bot: str = "") -> None:
        self._door = door
        self._ledger = ledger
        self._public_url = public_url
        self._guesses = guesses
        # A bot with another secret is another one: the former may still be there, and hears nothing for us.
        self._bot = ("bot", bot)

    async def apply(self, state: State, now: datetime) -> dict[str, Any]:
        """Brings the room up to the booking; returns how to find it. Raises `NextcloudError`, `CannotCreateRooms`."""
        wanted = state.view.active and state.view.place == VIDEO
        if not wanted and not state.remote:
            return {}
        async with self._door.as_user(state.view.receivers[0].user_id) as session:
            if wanted:
                return await self._ensure(session, state, now)
            await self._remove(session, state)
            return {}

    async def _ensure(self, session: UserSession, state: State, now: datetime) -> dict[str, Any]:
        view, remote = state.view, dict(state.remote)
        room = await self._known(session, state)
        if room is None:
            able = await self._ability(session, view.receivers[0].user_id)
            # Talk may have been off a moment ago, and the room with it.
            room = await self._known(session, state) if remote else None
            if room is None:
                remote = {"name": room_name(state.view.conference_name, state.view.code)}
                self._ledger.remember(view.id, "talk", remote)
                room = await self._create(session, state, able)
                remote |= {"archive": able.archive}
        remote |= {"token": room.token, "link": f"{self._public_url}/call/{room.token}"}
        self._ledger.remember(view.id, "talk", remote)
        opens_at = shifted(view.starts_at, -OPENS_BEFORE)
        if room.lobby_timer != int(opens_at.timestamp()) and opens_at > now:
            await talk.set_lobby(session, room.token, opens_at)
        for other in view.receivers[1:]:
            if other.user_id not in remote.get("moderators", []):
                # Who may not use Talk comes to the room as families do: it stands all the same.
                with suppress(Rejected, Missing, NotAllowed):
                    await talk.make_moderator(session, room.token, other.user_id)
                    remote["moderators"] = [*remote.get("moderators", []), other.user_id]
        if not remote.get("bot"):
            remote["bot"] = await self._bot_if_possible(session, room.token)
        return remote

    async def _ability(self, session: UserSession, user_id: str, *, guess: bool = True) -> talk.TalkAbility:
        """Raises `CannotCreateRooms`."""
        able: talk.TalkAbility | None = self._guesses.get("talk", user_id) if guess else None
        if able is None:
            able = await talk.ability(session)
            if not able.can_create:
                self._guesses.forget("talk", user_id)
                raise CannotCreateRooms(able.reason, await self._is_off())
            self._guesses.keep(able, "talk", user_id)
        return able

    async def _create(self, session: UserSession, state: State, able: talk.TalkAbility) -> talk.Room:
        view, name = state.view, room_name(state.view.conference_name, state.view.code)
        times = (view.starts_at, view.ends_at, shifted(view.starts_at, -OPENS_BEFORE))
        try:
            return await talk.create(session, able, name, *times)
        except (NotAllowed, Missing, Rejected):
            # What the host can do may have changed since it was asked.
            able = await self._ability(session, view.receivers[0].user_id, guess=False)
            return await talk.create(session, able, name, *times)

    async def _bot_if_possible(self, session: UserSession, token: str) -> bool:
        """With the bot in the room the board knows which calls are up; without it rooms are looked at now and then."""
        try:
            if known := self._guesses.get(*self._bot):
                try:
                    await talk.take_bot(session, token, known)
                except (Rejected, Missing, NotAllowed):
                    self._guesses.forget(*self._bot)
                else:
                    return True
            number = await talk.enable_bot(session, token, BOT)
        except (Rejected, Missing, NotAllowed):
            return False
        self._guesses.keep(number, *self._bot)
        return bool(number)

    async def _is_off(self) -> bool:
        async with self._door.as_user("") as session_of_app:
            return await talk.is_off(session_of_app)

    async def _known(self, session: UserSession, state: State) -> talk.Room | None:
        """The room that was made before, even if its making was never noted."""
        if token := state.remote.get("token"):
            return await talk.get(session, str(token))
        if name := state.remote.get("name"):
            return await talk.find(session, str(name))
        return None

    async def _remove(self, session: UserSession, state: State) -> None:
        try:
            room = await self._known(session, state)
        except Missing:
            return
        if room:
            await talk.delete(session, room.token)
        elif await self._is_off():
            raise CannotCreateRooms(OFF, off=True)


async def archive(door: Door, user_id: str, token: str) -> None:
    """Takes a room out of its host's list; tidiness only: the room itself is there."""
    async with door.as_user(user_id) as session:
        with suppress(Rejected, Missing, NotAllowed):
            await talk.archive(session, token)
