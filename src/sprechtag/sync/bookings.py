# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Brings room and event up to one booking: each call may be repeated at any time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from ..conference import budgets, effects, follow
from ..conference.effects import Ledger, State
from ..conference.tables import EffectKind, Host
from ..database import PATIENCE, Database
from ..day import noted
from ..errands import queue
from ..errands.retry import Fault, NotYet, Trouble, part
from ..errands.table import Errand
from ..errands.worker import insist
from ..letters.owed import HELD_BACK, NOT_SET_UP, Held
from ..nextcloud.session import Door
from ..nextcloud.troubles import explain
from .booking_event import BookingEvent, Writing
from .instance import Instance
from .talk_room import OFF, CannotCreateRooms, TalkRoom

NO_MAIL_ADDRESS = "The host has no e-mail address in Nextcloud, so its calendar sends no invitation."
NOT_DELIVERED = "Nextcloud's own mail server did not take the invitation. It is tried again by itself."
TALK_BACK_WITHIN = timedelta(minutes=10)
"""So long a Talk that is off is waited for, as while it is updated; then the event goes without a link."""


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

    async def follow(self, errand: Errand) -> None:
        """Talk room first, because the event holds its link."""
        booking_id = int(errand.key)
        for kind in ("talk", "calendar"):
            state = self.ledger.state(booking_id, kind)
            if state is None or (state.view.active and state.view.confirm_by):
                return
            if not state.behind:
                continue
            with part(kind, {booking_id: state.view.revision}, explain):
                await (self._talk(errand, state) if kind == "talk" else self._calendar(state))

    def noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        kind: EffectKind = "calendar" if trouble.about == "calendar" else "talk"
        effects.note_trouble(session, kind, trouble.tried, trouble.words, self.clock(), final=final)

    async def _talk(self, errand: Errand, state: State) -> None:
        try:
            remote = await TalkRoom(self.door, self.ledger, self.instance.nextcloud_base()).apply(state, self.clock())
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

    def _room_stands(self, state: State, remote: dict[str, object], token: str) -> None:
        self.ledger.applied(state, "talk", remote, self.clock())
        if token:
            with self.database.write(PATIENCE) as session:
                noted.remember_room(session, state.view.id, token if remote else "")

    async def _calendar(self, state: State) -> None:
        invites = self.instance.channel(state.view.organiser_id).name == "calendar"
        if invites and not self.instance.public_base():
            raise Trouble(Fault.NEXTCLOUD, NOT_SET_UP)
        if invites and (until := self.held.back(state.view, budgets.INVITATIONS)):
            await insist(lambda: self._note(state, HELD_BACK))
            raise NotYet(until)
        remote = await self._event(state).apply(state, self.clock())
        if invites:
            self.held.mailed(state.view, budgets.INVITATIONS)
        await insist(lambda: self.ledger.applied(state, "calendar", remote, self.clock()))

    def _event(self, state: State) -> BookingEvent:
        view, host = state.view, self.instance.host_facts(state.view.host_user_id)
        writing = Writing(
            self.instance.channel(view.organiser_id),
            host.get("email", ""),
            host.get("language", ""),
            self.instance.writer(),
        )
        return BookingEvent(self.door, self.ledger, writing)

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
        host = self.instance.host_facts(state.view.host_user_id)
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
            remote = await self._event(event).invite_again(event)
            self.ledger.remember(state.view.id, "calendar", remote)
        if remote.get("undelivered"):
            with self.database.write(PATIENCE) as session:
                queue.note(session, errand, {"undelivered": True})
            raise Trouble(Fault.RELAY, NOT_DELIVERED)
        await insist(lambda: self.ledger.applied(state, "mail", {}, self.clock()))
