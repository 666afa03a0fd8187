# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An SMTP relay that puts every mail into the mailbox. It can refuse, dawdle and break off as told."""

import asyncio
import email
import email.policy
import socket
import ssl
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .ocs import mail_from
from .world import World


class Relay:
    """`port` 0 takes a free one; `start` returns it. With `password` a login is asked for (the user's name does not
    matter); `tls` from the start or by STARTTLS. Faults match `SMTP /connect`, `/mail`, `/rcpt`, `/data`; `greeted` counts connections."""

    def __init__(
        self,
        world: World,
        port: int = 0,
        smtputf8: bool = False,
        password: str = "",
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self._world = world
        self.greeted = 0
        self.envelopes: list[tuple[str, str]] = []
        more: dict[str, Any] = {"ssl_context": tls, "tls_context": starttls, "require_starttls": starttls is not None}
        if password:
            more |= {
                "auth_required": True,
                "auth_require_tls": False,
                "authenticator": lambda server, session, envelope, mechanism, data: AuthResult(
                    success=cast(LoginPassword, data).password == password.encode(), handled=False
                ),
            }
        self._controller = Controller(
            self, hostname="127.0.0.1", port=port or free_port(), enable_SMTPUTF8=smtputf8, **more
        )

    def start(self) -> int:
        self._controller.start()
        return int(self._controller.port)

    def stop(self) -> None:
        self._controller.stop()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted += 1
        refused = await self._misbehave("/connect", server)
        return [refused] if refused else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := await self._misbehave("/mail", server):
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := await self._misbehave("/rcpt", server):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._world.fault_for("SMTP", "/data")
        if fault and fault.kind == "status":
            return f"{fault.status} {fault.text or 'told to say so'}"
        if fault and fault.kind == "drop_before":
            cast(Any, server).transport.close()
            return "250 OK"
        message = email.message_from_bytes(cast(bytes, envelope.content), policy=email.policy.default)
        self._world.add_mail(mail_from(message, "smtp"))
        self.envelopes.append((str(envelope.mail_from), envelope.rcpt_tos[0]))
        if fault and fault.kind == "drop_after":
            cast(Any, server).transport.close()
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        return "250 OK"

    async def _misbehave(self, path: str, server: SMTP) -> str:
        """What is said instead of "yes"; empty for nothing."""
        fault = self._world.fault_for("SMTP", path)
        if fault is None:
            return ""
        if fault.kind == "status":
            return f"{fault.status} {fault.text or 'told to say so'}"
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return ""
        cast(Any, server).transport.close()
        return "421 gone"


_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens at, and another each time: who is to listen there may only just be starting."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port
