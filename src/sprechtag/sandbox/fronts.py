# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two ways to the app: AppAPI's PHP proxy and HaRP, each with what was measured of it."""

import base64
import gzip
import posixpath
import re
import secrets
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx
from starlette.requests import Request
from starlette.responses import Response

from .world import APP_API_VERSION, World

PROXY = "/index.php/apps/app_api/proxy/"
EXAPPS = "/exapps/"
_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"}
_NOT_THROUGH_PHP = _HOP | {"accept-encoding"}
"""PHP asks for what it can unpack itself, and unpacks it."""
_APP_API_HEADERS = {"authorization-app-api", "ex-app-id", "ex-app-version", "aa-version", "aa-request-id"}
_SIGNED = {"ex-app-version", "ex-app-id", "ex-app-host", "ex-app-port", "authorization-app-api", "harp-shared-key"}
"""Who sends all of these claims to be AppAPI; then HaRP asks for the key and for no route."""
_DOT_DOT = re.compile(r"(?:^|/|%2[fF])(?:\.|%2[eE]){2}(?:/|%2[fF]|$)")
REFUSED_BY_HARP = "x-sandbox-refused-by-harp"
"""HaRP closes the connection on lifecycle paths and dot segments; here a 404 with this header stands for it."""
HARPS_AA_VERSION = "32"
_AS_IT_IS = "".join(chr(code) for code in range(33, 127))
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


@dataclass(frozen=True)
class Daemon:
    """How the app was deployed, and what stands before Nextcloud.

    `harp_key` is HaRP's shared key, "" without HaRP. The outer web server adds the address it was called from to
    `X-Forwarded-For` (nginx as HaRP's manual has it; Caddy, Traefik and Apache by themselves) and, told so, sets
    `X-Real-IP`. `leading_slash` is AppAPI's matching since May 2026."""

    harp_key: str = ""
    adds_forwarded_for: bool = True
    sets_real_ip: bool = False
    leading_slash: bool = False


Pairs = list[tuple[str, str]]
NEXTCLOUDS_ADDRESS = "192.0.2.10"
"""Where AppAPI's own calls come from, for an outer web server."""


class Front:
    """Common to both: matching the routes, AppAPI's headers. `client` reaches the app."""

    def __init__(self, world: World, client: httpx.AsyncClient, daemon: Daemon) -> None:
        self._world = world
        self._client = client
        self._daemon = daemon

    def _level(self, user_id: str) -> int:
        user = self._world.users.get(user_id)
        return 2 if user and user.is_admin else 1 if user else 0

    def _auth(self, user_id: str) -> dict[str, str]:
        app = self._world.app
        secret = base64.b64encode(f"{user_id}:{app.secret}".encode()).decode()
        return {"authorization-app-api": secret, "ex-app-id": app.id, "ex-app-version": app.version}

    async def _send(self, method: str, url: str, headers: Pairs, body: bytes) -> httpx.Response | None:
        """`url` is absolute, or a path that is sent as it is."""
        raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        try:
            where = as_it_is(self._client.base_url, url) if url.startswith("/") else httpx.URL(url)
            return await self._client.request(method, where, headers=raw, content=body, follow_redirects=False)
        except (httpx.TransportError, httpx.InvalidURL, OSError):
            return None


def as_it_is(base: httpx.URL, path: str) -> httpx.URL:
    """`path` with its query at `base`'s host, not tidied: httpx resolves dot segments and drops slashes, which a
    visitor's own client does not. What is not ASCII is encoded."""
    url = base.copy_with(raw_path=b"/")
    bare, mark, query = quote(path, safe=_AS_IT_IS).partition("?")
    url._uri_reference = url._uri_reference._replace(path=bare, query=query if mark else None)  # noqa: SLF001
    return url


class PhpProxy(Front):
    """`{nc}/index.php/apps/app_api/proxy/{app}/{path}` of AppAPI 33. In front of a HaRP daemon what it sends goes through
    the outer web server and HaRP, with HaRP's shared key, whoever the visitor is."""

    def __init__(self, world: World, client: httpx.AsyncClient, daemon: Daemon, harp: "Harp") -> None:
        super().__init__(world, client, daemon)
        self._harp = harp

    async def _send(self, method: str, url: str, headers: Pairs, body: bytes) -> httpx.Response | None:
        if self._daemon.harp_key and url.startswith("/"):
            return await self._harp.from_app_api(method, url, headers, body)
        return await super()._send(method, url, headers, body)

    def _allowed(self, other: str, method: str, user_id: str) -> bool:
        """The first route whose pattern and verb match decides. The newer matching falls back to the older one."""
        subjects = (f"/{other}", other) if self._daemon.leading_slash else (other,)
        for pattern, verbs, level in self._world.app.routes:
            known = re.compile(f"^(?:{pattern})", re.IGNORECASE)
            if any(known.match(subject) for subject in subjects) and method in verbs:
                return self._level(user_id) >= LEVELS[level]
        return False

    async def own_call(self, method: str, path: str, query: str, body: bytes) -> httpx.Response:
        """AppAPI's own: with its authentication (the heartbeat only where HaRP asks for it) and without `x-origin-ip`."""
        headers = self._auth("") | {"aa-version": APP_API_VERSION, "aa-request-id": "CLI"}
        if path == "/heartbeat" and not self._daemon.harp_key:
            headers = {}
        headers |= {"content-type": "application/json", "accept": "application/json"}
        url = f"{path}?{query}" if query else path
        answered = await self._send(method, url, list(headers.items()), body)
        if answered is None:
            raise httpx.ConnectError("The app does not answer.")
        return answered

    async def answer(self, request: Request, raw_rest: str, user_id: str) -> Response:
        self._world.proxied.append(raw_rest)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in ("GET", "POST", "PUT", "DELETE"):
            return Response(status_code=405)
        other = unquote(raw_rest)
        if not self._world.app.enabled or not self._allowed(other, request.method, user_id):
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
            if name not in _NOT_THROUGH_PHP and name not in _APP_API_HEADERS and name != "x-origin-ip"
        ]
        passed.append(("accept-encoding", "gzip"))
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
    """`{nc}/exapps/{app}/{path}` of HaRP 0.4.4, with its ban. HAProxy adds no address of its own to the headers."""

    def __init__(self, world: World, client: httpx.AsyncClient, daemon: Daemon) -> None:
        super().__init__(world, client, daemon)
        self._refusals: dict[str, list[float]] = {}

    async def answer(self, request: Request, raw_rest: str, user_id: str) -> Response:
        address = request.client.host if request.client else "127.0.0.1"
        passed = [(name, value) for name, value in request.headers.items() if name not in _HOP]
        passed += [("host", request.url.netloc)]
        url = f"/{raw_rest}" + (f"?{request.url.query}" if request.url.query else "")
        answered = await self._agent(request.method, url, passed, await request.body(), address, user_id)
        if answered is None:
            return Response(status_code=503)
        # Ours passes as it is; httpx has unpacked it, as PHP does.
        packed = answered.headers.get("content-encoding") == "gzip" and request.method != "HEAD"
        reply = Response(gzip.compress(answered.content) if packed else answered.content, answered.status_code)
        own = {b"transfer-encoding", b"content-length"} if packed else {b"transfer-encoding"}
        kept = [pair for pair in reply.raw_headers if packed and pair[0] == b"content-length"]
        reply.raw_headers = kept + [pair for pair in answered.headers.raw if pair[0].lower() not in own]
        return reply

    async def from_app_api(self, method: str, url: str, headers: Pairs, body: bytes) -> httpx.Response | None:
        """What PHP sends to the app (`requestToExApp`): it names the app's place and HaRP's key."""
        place = {"harp-shared-key": self._daemon.harp_key, "ex-app-host": "127.0.0.1", "ex-app-port": "9031"}
        return await self._agent(method, url, headers + list(place.items()), body, NEXTCLOUDS_ADDRESS, "")

    async def _agent(
        self, method: str, url: str, headers: Pairs, body: bytes, address: str, user_id: str
    ) -> httpx.Response | None:
        now = time.monotonic()
        recent = [at for at in self._refusals.get(address, []) if at > now - 300]
        if len(recent) >= 10:
            raise Dropped
        headers = self._through_outer_server(headers, address)
        sent = dict(headers)
        path = url.partition("?")[0]
        if sent.keys() >= _SIGNED and sent["harp-shared-key"] == self._daemon.harp_key:
            own = {name: sent[name] for name in ("authorization-app-api", "ex-app-id", "ex-app-version")}
        else:
            allowed = 404 if sent.keys() >= _SIGNED else self._allowed(path, user_id)
            if allowed != 200:
                self._refusals[address] = [*recent, now]
                return httpx.Response(allowed, headers={REFUSED_BY_HARP: "yes"})
            own = self._auth(user_id)
        passed = [(name, value) for name, value in headers if name not in (*own, "aa-version")]
        return await self._send(method, url, [*passed, *own.items(), ("aa-version", HARPS_AA_VERSION)], body)

    def _allowed(self, path: str, user_id: str) -> int:
        """200, 403 or 404: the first route whose pattern matches decides, whatever its verbs. The path is not decoded."""
        if not self._world.app.enabled or path in ("/heartbeat", "/init", "/enabled") or _DOT_DOT.search(path):
            return 404
        for pattern, _, level in self._world.app.routes:
            if re.match(pattern, path):
                return 200 if self._level(user_id) >= LEVELS[level] else 403
        return 404

    def _through_outer_server(self, headers: Pairs, address: str) -> Pairs:
        daemon = self._daemon
        if daemon.adds_forwarded_for:
            known = [value for name, value in headers if name == "x-forwarded-for"]
            headers = [pair for pair in headers if pair[0] != "x-forwarded-for"]
            headers += [("x-forwarded-for", ", ".join([*known, address]))]
        if daemon.sets_real_ip:
            headers = [pair for pair in headers if pair[0] != "x-real-ip"] + [("x-real-ip", address)]
        return headers


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
