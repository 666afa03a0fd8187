# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Builds the parts and plugs them together: the only file that knows them all."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import structlog

from .conference import administration, organise
from .conference.assigning import Assigning
from .conference.booking import Desk
from .conference.effects import Ledger
from .conference.instance import FACTS, fact
from .conference.tokens import LinkKey, callback_path
from .database import Database, utc_now
from .day.observer import Observer
from .errands.retry import Retry
from .errands.worker import LEASE, REST_SECONDS, Worker
from .gate import CALLBACKS
from .guests.front import Front
from .guests.theme import Theme
from .hosts.boards import Boards
from .later import Later
from .letters.channels.smtp import Relay
from .letters.channels.troubles import explain
from .letters.owed import Held, Owed
from .letters.test_mail import TestMail
from .lifecycle import Lifecycle
from .nextcloud.session import Door
from .paper.printing import Papers
from .settings import Settings
from .sync.bookings import Bookings
from .sync.calendars import Calendars
from .sync.call_rooms import CallRooms
from .sync.emptying import Emptying
from .sync.instance import Instance
from .sync.notifications import Notifications
from .sync.users import Users

T = TypeVar("T")
log = structlog.get_logger()
FACT_SECONDS = 10.0
UNKNOWN_SECONDS = 0.5
BEGINS_AFTER = 1.0
"""Seconds before what has waited while the app was down is begun: families' pages come first."""
ADMINS = "the admin's settings"
KEY_LOST = (
    "{path} is missing, but conferences are there: all links that families hold are made with it. Put the file back "
    "from a backup (`sprechtag restore` does). If it is lost for good, see docs/operations.md, “The links' key is "
    "lost”."
)
KEY_EMPTY = "{path} is empty. Put it back from a backup, or set SPRECHTAG_LINK_KEY; see docs/operations.md."
KEY_OTHER = (
    "{path} (or SPRECHTAG_LINK_KEY) is not the key that this database's links were made with. Put back the one that "
    "belongs to it; see docs/operations.md, “The links' key is lost”."
)


@dataclass
class House:
    """All rooms of one process, made when first asked for."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def database(self) -> Database:
        self.settings.close_to_others()
        return Database(self.settings.database)

    @cached_property
    def links(self) -> LinkKey:
        return LinkKey(self.settings.read_link_key())

    def problem_at_start(self) -> str:
        """Why the app must not start, and what to do; empty where it may. Brings the database up to date first.

        All links that families hold are made with the links' key: with another one none of them would work, and new
        ones would be mailed in their place."""
        self.database.migrate()
        settings = self.settings
        with self.database.read() as session:
            made = organise.any_share_link(session)
        if made and not settings.link_key and not settings.link_key_file.exists():
            return KEY_LOST.format(path=settings.link_key_file)
        if not settings.read_link_key().strip():
            return KEY_EMPTY.format(path=settings.link_key_file)
        if made and not organise.is_share_link_of(made, self.links):
            return KEY_OTHER.format(path=settings.link_key_file)
        return ""

    @cached_property
    def callbacks(self) -> dict[str, str]:
        """Where Nextcloud calls us, by name; told to nobody else."""
        return {name: callback_path(self.links, name) for name in CALLBACKS}

    @cached_property
    def door(self) -> Door:
        settings = self.settings
        return Door(
            settings.nextcloud_url,
            settings.app_id,
            settings.app_version,
            settings.app_secret,
            settings.nextcloud_seconds,
        )

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(
            self.database,
            self.calendars.changed,
            self.call_rooms.heard,
            self.facts.get,
            lambda: self.worker.stopped_looking,
        )

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.database)

    @cached_property
    def relay(self) -> Relay:
        return Relay()

    @cached_property
    def instance(self) -> Instance:
        return Instance(
            self.database,
            self.door,
            self.links,
            self.options,
            self.public_base,
            self.facts.get,
            self.clock,
            self.settings.pace,
        )

    @cached_property
    def held(self) -> Held:
        return Held(self.database, self.links, self.clock)

    @cached_property
    def bookings(self) -> Bookings:
        return Bookings(self.database, self.ledger, self.door, self.instance, self.held, self.clock, self.settings.pace)

    @cached_property
    def owed(self) -> Owed:
        return Owed(
            self.database,
            self.ledger,
            self.door,
            self.held,
            self.options,
            self.public_base,
            self.instance.writer,
            self.relay,
            self.instance.channel,
            self.instance.reply_to,
            self.bookings.mail_by_calendar,
            self.clock,
            self.settings.pace,
        )

    @cached_property
    def users(self) -> Users:
        return Users(self.database, self.door, self.clock, self.ask, self.settings.pace)

    @cached_property
    def calendars(self) -> Calendars:
        route = self.callbacks["calendar-changed"]
        return Calendars(self.database, self.door, self.options, self.clock, self.ask, route, self.settings.pace)

    @cached_property
    def notifications(self) -> Notifications:
        return Notifications(self.database, self.door, self.options, self.instance.nextcloud_base, self.clock)

    @cached_property
    def call_rooms(self) -> CallRooms:
        route = self.callbacks["talk_bot"]
        return CallRooms(self.database, self.door, self.clock, self.instance.nextcloud_base, route, self.settings.pace)

    @cached_property
    def observer(self) -> Observer:
        return Observer(self.database, lambda: self.options().media, self.clock)

    @cached_property
    def later(self) -> Later:
        return Later(
            self.database,
            self.desk,
            self.bookings,
            self.owed,
            self.instance,
            self.users,
            self.calendars,
            self.notifications,
            self.call_rooms,
            Emptying(self.database, self.door, self.clock),
            Assigning(self.database, self.clock),
            Papers(self.database, self.links, self.public_base, self.clock),
            TestMail(self.database, self.relay, self.options, self.clock),
            self.observer,
            self.clock,
            self.settings.close_to_others,
            self.settings.pace,
        )

    @cached_property
    def worker(self) -> Worker:
        """Does what is due, also while nothing of it is set going (`settings.sync`): in tests."""
        settings = self.settings
        return Worker(
            self.database,
            self.later.kinds(),
            Retry.of(timedelta(seconds=settings.retry_seconds), timedelta(seconds=settings.longest_retry_seconds)),
            self.clock,
            self.lifecycle.enabled,
            explain,
            self.later.begin,
            self.later.asked,
            self.relay.close,
            rests=REST_SECONDS * settings.pace,
            begins_after=BEGINS_AFTER * settings.pace,
            lease=LEASE * settings.pace,
        )

    @cached_property
    def desk(self) -> Desk:
        return Desk(
            self.database,
            self.links,
            self.clock,
            lambda: self.settings.families_per_address,
            lambda organiser_id: self.mail_channel(organiser_id)[0] != "calendar",
        )

    @cached_property
    def front(self) -> Front:
        return Front(
            self.database,
            self.desk,
            self.links,
            self.theme,
            self.clock,
            self.options,
            self.calendars.look_soon,
            self.public_base,
        )

    @cached_property
    def boards(self) -> Boards:
        return Boards()

    @cached_property
    def facts(self) -> "Facts":
        facts = Facts(self.database)
        self.database.heard[FACTS] = facts.forget
        return facts

    def ask(self) -> None:
        """A page has asked for something that it may not write down itself."""
        if self.settings.sync:
            self.worker.ask()

    def ask_for_groups(self, user_id: str) -> None:
        self.users.ask_for_groups(user_id)

    def mail_channel(self, organiser_id: str) -> tuple[str, int]:
        """The channel's name and how many mails it takes in an hour; 0 where it sets no limit."""
        name = self.instance.channel(organiser_id).name
        settings = self.options()
        return name, int(settings.mail_app_calls * 3600 / settings.mail_app_seconds) if name == "mail-app" else 0

    def options(self) -> Settings:
        """The settings with what the admin has set in the page, at most 10 s old."""
        return self.facts.made(ADMINS, self.settings.with_admins)

    def theme(self) -> Theme:
        return self.facts.made("theming", Theme.of)

    def forget_options(self) -> None:
        self.facts.forget()

    def public_base(self) -> str:
        """The app's public address without a slash at its end; "" while it is not known."""
        return (self.options().public_url or str(self.facts.get("address").get("app", ""))).rstrip("/")


class Facts:
    """What was learned of the instance, and what its admin has set (`ADMINS`): read from the database at most every
    10 s, and what is made of it is made once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._made: dict[str, tuple[dict[str, Any], Any]] = {}

    def get(self, name: str) -> dict[str, Any]:
        read_at, value = self._known.get(name, (float("-inf"), {}))
        # What is not known yet may be learned at any moment, but not anew by every page.
        if time.monotonic() - read_at > (FACT_SECONDS if value else UNKNOWN_SECONDS):
            with self._database.read() as session:
                value = administration.read(session) if name == ADMINS else fact(session, name)
            self._known[name] = (time.monotonic(), value)
        return value

    def made(self, name: str, make: Callable[[dict[str, Any]], T]) -> T:
        """What `make` makes of it."""
        value = self.get(name)
        known, made = self._made.get(name, (None, None))
        if known != value or made is None:
            made = make(value)
            self._made[name] = (value, made)
        kept: T = made
        return kept

    def forget(self) -> None:
        """Reads all anew at the next call: something was changed here."""
        self._known.clear()
