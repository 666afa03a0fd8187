# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A relay to send over."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sprechtag.letters.channels.smtp import Relay as OurRelay
from sprechtag.letters.letter import Letter
from sprechtag.letters.mime import message, message_id, sender_of
from sprechtag.sandbox.demo import new_world
from sprechtag.sandbox.smtp import Relay
from sprechtag.sandbox.world import Fault, World
from sprechtag.settings import Settings


@dataclass
class Line:
    """Our end and the relay's; `to` whom, `name` what makes the Message-ID."""

    world: World
    theirs: Relay
    ours: OurRelay
    settings: Settings

    async def send(self, to: str = "jana@post.example", name: str = "1", **more: Any) -> None:
        settings = self.settings.model_copy(update=more)
        letter = Letter(("Jana", to), "Gruß", "Hallo\n.\n.. Ende\n", "<p>Hallo")
        school, sender = sender_of(settings)
        await self.ours.send(settings, message(letter, sender, school, message_id(name, sender)))

    def fault(self, path: str, status: int = 0, text: str = "", kind: str = "status", **more: Any) -> None:
        self.world.faults.append(Fault(f"SMTP {path}", kind, status, text=text, **more))  # type: ignore[arg-type]


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """`indirect` parameters are those of the sandbox's relay."""
    world = new_world("http://nc.example", "s" * 64)
    relay = Relay(world, **getattr(request, "param", {}))
    settings = Settings(
        smtp_host="127.0.0.1",
        smtp_port=relay.start(),
        smtp_security="none",
        smtp_from="Schule <schule@schule.example>",
    )
    line = Line(world, relay, OurRelay(seconds=2), settings)
    yield line
    line.theirs.stop()
