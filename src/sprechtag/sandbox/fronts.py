# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two ways to the app: AppAPI's PHP proxy and HaRP, each with what was measured of it."""

import base64
import posixpath
import re
import secrets
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

import httpx
from starlette.requests import Request
from starlette.responses import Response

from .world import APP_API_VERSION, World

PROXY = "/index.php/apps/app_api/proxy/"
EXAPPS = "/exapps/"
_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "accept-encoding"}
_APP_API_HEADERS = {"authorization-app-api", "ex-app-id", "ex-app-version", "aa-version", "aa-request-id"}
LEVELS = {"PUBLIC": 0, "USER": 1, "ADMIN": 2}


class Dropped(Exception):
    """The connection is closed without an answer."""


def read_routes(info_xml: Path) -> list[tuple[str, frozenset[str], str]]:
    """(pattern, verbs, access level) of `<routes>`, in their order."""
    found = ET.parse(info_xml).getroot().iter("route")
    return [
        (
            (route.findtext("url") or "").strip(),
            frozenset((route.findtext("verb") or "").replace(" ", "").split(",")),
            (route.findtext("access_level") or "ADMIN").strip(),
        )
        for route in found
    ]


class Front:
    """Common to both: matching the routes, AppAPI's headers. `client` reaches the app."""

    def __init__(self, world: World, client: httpx.AsyncClient, leading_slash: bool = False) -> None:
        self._world = world
        self._client = client
        self._leading_slash = leading_slash

    def _allowed(self, path: str, method: str | None, user_id: str) -> int:
        """200, 403 or 404: the first route whose pattern (and verb, where `method` is given) matches decides."""
        subject = f"/{path}" if self._leading_slash else path
        user = self._world.users.get(user_id)
        mine = 2 if user and user.is_admin else 1 if user else 0
        for pattern, verbs, level in self._world.app.routes:
            if re.search(pattern, subject, re.IGNORECASE) and (method is None or method in verbs):
                return 200 if mine >= LEVELS[level] else 403
        return 404

    def _auth(self, user_id: str) -> dict[str, str]:
        app = self._world.app
        secret = base64.b64encode(f"{user_id}:{app.secret}".encode()).decode()
        return {"authorization-app-api": secret, "ex-app-id": app.id, "ex-app-version": app.version}

    async def _send(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> httpx.Response | None:
        try:
            return await self._client.request(method, url, headers=headers, content=body, follow_redirects=False)
        except (httpx.TransportError, httpx.InvalidURL, OSError):
            return None


class PhpProxy(Front):
    """`{nc}/index.php/apps/app_api/proxy/{app}/{path}` of AppAPI 33."""

    async def answer(self, request: Request, raw_rest: str, user_id: str) -> Response:
        self._world.proxied.append(raw_rest)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in ("GET", "POST", "PUT", "DELETE"):
            return Response(status_code=405)
        other = unquote(raw_rest)
        if not self._world.app.enabled or self._allowed(other, request.method, user_id) != 200:
            return Response(status_code=404)
        url, headers = _as_curl(f"/{other}"), self._headers(request, user_id)
        query = "" if "multipart" in request.headers.get("content-type", "") else php_query(request.url.query)
        answered = await self._send(method, url + (f"?{query}" if query else ""), headers, await request.body())
        for _ in range(5):
            if answered is None or answered.status_code not in (301, 302, 303, 307, 308):
                break
            # PHP follows by itself and repeats the app's secret to wherever it leads.
            answered = await self._send("GET", str(answered.url.join(answered.headers["location"])), headers, b"")
        if answered is None:
            return Response(status_code=500)
        return self._reply(request, other, answered)

    def _headers(self, request: Request, user_id: str) -> list[tuple[str, str]]:
        passed = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _HOP and name not in _APP_API_HEADERS and name != "x-origin-ip"
        ]
        # A forged header can stand before AppAPI's own.
        passed = [(name, value) for name, value in request.headers.items() if name == "ex-app-id"] + passed
        if "accept-language" not in request.headers:
            passed.append(("accept-language", "en"))
        own = self._auth(user_id) | {
            "aa-version": APP_API_VERSION,
            "aa-request-id": secrets.token_hex(10),
            "x-origin-ip": request.client.host if request.client else "127.0.0.1",
        }
        return passed + list(own.items())

    def _reply(self, request: Request, other: str, answered: httpx.Response) -> Response:
        body = answered.content
        if other.endswith(".html"):
            body = body.replace(b"<script", b'<script nonce="abc"')[: len(body)]
        reply = Response(b"" if request.method == "HEAD" else body, answered.status_code)
        del reply.headers["content-length"]
        for name in dict.fromkeys(answered.headers.keys()):
            if name not in _HOP and name != "content-encoding":
                reply.headers[name] = answered.headers.get_list(name)[0]  # only the first value survives
        if "cache-control" not in answered.headers and "json" not in answered.headers.get("content-type", ""):
            reply.headers["cache-control"] = "private, max-age=3600"
        reply.headers.setdefault("content-security-policy", "default-src 'none';base-uri 'none';manifest-src 'self'")
        reply.headers.setdefault("feature-policy", "autoplay 'none';camera 'none';microphone 'none';payment 'none'")
        if answered.status_code != 304:
            reply.headers["content-length"] = str(len(reply.body))
        if not request.cookies:
            for name in ("oc_sessionPassphrase", "nc_sameSiteCookielax", "nc_sameSiteCookiestrict", "ocsandbox"):
                reply.set_cookie(name, "true" if "Site" in name else secrets.token_hex(8), httponly=True)
        return reply


class Harp(Front):
    """`{nc}/exapps/{app}/{path}` of HaRP 0.4.4, with its ban."""

    def __init__(self, world: World, client: httpx.AsyncClient, leading_slash: bool = False) -> None:
        super().__init__(world, client, leading_slash)
        self._refusals: dict[str, list[float]] = {}

    async def answer(self, request: Request, raw_rest: str, user_id: str) -> Response:
        address = request.client.host if request.client else "127.0.0.1"
        now = time.monotonic()
        recent = [at for at in self._refusals.get(address, []) if at > now - 300]
        if len(recent) >= 10:
            raise Dropped
        # The route's verbs are ignored here, and the path is not decoded.
        allowed = self._allowed(raw_rest, None, user_id) if self._world.app.enabled else 404
        if allowed != 200:
            self._refusals[address] = [*recent, now]
            return Response(status_code=allowed)
        own = self._auth(user_id) | {"aa-version": "32", "x-forwarded-for": address, "host": request.url.netloc}
        passed = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _HOP and name not in _APP_API_HEADERS and name != "x-forwarded-for"
        ]
        url = f"/{raw_rest}" + (f"?{request.url.query}" if request.url.query else "")
        answered = await self._send(request.method, url, passed + list(own.items()), await request.body())
        if answered is None:
            return Response(status_code=503)
        reply = Response(answered.content, answered.status_code)
        reply.raw_headers = [
            (name, value) for name, value in answered.headers.raw if name.lower() not in (b"transfer-encoding",)
        ]
        return reply

    def banned(self, address: str) -> bool:
        return len(self._refusals.get(address, [])) >= 10


def _as_curl(path: str) -> str:
    """What PHP's HTTP client makes of a decoded path: `#` ends it, `?` begins a query, dot segments are resolved."""
    path = path.split("#", 1)[0]
    bare, mark, query = path.partition("?")
    parts = bare.split("/")
    if any(part in (".", "..") for part in parts):
        resolved = posixpath.normpath(re.sub(r"/+", "/", bare))
        bare = resolved + ("/" if parts[-1] in ("", ".", "..") and resolved != "/" else "")
    return bare + mark + query


def php_query(query: str) -> str:
    """What is left of a query string after PHP: the last of equal names, dots and spaces as `_`, `b[]` as `b[0]`."""
    values: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        name = re.sub(r"[. ]", "_", name)
        if name.endswith("[]"):
            place = counts.get(name, 0)
            counts[name] = place + 1
            name = f"{name[:-2]}[{place}]"
        values[name] = value
    return urlencode(values)
