# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading an address of a server of the school's, which may be broken: so much and so long, and no more."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

ANSWER_SECONDS = 3.0
"""In total: a server that gives a byte a second is cut off like one that gives none."""
LONGEST_ANSWER = 4_000_000
Fetch = Callable[[str], str]
"""What an address answers. Raises `Unanswered`."""
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Unanswered(Exception):
    """The server did not answer in time, not with 200, or with too much."""


def fetch(address: str, seconds: float = ANSWER_SECONDS, longest: int = LONGEST_ANSWER) -> str:
    """Reads an address once, without following where it may lead and without unpacking anything."""
    try:
        parts = urlsplit(address)
        with _connection(parts, seconds) as connection:
            connection.request("GET", _target(parts), headers=_headers(parts))
            return _text(connection.getresponse(), longest)
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        # AttributeError and ValueError: http.client, where its socket was shut down under it.
        raise Unanswered(type(error).__name__) from error


@contextmanager
def _connection(parts: SplitResult, seconds: float) -> Iterator[HTTPConnection]:
    """Connected, and shut down from outside when the time is over, whatever is being waited for then."""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unanswered("no address")
    ends = time.monotonic() + seconds
    connection = (
        HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=ssl.create_default_context())
        if parts.scheme == "https"
        else HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    )

    connection.connect()
    # http.client forgets its socket while the body of an answer without a length is still being read.
    connected = connection.sock

    def shut() -> None:
        with suppress(OSError, ValueError, AttributeError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), shut)
    timer.daemon = True
    timer.start()
    try:
        yield connection
        if time.monotonic() > ends:
            raise Unanswered("too slow")
    finally:
        timer.cancel()
        connection.close()


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(parts: SplitResult) -> Mapping[str, str]:
    headers = {"Accept-Encoding": "identity", "Connection": "close"}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    return headers


def _text(answer: HTTPResponse, longest: int) -> str:
    if answer.status != 200:
        raise Unanswered(str(answer.status))
    if answer.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Unanswered("packed")
    body = answer.read(longest + 1)
    if len(body) > longest:
        raise Unanswered("too long")
    if answer.length:
        raise Unanswered("cut short")
    return body.decode("utf-8", errors="replace")


class SideBySide:
    """Asks several at once and waits for all of them for so many seconds; who has not answered by then is left alone
    and not asked again before that is over, so that one never costs the others more than that."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._under_way: dict[str, threading.Thread] = {}

    def ask(self, about: Mapping[str, Asked], question: Callable[[Asked], Answer]) -> dict[str, Answer | None]:
        """By name; None for who did not answer in time. `question` must not raise."""
        answers: dict[str, Answer | None] = dict.fromkeys(about)

        def put(name: str, asked: Asked) -> None:
            answers[name] = question(asked)

        threads = {
            name: threading.Thread(target=put, args=(name, asked), daemon=True, name=f"ask {name}")
            for name, asked in about.items()
            if name not in self._under_way or not self._under_way[name].is_alive()
        }
        self._under_way |= threads
        for thread in threads.values():
            thread.start()
        ends = time.monotonic() + self._seconds
        for thread in threads.values():
            thread.join(max(0.0, ends - time.monotonic()))
        return dict(answers)
