# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands around all rooms: how much a request may bring, and an answer in words where nobody expected an error."""

from collections.abc import Callable

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import kind_of

log = structlog.get_logger()
FORM_BYTES = 64_000
JSON_BYTES = 1_000_000
FILE_BYTES = 4_000_000
"""An import of 2 MB in base64, with some room."""
MOST_FIELDS = 500
FAMILIES = ("/s/", "/m/", "/j/", "/f/", "/c/", "/d/", "/w/", "/i/")
"""Where the public pages are."""
FORM = "application/x-www-form-urlencoded"
Refuse = Callable[[Request, int], Response]
"""What is answered with this status: a page or JSON."""


def most_bytes(path: str) -> int:
    if path[:3] in FAMILIES:
        return FORM_BYTES
    return FILE_BYTES if path.endswith(("-import", "-import-preview")) else JSON_BYTES


class BodyLimit:
    """Reads a request's body before the rooms do: 413 for one that is too large, 415 for a form in parts, which none of
    our pages sends, 400 for a length that is none. A body that stops half-way is the time limit's."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        most = most_bytes(scope["path"])
        status = _refused_by_header(headers.get("content-length"), kind, most)
        try:
            body = b"" if status else await _body(receive, most)
        except _BrokenOff:
            return
        if body is None or (kind == FORM and body.count(b"&") >= MOST_FIELDS):
            status = 413
        if status:
            await self._refuse(Request(scope), status)(scope, receive, send)
            return
        await self._app(scope, _again(body or b"", receive), send)


def _refused_by_header(length: str | None, kind: str, most: int) -> int:
    if kind.startswith("multipart/"):
        return 415
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit()) or len(length) > 15:
        return 400
    return 413 if int(length) > most else 0


class _BrokenOff(Exception):
    pass


async def _body(receive: Receive, most: int) -> bytes | None:
    """None where it is more than `most` bytes. Raises `_BrokenOff` when the visitor is gone before its end: half a form
    is none."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _BrokenOff
        more = message.get("more_body", False)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


class LastAnswer:
    """Where nobody expected an error: it is written down once, by its kind and the route, never with what was sent, and
    answered in words. What an exception says may hold names and addresses, so its text is not kept."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("unexpected error", **kind_of(error), method=scope["method"], route=_route(scope))
            if not started:
                await self._refuse(Request(scope), 500)(scope, receive, send)


def _route(scope: Scope) -> str:
    """The template, because a path holds tokens."""
    return str(getattr(scope.get("route"), "path", "?"))
