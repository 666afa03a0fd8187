# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Builds the parts and plugs them together: the only file that knows them all."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from .conference import administration
from .conference.booking import Desk
from .conference.instance import fact
from .conference.tokens import LinkKey, callback_path
from .database import Database, utc_now
from .day.observer import RESTS, Observer
from .gate import CALLBACKS
from .guests.front import Front
from .guests.theme import Theme
from .lifecycle import Lifecycle
from .nextcloud.session import Door
from .privacy import family, retention
from .settings import Settings
from .sync.assigning import Assigning
from .sync.emptying import Emptying
from .sync.follower import Follower
from .sync.ledger import PATIENCE, Ledger
from .sync.papers import Papers
from .sync.post import Post
from .sync.today import Today
from .sync.watch import Watch
from .sync.work import Work

log = structlog.get_logger()
FACT_SECONDS = 10.0
_ADMINS = "the admin's settings"


@dataclass
class House:
    """All rooms of one process, made when first asked for."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    executor: str = "0"

    @cached_property
    def database(self) -> Database:
        self.settings.close_to_others()
        return Database(self.settings.database)

    @cached_property
    def links(self) -> LinkKey:
        return LinkKey(self.settings.read_link_key())

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
            self.database, self.door, self.wake, self.calendar_changed, self.today.heard, self.today.register_bot
        )

    def calendar_changed(self, user_id: str) -> None:
        self.watch.calendar_changed(user_id)
        self.wake()

    @cached_property
    def ledger(self) -> Ledger:
        first, longest = self.settings.retry_seconds, self.settings.longest_retry_seconds
        return Ledger(self.database, timedelta(seconds=first), timedelta(seconds=longest))

    @cached_property
    def follower(self) -> Follower:
        return Follower(self.database, self.ledger, self.door, self.links, self.options, self.public_base, self.clock)

    @cached_property
    def watch(self) -> Watch:
        route = self.callbacks["calendar-changed"]
        return Watch(self.database, self.door, self.options, self.follower.nextcloud_base, self.clock, route)

    @cached_property
    def post(self) -> Post:
        return Post(self.database, self.follower, self.links)

    @cached_property
    def assigning(self) -> Assigning:
        return Assigning(self.database, self.clock)

    @cached_property
    def papers(self) -> Papers:
        return Papers(self.database, self.links, self.public_base, self.clock)

    @cached_property
    def today(self) -> Today:
        return Today(self.database, self.door, self.clock, self.callbacks["talk_bot"])

    @cached_property
    def observer(self) -> Observer:
        holder = f"{self.executor}-{secrets.token_hex(4)}"
        return Observer(
            self.database,
            lambda: self.options().media,
            self.clock,
            self.lifecycle.enabled,
            self.wake,
            holder,
            rests=min(RESTS, 30 * self.settings.sweep_seconds),
        )

    @cached_property
    def work(self) -> Work:
        return Work(
            self.settings,
            self.follower,
            self.watch,
            self.post,
            self.assigning,
            self.papers,
            self.today,
            self.ledger,
            self.lifecycle.enabled,
            self.executor,
            self.tidy,
            self.release,
            self.emptying,
        )

    @cached_property
    def desk(self) -> Desk:
        return Desk(
            self.database,
            self.links,
            self.wake,
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
            self.watch.look_soon,
            self.public_base,
            self.wake,
        )

    @cached_property
    def facts(self) -> "Facts":
        return Facts(self.database)

    @cached_property
    def emptying(self) -> Emptying:
        return Emptying(self.database, self.door, self.clock)

    def tidy(self) -> None:
        """What is no longer needed goes; called every hour."""
        self.settings.close_to_others()
        with self.database.write(PATIENCE) as session:
            retention.erase_expired(session, self.clock())
            retention.tidy(session, self.clock())
        self.database.wipe()

    def release(self) -> None:
        """Slots that were held for nothing are free again, and erased families go whose mail is out; often called."""
        self.desk.release_unconfirmed()
        with self.database.read() as session:
            waiting = family.any_to_erase(session)
        if waiting:
            with self.database.write(PATIENCE) as session:
                done = family.erase_done(session, self.clock())
            if done:
                self.database.wipe()

    def ask_for_groups(self, user_id: str) -> None:
        self.watch.ask_for_groups(user_id)
        self.wake()

    def wake(self, booking_id: int = 0) -> None:
        if self.settings.sync:
            self.work.wake(booking_id)

    def mail_channel(self, organiser_id: str) -> tuple[str, int]:
        """The channel's name and how many mails it takes in an hour; 0 where it sets no limit."""
        name = self.follower.channel(organiser_id).name
        settings = self.options()
        return name, int(settings.mail_app_calls * 3600 / settings.mail_app_seconds) if name == "mail-app" else 0

    def options(self) -> Settings:
        """The settings with what the admin has set in the page, at most 10 s old."""
        return self.settings.with_admins(self.facts.admins())

    def theme(self) -> Theme:
        return Theme.of(self.facts.get("theming"))

    def forget_options(self) -> None:
        self.facts.forget()

    def public_base(self) -> str:
        """The app's public address without a slash at its end; "" while it is not known."""
        return (self.options().public_url or str(self.facts.get("address").get("app", ""))).rstrip("/")


class Facts:
    """What was learned of the instance, read from the database at most every 10 s."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, dict[str, object]]] = {}

    def get(self, name: str) -> dict[str, object]:
        read_at, value = self._known.get(name, (float("-inf"), {}))
        if not value or time.monotonic() - read_at > FACT_SECONDS:
            with self._database.read() as session:
                value = fact(session, name)
            self._known[name] = (time.monotonic(), value)
        return value

    def admins(self) -> dict[str, object]:
        """What the admin has set in the page."""
        read_at, value = self._known.get(_ADMINS, (float("-inf"), {}))
        if time.monotonic() - read_at > FACT_SECONDS:
            with self._database.read() as session:
                value = administration.read(session)
            self._known[_ADMINS] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        """Reads all anew at the next call: something was changed here."""
        self._known.clear()
