# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Brings room and event up to one booking: each call may be repeated at any time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from ..conference import budgets, effects, follow
from ..conference.effects import Ledger, State
from ..conference.persons import Receiver
from ..conference.tables import VIDEO, Booking, EffectKind, Host
from ..database import PATIENCE, Database
from ..day import noted
from ..errands import queue
from ..errands.queue import Put
from ..errands.retry import Fault, NotYet, Trouble, part
from ..errands.table import Errand
from ..errands.worker import Done, insist
from ..letters.owed import HELD_BACK, NOT_SET_UP, Held
from ..nextcloud.errors import NextcloudError
from ..nextcloud.session import Door
from ..nextcloud.troubles import explain
from .booking_event import BookingEvent, Writing
from .call_rooms import REGISTERED
from .instance import Instance
from .one_of_several import OneOfSeveral
from .places import Guesses
from .talk_room import OFF, CannotCreateRooms, TalkRoom, archive

NO_MAIL_ADDRESS = "The host has no e-mail address in Nextcloud, so its calendar sends no invitation."
NOT_DELIVERED = "Nextcloud's own mail server did not take the invitation. It is tried again by itself."
TALK_BACK_WITHIN = timedelta(minutes=10)
"""So long a Talk that is off is waited for, as while it is updated; then the event goes without a link."""


ARCHIVE = "archive"
TIDIED_AFTER, LATE = timedelta(minutes=1), 9


def _all_of(notes: Sequence[Callable[[Session], None]], session: Session) -> None:
    for note in notes:
        note(session)


def _waits_for_family(state: State) -> bool:
    return state.view.active and state.view.confirm_by is not None


def _is_by_video(state: State) -> bool:
    return state.view.active and state.view.place == VIDEO


def _of(state: State, receiver: Receiver, remote: dict[str, Any]) -> State:
    """As one of its hosts has it."""
    return replace(state, view=state.view.as_of(receiver), remote=remote)


@dataclass
class Bookings:
    """What stands outside for a booking. `pace` shortens times in tests."""

    database: Database
    ledger: Ledger
    door: Door
    instance: Instance
    held: Held
    clock: Callable[[], datetime]
    pace: float = 1.0
    guesses: Guesses = field(default_factory=Guesses)

    async def follow(self, errand: Errand) -> Done | None:
        """Talk room first, because the event holds its link. What came of it is noted when the errand is settled; a
        room at once, because the event may fail."""
        booking_id = int(errand.key)
        states = self.ledger.states(booking_id)
        if not states or _waits_for_family(states["talk"]):
            return None
        settled: list[Callable[[Session], None]] = []
        talk = states["talk"]
        if talk.behind and not talk.remote and not _is_by_video(talk):
            settled.append(partial(self._applied, talk, "talk", {}))
        elif talk.behind:
            with part("talk", {booking_id: talk.view.revision}, explain):
                await self._talk(errand, talk)
            states = self.ledger.states(booking_id)
            if not states or _waits_for_family(states["talk"]):
                return None
        event = states["calendar"]
        if event.behind:
            with part("calendar", {booking_id: event.view.revision}, explain):
                settled.append(await self._calendar(event))
        if event.view.people:
            settled.append(lambda session: follow.people_of(session, booking_id, self.clock()))
        return Done(lambda session: _all_of(settled, session))

    def _applied(self, state: State, kind: EffectKind, remote: dict[str, Any], session: Session) -> None:
        effects.applied(session, state, kind, remote, self.clock())

    def noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        kind: EffectKind = "calendar" if trouble.about == "calendar" else "talk"
        effects.note_trouble(session, kind, trouble.tried, trouble.words, self.clock(), final=final)
        if trouble.fault is Fault.RIGHTS:
            # It may be that Nextcloud knows the host no more.
            for booking_id in trouble.tried:
                if booking := session.get(Booking, booking_id):
                    follow.host(session, session.get_one(Host, booking.host_id), self.clock())

    async def _talk(self, errand: Errand, state: State) -> None:
        try:
            bot = str(self.instance.known(REGISTERED).get("secret", ""))
            room = TalkRoom(self.door, self.ledger, self.instance.nextcloud_base(), self.guesses, bot)
            remote = await room.apply(state, self.clock())
        except CannotCreateRooms as error:
            if error.off:
                raise Trouble(Fault.NEXTCLOUD, OFF, final=self._is_over(errand, state)) from error
            self._host_cannot_video(state, str(error))
            raise Trouble(Fault.RIGHTS, str(error), final=True) from error
        token = remote.get("token", state.remote.get("token"))
        await insist(lambda: self._room_stands(state, remote, str(token or "")))

    def _is_over(self, errand: Errand, state: State) -> bool:
        """Whether Talk has been off for so long that the appointment goes on without it. The host is looked at again
        soon then, and what was given up follows. A room that has to go is waited for however long it takes."""
        since = errand.troubled_at if errand.problem == OFF and errand.troubled_at else self.clock()
        if not state.view.active or self.clock() - since < TALK_BACK_WITHIN * self.pace:
            return False
        with self.database.write(PATIENCE) as session:
            if host := session.get(Host, state.view.host_id):
                follow.host(session, host, self.clock() + TALK_BACK_WITHIN * self.pace)
        return True

    def _room_stands(self, state: State, remote: dict[str, Any], token: str) -> None:
        """A room that its host need not see in the list is taken out of it later, when there is time."""
        tidy = bool(remote.pop("archive", False))

        def write(session: Session) -> None:
            self._applied(state, "talk", remote, session)
            if token:
                noted.remember_room(session, state.view.id, token if remote else "")
            if tidy:
                now = self.clock() + TIDIED_AFTER * self.pace
                queue.put(session, Put(ARCHIVE, str(state.view.id), now, f"tidying:{state.view.host_id}", LATE))

        self.database.do(write, PATIENCE)

    async def archive(self, errand: Errand) -> None:
        """Takes a room out of its host's list of conversations."""
        state = self.ledger.state(int(errand.key), "talk")
        if state and state.remote.get("token"):
            await archive(self.door, state.view.receivers[0].user_id, str(state.remote["token"]))

    async def _calendar(self, state: State) -> Callable[[Session], None]:
        """Returns what is to be noted."""
        invites = self.instance.channel(state.view.organiser_id).name == "calendar"
        if invites and not self.instance.public_base():
            raise Trouble(Fault.NEXTCLOUD, NOT_SET_UP)
        if invites and (until := self.held.back(state.view, budgets.INVITATIONS)):
            await insist(lambda: self._note(state, HELD_BACK))
            raise NotYet(until)
        remote = await self._events(state)

        def note(session: Session) -> None:
            if invites:
                self.held.count(session, state.view, budgets.INVITATIONS)
            self._applied(state, "calendar", remote, session)

        return note

    async def _events(self, state: State) -> dict[str, Any]:
        """Brings the event of each host up to the booking; those of a tandem's others are noted in the first one's
        `remote`, each by its user. Raises `NextcloudError`."""
        first, *others = state.view.receivers
        ledger = OneOfSeveral(self.ledger, state.remote)
        if not others:
            return await self._event(state, ledger, first).apply(_of(state, first, ledger.known), self.clock())
        troubles: list[NextcloudError] = []
        for receiver in (first, *others):
            ledger.user_id = "" if receiver is first else receiver.user_id
            event = self._event(state, ledger, receiver, first=receiver is first)
            try:
                ledger.keep(await event.apply(_of(state, receiver, ledger.known), self.clock()))
            except NextcloudError as error:
                troubles.append(error)
            else:
                self.ledger.remember(state.view.id, "calendar", ledger.remote)
        if troubles:
            # One's trouble is not the other's: everybody's event was tried.
            raise troubles[0]
        return ledger.remote

    def _event(
        self, state: State, ledger: Ledger | OneOfSeveral, receiver: Receiver, first: bool = True
    ) -> BookingEvent:
        view, host = state.view, self.instance.host_facts(receiver.user_id)
        writing = Writing(
            self.instance.channel(view.organiser_id),
            host.get("email", ""),
            host.get("language", ""),
            self.instance.writer(),
            first,
        )
        return BookingEvent(self.door, ledger, writing, self.guesses)

    def _write_again(self, state: State) -> None:
        with self.database.write(PATIENCE) as session:
            effects.behind_again(session, state.view.id, "calendar", self.clock())

    def _note(self, state: State, words: str) -> None:
        with self.database.write(PATIENCE) as session:
            tried = {state.view.id: state.view.revision}
            effects.note_trouble(session, "calendar", tried, words, self.clock(), final=False)

    def _host_cannot_video(self, state: State, reason: str) -> None:
        with self.database.write(PATIENCE) as session:
            host = session.get(Host, state.view.host_id)
            if host:
                host.can_video, host.problem = False, reason
                session.add(host)

    # -- where the calendar server writes the family's mail ------------------------------------------------------------

    async def mail_by_calendar(self, errand: Errand, state: State) -> None:
        """The calendar server has sent the mail with the event, or could not and is asked again."""
        first = state.view.receivers[0]
        host = self.instance.host_facts(first.user_id)
        if host and not host.get("email"):
            raise Trouble(Fault.RIGHTS, NO_MAIL_ADDRESS, final=True)
        event = self.ledger.state(state.view.id, "calendar")
        if event is None:
            return
        remote = event.remote
        if remote.get("written") and not remote.get("invites") and state.view.active:
            # It was written while another channel was to tell the family: it becomes an invitation now.
            await insist(lambda: self._write_again(state))
            raise NotYet(self.clock() + TALK_BACK_WITHIN * self.pace)
        if remote.get("undelivered") and errand.payload.get("undelivered"):
            ledger = OneOfSeveral(self.ledger, remote)
            ledger.keep(await self._event(event, ledger, first).invite_again(_of(event, first, ledger.known)))
            remote = ledger.remote
            self.ledger.remember(state.view.id, "calendar", remote)
        if remote.get("undelivered"):
            with self.database.write(PATIENCE) as session:
                queue.note(session, errand, {"undelivered": True})
            raise Trouble(Fault.RELAY, NOT_DELIVERED)
        await insist(lambda: self.ledger.applied(state, "mail", {}, self.clock()))
