# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stand-in as one ASGI app: both fronts, OCS, CalDAV, login, the embedded page, the mailbox."""

import asyncio
import base64
import binascii
import contextlib
import html
import json
import re
import tempfile
import time
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from .dav import Dav
from .fronts import EXAPPS, PROXY, Daemon, Dropped, Harp, PhpProxy
from .notifier import PhpError
from .ocs import Ocs, fail
from .theme import EMBEDDED_CSS, NEXTCLOUD_CSS
from .world import Fault, World

SESSION = "ncsandbox_session"
EMBEDDED = "/index.php/apps/app_api/embedded/"
_GUESTS_MAY = re.compile(r"/ocs/v2\.php/apps/spreed/api/v4/(room/[a-z0-9]+/participants/active|call/[a-z0-9]+)$")
DAV_ROOT = "/remote.php/dav"

MAINTENANCE = "<!DOCTYPE html><title>Wartung</title><p>Diese Seite ist gleich wieder da."


class Sandbox:
    """`app_url` is where the app listens; with `transport` it is reached without a socket."""

    def __init__(
        self,
        world: World,
        app_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        folder: str | None = None,
        leading_slash: bool = False,
        daemon: Daemon | None = None,
    ) -> None:
        self.world = world
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="sprechtag-sandbox-")
        self.dav = Dav(world, folder or self._temporary.name)  # type: ignore[union-attr]
        self._ocs = Ocs(world, self._tell_bot)
        self._telling: set[asyncio.Task[None]] = set()
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self.client = httpx.AsyncClient(base_url=app_url, transport=transport, timeout=None, limits=limits)
        self.daemon = daemon or Daemon(leading_slash=leading_slash)
        self.harp = Harp(world, self.client, self.daemon)
        self.proxy = PhpProxy(world, self.client, self.daemon, self.harp)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    await self.client.aclose()
                    return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Dropped:
            # An answer that breaks off: the server closes the connection on it.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionAbortedError("dropped as told") from None
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = (request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
        if path.startswith(("/ocs/", DAV_ROOT)):
            return await self._nextcloud(request, path)
        user_id = self._visitor(request)
        app_id = self.world.app.id
        if path.startswith(f"{PROXY}{app_id}/"):
            return await self.proxy.answer(request, path.removeprefix(f"{PROXY}{app_id}/"), user_id)
        if path.startswith(f"{EXAPPS}{app_id}/"):
            return await self.harp.answer(request, path.removeprefix(f"{EXAPPS}{app_id}/"), user_id)
        return await self._page(request, path, user_id)

    # -- what the app calls -------------------------------------------------------------------------------------

    async def _nextcloud(self, request: Request, path: str) -> Response:
        if self.world.away:
            return Response(status_code=503)
        visitor = self._visitor(request)
        guest = "authorization-app-api" not in request.headers and bool(_GUESTS_MAY.match(path))
        if (visitor or guest) and path.startswith("/ocs/") and request.headers.get("ocs-apirequest") == "true":
            # A page of Nextcloud's asking with its visitor's session; this header is what Nextcloud demands then.
            return await self._ocs.answer(request, visitor)
        user_id = self._app_user(request)
        self.world.calls.append((request.method, path, user_id or ""))
        if user_id is None or self._is_nobody(user_id, path):
            return fail(401, "AppAPI authentication failed") if "/ocs/" in path else Response(status_code=401)
        fault = self.world.fault_for(request.method, path)
        if fault:
            return await self._misbehave(fault, request, path, user_id)
        return await self._do(request, path, user_id)

    async def _do(self, request: Request, path: str, user_id: str) -> Response:
        if path.startswith("/ocs/"):
            return await self._ocs.answer(request, user_id)
        body = await request.body()
        status, headers, content = await asyncio.to_thread(
            self.dav.answer, request.method, path.removeprefix(DAV_ROOT), user_id, dict(request.headers), body
        )
        return Response(content, status, headers)

    async def _misbehave(self, fault: Fault, request: Request, path: str, user_id: str) -> Response:
        if fault.kind == "status":
            return Response(status_code=fault.status)
        if fault.kind == "lose_session":
            return Response(status_code=401)
        if fault.kind == "html":
            return Response(MAINTENANCE, 200, media_type="text/html")
        if fault.kind == "login":
            return Response(status_code=303, headers={"Location": f"{self.world.url}/index.php/login"})
        if fault.kind == "null_data":
            return Response('{"ocs":{"meta":{"status":"ok","statuscode":200},"data":null}}', 200)
        if fault.kind == "wrong_etag":
            answer = await self._do(request, path, user_id)
            answer.headers["ETag"] = '"not-this-one"'
            return answer
        if fault.kind == "drop_before":
            raise Dropped
        if fault.kind == "drop_after":
            await self._do(request, path, user_id)
            raise Dropped
        await asyncio.sleep(fault.seconds)
        return await self._do(request, path, user_id)

    def _is_nobody(self, user_id: str, path: str) -> bool:
        """Of a deleted user capabilities are answered all the same, of a disabled one calendars too."""
        user = self.world.users.get(user_id)
        if not user_id or "/cloud/capabilities" in path:
            return False
        return user is None or (user.disabled and not path.startswith(DAV_ROOT))

    def _visitor(self, request: Request) -> str:
        """Who is logged in, or an empty string."""
        return self.world.sessions.get(request.cookies.get(SESSION, ""), "")

    def _app_user(self, request: Request) -> str | None:
        try:
            decoded = base64.b64decode(request.headers.get("authorization-app-api", "")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user_id, _, secret = decoded.rpartition(":")
        app = self.world.app
        return user_id if secret == app.secret and request.headers.get("ex-app-id") == app.id else None

    async def call_app(self, method: str, path: str, **params: Any) -> httpx.Response:
        """AppAPI's own call, by the way the daemon has."""
        return await self.proxy.own_call(method, path, urlencode(params), b"")

    def _tell_bot(self, route: str, said: dict[str, Any]) -> None:
        """As AppAPI does it: its own call, with its authentication, and nobody waits for the answer."""
        if self.world.app.enabled:
            task = asyncio.ensure_future(self._send_to(route, said))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _send_to(self, route: str, said: dict[str, Any]) -> None:
        with contextlib.suppress(httpx.TransportError):
            await self.proxy.own_call("POST", route, "", json.dumps(said).encode())

    async def tell_of_calendar(self, user_id: str) -> None:
        """What webhook_listeners does when something in this user's calendars has changed."""
        principal = f"principals/users/{user_id}"
        for hook in list(self.world.webhooks.values()):
            if principal in hook["eventFilter"]["event.calendarData.principaluri"]["$in"]:
                await self._send_to(hook["uri"], {"event": {"calendarData": {"principaluri": principal}}})

    async def register(self) -> None:
        """GET /heartbeat, POST /init, then PUT /enabled once the app reports 100 %."""
        deadline = time.monotonic() + 60
        while True:
            try:
                if (await self.call_app("GET", "/heartbeat")).status_code == 200:
                    break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.1)
        _well(await self.call_app("POST", "/init"))
        while self.world.app.progress < 100:
            if time.monotonic() > deadline:
                raise TimeoutError("The app did not report that it is ready.")
            await asyncio.sleep(0.05)
        await self.enable(True)

    async def enable(self, on: bool) -> None:
        _well(await self.call_app("PUT", "/enabled", enabled=int(on)))
        self.world.app.enabled = on

    async def unregister(self) -> None:
        """Switched off; what it has registered goes with it: bots out of their rooms, webhooks. Its data stay."""
        await self.enable(False)
        self.world.webhooks.clear()
        self.world.bots.clear()
        for room in self.world.rooms.values():
            room.bots.clear()
        self.world.app.progress = 0

    # -- what people see ----------------------------------------------------------------------------------------

    async def _page(self, request: Request, path: str, user_id: str) -> Response:
        if path == "/index.php/login":
            return await self._login(request)
        if path == "/index.php/logout":
            self.world.sessions.pop(request.cookies.get(SESSION, ""), None)
            return RedirectResponse("/index.php/login", 303)
        if path == "/index.php/apps/theming/image/logo":
            return Response(_LOGO, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
        if path == "/favicon.ico":
            return Response(_LOGO, media_type="image/svg+xml")
        if path == "/status.php":
            return Response(
                '{"installed":true,"maintenance":false,"version":"33.0.3.2"}', media_type="application/json"
            )
        if path.startswith("/mailbox"):
            return self._mailbox(request)
        if path == "/notifications":
            return self._notifications(user_id)
        if path.startswith("/call/"):
            return self._call_page(path.removeprefix("/call/"))
        if path.startswith(f"{EMBEDDED}{self.world.app.id}/"):
            if not user_id:
                return RedirectResponse(f"/index.php/login?redirect_url={quote(path)}", 303)
            return self._embedded(user_id)
        if path == "/":
            return self._start(user_id)
        return HTMLResponse(_shell("Not found", "<p>There is no such page in this stand-in.</p>"), 404)

    async def _login(self, request: Request) -> Response:
        message = ""
        target = request.query_params.get("redirect_url", "/")
        if request.method == "POST":
            form = await request.form()
            user = self.world.users.get(str(form.get("user", "")))
            if user and user.password == form.get("password"):
                answer = RedirectResponse(target if target.startswith("/") else "/", 303)
                answer.set_cookie(SESSION, self.world.log_in(user.id), httponly=True, samesite="lax", path="/")
                return answer
            message = '<p role="alert">Wrong login or password.</p>'
        form_html = (
            f'{message}<form method="post"><p><label>Account name<br><input name="user" autofocus></label></p>'
            '<p><label>Password<br><input name="password" type="password"></label></p><button>Log in</button></form>'
        )
        return HTMLResponse(_shell("Log in", form_html))

    def _start(self, user_id: str) -> Response:
        app = self.world.app.id
        user = self.world.users.get(user_id)
        hello = f"<p>Hello {html.escape(user.display_name)}.</p>" if user else ""
        links = (
            f'{hello}<ul><li><a href="{EMBEDDED}{app}/conferences">Sprechtag</a></li>'
            '<li><a href="/notifications">Notifications</a></li>'
            '<li><a href="/mailbox">Mailbox: every mail that was sent</a></li>'
            '<li><a href="/index.php/login">Log in</a></li></ul>'
        )
        return HTMLResponse(_shell("Stand-in Nextcloud", links))

    def _embedded(self, user_id: str) -> Response:
        """AppAPI's shell (the id `content` twice, deferred classic scripts with a nonce)."""
        app = self.world.app
        user = self.world.users[user_id]
        if not app.enabled or not app.menu:
            return HTMLResponse(_shell("Not found", "<p>The app is not enabled.</p>"), 404)
        nonce = base64.b64encode(b"sandbox-nonce").decode()
        base = f"{PROXY}{app.id}/"
        scripts = "".join(
            f'<script nonce="{nonce}" defer src="{base}{path}.js?v=abc"></script>' for path in app.scripts
        )
        # What Nextcloud tells its pages about itself; the tab's title ends with its name.
        house = {"theming": {"name": self.world.theming["name"]}}
        told = base64.b64encode(json.dumps(house).encode()).decode()
        styles = "".join(f'<link rel="stylesheet" href="{base}{path}.css?v=abc">' for path in app.styles)
        page = (
            f'<!doctype html><html lang="{user.language}" data-locale="{user.language}"><head data-user="{user_id}" '
            f'data-user-displayname="{html.escape(user.display_name)}" data-requesttoken="abc">'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Sprechtag - {html.escape(house['theming']['name'])}</title><style>{NEXTCLOUD_CSS}{EMBEDDED_CSS}</style>{styles}{scripts}</head>"
            f'<body><input type="hidden" id="initial-state-core-capabilities" value="{told}">'
            f'<div id="skip-actions"></div><header id="header"><b>☁ Nextcloud (stand-in)</b> '
            f'<span><a href="/notifications">Notifications ({sum(who == user_id for who, _ in self.world.notifications)})</a> · {html.escape(user.display_name)}</span></header>'
            '<div id="content" class="app-app_api"><div id="content"></div></div></body></html>'
        )
        policy = (
            f"default-src 'none';base-uri 'none';script-src 'nonce-{nonce}';script-src-elem 'strict-dynamic' 'nonce-{nonce}';"
            "style-src 'self' 'unsafe-inline';img-src 'self' data: blob:;font-src 'self' data:;connect-src 'self'"
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    def _notifications(self, user_id: str) -> Response:
        if not user_id:
            return RedirectResponse("/index.php/login?redirect_url=/notifications", 303)
        try:
            notices = self.world.notices(user_id)
        except PhpError:
            return HTMLResponse(_shell("Internal Server Error", "<p>The notifications could not be read.</p>"), 500)
        listed = "".join(
            f'<p><a href="{html.escape(one.link)}"><b>{html.escape(one.subject)}</b></a><br>{html.escape(one.message)}</p>'
            for one in notices
        )
        return HTMLResponse(_shell("Notifications", listed or "<p>Nothing new.</p>"))

    def _mailbox(self, request: Request) -> Response:
        if request.url.path == "/mailbox.json":
            listed = [vars(mail) for mail in self.world.mails]
            return Response(json.dumps(listed), media_type="application/json")
        wanted = request.query_params.get("mail", "")
        mails = self.world.mails
        if wanted.isdigit() and int(wanted) < len(mails):
            mail = mails[int(wanted)]
            shown = (
                f'<iframe sandbox="allow-popups" title="HTML" srcdoc="{html.escape(mail.html)}"></iframe>'
                if mail.html
                else ""
            )
            return HTMLResponse(
                _shell(
                    mail.subject,
                    f'<p><a href="/mailbox">All mails</a></p><p>From {html.escape(mail.sender)}<br>To {html.escape(mail.to)}'
                    f"<br>By {mail.source}</p>{shown}<h2>Text</h2><pre>{_linked(mail.text)}</pre>"
                    f"<h2>Calendar file</h2><pre>{html.escape(mail.calendar)}</pre>",
                )
            )
        rows = "".join(
            f"<tr><td>{time.strftime('%H:%M:%S', time.localtime(mail.at))}</td><td>{html.escape(mail.to)}</td>"
            f'<td><a href="?mail={number}">{html.escape(mail.subject)}</a></td><td>{mail.source}</td></tr>'
            for number, mail in reversed(list(enumerate(mails)))
        )
        table = f"<table><tr><th>Time</th><th>To</th><th>Subject</th><th>By</th></tr>{rows}</table>"
        return HTMLResponse(_shell("Mailbox", f"<p>{len(mails)} mails were sent.</p>{table}"))

    def _call_page(self, token: str) -> Response:
        room = self.world.rooms.get(token)
        if room is None:
            return HTMLResponse(_shell("No such conversation", "<p>It was deleted or never existed.</p>"), 404)
        opens = time.strftime("%d.%m. %H:%M", time.localtime(room.lobby_timer))
        waiting = room.lobby_closed
        text = f"You are in the lobby. It opens on {opens}." if waiting else "The call is open."
        return HTMLResponse(_shell("Talk" if waiting else room.name, f"<p>{text}</p>"))


def _well(answer: httpx.Response) -> None:
    if answer.status_code >= 300:
        raise RuntimeError(f"The app answered AppAPI {answer.status_code}.")


def _linked(text: str) -> str:
    words = [
        f'<a href="{html.escape(word)}">{html.escape(word)}</a>' if word.startswith("http") else html.escape(word)
        for word in text.split(" ")
    ]
    return " ".join(words)


def _shell(title: str, body: str) -> str:
    return (
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(title)}</title><style>{NEXTCLOUD_CSS}body{{padding:1rem}}iframe{{width:100%;height:34rem;"
            "border:1px solid #ccc}}td,th{{text-align:left;padding:.3rem .8rem}}pre{{white-space:pre-wrap}}</style></head>"
            f"<body><h1>{html.escape(title)}</h1>{body}</body></html>"
        )
        .replace("{{", "{")
        .replace("}}", "}")
    )


_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="none" stroke="#fff" stroke-width="3" '
    'stroke-linejoin="round" d="M4 14 16 5l12 9v13H4zM12 27v-9h8v9"/></svg>'
)
