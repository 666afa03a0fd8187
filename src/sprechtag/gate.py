# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may call what: the one place that decides, deny by default.

AppAPI's access levels can be walked around (`public/..%2fenabled` reaches `/enabled`, measured on AppAPI 33),
and behind HaRP refused requests ban a whole school's address. So AppAPI sees one public catch-all, and this gate
stands before every route: it refuses crooked paths, checks AppAPI's secret, keeps lifecycle calls for AppAPI itself
and knows the user. What a user may do with a conference is decided by the rooms behind it."""

import asyncio
import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import Settings

Area = Literal["health", "heartbeat", "lifecycle", "guests", "assets", "api"]

_TABLE: tuple[tuple[str, Area, str], ...] = (
    (r"/healthz", "health", "GET"),
    (r"/heartbeat", "heartbeat", "GET"),
    (r"/init", "lifecycle", "POST"),
    (r"/enabled", "lifecycle", "PUT"),
    (r"/calendar-changed", "lifecycle", "POST"),
    (r"/talk_bot", "lifecycle", "POST"),
    (r"/[smfcjd]/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\.(ics|pdf))?", "guests", "GET HEAD POST"),
    (r"/static/[A-Za-z0-9_-]+/[a-z0-9-]+\.(css|js|svg)", "assets", "GET HEAD"),
    (r"/(js|css|img)/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.(js|mjs|css|svg|png|map)", "assets", "GET HEAD"),
    (r"/api/v1(/[A-Za-z0-9_.@ -]+)*", "api", "GET POST PUT DELETE"),
)
_AREAS = tuple((re.compile(pattern), area, frozenset(methods.split())) for pattern, area, methods in _TABLE)
# A path is only ever these characters once decoded; all our tokens and ids are made of them.
_STRAIGHT = re.compile(r"(/[A-Za-z0-9_.@ -]+)+")
_DOTS = re.compile(r"/\.{1,2}(/|$)")
_CROOKED = re.compile(rb"%(?!20|40)|//|\\|;")
"""Encoded letters too: a front that compares the raw path would not recognise `%65nabled` as `enabled`."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request that AppAPI vouches for. `user_id` is empty for somebody who is not logged in; `address` is
    the visitor's, as far as it is known, and only good for slowing somebody down."""

    user_id: str
    address: str = ""


def area_of(path: str, raw_path: bytes) -> tuple[Area, frozenset[str]] | None:
    """The area a path belongs to and its methods; None for everything we do not know."""
    if _CROOKED.search(raw_path) or _DOTS.search(path) or not _STRAIGHT.fullmatch(path):
        return None
    for pattern, area, methods in _AREAS:
        if pattern.fullmatch(path):
            return area, methods
    return None


class Gate:
    """ASGI middleware; puts a `Caller` into `scope["caller"]` for the rooms."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["method"] == "HEAD":
            # The server leaves the body out; the rooms need to know GET only.
            scope = dict(scope, method="GET")

        async def privately(message: Message) -> None:
            # AppAPI's proxy lets browsers keep for an hour whatever does not say otherwise.
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("cache-control", "no-store")
            await send(message)

        await (refusal or self._app)(scope, receive, privately)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        found = area_of(scope["path"], scope.get("raw_path") or scope["path"].encode())
        if found is None:
            return _not_found()
        area, methods = found
        if area in ("health", "heartbeat"):
            return _not_found() if self._proxied(headers) else _wrong_method(scope, methods)
        user_id = self._user(headers)
        if user_id is None:
            return PlainTextResponse("Not from Nextcloud.", 401, {"Cache-Control": "no-store"})
        if area == "lifecycle" and not self._from_app_api(headers):
            return _not_found()
        if wrong := _wrong_method(scope, methods):
            return wrong
        if area == "api" and (refusal := _api_refusal(scope, headers, user_id)):
            return refusal
        scope["caller"] = Caller(user_id, self._address(headers))
        return None

    def _proxied(self, headers: Headers) -> bool:
        """Whether a visitor is behind this call. `AA-REQUEST-ID` says nothing: AppAPI's own calls carry it too (seen on
        AppAPI 33: "CLI" from occ), while its proxy always adds `x-origin-ip`."""
        return "x-origin-ip" in headers or "x-forwarded-for" in headers

    def _from_app_api(self, headers: Headers) -> bool:
        """AppAPI's own call: under HaRP it carries the shared key, else none of what its proxy adds."""
        if self._settings.behind_harp:
            return hmac.compare_digest(
                _last(headers, "harp-shared-key").encode(), self._settings.harp_shared_key.encode()
            )
        return not self._proxied(headers)

    def _address(self, headers: Headers) -> str:
        """AppAPI's PHP proxy sets `x-origin-ip` itself; behind HaRP it is whatever the client sent, and what the outer
        web server adds counts."""
        if not self._settings.behind_harp:
            return _last(headers, "x-origin-ip")
        return _last(headers, "x-real-ip") or _last(headers, "x-forwarded-for").rpartition(",")[2].strip()

    def _user(self, headers: Headers) -> str | None:
        """The user id that AppAPI vouches for, "" for nobody, None when the secret is wrong.

        A forged header can stand before AppAPI's own, so the last value counts."""
        if not self._settings.app_secret or _last(headers, "ex-app-id") != self._settings.app_id:
            return None
        try:
            decoded = base64.b64decode(_last(headers, "authorization-app-api"), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user_id, _, secret = decoded.rpartition(":") if ":" in decoded else ("", "", "")
        if not hmac.compare_digest(secret.encode(), self._settings.app_secret.encode()):
            return None
        return user_id


def _api_refusal(scope: Scope, headers: Headers, user_id: str) -> Response | None:
    if not user_id:
        return _problem(401, "not_logged_in", "Log in to Nextcloud and try again.")
    if scope["method"] not in ("GET", "HEAD") and "x-requested-with" not in headers:
        # A form on another site cannot send this header; Nextcloud's proxy checks no request token.
        return _problem(403, "header_missing", "Send the header X-Requested-With.")
    return None


def _last(headers: Headers, name: str) -> str:
    values = headers.getlist(name)
    return values[-1] if values else ""


def _not_found() -> Response:
    return PlainTextResponse("Not found.", 404, {"Cache-Control": "no-store"})


def _wrong_method(scope: Scope, methods: frozenset[str]) -> Response | None:
    if scope["method"] in methods:
        return None
    allowed = ", ".join(sorted(methods))
    return PlainTextResponse("Method not allowed.", 405, {"Allow": allowed, "Cache-Control": "no-store"})


def _problem(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": code, "message": message}, status, {"Cache-Control": "no-store"})


class TimeLimit:
    """Answers 503 with Retry-After at once when too much is under way, and after `page_seconds` at the latest.

    The PHP proxy waits for ever: a slow app behind it would stop the school's whole Nextcloud."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._seconds = settings.page_seconds
        self._most = settings.max_in_flight
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._most:
            await busy_answer()(scope, receive, send)
            return
        started = abandoned = False

        async def noting(message: Message) -> None:
            nonlocal started
            if not abandoned:
                started = True
                await send(message)

        self._under_way += 1
        work = asyncio.ensure_future(self._app(scope, receive, noting))
        work.add_done_callback(self._finished)
        # Not wait_for: a handler in a worker thread cannot be cancelled, and would be waited for.
        done, _ = await asyncio.wait({work}, timeout=self._seconds)
        if done or started:
            await work
            return
        abandoned = True
        await busy_answer()(scope, receive, send)

    def _finished(self, work: "asyncio.Future[None]") -> None:
        self._under_way -= 1
        if not work.cancelled():
            work.exception()  # its answer has gone out or nobody waits for it; the error was logged where it arose


def busy_answer() -> Response:
    """503 in the two languages of the public pages; whatever was asked for may be asked for again."""
    text = "Gerade ist viel los. Bitte in ein paar Sekunden noch einmal.\nVery busy right now. Please try again.\n"
    return PlainTextResponse(text, 503, {"Retry-After": "3", "Cache-Control": "no-store"})
