# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An SMTP relay that puts every mail into the mailbox. It can refuse and break off as told."""

import email
import email.policy
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .ocs import mail_from
from .world import World


class Relay:
    """`port` 0 takes a free one; `start` returns it."""

    def __init__(self, world: World, port: int = 0) -> None:
        self._world = world
        self._controller = Controller(self, hostname="127.0.0.1", port=port or _free_port())

    def start(self) -> int:
        self._controller.start()
        return int(self._controller.port)

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._world.fault_for("SMTP", "/data")
        if fault and fault.kind == "status":
            return f"{fault.status} told to say so"
        message = email.message_from_bytes(cast("bytes", envelope.content), policy=email.policy.default)
        self._world.add_mail(mail_from(message, "smtp"))
        if fault and fault.kind == "drop_after":
            cast("Any", server).transport.close()
        return "250 OK"


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
