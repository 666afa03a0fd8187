# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the routes of the page inside Nextcloud need of the app that serves them."""

from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from ..conference.booking import Desk
from ..conference.tokens import LinkKey
from ..database import Database
from ..settings import Settings
from .boards import Boards


class Needs(Protocol):
    """`bootstrap.House` has all of it; the routes know no more of it than this."""

    @property
    def settings(self) -> Settings:
        """What the environment says, without what the admin has set in the page."""

    @property
    def database(self) -> Database: ...

    @property
    def desk(self) -> Desk: ...

    @property
    def links(self) -> LinkKey: ...

    @property
    def boards(self) -> Boards: ...

    def clock(self) -> datetime: ...

    def options(self) -> Settings:
        """The settings with what the admin has set in the page."""

    def forget_options(self) -> None:
        """Has them read anew: they were changed here."""

    def public_base(self) -> str:
        """The app's public address without a slash at its end; "" while it is not known."""

    def mail_channel(self, organiser_id: str) -> tuple[str, int]:
        """The channel that the organiser's mails go through, and how many it takes in an hour; 0: no limit."""

    def ask_for_groups(self, user_id: str) -> None:
        """Has somebody's groups learned."""


async def _house(request: Request) -> Needs:
    # Not a plain function: FastAPI would hop to a worker thread and back for it.
    house: Needs = request.app.state.house
    return house


House = Annotated[Needs, Depends(_house)]
