# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mail by which an admin sees whether the relay works."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ..conference.instance import fact, learn
from ..database import PATIENCE, Database
from ..errands.retry import Trouble, trouble_of
from ..errands.table import Errand
from ..settings import Settings
from .channels.smtp import Relay
from .channels.troubles import explain
from .mime import test_message

FACT = "test-mail"


@dataclass
class TestMail:
    """`fact(FACT)` holds what was asked for and what came of it."""

    database: Database
    relay: Relay
    options: Callable[[], Settings]
    clock: Callable[[], datetime]

    async def send(self, _errand: Errand) -> None:
        """Once: the admin waits for an answer."""
        with self.database.read() as session:
            asked = fact(session, FACT)
        if asked.get("state") != "waiting":
            return
        try:
            message = test_message(self.options(), str(asked["to"]), str(asked.get("language", "en")))
            await self.relay.send(self.options(), message)
        except Exception as error:
            trouble = trouble_of(error, explain)
            raise Trouble(trouble.fault, trouble.words, final=True) from error
        with self.database.write(PATIENCE) as session:
            self._came_of_it(session, "sent", "")

    def noted(self, session: Session, _errand: Errand, trouble: Trouble, final: bool) -> None:
        if final:
            self._came_of_it(session, "failed", trouble.words)

    def _came_of_it(self, session: Session, state: str, reason: str) -> None:
        learn(session, FACT, fact(session, FACT) | {"state": state, "reason": reason}, self.clock())
