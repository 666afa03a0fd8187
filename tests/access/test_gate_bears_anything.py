# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate alone, against any bytes in headers, path and query: it never raises, and only AppAPI's own call reaches a
lifecycle route."""

import asyncio
import base64
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from sprechtag.gate import Gate
from sprechtag.settings import Settings

SECRET, KEY = "s" * 64, "h" * 32
CALLBACKS = {"talk_bot": f"/talk_bot/{'t' * 27}", "calendar-changed": f"/calendar-changed/{'c' * 27}"}
LIFECYCLE = ("/init", "/enabled", *CALLBACKS.values())
PROOF = base64.b64encode(f":{SECRET}".encode())
Headers = list[tuple[bytes, bytes]]


def ask(
    headers: Headers,
    path: bytes,
    method: str = "POST",
    query: bytes = b"",
    key: str = KEY,
    told: dict[str, Any] | None = None,
) -> tuple[str, int]:
    """The path the app got to see, "" when the gate let nothing through, and the answer's status."""
    reached: list[str] = []
    statuses: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": unquote_to_bytes(path).decode(errors="replace"),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": ("192.0.2.1", 1),
        **(told or {}),
    }
    options = Settings(app_secret=SECRET, harp_shared_key=key, trusted_proxies="10.0.0.0/8")
    asyncio.run(Gate(app, options, CALLBACKS)(scope, receive, send))
    (status,) = statuses
    return "".join(reached), status


def is_app_apis_own(headers: Headers, key: str) -> bool:
    """Said once more, in other words than the gate's."""
    last = {name.lower(): value for name, value in headers}
    vouched = last.get(b"ex-app-id") == b"sprechtag" and last.get(b"authorization-app-api") == PROOF
    return vouched and b"x-origin-ip" not in last and (not key or last.get(b"harp-shared-key") == key.encode())


NAMES = st.sampled_from(
    b"authorization-app-api ex-app-id harp-shared-key x-origin-ip x-forwarded-for x-real-ip aa-version aa-request-id "
    b"accept-language x-requested-with forwarded host".split()
)
LIKELY = st.sampled_from(
    [
        PROOF,
        KEY.encode(),
        b"sprechtag",
        b"",
        b"127.0.0.1",
        b"32",
        b"\xff",
        "Schlüssel".encode(),
        "Schlüssel".encode("latin-1"),
    ]
    + [base64.b64encode(f"Jürgen:{SECRET}".encode(code)) for code in ("utf-8", "latin-1", "utf-16")]
    + [b"=", b"====", b"A", b"QQ=", PROOF[:-1], PROOF + b"=", b" " + PROOF, b"A" * 100_000, b"," * 5_000, b"\x00"]
)
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=20), LIKELY | st.binary(max_size=40)), max_size=12)
OWN = [(b"ex-app-id", b"sprechtag"), (b"authorization-app-api", PROOF), (b"harp-shared-key", KEY.encode())]
MIXED = st.permutations(OWN).flatmap(lambda own: HEADERS.map(lambda more: [*more, *own])) | HEADERS
STRAIGHT = st.sampled_from([path.encode() for path in ("/heartbeat", "/healthz", *LIFECYCLE, "/s/abc", "/api/v1/me")])
BENT = st.tuples(STRAIGHT, st.binary(max_size=6)).map(b"".join) | st.tuples(st.binary(max_size=6), STRAIGHT).map(
    b"".join
)
PATHS = (
    STRAIGHT
    | BENT
    | st.binary(max_size=60).map(lambda rest: b"/" + rest)
    | st.sampled_from([b"", b"*", b"/%00", b"/%ff", b"/%"])
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "x"])


@settings(max_examples=400, deadline=None)
@given(
    headers=MIXED, path=PATHS, method=METHODS, query=st.binary(max_size=40), key=st.sampled_from(["", KEY, "Schlüssel"])
)
@example(headers=[(b"harp-shared-key", "Schlüssel".encode()), *OWN], path=b"/init", method="POST", query=b"", key=KEY)
@example(
    headers=[(b"authorization-app-api", "Schlüssel".encode()), *OWN[:1]],
    path=b"/init",
    method="POST",
    query=b"",
    key="",
)
@example(headers=OWN, path=b"/enabled", method="PUT", query=b"enabled=%ff&\x00", key=KEY)
def test_it_never_raises_and_lets_nobody_through(
    headers: Headers, path: bytes, method: str, query: bytes, key: str
) -> None:
    seen, status = ask(headers, path, method, query, key)
    assert status in (200, 401, 403, 404, 405)
    assert bool(seen) == (status == 200)
    if seen in LIFECYCLE:
        assert is_app_apis_own(headers, key) and path.decode() == seen
    if seen == "/healthz" or (seen == "/heartbeat" and any(name.lower() == b"x-origin-ip" for name, _ in headers)):
        pytest.fail("This connection came from another machine.")


@pytest.mark.parametrize("key", ["", KEY])
def test_app_apis_own_call_does_pass(key: str) -> None:
    """Else the test above would hold for a wall."""
    for path in LIFECYCLE:
        method = "PUT" if path == "/enabled" else "POST"
        assert ask(OWN, path.encode(), method, key=key) == (path, 200)
        assert ask([*OWN, (b"x-forwarded-for", b"192.0.2.1")], path.encode(), method, key=key) == (path, 200)
        assert ask([*OWN, (b"x-origin-ip", b"")], path.encode(), method, key=key) == ("", 404)
    assert ask(OWN if key else [], b"/heartbeat", "GET", key=key) == ("/heartbeat", 200)


def test_a_shared_key_may_have_umlauts() -> None:
    own = [*OWN[:2], (b"harp-shared-key", "Schlüssel".encode())]
    assert ask(own, b"/init", key="Schlüssel") == ("/init", 200)


@pytest.mark.parametrize("value", ["ü".encode(), "ü".encode("latin-1"), b"", b"\xff\xfe", b"x" * 200_000], ids=str)
@pytest.mark.parametrize("name", ["authorization-app-api", "ex-app-id", "harp-shared-key"])
def test_a_secret_header_of_any_bytes_is_a_wrong_secret(name: str, value: bytes) -> None:
    headers = [pair for pair in OWN if pair[0] != name.encode()]
    for sent in ([*headers, (name.encode(), value)], [*OWN, (name.encode(), value)], headers):
        assert ask(sent, b"/init")[1] in (401, 404)


def test_a_user_s_name_may_have_umlauts() -> None:
    proof = base64.b64encode(f"Jürgen:{SECRET}".encode())
    own = [(b"ex-app-id", b"sprechtag"), (b"authorization-app-api", proof), (b"x-origin-ip", b"192.0.2.1")]
    assert ask(own, b"/api/v1/me", "GET") == ("/api/v1/me", 200)
    latin = base64.b64encode(f"Jürgen:{SECRET}".encode("latin-1"))
    assert ask([*own[:1], (b"authorization-app-api", latin)], b"/api/v1/me", "GET") == ("", 401)


def test_a_server_may_tell_less() -> None:
    """`raw_path`, `client` and `server` are optional in ASGI; a path may be anything but UTF-8."""
    for path in ("/init", "/init\ud800", "/\x00init", "/ini\u0442"):
        found = ask(OWN, b"", told={"path": path, "raw_path": None, "client": None, "server": None})
        assert found == (("/init", 200) if path == "/init" else ("", 404))


def test_nobody_talks_to_it_over_a_websocket() -> None:
    said: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("let through")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "websocket", "path": "/s/abc", "raw_path": b"/s/abc", "headers": OWN}
    asyncio.run(Gate(app, Settings(app_secret=SECRET))(scope, receive, send))
    assert said == [{"type": "websocket.close", "code": 1008}]
