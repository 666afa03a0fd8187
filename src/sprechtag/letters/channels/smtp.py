# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SMTP relay of the settings (RFC 5321): the channel for a whole school.

A connection is kept open for the mails that follow within some seconds: opening one, with TLS and login, costs more
than the mail. It is asked whether it is still there (RSET) before it is used again; one that broke is replaced."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import lru_cache
from weakref import WeakKeyDictionary

import aiosmtplib

from ...settings import Settings
from ..headers import MAIL
from ..mailbox import NotAnAddress, needs_utf8, wire_domain
from . import answers
from .errors import AddressRefused, AnswerLost, ChannelError, MessageRefused, RelayTrouble

SECONDS = 30.0
"""For one mail, and as long again for its turn."""
IDLE_SECONDS = 20.0
LEAVING_SECONDS = 2.0
MOST_LINES = 2
MOST_MAILS = 50
"""In one connection: relays count them, too."""

LOST = "The answer of the mail server got lost after the mail was handed over. It has probably gone out."
AWAY = "The mail server does not answer."
BUSY = "The mail server is slow. The mail waits for its turn."
NO_TLS = "The encrypted connection to the mail server failed."
WRONG_SIGNS = "The mail server's name, user or password has signs that cannot be used."
NEEDS_UTF8 = "The mail server does not take addresses with letters such as ä before the @ (SMTPUTF8)."

_READY = 354
_NOT_KNOWN = range(500, 505)
_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True)
class _Where:
    """Which relay, as whom. A connection to another is not used again: the admin may have changed the settings."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: str

    @classmethod
    def of(cls, settings: Settings) -> "_Where":
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_user,
            settings.smtp_password,
            settings.smtp_security,
        )


class _Line:
    """One open connection. `handed_over`: whether all of the current mail was given to the relay, so that it may have
    been taken whatever happens then."""

    def __init__(self, where: _Where, client: aiosmtplib.SMTP) -> None:
        self.where, self._client = where, client
        self.handed_over = False
        self.mails = 0
        self.timer: asyncio.TimerHandle | None = None

    @classmethod
    async def opened(cls, where: _Where) -> "_Line":
        """Raises `RelayTrouble` for what the relay answers, else as `aiosmtplib` and the socket do."""
        if not where.host:
            raise RelayTrouble(AWAY)
        client = aiosmtplib.SMTP(
            hostname=wire_domain(where.host),
            port=where.port,
            use_tls=where.security == "tls",
            start_tls=False,
            local_hostname=await asyncio.to_thread(_own_name),
            timeout=None,
        )
        line = cls(where, client)
        try:
            await line._greet()
        except BaseException:
            line.close()
            raise
        return line

    async def _greet(self) -> None:
        client, where, trouble = self._client, self.where, AWAY
        try:
            await client.connect()
            if where.security == "starttls":
                trouble = NO_TLS
                await client.starttls()
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError as error:
                if error.code not in _NOT_KNOWN:
                    raise
                await client.helo()
            if where.user:
                trouble = answers.NO_LOGIN
                await client.login(where.user, where.password)
        except aiosmtplib.SMTPResponseException as error:
            judge = answers.to_login if isinstance(error, aiosmtplib.SMTPAuthenticationError) else answers.to_greeting
            raise judge(error.code, error.message) from error
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, aiosmtplib.SMTPTimeoutError):
            raise
        except aiosmtplib.SMTPException as error:  # the relay does not offer what the settings ask for
            raise RelayTrouble(trouble) from error

    async def is_there(self) -> bool:
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            return False
        return True

    async def send(self, mail: EmailMessage) -> None:
        """Raises `ChannelError` for what the relay answers, else as `opened`."""
        self.handed_over = False
        self.mails += 1
        sender, to = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
        utf8 = needs_utf8(sender) or needs_utf8(to)
        if utf8 and not self._client.supports_extension("smtputf8"):
            raise AddressRefused(NEEDS_UTF8) if needs_utf8(to) else RelayTrouble(NEEDS_UTF8)
        options = [b"SMTPUTF8", b"BODY=8BITMIME"] if utf8 else []
        await self._say(answers.to_sender, b"MAIL", f"FROM:<{sender}>".encode(), *options)
        await self._say(answers.to_recipient, b"RCPT", f"TO:<{to}>".encode())
        await self._say(answers.to_data, b"DATA", expected=_READY)
        await self._hand_over(mail.as_bytes(policy=MAIL.clone(utf8=utf8)))

    async def _say(self, judge: Callable[[int, str], ChannelError], *words: bytes, expected: int = 250) -> None:
        answer = await self._client.execute_command(*words)
        if answer.code not in (expected, 251):
            raise judge(answer.code, answer.message)

    async def _hand_over(self, content: bytes) -> None:
        """Not by `aiosmtplib`'s own DATA, which does not tell whether it broke before the mail or after it."""
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("gone before the mail")
        protocol.write(_DOT.sub(b"..", content.removesuffix(b"\r\n")) + b"\r\n.\r\n")
        self.handed_over = True
        answer = await protocol.read_response()
        self.handed_over = False
        if answer.code != 250:
            raise answers.to_content(answer.code, answer.message)

    async def leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVING_SECONDS):
                await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        self._client.close()


class _Lines:
    """The connections of one event loop."""

    def __init__(self) -> None:
        self.seats = asyncio.Semaphore(MOST_LINES)
        self.idle: list[_Line] = []
        self.leaving: set[asyncio.Task[None]] = set()

    def part_from(self, line: _Line) -> None:
        if line in self.idle:
            self.idle.remove(line)
        task = asyncio.get_running_loop().create_task(line.leave())
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)


class Relay:
    """Sends over the relay of the settings, over a few connections at once. One for the whole process; it may be used
    in several event loops."""

    def __init__(self, seconds: float = SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._seconds, self._idle_seconds = seconds, idle_seconds
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()

    async def send(self, settings: Settings, mail: EmailMessage) -> None:
        """Sends one mail to whom it is addressed, within `seconds` of getting its turn. Raises `ChannelError`."""
        lines = self._here()
        try:
            async with asyncio.timeout(self._seconds):
                await lines.seats.acquire()
        except TimeoutError as error:
            raise RelayTrouble(BUSY) from error
        try:
            await self._send(lines, _Where.of(settings), mail)
        finally:
            lines.seats.release()

    async def _send(self, lines: _Lines, where: _Where, mail: EmailMessage) -> None:
        line: _Line | None = None
        try:
            async with asyncio.timeout(self._seconds):
                line = await self._kept(lines, where) or await _Line.opened(where)
                await line.send(mail)
        except (AddressRefused, MessageRefused):
            self._keep(lines, line)
            raise
        except BaseException as error:
            if line:
                line.close()
            if isinstance(error, ChannelError) or not isinstance(error, Exception):
                raise
            raise _in_words(error, line is not None and line.handed_over) from error
        self._keep(lines, line)

    async def _kept(self, lines: _Lines, where: _Where) -> _Line | None:
        """A connection that is open still, or None."""
        while lines.idle:
            line = lines.idle.pop()
            if line.timer:
                line.timer.cancel()
            if line.where == where and await line.is_there():
                return line
            line.close()
        return None

    def _keep(self, lines: _Lines, line: _Line | None) -> None:
        if line is None:
            return
        if line.mails >= MOST_MAILS:
            lines.part_from(line)
            return
        line.timer = asyncio.get_running_loop().call_later(self._idle_seconds, lines.part_from, line)
        lines.idle.append(line)

    def _here(self) -> _Lines:
        for loop in [loop for loop in self._lines if loop.is_closed()]:
            del self._lines[loop]
        return self._lines.setdefault(asyncio.get_running_loop(), _Lines())

    async def close(self) -> None:
        """Leaves the relay; what is sent after this opens a new connection."""
        lines = self._here()
        for line in list(lines.idle):
            if line.timer:
                line.timer.cancel()
            lines.part_from(line)
        await asyncio.gather(*lines.leaving)


def _in_words(error: Exception, handed_over: bool) -> ChannelError:
    """Raises what is no matter of the relay's."""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return RelayTrouble(NO_TLS)
    if isinstance(error, aiosmtplib.SMTPException | OSError):
        return AnswerLost(LOST) if handed_over else RelayTrouble(AWAY)
    if isinstance(error, ValueError | NotAnAddress):  # UnicodeError too
        return RelayTrouble(WRONG_SIGNS)
    raise error


@lru_cache(maxsize=1)
def _own_name() -> str:
    """What we call ourselves in EHLO: our full name, or our address where we have none (RFC 5321, 4.1.3)."""
    name = socket.getfqdn()
    if "." in name and name.isascii() and not any(sign.isspace() for sign in name):
        return name
    try:
        return f"[{socket.gethostbyname(socket.gethostname())}]"
    except OSError:
        return "[127.0.0.1]"
