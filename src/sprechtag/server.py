# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""uvicorn that sleeps while nobody calls: its own loop wakes ten times a second to see whether it has to end and to
renew the `Date` of its answers."""

import asyncio
import socket
from email.utils import formatdate
from types import FrameType

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.server import ServerState


class _State(ServerState):
    """With the `Date` of the moment in which it is asked for."""

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"date", formatdate(usegmt=True).encode())]

    @default_headers.setter
    def default_headers(self, _: list[tuple[bytes, bytes]]) -> None:
        """uvicorn sets what it would be without a clock."""


class Sleeper(Server):
    """Ends when it is told to by a signal, and not before."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.server_state = _State()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop:
            self._loop.call_soon_threadsafe(self._told.set)


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT; requests that are under way come to their end."""
    # No access log: paths hold families' links.
    config = Config(
        app,
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
    )
    Sleeper(config).run(sockets=[listening])
