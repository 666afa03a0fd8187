# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Brings everything outside up to one booking, one guest, one host: each call may be repeated at any time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import col, select

from ..conference import budgets, entries, jobs
from ..conference.alternatives import free_instead
from ..conference.instance import fact, learn
from ..conference.tables import VIDEO, Conference, EffectKind, Host
from ..conference.tokens import LinkKey
from ..conference.views import BookingView, GuestView, for_family
from ..database import Busy, Database, utc_now
from ..day import noted
from ..nextcloud import instance, mail, people, talk
from ..nextcloud.errors import NextcloudError, NotAllowed, Rejected, Throttled
from ..nextcloud.session import Door
from ..privacy import retention
from ..settings import Settings
from . import ledger, letter
from .calendar import CalendarEffect, Writing
from .channels import Channel, choose
from .ledger import PATIENCE, Ledger, State, pause_after
from .mail import MailEffect
from .smtp import SmtpRefused, SmtpTroubled
from .talk import CannotCreateRooms, TalkEffect

log = structlog.get_logger()
GIVE_UP_AFTER = 8
LONGEST_NAME = 200
RECHECK_HOST = timedelta(hours=6)
GIVE_UP_MAIL_AFTER = 100
LONGEST_MAIL_WAIT = 900.0
LONGEST_GATHERING = timedelta(minutes=1)
NO_ADDRESS = "The family gave no address, so nobody was written to."
NOT_DELIVERED = "Nextcloud's own mail server did not take the invitation. It is tried again by itself."
HELD_BACK = "Many mails went to this address, which nobody has confirmed. The next one waits."
NOT_SET_UP = "The public address of the app is not known yet, so the mail would hold no link."


class Follower:
    """`public_base` is the app's public address without a slash at its end, or "" while it is not known."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        door: Door,
        links: LinkKey,
        options: Callable[[], Settings],
        public_base: Callable[[], str],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._door = door
        self._links = links
        self._options = options
        self.public_base = public_base
        self._clock = clock

    def now(self) -> datetime:
        return self._clock()

    @property
    def settings(self) -> Settings:
        """As they are now: the admin may have changed them in the page."""
        return self._options()

    # -- a booking: room and event ------------------------------------------------------------------------------

    async def follow_booking(self, booking_id: int) -> None:
        """Talk room first, because the event holds its link. What fails is noted and tried again later."""
        kind: EffectKind = "talk"
        try:
            await self._follow_talk(booking_id)
            if self._room_is_settled(booking_id):
                kind = "calendar"
                await self._follow_calendar(booking_id)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - noted where the organiser sees it, and tried again ever later
            reason = ledger.unexpected(error)
            self._ledger.failed(booking_id, kind, reason, self._clock(), longest=ledger.LONGEST_UNEXPECTED)

    async def _follow_talk(self, booking_id: int) -> None:
        state = self._ledger.state(booking_id, "talk")
        if not state.behind:
            return
        effect = TalkEffect(self._door, self._ledger, self.nextcloud_base())
        try:
            remote = await effect.apply(state, self._clock())
            self._ledger.applied(state, "talk", remote)
            if token := remote.get("token", state.remote.get("token")):
                with self._database.write(PATIENCE) as session:
                    noted.remember_room(session, booking_id, str(token) if remote else "")
        except CannotCreateRooms as error:
            self._host_cannot_video(state.view, str(error))
            self._ledger.gave_up(state, "talk", str(error))
        except NextcloudError as error:
            self._note(state, "talk", error)

    def _room_is_settled(self, booking_id: int) -> bool:
        return not self._ledger.state(booking_id, "talk").behind

    async def _follow_calendar(self, booking_id: int) -> None:
        state = self._ledger.state(booking_id, "calendar")
        if not state.behind:
            return
        if self.channel(state.view.organiser_id).name == "calendar" and not self.public_base():
            self._ledger.failed(booking_id, "calendar", NOT_SET_UP, self._clock())
            return
        invites = self.channel(state.view.organiser_id).name == "calendar"
        if invites and (until := self.held_back(state.view, budgets.INVITATIONS)):
            wait = (until - self._clock()).total_seconds()
            self._ledger.failed(booking_id, "calendar", HELD_BACK, self._clock(), wait)
            return
        try:
            remote = await self._calendar(state.view).apply(state)
        except NextcloudError as error:
            self._note(state, "calendar", error)
        else:
            if invites:
                self.mailed(state.view, budgets.INVITATIONS)
            self._ledger.applied(state, "calendar", remote)

    def _calendar(self, view: BookingView) -> CalendarEffect:
        host = self._host_facts(view.host_user_id)
        writing = Writing(
            self.channel(view.organiser_id),
            host.get("email", ""),
            host.get("language", ""),
            self.manage_link,
            self.for_family,
        )
        return CalendarEffect(self._door, self._ledger, writing)

    # -- a guest: the mail --------------------------------------------------------------------------------------

    async def follow_mail(self, guest_id: int) -> None:
        """One mail for everything that is new with this guest and whose room and event stand."""
        news = [state for state in self._ledger.of_guest(guest_id, "mail") if self.mail_is_due(state)]
        if not news:
            return
        try:
            await self._follow_news(guest_id, news)
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001 - as in follow_booking
            reason = ledger.unexpected(error)
            for state in news:
                self._ledger.failed(state.view.id, "mail", reason, self._clock(), longest=ledger.LONGEST_UNEXPECTED)

    async def _follow_news(self, guest_id: int, news: list[State]) -> None:
        if not news[0].view.guest_email:
            for state in news:
                self._ledger.applied(state, "mail", {}, NO_ADDRESS)
            return
        channel = self.channel(news[0].view.organiser_id)
        if channel.name == "calendar":
            for state in news:
                await self._follow_calendar_mail(state)
            return
        if not self.public_base():
            self._fail(news, NOT_SET_UP)
            return
        if held_back := self.held_back(news[0].view):
            self._fail(news, HELD_BACK, (held_back - self._clock()).total_seconds())
            return
        views = [self.for_family(state.view) for state in self._ledger.of_guest(guest_id, "mail")]
        news = [replace(state, view=self.for_family(state.view)) for state in news]
        try:
            note = await self.mails().apply(news, views, channel, self.manage_link(news[0].view), self._instead(news))
        except SmtpRefused as error:
            for state in news:
                self._ledger.gave_up(state, "mail", str(error))
        except SmtpTroubled as error:
            self._fail(news, str(error))
        except Throttled:
            self._fail(news, "The Mail app allows no more mails just now.", self.settings.mail_app_seconds)
        except NextcloudError as error:
            for state in news:
                self._note(state, "mail", error)
        else:
            self.mailed(news[0].view)
            for state in news:
                self._ledger.applied(state, "mail", {}, note)

    def held_back(self, to: BookingView | GuestView, budget: budgets.Budget = budgets.MAILS) -> datetime | None:
        """Until when a mail has to wait, because too many went to a mailbox that nobody has proven; None for not."""
        if to.proven or not to.guest_email:
            return None
        mailbox = budgets.mailbox_mark(self._links, to.guest_email)
        with self._database.read() as session:
            return budgets.waits_until(session, budget, mailbox, self._clock())

    def mailed(self, to: BookingView | GuestView, budget: budgets.Budget = budgets.MAILS) -> None:
        """Counts a mail that went out."""
        if to.proven or not to.guest_email:
            return
        mailbox = budgets.mailbox_mark(self._links, to.guest_email)
        with self._database.write(PATIENCE) as session:
            budgets.mailed(session, budget, mailbox, self._clock())

    def mails(self) -> MailEffect:
        return MailEffect(self._door, self.settings, self._reply_to)

    def _reply_to(self, organiser_id: str) -> str:
        """Where answers to a mail from the relay go: the organiser's own address."""
        with self._database.read() as session:
            return str(fact(session, f"mail:{organiser_id}").get("reply_to", ""))

    def _instead(self, news: list[State]) -> list[letter.Instead]:
        """Free times in place of what the school has cancelled."""
        found: dict[str, letter.Instead] = {}
        for state in news:
            view = state.view
            if view.active or view.cancelled_by != "school":
                continue
            with self._database.read() as session:
                free = free_instead(session, view, self._clock())
            for one in free:
                link = f"{self.manage_link(view)}/h/{one.host_public_id}"
                found[one.host_public_id] = letter.Instead(one.host_name, one.starts, link)
        return list(found.values())

    def mail_is_due(self, state: State) -> bool:
        """A video mail waits for its link, a calendar mail for its event; the others go out at once."""
        return state.behind and self._mail_is_ready(state)

    def family_is_ready(self, guest_id: int) -> bool:
        """Whether all that is new with this guest can go into one mail. What has waited a minute waits no longer."""
        behind = [state for state in self._ledger.of_guest(guest_id, "mail") if state.behind]
        long_ago = self._clock() - LONGEST_GATHERING
        return all(self._mail_is_ready(state) or state.view.changed_at < long_ago for state in behind)

    def _mail_is_ready(self, state: State) -> bool:
        if state.view.confirm_by:
            return True
        video = state.view.active and state.view.place == VIDEO
        if video and self._ledger.state(state.view.id, "talk").behind:
            return False
        by_calendar = self.channel(state.view.organiser_id).name == "calendar"
        return not (by_calendar and self._ledger.state(state.view.id, "calendar").behind)

    async def _follow_calendar_mail(self, state: State) -> None:
        """The calendar server has sent the mail with the event, or could not and is asked again."""
        host = self._host_facts(state.view.host_user_id)
        if host and not host.get("email"):
            reason = "The host has no e-mail address in Nextcloud, so its calendar sends no invitation."
            self._ledger.gave_up(state, "mail", reason)
            return
        event = self._ledger.state(state.view.id, "calendar")
        if event.remote.get("undelivered") and state.attempts:
            try:
                remote = await self._calendar(event.view).invite_again(event)
            except NextcloudError as error:
                self._note(state, "mail", error)
                return
            self._ledger.remember(state.view.id, "calendar", remote)
            event = replace(event, remote=remote)
        if not event.remote.get("undelivered"):
            self._ledger.applied(state, "mail", {})
        elif state.attempts >= GIVE_UP_MAIL_AFTER:
            self._ledger.gave_up(state, "mail", NOT_DELIVERED)
        else:
            wait = pause_after(state.attempts, 12 * self.settings.retry_seconds, LONGEST_MAIL_WAIT)
            self._fail([state], NOT_DELIVERED, wait)

    # -- long work ----------------------------------------------------------------------------------------------

    def jobs_to_run(self) -> list[int]:
        with self._database.read() as session:
            return jobs.running(session)

    async def run_job(self, job_id: int) -> None:
        """Does what is left of the job; the effects follow by themselves."""
        await asyncio.to_thread(jobs.run, self._database, job_id, self._clock)

    # -- a host, the instance -----------------------------------------------------------------------------------

    async def check_host(self, host_id: int) -> None:
        """Looks, as the host, what the host can do: who it is, and whether it may create Talk rooms."""
        with self._database.read() as session:
            host = session.get(Host, host_id)
        if host is None or host.state != "joined":
            return
        try:
            async with self._door.as_user(host.user_id) as session_of_host:
                profile = await people.profile(session_of_host)
                able = await talk.ability(session_of_host)
        except NotAllowed:
            self._set_host(host_id, problem="Nextcloud does not know this user or does not let the app act for them.")
            return
        except NextcloudError as error:
            log.warning("host not checked", call=error.doing, status=error.status)
            return
        except Exception as error:  # noqa: BLE001 - looked at again as any other host
            self._set_host(host_id, problem=ledger.unexpected(error))
            return
        with self._database.write(PATIENCE) as session:
            values = {"email": profile.email, "language": profile.language[:2]}
            learn(session, f"host:{host.user_id}", values, self._clock())
        given = entries.line(profile.display_name[:LONGEST_NAME], 9 * LONGEST_NAME) or host.user_id
        name = given if host.display_name == host.user_id else host.display_name
        self._set_host(host_id, problem=able.reason, can_video=able.can_create, display_name=name)

    def front(self) -> str:
        """The way that leads to the app from outside: HaRP's, or AppAPI's PHP proxy."""
        with self._database.read() as db:
            through_harp = self.settings.behind_harp or bool(fact(db, "front").get("harp"))
        return "/exapps" if through_harp else "/index.php/apps/app_api/proxy"

    def knows_its_address(self) -> bool:
        """Whether the public address was learned, and for the way AppAPI goes now: an admin may change the daemon."""
        with self._database.read() as db:
            learned = str(fact(db, "address").get("front", ""))
        return learned == self.front()

    async def learn_instance(self) -> None:
        """Name, colour, public address and the organisers' mail accounts, for pages that must not ask for them."""
        front = self.front()
        try:
            async with self._door.as_user("") as session:
                theming = await instance.theming(session)
                address = await instance.public_url(session, f"{front}/{self.settings.app_id}")
                nextcloud = await instance.public_url(session, "/")
        except NextcloudError as error:
            log.warning("instance not learned", call=error.doing, status=error.status)
            return
        with self._database.write(PATIENCE) as db:
            learn(db, "theming", theming, self._clock())
            addresses = {"app": address.rstrip("/"), "nextcloud": nextcloud.rstrip("/"), "front": front}
            learn(db, "address", addresses, self._clock())

    async def check_organiser(self, user_id: str) -> None:
        """Finds the organiser's Mail account, if there is one."""
        try:
            async with self._door.as_user(user_id) as session:
                account = await mail.first_account(session)
                profile = await people.profile(session)
        except NextcloudError as error:
            log.warning("mail account not looked up", call=error.doing, status=error.status)
            return
        value: dict[str, object] = {"id": account.id, "address": account.address} if account else {}
        value |= {"reply_to": profile.email}
        with self._database.write(PATIENCE) as db:
            learn(db, f"mail:{user_id}", value, self._clock())

    def hosts_to_check(self) -> list[int]:
        """Of conferences that are not over: of the others nothing is to be known any more."""
        now = self._clock()
        with self._database.read() as session:
            query = select(Host.id).where(
                col(Host.state) == "joined",
                col(Host.conference_id).not_in(retention.conferences_over(session, now)),
                col(Host.checked_at).is_(None) | (col(Host.checked_at) < now - RECHECK_HOST),
            )
            return [host_id for host_id in session.exec(query) if host_id]

    def organisers(self) -> list[str]:
        """Of conferences that are not over."""
        with self._database.read() as session:
            over = retention.conferences_over(session, self._clock())
            return list(session.exec(select(Conference.organiser_id).where(col(Conference.id).not_in(over)).distinct()))

    def channel(self, organiser_id: str) -> Channel:
        with self._database.read() as session:
            return choose(self.settings, fact(session, f"mail:{organiser_id}"))

    # -- small things -------------------------------------------------------------------------------------------

    def manage_link(self, view: BookingView | GuestView) -> str:
        token = self._links.token("manage", view.guest_public_id, view.guest_generation)
        return f"{self.public_base()}/m/{token}"

    def for_family(self, view: BookingView) -> BookingView:
        return for_family(view, self._links, self.public_base())

    def nextcloud_base(self) -> str:
        with self._database.read() as session:
            known = fact(session, "address").get("nextcloud", "")
        return str(known or self.settings.nextcloud_url).removesuffix("/index.php").rstrip("/")

    def _host_facts(self, user_id: str) -> dict[str, str]:
        with self._database.read() as session:
            return fact(session, f"host:{user_id}")

    def _set_host(self, host_id: int, **values: object) -> None:
        with self._database.write(PATIENCE) as session:
            host = session.get(Host, host_id)
            if host:
                for name, value in ({"checked_at": self._clock()} | values).items():
                    setattr(host, name, value)

    def _host_cannot_video(self, view: BookingView, reason: str) -> None:
        self._set_host(view.host_id, can_video=False, problem=reason)

    def _fail(self, news: list[State], reason: str, wait: float | None = None) -> None:
        for state in news:
            self._ledger.failed(state.view.id, "mail", reason, self._clock(), wait)

    def _note(self, state: State, kind: EffectKind, error: NextcloudError) -> None:
        log.warning("effect failed", kind=kind, call=error.doing, status=error.status, attempts=state.attempts)
        if isinstance(error, Rejected) and state.attempts >= GIVE_UP_AFTER:
            self._ledger.gave_up(state, kind, f"Nextcloud refuses it ({error.status}).")
            return
        wait = error.retry_after if isinstance(error, Throttled) else None
        self._ledger.failed(state.view.id, kind, in_words(error), self._clock(), wait)


def in_words(error: NextcloudError) -> str:
    """For the organiser's eyes."""
    if error.status == 0:
        return "Nextcloud does not answer. It is tried again by itself."
    if isinstance(error, NotAllowed):
        return f"Nextcloud does not let the app act for this user ({error.status}). It is tried again."
    return f"Nextcloud had a problem ({error.status}). It is tried again by itself."
