# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may call what: the one place that decides, deny by default.

AppAPI's access levels can be walked around (`public/..%2fenabled` reaches `/enabled`, measured on AppAPI 33),
and behind HaRP refused requests ban a whole school's address. So AppAPI sees one public catch-all, and this gate
stands before every route: it refuses crooked paths, checks AppAPI's secret, keeps lifecycle calls for AppAPI itself
and knows the user. What a user may do with a conference is decided by the rooms behind it.

Whose call it is (Nextcloud 33 and 34, HaRP 0.4.4): AppAPI's proxy adds `x-origin-ip` to a visitor's call and never to
AppAPI's own. `x-forwarded-for` tells nothing, because behind HaRP AppAPI's own call passes the outer web server too.
Behind HaRP a visitor leaves `x-origin-ip` out at will, so AppAPI's own call also carries HaRP's shared key; and
AppAPI's proxy adds that key to visitors' calls, so the key alone tells nothing either. Where the app is not told the
key (direct connect, Kubernetes) HaRP itself keeps visitors from `/heartbeat`, `/init` and `/enabled`, written just so;
all other callbacks are at an address that only Nextcloud was told (`conference/tokens.py`), under every front.

Nothing a client sends may make this raise: headers are any bytes, paths are too."""

import asyncio
import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import addresses, deadline
from .settings import Settings

Area = Literal["health", "heartbeat", "lifecycle", "callback", "guests", "assets", "api"]
LEAST_PACKED, PACKED_HOW_WELL = 1000, 5
"""Bytes of an answer from which on it is compressed, and zlib's level: more costs more than it saves."""
CALLBACKS = ("talk_bot", "calendar-changed")

_TABLE: tuple[tuple[str, Area, str], ...] = (
    (r"/healthz", "health", "GET"),
    (r"/heartbeat", "heartbeat", "GET"),
    (r"/init", "lifecycle", "POST"),
    (r"/enabled", "lifecycle", "PUT"),
    (rf"/({'|'.join(CALLBACKS)})/[A-Za-z0-9_-]+", "callback", "POST"),
    (r"/[smfcjdwi]/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\.(ics|pdf|json))?", "guests", "GET HEAD POST"),
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
_FAMILIES = re.compile(r"/[smfcjdwi]/[A-Za-z0-9_-]")
_BEHIND, _MOST_BEHIND = ".,;:!?)]}>*'\"»›”“’", 4
"""What is written behind a link in a letter or a chat: at most four signs, none of which leads anywhere."""
_FRONTS = ("x-origin-ip", "ex-app-id", "authorization-app-api", "aa-version", "harp-shared-key", "x-forwarded-for")
"""Each way through Nextcloud adds one of these at least, and no visitor can take it off again."""
HARPS_AA_VERSION = "32"
"""HaRP writes this constant over `AA-VERSION`; AppAPI's own versions have dots in them."""
LONGEST_SECRET = 4096
"""Characters of `AUTHORIZATION-APP-API`: a user id has at most 64, our secret 128."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request that AppAPI vouches for. `user_id` is empty for somebody who is not logged in; `address` is
    the visitor's as `ipaddress` writes it, "" where none can be believed, and only good for slowing somebody down.
    `unpacks`: what we compress reaches the browser so. AppAPI's PHP proxy unpacks it on its way, so it would be work
    for nothing."""

    user_id: str
    address: str = ""
    unpacks: bool = False


def area_of(path: str, raw_path: bytes) -> tuple[Area, frozenset[str]] | None:
    """The area a path belongs to and its methods; None for everything we do not know."""
    if _CROOKED.search(raw_path) or _DOTS.search(path) or not _STRAIGHT.fullmatch(path):
        return None
    for pattern, area, methods in _AREAS:
        if pattern.fullmatch(path):
            return area, methods
    return None


class Gate:
    """ASGI middleware; puts a `Caller` into `scope["caller"]` for the rooms. `callbacks` holds the secret address
    (`/talk_bot/…`) of each callback; one that is not there is refused."""

    def __init__(self, app: ASGIApp, settings: Settings, callbacks: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._packing = GZipMiddleware(app, LEAST_PACKED, PACKED_HOW_WELL)
        self._settings = settings
        self._callbacks = dict(callbacks or {})
        self._trusted = addresses.networks(settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})  # HaRP passes them; there is nothing to talk to
            return
        scope = _as_meant(scope)
        refusal = self._refusal(scope)
        if scope["method"] == "HEAD":
            # The server leaves the body out; the rooms need to know GET only.
            scope = dict(scope, method="GET")

        async def privately(message: Message) -> None:
            # AppAPI's proxy lets browsers keep for an hour whatever does not say otherwise.
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("cache-control", "no-store")
            await send(message)

        caller: Caller | None = scope.get("caller")
        app = self._packing if caller and caller.unpacks else self._app
        await (refusal or app)(scope, receive, privately)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        path = scope["path"]
        found = area_of(path, scope.get("raw_path") or path.encode(errors="replace"))
        if found is None:
            return _not_found()
        area, methods = found
        if area in ("health", "heartbeat"):
            welcome = _is_local(scope, headers) or (area == "heartbeat" and self._is_app_apis_own(headers))
            return _wrong_method(scope, methods) if welcome else _not_found()
        user_id = self._user(headers)
        if user_id is None:
            return PlainTextResponse("Not from Nextcloud.", 401, {"Cache-Control": "no-store"})
        if area in ("lifecycle", "callback") and not self._is_app_apis_own(headers):
            return _not_found()
        if area == "callback" and not self._was_told(path):
            return _not_found()
        if wrong := _wrong_method(scope, methods):
            return wrong
        if area == "api" and (refusal := _api_refusal(scope, headers, user_id)):
            return refusal
        unpacks = self._through_harp(headers) and "x-origin-ip" not in headers
        scope["caller"] = Caller(user_id, self._address(headers), unpacks)
        return None

    def _through_harp(self, headers: Headers) -> bool:
        return self._settings.behind_harp or _last(headers, "aa-version") == HARPS_AA_VERSION

    def _has_shared_key(self, headers: Headers) -> bool:
        given = _last(headers, "harp-shared-key").encode("latin-1")
        return self._settings.behind_harp and _same(given, self._settings.harp_shared_key)

    def _is_app_apis_own(self, headers: Headers) -> bool:
        """`AA-REQUEST-ID` says nothing: AppAPI's own calls carry it too ("CLI" from occ)."""
        return "x-origin-ip" not in headers and (not self._settings.behind_harp or self._has_shared_key(headers))

    def _was_told(self, path: str) -> bool:
        return _same(path.encode(errors="replace"), self._callbacks.get(path.split("/")[1], ""))

    def _address(self, headers: Headers) -> str:
        """AppAPI's proxy sets `x-origin-ip` itself. HaRP passes on what the client sent and adds nothing, so what the
        outer web server has written counts; only with the shared key is `x-origin-ip` AppAPI's there."""
        if not self._through_harp(headers) or self._has_shared_key(headers):
            return addresses.canonical(_last(headers, "x-origin-ip"))
        return addresses.visitor(headers.getlist(self._settings.visitor_header), self._trusted)

    def _user(self, headers: Headers) -> str | None:
        """The user id that AppAPI vouches for, "" for nobody, None when the secret is wrong.

        A forged header can stand before AppAPI's own, so the last value counts."""
        if not self._settings.app_secret or _last(headers, "ex-app-id") != self._settings.app_id:
            return None
        proof = _last(headers, "authorization-app-api")
        if len(proof) > LONGEST_SECRET:
            return None
        try:
            decoded = base64.b64decode(proof, validate=True).decode()
        except ValueError:  # not base64, not ASCII, not UTF-8
            return None
        user_id, _, secret = decoded.rpartition(":") if ":" in decoded else ("", "", "")
        return user_id if _same(secret.encode(), self._settings.app_secret) else None


def _as_meant(scope: Scope) -> Scope:
    """A family's link as it was sent, where it was copied with the full stop or the bracket that stood behind it: our
    own end in a letter, a digit, "-" or "_"."""
    path = scope["path"]
    if scope["method"] not in ("GET", "HEAD") or not _FAMILIES.match(path):
        return scope
    meant = path[:-_MOST_BEHIND] + path[-_MOST_BEHIND:].rstrip(_BEHIND)
    raw = meant.encode(errors="replace")
    if meant == path or not (scope.get("raw_path") or b"").startswith(raw):
        return scope
    return dict(scope, path=meant, raw_path=raw)


def _is_local(scope: Scope, headers: Headers) -> bool:
    """A call of the container's own, past all fronts: from its loopback, or from the address it was made to."""
    peer, here = (str((scope.get(end) or ("",))[0] or "") for end in ("client", "server"))
    return (addresses.is_local(peer) or peer == here) and not any(name in headers for name in _FRONTS)


def _same(given: bytes, expected: str) -> bool:
    """Compares in constant time; nothing is the same as nothing."""
    return hmac.compare_digest(given, expected.encode(errors="replace")) and bool(expected)


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


ALWAYS = ("/healthz", "/heartbeat")
"""However busy the app is, it must not be taken for dead."""
COMMIT_SECONDS = 8.0
"""How long a request is waited for that has changed something."""
IMPORT_SECONDS = 20.0
"""How long a file may be read that somebody of the school has sent: a whole register takes two or three seconds on two
busy cores, in a process of its own; it holds one of Nextcloud's workers meanwhile, not a family's."""
_IMPORTS = re.compile(r"/?api/v1/conferences/[^/]+/(?:hosts|families|rooms|groups)-import(?:-preview)?")


class TimeLimit:
    """Answers 503 with Retry-After at once when too much is under way, and after `page_seconds` at the latest.

    The PHP proxy waits for ever: a slow app behind it would stop the school's whole Nextcloud. What was answered so has
    changed nothing and will not (`deadline`); a request that has changed something is waited for."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._seconds = settings.page_seconds
        self._most = settings.max_in_flight
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
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
        seconds = max(self._seconds, IMPORT_SECONDS) if _IMPORTS.fullmatch(scope["path"]) else self._seconds
        until = deadline.Deadline(seconds)
        before = deadline.current.set(until)
        work = asyncio.ensure_future(self._app(scope, receive, noting))
        deadline.current.reset(before)
        work.add_done_callback(self._finished)
        # Not wait_for: a handler in a worker thread cannot be cancelled, and would be waited for.
        done, _ = await asyncio.wait({work}, timeout=seconds)
        answer = busy_answer
        if not (done or started) and not until.give_up():
            done, _ = await asyncio.wait({work}, timeout=COMMIT_SECONDS)
            answer = unsure_answer
        if done or started:
            await work
            return
        abandoned = True
        await answer()(scope, receive, send)

    def _finished(self, work: "asyncio.Future[None]") -> None:
        self._under_way -= 1
        if not work.cancelled():
            work.exception()  # its answer has gone out or nobody waits for it; the error was logged where it arose


def unsure_answer() -> Response:
    """Something was being written and does not come to an end. The same form again finds out; nothing is done twice."""
    text = (
        "Es dauert länger als sonst. Bitte diese Seite neu laden: dann zeigt sich, ob es geklappt hat. "
        "Nichts wird doppelt gebucht.\nThis takes longer than usual. Please reload this page to see whether it worked. "
        "Nothing is booked twice.\n"
    )
    return PlainTextResponse(text, 503, {"Retry-After": "5", "Cache-Control": "no-store"})


def busy_answer() -> Response:
    """503 in the two languages of the public pages; whatever was asked for may be asked for again."""
    text = "Gerade ist viel los. Bitte in ein paar Sekunden noch einmal.\nVery busy right now. Please try again.\n"
    return PlainTextResponse(text, 503, {"Retry-After": "3", "Cache-Control": "no-store"})
