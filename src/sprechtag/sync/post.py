# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails to families that are about no change of a booking: messages, invitations, reminders, offers, feedback.

They share a channel's pace with the mails about bookings, which go first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from ..conference import jobs, letters, waiting
from ..conference.queries import GuestView, guest_view
from ..conference.tables import GuestLetter, Job, JobItem
from ..database import Busy, Database
from ..letters.channels.errors import AddressRefused, AnswerLost, MessageRefused, RelayTrouble
from ..letters.kinds import KINDS
from ..letters.letter import Letter
from ..letters.sending import fingerprint_of
from ..nextcloud.errors import NextcloudError, Rejected
from . import ledger
from .follower import GIVE_UP_AFTER, GIVE_UP_MAIL_AFTER, HELD_BACK, LONGEST_MAIL_WAIT, NOT_SET_UP, Follower, in_words
from .ledger import PATIENCE, pause_after

NO_CHANNEL = "Nothing is set up that could send mails of our own."


@dataclass(frozen=True)
class _Missed:
    """What a try came to when it failed: `final` means that trying again cannot help, `until` when it can at the
    soonest."""

    reason: str
    final: bool
    until: datetime | None = None


class Post:
    def __init__(self, database: Database, follower: Follower) -> None:
        self._database = database
        self._follower = follower

    # -- what is due --------------------------------------------------------------------------------------------

    def write_due(self) -> None:
        """Writes the reminders and questions whose time has come, and offers what has become free to those who wait."""
        now = self._follower.now()
        with self._database.read() as session:
            offers = waiting.anything_to_do(session, now)
        with self._database.write(PATIENCE) as session:
            letters.write_reminders(session, now)
            letters.write_feedback(session, now)
            if offers:
                waiting.sweep(session, now)

    def due_messages(self) -> list[jobs.DueMessage]:
        with self._database.read() as session:
            return jobs.due_messages(session, self._follower.now())

    def due_letters(self) -> list[letters.DueLetter]:
        with self._database.read() as session:
            return letters.due(session, self._follower.now())

    # -- messages and invitations of an organiser's --------------------------------------------------------------

    async def send_message(self, job_id: int, guest_id: int) -> None:
        """Sends what a job says to one family; what fails is tried again later."""
        with self._database.read() as session:
            job = session.get(Job, job_id)
            item = session.get(JobItem, (job_id, guest_id))
            if job is None or item is None:
                return
        try:
            missed = await self._try_message(job, item)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - noted, tried again ever later, and given up in the end
            missed = _Missed(ledger.unexpected(error), final=item.attempts >= GIVE_UP_AFTER)
        with self._database.write(PATIENCE) as session:
            if missed and not missed.final:
                jobs.message_failed(session, job_id, guest_id, missed.reason, self._next_try(item.attempts, missed))
            else:
                jobs.message_sent(session, job_id, guest_id, self._follower.now(), reached=missed is None)

    async def _try_message(self, job: Job, item: JobItem) -> _Missed | None:
        kind = "invitation" if job.kind == "invitation" else "announcement"
        with self._database.read() as session:
            to = guest_view(session, item.guest_id).outward()
            written = KINDS[kind](session, job.payload, to, self._follower.writer())
        if written is None:
            return _Missed("Not needed any more.", final=True)
        return await self._send(written, to, f"message-{job.public_id}-{item.guest_id}", item.attempts)

    # -- letters ------------------------------------------------------------------------------------------------

    async def send_letter(self, letter_id: int) -> None:
        """Sends one letter; what fails is tried again until it makes no sense any more."""
        with self._database.read() as session:
            due = session.get(GuestLetter, letter_id)
            if due is None or due.sent_at or due.expires_at <= self._follower.now():
                return
        try:
            missed = await self._try_letter(due)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - as in send_message
            missed = _Missed(ledger.unexpected(error), final=due.attempts >= GIVE_UP_AFTER)
        if missed is None or missed.final:
            self._letter_done(letter_id, missed.reason if missed else "")
            return
        with self._database.write(PATIENCE) as session:
            letters.failed(session, letter_id, missed.reason, self._next_try(due.attempts, missed))

    async def _try_letter(self, due: GuestLetter) -> _Missed | None:
        with self._database.read() as session:
            to = guest_view(session, due.guest_id).outward()
            written = self._letter(session, due, to)
        if written is None:
            return _Missed("Not needed any more.", final=True)
        if not to.guest_email or self._follower.channel(to.organiser_id).name == "calendar":
            return _Missed(NO_CHANNEL, final=True)
        return await self._send(written, to, f"letter-{due.public_id}", due.attempts)

    def _letter_done(self, letter_id: int, note: str) -> None:
        with self._database.write(PATIENCE) as session:
            letters.sent(session, letter_id, self._follower.now(), note)

    def _letter(self, session: Session, due: GuestLetter, to: GuestView) -> Letter | None:
        """None where what it was about is over."""
        kind = KINDS.get(due.kind)
        return kind(session, due.payload, to, self._follower.writer()) if kind else None

    # -- common -------------------------------------------------------------------------------------------------

    async def _send(self, written: Letter, to: GuestView, name: str, attempts: int) -> _Missed | None:
        """Sends; returns None when it went out. The same `name` makes the same Message-ID."""
        if not self._follower.public_base():
            return _Missed(NOT_SET_UP, final=False)
        if held_back := self._follower.held_back(to):
            return _Missed(HELD_BACK, final=False, until=held_back)
        try:
            channel = self._follower.channel(to.organiser_id)
            await self._follower.sender().send(written, to, channel, fingerprint_of(name))
        except (AddressRefused, MessageRefused) as error:
            return _Missed(str(error), final=True)
        except AnswerLost as error:
            # Once more, and no more.
            return _Missed(str(error), final=attempts > 0)
        except RelayTrouble as error:
            return _Missed(str(error), final=attempts >= GIVE_UP_MAIL_AFTER)
        except NextcloudError as error:
            most = GIVE_UP_AFTER if isinstance(error, Rejected) else GIVE_UP_MAIL_AFTER
            return _Missed(in_words(error), final=attempts >= most)
        self._follower.mailed(to)
        return None

    def _next_try(self, attempts: int, missed: _Missed) -> datetime:
        if missed.until:
            return missed.until
        wait = pause_after(attempts, self._follower.settings.retry_seconds, LONGEST_MAIL_WAIT)
        return self._follower.now() + timedelta(seconds=wait)
