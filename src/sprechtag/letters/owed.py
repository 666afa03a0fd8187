# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What families are owed: news of their appointments, letters that are about something else, an organiser's messages.

They share a channel's pace; what a family must hear soon comes first (`conference.follow`). The same news have the same
Message-ID however often they are handed over; a lost answer is noted with it, so that it is one mail more at the most,
and the organiser reads that it may be so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from ..conference import budgets, effects, follow, jobs, letters
from ..conference.effects import Ledger, State
from ..conference.tables import VIDEO, EffectKind, Guest, GuestLetter, Job, JobItem
from ..conference.tokens import LinkKey
from ..conference.views import BookingView, GuestView, Told, guest_view
from ..database import PATIENCE, Database
from ..errands import queue
from ..errands.retry import NotYet, Trouble, part
from ..errands.table import Errand
from ..errands.worker import Done, insist
from ..nextcloud.errors import Throttled
from ..nextcloud.session import Door
from ..settings import Settings
from . import pace
from .channels import Channel
from .channels.errors import AnswerLost
from .channels.smtp import Relay
from .channels.troubles import explain
from .kinds import KINDS, appointments
from .letter import Letter
from .sending import Sender, fingerprint_of
from .writer import Writer

NO_ADDRESS = "The family gave no address, so nobody was written to."
NO_CHANNEL = "Nothing is set up that could send mails of our own."
HELD_BACK = "Many mails went to this address, which nobody has confirmed. The next one waits."
NOT_SET_UP = "The public address of the app is not known yet, so the mail would hold no link."
NOT_NEEDED = "Not needed any more."
UNSURE = "The answer got lost after the mail was handed over, twice. It has probably gone out."
MOST_LOST = 2
"""So often a mail is handed over whose answer gets lost. A process that is killed with a mail in its hands sends it
again: it may be one mail more, but none is lost."""
GATHERING = timedelta(minutes=1)
"""So long the news of a family wait for each other, to go into one mail."""
LOOK_AGAIN = timedelta(minutes=5)
"""Whoever makes room or event has the mail looked at; this is for the case that nobody did."""
SETTING_UP = timedelta(seconds=5)


@dataclass(frozen=True)
class Held:
    """How many mails a mailbox gets that nobody has proven."""

    database: Database
    links: LinkKey
    clock: Callable[[], datetime]

    def back(self, to: BookingView | GuestView, budget: budgets.Budget = budgets.MAILS) -> datetime | None:
        """Until when a mail has to wait, because too many went to a mailbox that nobody has proven; None for not."""
        if to.proven or not to.guest_email:
            return None
        mailbox = budgets.mailbox_mark(self.links, to.guest_email)
        with self.database.read() as session:
            return budgets.waits_until(session, budget, mailbox, self.clock())

    def count(self, session: Session, to: BookingView | GuestView, budget: budgets.Budget = budgets.MAILS) -> None:
        """Counts a mail that went out."""
        if to.proven or not to.guest_email:
            return
        budgets.mailed(session, budget, budgets.mailbox_mark(self.links, to.guest_email), self.clock())


@dataclass
class Owed:
    """`channel` and `reply_to` are an organiser's; `by_calendar` looks after news where the calendar server writes the
    mails. `short` shortens times in tests."""

    database: Database
    ledger: Ledger
    door: Door
    held: Held
    options: Callable[[], Settings]
    public_base: Callable[[], str]
    writer: Callable[[], Writer]
    relay: Relay
    channel: Callable[[str], Channel]
    reply_to: Callable[[str], str]
    by_calendar: Callable[[Errand, State], Awaitable[None]]
    clock: Callable[[], datetime]
    short: float = 1.0

    # -- news of appointments -----------------------------------------------------------------------------------

    async def news(self, errand: Errand) -> datetime | Done | None:
        """One mail for everything that is new with this guest and whose room and event stand."""
        all_of_guest = self.ledger.of_guest(int(errand.key))
        behind = [states for states in all_of_guest if states["mail"].behind]
        if not behind:
            return None
        if until := self._all_may_be_taken_back(behind):
            raise NotYet(until)
        ready = [states["mail"] for states in behind if self._is_ready(states)]
        waiting = [states["mail"] for states in behind if states["mail"] not in ready]
        if waiting:
            gathered = max(state.view.changed_at for state in waiting) + GATHERING * self.short
            if gathered > self.clock():
                raise NotYet(gathered)
        if not ready:
            raise NotYet(self.clock() + LOOK_AGAIN * self.short)
        if self.channel(ready[0].view.organiser_id).name == "calendar" and ready[0].view.guest_email:
            await self._tell_by_calendar(errand, ready)
        else:
            views = [states["mail"].view for states in all_of_guest]
            with part("mail", {state.view.id: state.view.revision for state in ready}, explain):
                note = await self._tell(errand, ready, views)
            return Done(note, self.clock() + LOOK_AGAIN * self.short if waiting else None)
        return self.clock() + LOOK_AGAIN * self.short if waiting else None

    def _all_may_be_taken_back(self, behind: Sequence[Mapping[EffectKind, State]]) -> datetime | None:
        """Until when there is nothing to say but what may still be taken back; None where something is. Where the
        calendar server writes the mail, it has done so already."""
        views = [states["mail"].view for states in behind]
        later = [at for at in (view.told_from for view in views) if at and at > self.clock()]
        if len(later) < len(views) or self.channel(views[0].organiser_id).name == "calendar":
            return None
        return min(later)

    def news_noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        effects.note_trouble(session, "mail", trouble.tried, trouble.words, self.clock(), final=final)

    def _is_ready(self, states: Mapping[EffectKind, State]) -> bool:
        """A video mail waits for its link, a calendar mail for its event; the others go out at once."""
        view = states["mail"].view
        if view.confirm_by:
            return True
        if view.active and view.place == VIDEO and states["talk"].behind:
            return False
        return not (self.channel(view.organiser_id).name == "calendar" and states["calendar"].behind)

    async def _tell_by_calendar(self, errand: Errand, news: list[State]) -> None:
        """Each event has its own invitation: what stands against one is none of the others'."""
        troubles: list[Trouble] = []
        waits: list[NotYet] = []
        for state in news:
            try:
                with part("mail", {state.view.id: state.view.revision}, explain):
                    await self.by_calendar(errand, state)
            except Trouble as trouble:
                troubles.append(trouble)
            except NotYet as wait:
                waits.append(wait)
        last = next((one for one in troubles if not one.final), troubles[-1] if troubles and not waits else None)
        others = [one for one in troubles if one is not last]
        await insist(lambda: self._note_troubles(others))
        if last:
            raise last
        if waits:
            raise waits[0]

    def _note_troubles(self, troubles: Sequence[Trouble]) -> None:
        with self.database.write(PATIENCE) as session:
            for one in troubles:
                effects.note_trouble(session, "mail", one.tried, one.words, self.clock(), final=one.final)

    async def _tell(self, errand: Errand, news: list[State], views: list[BookingView]) -> Callable[[Session], None]:
        """Returns what is to be noted."""
        to = news[0].view
        if not to.guest_email:
            return lambda session: effects.told(session, news, NO_ADDRESS)
        channel = self.channel(to.organiser_id)
        told = [(_with_before(state), state.applied > 0) for state in news]
        with self.database.read() as session:
            written = appointments.write(session, told, views, self.writer())
        note = await self.send(errand, written, to, channel, appointments.fingerprint(told))

        def write(session: Session) -> None:
            effects.told(session, news, note)
            self.held.count(session, to)
            for state in news:
                if state.view.people:
                    follow.people_of(session, state.view.id, self.clock())

        return write

    # -- letters --------------------------------------------------------------------------------------------------

    async def letter(self, errand: Errand) -> Done | None:
        """Sends one letter, as long as it makes sense."""
        with self.database.read() as session:
            due = session.get(GuestLetter, int(errand.key))
            if due is None or due.sent_at:
                return None
            to, kind, writer = guest_view(session, due.guest_id).outward(), KINDS.get(due.kind), self.writer()
            written = kind(session, due.payload, writer.addressed(to), writer) if kind else None
        channel, went_out = self.channel(to.organiser_id), False
        if written is None:
            note = NOT_NEEDED
        elif not to.guest_email or channel.name == "calendar":
            note = NO_CHANNEL
        else:
            with part("letter", {}, explain):
                note = await self.send(errand, written, to, channel, fingerprint_of(f"letter-{due.public_id}"))
            went_out = True

        def write(session: Session) -> None:
            letters.sent(session, int(errand.key), self.clock(), note)
            if went_out:
                self.held.count(session, to)

        return Done(write)

    def letter_noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        letters.note(session, int(errand.key), trouble.words)
        if final:
            letters.sent(session, int(errand.key), self.clock(), trouble.words)

    # -- an organiser's messages and invitations --------------------------------------------------------------------

    async def message(self, errand: Errand) -> Done | None:
        """Sends what a job says to one family."""
        job_id, guest_id = (int(part_of) for part_of in errand.key.split(":"))
        with self.database.read() as session:
            job, item = session.get(Job, job_id), session.get(JobItem, (job_id, guest_id))
            if job is None or item is None or session.get(Guest, guest_id) is None:
                return None
            to = guest_view(session, guest_id).outward()
            kind = "invitation" if job.kind == "invitation" else "announcement"
            writer = self.writer()
            written = KINDS[kind](session, job.payload, writer.addressed(to), writer)
        channel = self.channel(to.organiser_id)
        reached = written is not None and bool(to.guest_email) and channel.name != "calendar"
        if written and reached:
            with part("message", {}, explain):
                await self.send(errand, written, to, channel, fingerprint_of(f"message-{job.public_id}-{guest_id}"))

        def write(session: Session) -> None:
            self._take_off(session, errand, reached)
            if reached:
                self.held.count(session, to)

        return Done(write)

    def _take_off(self, session: Session, errand: Errand, reached: bool) -> None:
        job_id, guest_id = (int(part_of) for part_of in errand.key.split(":"))
        jobs.message_sent(session, job_id, guest_id, self.clock(), reached=reached)

    def message_noted(self, session: Session, errand: Errand, trouble: Trouble, final: bool) -> None:
        if final:
            self._take_off(session, errand, reached=False)

    # -- common -----------------------------------------------------------------------------------------------------

    async def send(
        self, errand: Errand, written: Letter, to: BookingView | GuestView, channel: Channel, fingerprint: str
    ) -> str:
        """Sends at the channel's pace; returns a note for the organiser. Whoever settles the errand counts the mail
        (`Held.count`). The same `fingerprint` makes the same
        Message-ID. An answer that was lost has it sent once more, and not again."""
        if not self.public_base():
            raise NotYet(self.clock() + SETTING_UP * self.short)
        if held_back := self.held.back(to):
            await insist(lambda: self._words(errand, HELD_BACK))
            raise NotYet(held_back)
        if channel.name == "mail-app":
            await self._take_turn(errand, to)
        try:
            sender = Sender(self.door, self.relay, self.options(), self.reply_to)
            note = await sender.send(written, to, channel, fingerprint)
        except AnswerLost:
            lost = int(errand.payload.get("lost", 0)) if errand.payload.get("what") == fingerprint else 0
            if lost + 1 < MOST_LOST:
                await insist(lambda: self._note(errand, {"what": fingerprint, "lost": lost + 1}))
                raise
            note = UNSURE
        except Throttled as error:
            window = timedelta(seconds=self.options().mail_app_seconds)
            raise NotYet(self.clock() + window, errand.lane, all_of_lane=True) from error
        return note

    async def _take_turn(self, errand: Errand, to: BookingView | GuestView) -> None:
        """The Mail app allows an account a few mails in a time. Whoever waits goes in one row, the urgent first."""
        lane = f"mail-app:{to.organiser_id}"
        if errand.lane != lane:
            raise NotYet(self.clock(), lane)
        if until := await insist(lambda: self._turn(to.organiser_id)):
            raise NotYet(until, lane, all_of_lane=True)

    def _turn(self, organiser_id: str) -> datetime | None:
        options = self.options()
        with self.database.write(PATIENCE) as session:
            window = timedelta(seconds=options.mail_app_seconds + pace.MARGIN_SECONDS)
            return pace.take_turn(session, organiser_id, options.mail_app_calls, window, self.clock())

    def _note(self, errand: Errand, payload: dict[str, Any]) -> None:
        with self.database.write(PATIENCE) as session:
            queue.note(session, errand, payload)

    def _words(self, errand: Errand, words: str) -> None:
        with self.database.write(PATIENCE) as session:
            queue.say(session, errand, words, self.clock())


def _with_before(state: State) -> BookingView:
    """With what the family was told of it last, where that is not so any more."""
    before = Told.read(state.remote)
    return state.view if before == state.view.told else replace(state.view, before=before)
