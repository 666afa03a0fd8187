# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails to families that are about no change of a booking: messages, invitations, reminders, offers, feedback.

They share a channel's pace with the mails about bookings, which go first."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import jobs, letters, named, waiting, wishes
from ..conference.proof import plain_name
from ..conference.tables import VIDEO, Conference, Guest, GuestLetter, Host, Job, JobItem, Slot
from ..conference.tokens import LinkKey, feedback_path
from ..conference.views import BookingView, GuestView, bookings_of_guest, guest_view
from ..conference.windows import windows_of
from ..database import Busy, Database
from ..moments import local, shifted
from ..nextcloud.errors import NextcloudError, Rejected
from ..phrases import Speaker
from . import ledger, letter
from .follower import GIVE_UP_AFTER, GIVE_UP_MAIL_AFTER, HELD_BACK, LONGEST_MAIL_WAIT, NOT_SET_UP, Follower, in_words
from .ledger import PATIENCE, pause_after
from .smtp import SmtpRefused, SmtpTroubled

NO_CHANNEL = "Nothing is set up that could send mails of our own."


@dataclass(frozen=True)
class _Missed:
    """What a try came to when it failed: `final` means that trying again cannot help, `until` when it can at the
    soonest."""

    reason: str
    final: bool
    until: datetime | None = None


class Post:
    def __init__(self, database: Database, follower: Follower, links: LinkKey) -> None:
        self._database = database
        self._follower = follower
        self._links = links

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
        with self._database.read() as session:
            to = guest_view(session, item.guest_id).outward()
            views = self._views(session, item.guest_id)
            written = self._invitation(session, to, views) if job.kind == "invitation" else self._said(job, to, views)
        return await self._send(written, to, f"message-{job.public_id}-{item.guest_id}", item.attempts)

    def _said(self, job: Job, to: GuestView, views: list[BookingView]) -> letter.Letter:
        return letter.announcement(
            job.payload["subject"], job.payload["text"], to, views, self._follower.manage_link(to)
        )

    def _invitation(self, session: Session, to: GuestView, views: list[BookingView]) -> letter.Letter:
        say = Speaker(to.language, to.zone)
        conference = session.get_one(Conference, session.get_one(Guest, to.guest_id).conference_id)
        onward = letter.to_manage(say, self._follower.manage_link(to), say("Choose appointments"))
        values = {
            "child": to.guest_child,
            "days": days_of(session, conference, say),
            "closes": say.when(to.closes_at) if to.closes_at else "",
        }
        coming = [view for view in views if view.active]
        return letter.notice("invitation", say("Invitation"), to, coming, onward, values)

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

    def _letter(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        """None where what it was about is over."""
        match due.kind:
            case "reminder":
                return self._reminder(session, due, to)
            case "waiting":
                return self._waiting(session, due, to)
            case "offer":
                return self._offer(session, due, to)
            case "feedback":
                return self._feedback(session, to)
            case "unserved":
                return self._unserved(session, due, to)
            case "wishes":
                return self._wishes(session, to)
            case "asked":
                return self._asked(session, due, to)
            case "late":
                return self._late(session, due, to)
            case "rehearsal":
                return self._rehearsal(session, to)
            case "new_link":
                return self._new_link(session, to)
            case "not_done":
                return self._not_done(session, due, to)
        return None

    def _reminder(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        say = Speaker(to.language, to.zone)
        day = date.fromisoformat(due.payload["day"])
        views = [
            view
            for view in self._views(session, to.guest_id)
            if view.active and not view.confirm_by and local(view.starts_at, ZoneInfo(to.zone)).date() == day
        ]
        if not views:
            return None
        heading = say("Reminder: %(when)s", when=say.when(views[0].starts_at))
        onward = letter.to_manage(say, self._follower.manage_link(to))
        return letter.notice("reminder", heading, to, views, onward, {"when": say.day(views[0].starts_at)}, file=True)

    def _waiting(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        host = _host(session, str(due.payload["host"]))
        if host is None:
            return None
        say = Speaker(to.language, to.zone)
        onward = letter.to_manage(say, self._follower.manage_link(to), say("My appointments"))
        return letter.notice("waiting", say("On the waiting list"), to, [], onward, {"host": host.display_name})

    def _offer(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        slot = session.execute(select(Slot).where(col(Slot.public_id) == str(due.payload["slot"]))).scalar_one_or_none()
        if slot is None or slot.held_for != to.guest_id or slot.held_until is None:
            return None
        say = Speaker(to.language, to.zone)
        host = session.get_one(Host, slot.host_id)
        values = {"host": host.display_name, "when": say.when(slot.starts_at), "until": say.when(slot.held_until)}
        heading = say("A time is free: %(when)s", when=values["when"])
        onward = letter.to_manage(say, self._follower.manage_link(to), say("Take it or let it pass"))
        return letter.notice("offer", heading, to, [], onward, values)

    def _feedback(self, session: Session, to: GuestView) -> letter.Letter | None:
        say = Speaker(to.language, to.zone)
        conference = session.get_one(Conference, session.get_one(Guest, to.guest_id).conference_id)
        link = f"{self._follower.public_base()}/{feedback_path(self._links, conference.public_id)}"
        onward = letter.Onward(say("Say how it was"), link, say("This link is the same for all families."))
        return letter.notice("feedback", say("How was it?"), to, [], onward, {})

    def _unserved(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        say = Speaker(to.language, to.zone)
        views = [view for view in self._views(session, to.guest_id) if view.active]
        onward = letter.to_manage(say, self._follower.manage_link(to))
        values = {"hosts": "\n".join(due.payload["lines"])}
        return letter.notice("unserved", say("Your wishes were not possible"), to, views, onward, values)

    def _asked(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        host = _host(session, str(due.payload["host"]))
        if host is None or not named.has_asked(session, host.id or 0, to.guest_id):
            return None
        say = Speaker(to.language, to.zone)
        onward = letter.to_manage(say, self._follower.manage_link(to), say("Choose a time"))
        heading = say("%(host)s would like to talk to you", host=host.display_name)
        values = {"host": host.display_name, "child": to.guest_child}
        return letter.notice("asked", heading, to, [], onward, values)

    def _late(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter | None:
        """For the first appointment that is left with the host who runs late."""
        host = _host(session, str(due.payload["host"]))
        minutes = int(due.payload["minutes"])
        now = self._follower.now()
        left = [
            view
            for view in self._views(session, to.guest_id)
            if host and view.active and view.host_id == host.id and now - timedelta(hours=1) < view.starts_at
        ]
        if host is None or host.delay_minutes != minutes or not left:
            return None
        say = Speaker(to.language, to.zone)
        when = say.time(shifted(left[0].starts_at, timedelta(minutes=minutes)))
        values = {"host": host.display_name, "minutes": str(minutes), "when": when}
        heading = say.plural(
            "About %(number)s minute later: %(host)s",
            "About %(number)s minutes later: %(host)s",
            minutes,
            host=host.display_name,
        )
        onward = letter.to_manage(say, self._follower.manage_link(to))
        return letter.notice("late", heading, to, left, onward, values)

    def _rehearsal(self, session: Session, to: GuestView) -> letter.Letter | None:
        """Leads to the join page of the family's first appointment by video: the check is there."""
        now = self._follower.now()
        calls = [
            view
            for view in self._views(session, to.guest_id)
            if view.active and view.place == VIDEO and view.starts_at > now and view.talk_link
        ]
        if not calls:
            return None
        say = Speaker(to.language, to.zone)
        conference = session.get_one(Conference, session.get_one(Guest, to.guest_id).conference_id)
        note = say("Picture and sound stay on your device. The school learns only whether it works.")
        onward = letter.Onward(say("Check my device"), calls[0].talk_link, note)
        values = {"days": days_of(session, conference, say)}
        return letter.notice("rehearsal", say("Does your video work?"), to, calls, onward, values)

    def _new_link(self, session: Session, to: GuestView) -> letter.Letter:
        """The old links are void: with the new one come all appointments, because their video links are new too."""
        say = Speaker(to.language, to.zone)
        coming = [view for view in self._views(session, to.guest_id) if view.active]
        onward = letter.to_manage(say, self._follower.manage_link(to))
        return letter.notice("new_link", say("Your new link"), to, coming, onward, {}, file=True)

    def _not_done(self, session: Session, due: GuestLetter, to: GuestView) -> letter.Letter:
        """What stood against a form with this address; whoever sent it was told nothing of the family."""
        say = Speaker(to.language, to.zone)
        match due.payload.get("code"):
            case "guest_busy":
                starts_at = datetime.fromisoformat(due.payload["starts_at"])
                why = say("You already have an appointment at %(time)s.", time=say.time(starts_at))
            case "limit_reached" if due.payload.get("per_host"):
                why = say.plural(
                    "You already have %(number)s appointment with this person; more are not possible.",
                    "You already have %(number)s appointments with this person; more are not possible.",
                    int(due.payload["limit"]),
                )
            case "limit_reached":
                why = say.plural(
                    "Only %(number)s appointment per family is possible.",
                    "Only %(number)s appointments per family are possible.",
                    int(due.payload["limit"]),
                )
            case "wishes_before":
                why = say("You have entered wishes before.")
            case _:
                why = say("Please choose another time.")
        coming = [view for view in self._views(session, to.guest_id) if view.active]
        onward = letter.to_manage(say, self._follower.manage_link(to))
        return letter.notice("not_done", say("Nothing was changed"), to, coming, onward, {"why": why})

    def _wishes(self, session: Session, to: GuestView) -> letter.Letter | None:
        say = Speaker(to.language, to.zone)
        wished = wishes.of_guest(session, to.guest_id)
        lines = [f"{host.display_name} · {plain_name(wish.child)}" for wish, host in wished]
        if not lines:
            return None
        values = {"hosts": "\n".join(lines), "until": say.when(to.closes_at) if to.closes_at else ""}
        onward = letter.to_manage(say, self._follower.manage_link(to), say("Look at or change your wishes"))
        return letter.notice("wishes", say("Your wishes"), to, [], onward, values)

    def _views(self, session: Session, guest_id: int) -> list[BookingView]:
        return [self._follower.for_family(view.outward()) for view in bookings_of_guest(session, guest_id)]

    # -- common -------------------------------------------------------------------------------------------------

    async def _send(self, written: letter.Letter, to: GuestView, name: str, attempts: int) -> _Missed | None:
        """Sends; returns None when it went out. The same `name` makes the same Message-ID."""
        if not self._follower.public_base():
            return _Missed(NOT_SET_UP, final=False)
        if held_back := self._follower.held_back(to):
            return _Missed(HELD_BACK, final=False, until=held_back)
        fingerprint = hashlib.sha256(name.encode()).hexdigest()[:32]
        try:
            await self._follower.mails().send(written, to, self._follower.channel(to.organiser_id), fingerprint)
        except SmtpRefused as error:
            return _Missed(str(error), final=True)
        except SmtpTroubled as error:
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


def _host(session: Session, public_id: str) -> Host | None:
    found: Host | None = session.execute(select(Host).where(col(Host.public_id) == public_id)).scalar_one_or_none()
    return found


def days_of(session: Session, conference: Conference, say: Speaker) -> str:
    """The conference's days as a family reads them: "Wednesday, 13 January 2027, Wednesday, …"."""
    days = sorted({window.day for window in windows_of(session, conference, None)})
    return say.listing([say.date_only(day) for day in days])
