# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lifecycle calls and callbacks under every front: AppAPI's own arrive, nobody else's do, however they are dressed up."""

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_access import disguises

from house import EXAPPS, HARP_KEY, PROXY, Stage, open_stage
from sprechtag.conference.instance import fact
from sprechtag.errands.testing import open_errands
from sprechtag.gate import CALLBACKS
from sprechtag.lifecycle import LONGEST_BODY, READY
from sprechtag.sandbox.demo import INFO
from sprechtag.sandbox.fronts import Daemon, as_it_is, read_routes


@dataclass(frozen=True)
class Case:
    """`told`: whether AppAPI has told the app HaRP's key; `way`: where visitors come by."""

    daemon: Daemon
    told: bool
    way: str


HARP = Daemon(HARP_KEY)
CASES = {
    "PHP proxy": Case(Daemon(), False, PROXY),
    "PHP proxy, matching since May 2026": Case(Daemon(leading_slash=True), False, PROXY),
    "HaRP": Case(HARP, True, EXAPPS),
    "HaRP, web server adds nothing": Case(Daemon(HARP_KEY, adds_forwarded_for=False), True, EXAPPS),
    "HaRP, web server sets X-Real-IP": Case(Daemon(HARP_KEY, sets_real_ip=True), True, EXAPPS),
    "PHP proxy over HaRP": Case(HARP, True, PROXY),
    "PHP proxy over HaRP, matching since May 2026": Case(Daemon(HARP_KEY, leading_slash=True), True, PROXY),
    "HaRP's direct connect, Kubernetes": Case(HARP, False, EXAPPS),
    "PHP proxy over direct connect": Case(HARP, False, PROXY),
}
FORGED: list[dict[str, str]] = [
    {},
    {"x-origin-ip": ""},
    {"x-origin-ip": "127.0.0.1", "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"},
    {"harp-shared-key": "x" * 32, "aa-request-id": "CLI"},
    {"harp-shared-key": "", "ex-app-host": "127.0.0.1", "ex-app-port": "9031"},
    {
        "harp-shared-key": "x",
        "ex-app-host": "h",
        "ex-app-port": "1",
        "ex-app-version": "0.1.0",
        "ex-app-id": "sprechtag",
    }
    | {"authorization-app-api": "OnM="},
]


@dataclass
class Reached:
    """What has come through to the app."""

    bot: list[dict[str, Any]] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)


@dataclass
class Scene:
    stage: Stage
    reached: Reached
    way: str

    @property
    def told_apart_by_the_address_alone(self) -> bool:
        """AppAPI has told the app no key, and the visitor comes through HaRP."""
        return self.way == EXAPPS and not self.stage.house.settings.behind_harp

    def calls(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Each by name: its method, its address, what it says."""
        changed = {"event": {"calendarData": {"principaluri": "principals/users/t01"}}}
        return {
            "heartbeat": ("GET", "/heartbeat", {}),
            "init": ("POST", "/init", {}),
            "enabled": ("PUT", "/enabled", {}),
            "talk_bot": ("POST", self.stage.house.callbacks["talk_bot"], {"type": "Activity"}),
            "calendar-changed": ("POST", self.stage.house.callbacks["calendar-changed"], changed),
        }

    def everything(self) -> tuple[int, int, int, bool]:
        reached = self.reached
        return self.inits(), len(reached.bot), len(reached.calendars), self.stage.house.lifecycle.enabled()

    def inits(self) -> int:
        """How often the first start was asked for."""
        with self.stage.house.database.read() as session:
            return sum(one.wanted for one in open_errands(session, READY))

    async def visit(self, user: str, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        """A visitor's request, its path sent as it is written here."""
        self.stage.sandbox.harp._refusals.clear()
        client = self.stage.as_user(user) if user else self.stage.public
        request = client.build_request(method, "http://nc.example/", headers=headers, content=body)
        request.url = as_it_is(request.url, f"{self.way}sprechtag/{path}?enabled=0")
        return await client.send(request)


@pytest.fixture(params=CASES)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    case = CASES[request.param]
    async with open_stage(tmp_path, harp=case.told, daemon=case.daemon) as stage:
        reached = Reached()
        lifecycle = stage.house.lifecycle
        lifecycle.on_call, lifecycle.on_calendar = reached.bot.append, reached.calendars.append
        # As little help as can be: routes that exclude nothing, as an older registration's did.
        stage.sandbox.world.app.routes = [(".*", frozenset(("GET", "HEAD", "POST", "PUT", "DELETE")), "PUBLIC")]
        yield Scene(stage, reached, case.way)


async def settle(scene: Scene) -> None:
    for task in list(scene.stage.house.lifecycle._tasks):
        await task


async def test_app_apis_own_calls_arrive(scene: Scene) -> None:
    own = scene.stage.sandbox.proxy.own_call
    for name, (method, path, said) in scene.calls().items():
        answer = await own(method, path, "enabled=1", json.dumps(said).encode())
        assert answer.status_code == 200, (name, answer.text)
        await settle(scene)
    assert scene.everything() == (1, 1, 1, True)
    assert (await own("PUT", "/enabled", "enabled=0", b"")).status_code == 200
    assert not scene.stage.house.lifecycle.enabled()


async def test_no_visitor_s_call_arrives(scene: Scene) -> None:
    await scene.stage.sandbox.proxy.own_call("PUT", "/enabled", "enabled=1", b"")
    await settle(scene)
    before = scene.everything()
    for user, forged in itertools.product(("", "t01", "admin"), FORGED):
        for name, (method, _, said) in scene.calls().items():
            for path in (name, f"{name}/{'A' * 27}"):
                answer = await scene.visit(user, method, path, forged, json.dumps(said).encode())
                assert answer.status_code in (401, 403, 404), (user, forged, path)
    await settle(scene)
    assert scene.everything() == before


async def test_who_has_found_out_a_callback_s_address_is_refused_all_the_same(scene: Scene) -> None:
    """Wherever AppAPI's own call shows: not where AppAPI tells the app no key and the visitor comes through HaRP."""
    if scene.told_apart_by_the_address_alone:
        scene.stage.sandbox.world.app.routes = read_routes(INFO)  # there it is the route's pattern that refuses
    for name in CALLBACKS:
        method, path, said = scene.calls()[name]
        for user, forged in itertools.product(("", "t01", "admin"), FORGED):
            answer = await scene.visit(user, method, path[1:], forged, json.dumps(said).encode())
            assert answer.status_code in (401, 403, 404), (user, forged, path)
    await settle(scene)
    assert scene.everything() == (0, 0, 0, False)


async def test_no_crooked_path_arrives(scene: Scene) -> None:
    await scene.stage.sandbox.proxy.own_call("PUT", "/enabled", "enabled=1", b"")
    await settle(scene)
    before = scene.everything()
    for name, (method, path, said) in scene.calls().items():
        known = name not in CALLBACKS or not scene.told_apart_by_the_address_alone
        for one in {*disguises(path[1:] if known else f"{name}/{'A' * 27}"), *disguises(name)}:
            answer = await scene.visit("", method, one, {}, json.dumps(said).encode())
            assert answer.status_code >= 400, (name, one)
    await settle(scene)
    assert scene.everything() == before


async def test_a_wrong_or_missing_address_of_a_callback_is_refused(scene: Scene) -> None:
    """From AppAPI too: the address is the proof that holds under every front."""
    own = scene.stage.sandbox.proxy.own_call
    for name, path in scene.stage.house.callbacks.items():
        other = scene.stage.house.callbacks["talk_bot" if name == "calendar-changed" else "calendar-changed"]
        swapped = f"/{name}/{other.rsplit('/', 1)[1]}"
        for wrong in (f"/{name}", f"/{name}/", path[:-1], path + "A", f"/{name}/{'A' * 27}", path.swapcase(), swapped):
            assert (await own("POST", wrong, "", b'{"type": "Activity"}')).status_code == 404, wrong
    await settle(scene)
    assert scene.everything()[1:3] == (0, 0)


BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"x=1",
    "not UTF-8": b'{"type": "\xff\xfe"}',
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "a number": b"7",
    "a list": b'[{"type": "Activity"}]',
    "a huge number": b"9" * 10_000,
    "parts of other kinds": b'{"type": "Activity", "target": [1], "object": "x", "actor": 7}',
    "half a letter": b'{"type": "Activity", "target": {"id": "\\ud800"}, "object": {"name": "call_x"}, "actor": {"id": "a"}}',
    "a NUL": b'{"type": "Activity", "target": {"id": "\\u0000"}, "object": {"name": "call_x"}, "actor": {"id": "a"}}',
    "a principal of other kinds": b'{"event": {"calendarData": {"principaluri": ["x"]}}}',
    "half a principal": b'{"event": {"calendarData": {"principaluri": "principals/users/\\udfff"}}}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_callback_bears_any_body(tmp_path: Path, body: bytes) -> None:
    async with open_stage(tmp_path) as stage:
        for path in stage.house.callbacks.values():
            answer = await stage.sandbox.proxy.own_call("POST", path, "", body)
            assert answer.status_code in (200, 400), answer.text
        for task in list(stage.house.lifecycle._tasks):
            await task  # raises what was done with it afterwards


async def test_a_callback_s_body_has_a_limit(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        for path in stage.house.callbacks.values():
            within, beyond = (b" " * (LONGEST_BODY - 2 + more) + b"{}" for more in (0, 1))
            assert (await stage.sandbox.proxy.own_call("POST", path, "", within)).status_code in (200, 400)
            assert (await stage.sandbox.proxy.own_call("POST", path, "", beyond)).status_code == 413


async def test_the_container_s_own_questions_are_answered_to_nobody_else(scene: Scene) -> None:
    direct = scene.stage.direct
    assert (await direct.get("/healthz")).status_code == 200
    assert (await direct.get("/heartbeat")).status_code == 200
    for path, forged in itertools.product(("healthz", "heartbeat"), FORGED):
        assert (await scene.visit("", "GET", path, forged, b"")).status_code in (401, 404), (path, forged)
    transport = httpx.ASGITransport(scene.stage.sandbox.client._transport.app, client=("203.0.113.9", 1))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://app.example") as stranger:
        assert (await stranger.get("/healthz")).status_code == 404


async def test_the_way_through_harp_is_learned(scene: Scene) -> None:
    """Links of a direct connect's app lead through HaRP too, although AppAPI has not told it the key."""
    await scene.stage.sandbox.proxy.own_call("PUT", "/enabled", "enabled=1", b"")
    with scene.stage.house.database.read() as session:
        assert fact(session, "front") == {"harp": bool(scene.stage.sandbox.daemon.harp_key)}
