# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""This Nextcloud: what was learned of it, and our place in it, which is asked for again until it stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..conference.instance import fact, learn
from ..conference.tokens import LinkKey
from ..database import PATIENCE, Database
from ..errands.retry import Fault, Trouble
from ..errands.table import Errand
from ..letters.channels import Channel, choose
from ..letters.writer import Writer
from ..look import Look
from ..nextcloud import instance
from ..nextcloud.errors import Rejected
from ..nextcloud.session import Door
from ..nextcloud.troubles import REFUSED
from ..settings import Settings

LEARN_EVERY, LEARN_SOON = timedelta(minutes=10), timedelta(seconds=10)
"""Soon while mails would hold no link, or one that leads the way of a former daemon."""


@dataclass
class Instance:
    """`public_base` is the app's public address without a slash at its end, or "" while it is not known; `options` are
    the settings as they are now: the admin may have changed them in the page. `known` gives what was learned under a
    name, some seconds old where another process has learned it."""

    database: Database
    door: Door
    links: LinkKey
    options: Callable[[], Settings]
    public_base: Callable[[], str]
    known: Callable[[str], dict[str, Any]]
    clock: Callable[[], datetime]
    pace: float = 1.0

    # -- what is known ------------------------------------------------------------------------------------------

    def front(self) -> str:
        """The way that leads to the app from outside: HaRP's, or AppAPI's PHP proxy."""
        through_harp = self.options().behind_harp or bool(self.known("front").get("harp"))
        return "/exapps" if through_harp else "/index.php/apps/app_api/proxy"

    def knows_its_address(self) -> bool:
        """Whether the public address was learned, and for the way AppAPI goes now: an admin may change the daemon."""
        with self.database.read() as db:
            learned = str(fact(db, "address").get("front", ""))
        return learned == self.front()

    def nextcloud_base(self) -> str:
        """Nextcloud's public address without a slash at its end."""
        known = self.known("address").get("nextcloud", "")
        return str(known or self.options().nextcloud_url).removesuffix("/index.php").rstrip("/")

    def channel(self, organiser_id: str) -> Channel:
        return choose(self.options(), self.known(f"mail:{organiser_id}"))

    def reply_to(self, organiser_id: str) -> str:
        """Where answers to a mail from the relay go: the organiser's own address."""
        return str(self.known(f"mail:{organiser_id}").get("reply_to", ""))

    def host_facts(self, user_id: str) -> dict[str, str]:
        return self.known(f"host:{user_id}")

    def writer(self) -> Writer:
        return Writer(self.links, self.public_base(), self.clock(), Look.of(self.known("theming")))

    # -- errands ------------------------------------------------------------------------------------------------

    async def learn(self, _errand: Errand) -> datetime:
        """Name, colour and public address, for pages that must not ask for them."""
        front = self.front()
        async with self.door.as_user("") as session:
            theming = await instance.theming(session)
            address = await instance.public_url(session, f"{front}/{self.options().app_id}")
            nextcloud = await instance.public_url(session, "/")
        with self.database.write(PATIENCE) as db:
            learn(db, "theming", theming, self.clock())
            addresses = {"app": address.rstrip("/"), "nextcloud": nextcloud.rstrip("/"), "front": front}
            learn(db, "address", addresses, self.clock())
        return self.clock() + (LEARN_EVERY if self.knows_its_address() else LEARN_SOON) * self.pace

    async def report_ready(self, _errand: Errand) -> None:
        """Tells AppAPI that the first start is done; at 100 it enables the app."""
        async with self.door.as_user("") as session:
            with _until_it_stands():
                await instance.report_progress(session, 100)

    async def show_menu_entry(self, _errand: Errand) -> None:
        async with self.door.as_user("") as session:
            with _until_it_stands():
                await instance.show_menu_entry(session)


@contextmanager
def _until_it_stands() -> Iterator[None]:
    """A refusal is no reason to give up: without it the app is not there for anybody."""
    try:
        yield
    except Rejected as error:
        raise Trouble(Fault.RIGHTS, REFUSED.format(status=error.status)) from error
