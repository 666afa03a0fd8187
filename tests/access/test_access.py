# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may call what: hostile paths, lifecycle calls, the API's matrix. In the stand-in with AppAPI's real matching."""

import base64
import itertools
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

import shown
from conftest import KEY
from house import EXAPPS, PROXY, Stage, open_stage
from sprechtag.conference import administration, companions, interpreting
from sprechtag.conference.families import Family, invite
from sprechtag.conference.instance import learn
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, CalendarQuestion, Conference, Host, HostWish, PaperJob
from sprechtag.errands import queue
from sprechtag.errands.testing import open_errands
from sprechtag.gate import area_of
from sprechtag.sandbox.fronts import as_it_is

SECOND = {"name": "Second", "email": "second@post.example"}
ROUTES = [
    "heartbeat",
    "init",
    "enabled",
    "healthz",
    "talk_bot",
    "calendar-changed",
    "api/v1/conferences",
    "api/v1/openapi.json",
    "api/v1/me",
]


@pytest.fixture(params=["php", "harp", "php-35"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, harp=request.param == "harp", leading_slash=request.param == "php-35") as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{EXAPPS if request.param == 'harp' else PROXY}sprechtag/")
        yield stage


def disguises(path: str) -> list[str]:
    """The path in all the ways that could slip past somebody who compares it."""
    first = f"%{ord(path[0]):02x}{path[1:]}"
    return [
        path,
        f"./{path}",
        f"x/../{path}",
        f"s/x/..%2f..%2f{path}",
        f"s/%2e%2e/{path}",
        f"s/..%2f{path}",
        f"s/.%2e/{path}",
        f"s/x/%2e%2e/%2e%2e/{path}",
        f"%2e/{path}",
        f"/{path}",
        f"//{path}",
        f"s//..//{path}",
        f"{path}/",
        f"{path}//",
        f"{path}%2f",
        f"{path}%00",
        f"{path};x",
        f"{path}%3b",
        f"{path}%3fx",
        f"{path}%23",
        f"{path}%20",
        f"%20{path}",
        f"{path}.",
        f"{path}%2e",
        path.upper(),
        path.title(),
        first,
        first.replace("%", "%25"),
        path.replace("/", "%5c") if "/" in path else f"s%5c..%5c{path}",
        f"s\\..\\{path}",
        f"js/../{path}",
        f"static/x/../../{path}",
    ]


async def test_nothing_opens_that_should_not(stage: Stage) -> None:
    """Lifecycle calls and the API stay shut for everybody they are not for, however the path is written."""
    before = stage.house.lifecycle.enabled()
    for user in ("", "t01", "orga"):
        client = stage.as_user(user) if user else stage.public
        client.base_url = stage.public.base_url
        for route, method in itertools.product(ROUTES, ("GET", "POST", "PUT")):
            for path in disguises(route):
                stage.sandbox.harp._refusals.clear()
                request = client.build_request(method, "x", headers={"X-Requested-With": "x"}, params={"enabled": 0})
                request.url = as_it_is(request.url, f"{stage.public.base_url.path}{path}?enabled=0")
                answer = await client.send(request)
                straight = path.strip("/") == route
                allowed = route.startswith("api") and bool(user)
                if answer.status_code < 400:
                    assert allowed and method == "GET", (user, method, path)
                    if not straight:
                        # A proxy that tidies the path itself has asked for the plain one; the user is the same.
                        assert stage.sandbox.world.users[user]
                elif not allowed:
                    assert answer.status_code in (401, 404, 405, 500 if "%00" in path else 404), (
                        user,
                        method,
                        path,
                        answer.status_code,
                    )
                    assert "status" not in answer.text
    assert stage.house.lifecycle.enabled() == before


async def test_lifecycle_calls_are_for_app_api_alone(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        own = stage.app_api_headers() | {"aa-request-id": "CLI"}
        enabled = "/enabled?enabled=1"
        assert (await stage.direct.put(enabled)).status_code == 401
        assert (
            await stage.direct.put(enabled, headers={**own, "authorization-app-api": "OnJhbmRvbQ=="})
        ).status_code == 401
        visitors = {"x-origin-ip": "1"}
        assert (await stage.direct.put(enabled, headers=own | visitors)).status_code == 404
        assert (await stage.direct.get("/heartbeat", headers=visitors)).status_code == 404
        for trace in ("x-origin-ip", "x-forwarded-for", "ex-app-id", "aa-version"):
            assert (await stage.direct.get("/healthz", headers={trace: "1"})).status_code == 404
        assert not stage.house.lifecycle.enabled()
        assert (await stage.direct.put(enabled, headers=own)).status_code == 200
        assert stage.house.lifecycle.enabled()
        assert (await stage.direct.get("/heartbeat")).status_code == 200
        assert (await stage.direct.get("/healthz")).status_code == 200


async def test_behind_harp_the_shared_key_makes_it_app_apis_own_call(tmp_path: Path) -> None:
    async with open_stage(tmp_path, harp=True) as stage:
        own = stage.app_api_headers()
        assert (await stage.direct.put("/enabled?enabled=1", headers=own)).status_code == 404
        wrong = own | {"harp-shared-key": "wrong"}
        assert (await stage.direct.put("/enabled?enabled=1", headers=wrong)).status_code == 404
        right = own | {"harp-shared-key": "h" * 32}
        assert (await stage.direct.put("/enabled?enabled=1", headers=right)).status_code == 200


async def test_the_secret_is_asked_on_every_route(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        for path in (f"/{stage.share}", "/api/v1/me", "/static/x/style.css", "/js/sprechtag-main.js", "/init"):
            assert (await stage.direct.get(path)).status_code in (401, 405), path
        forged = [("ex-app-id", "sprechtag"), ("authorization-app-api", "eA=="), *stage.app_api_headers("t01").items()]
        assert (await stage.direct.get("/api/v1/me", headers=forged)).json()["user_id"] == "t01"


async def test_no_answer_is_a_redirect(tmp_path: Path) -> None:
    """PHP would follow it and hand our secret to wherever it leads."""
    async with open_stage(tmp_path) as stage:
        own = stage.app_api_headers("t01")
        paths = [
            stage.share,
            f"{stage.share}/",
            f"{stage.share}/h",
            "api/v1/conferences/",
            "js",
            "js/",
            "m/x/",
            "",
            "//evil.example",
        ]
        for path, method in itertools.product(paths, ("GET", "POST", "HEAD")):
            answer = await stage.direct.request(method, f"/{path}", headers=own)
            assert not 300 <= answer.status_code < 400, (method, path)


async def test_a_changing_call_needs_the_header_a_form_cannot_send(stage: Stage) -> None:
    client = stage.as_user("orga")
    client.base_url = stage.public.base_url
    answer = await client.post("api/v1/conferences", json={"name": "X", "windows": []})
    assert answer.status_code == 403
    answer = await client.post(
        "api/v1/conferences", json={"name": "X", "windows": []}, headers={"X-Requested-With": "x"}
    )
    assert answer.status_code == 201


async def test_the_api_by_route_and_role(stage: Stage) -> None:
    """Organiser, host, another teacher, an admin who organises nothing, nobody."""
    stage.school.book(stage.school.slots()[0])
    conference = stage.school.conference().public_id
    booking = stage.school.view(1).public_id
    one = f"api/v1/conferences/{conference}"
    data = {"name": "X", "windows": [{"day": "2027-01-13", "starts": "15:00", "ends": "17:00"}]}
    free = [slot.public_id for slot in stage.school.slots()[3:]]
    begins = int(stage.school.slots()[4].starts_at.timestamp())  # where it was moved to
    phone = {"slot_id": free[0], "place": "on_site", "child": "K", "name": "N"}
    file = {"name": "hosts.csv", "content_base64": base64.b64encode(b"user;room\nt01;A 9").decode()}
    families = {"name": "f.csv", "content_base64": base64.b64encode(b"name;email\nKaya;k@post.example").decode()}
    switch = {"place": "video", "offer": False}
    with stage.house.database.write() as session:
        # The groups that the sync would have learned.
        for user, groups in (
            ("admin", ["admin"]),
            ("orga", []),
            ("t01", ["teachers"]),
            ("t40", ["teachers"]),
        ):
            learn(session, f"person:{user}", {"groups": groups}, stage.school.clock())
        own = session.get_one(Conference, stage.school.conference_id)
        guest, _ = invite(session, own, Family("Out"), KEY)
        family = guest.public_id
        asked_to_go = invite(session, own, Family("Gone"), KEY)[0].public_id
        session.add(CalendarQuestion(booking_id=1))
        # A paper of the host's, and another conference's worth of wishes.
        made = PaperJob(conference_id=own.id or 0, user_id="t01", kind="door_signs", state="ready", content=b"%PDF")
        known, _ = invite(session, own, Family("Kaya", "kaya@post.example", "Emre", "5b"), KEY)
        session.add_all((made, HostWish(conference_id=own.id or 0, guest_id=known.id or 0, host_id=1, child="Emre")))
        paper, asked = made.public_id, known.public_id
        host = session.get_one(Host, 1).public_id
        entry = interpreting.Entry("Aylin", "aylin@post.example", "tr")
        interpreter = interpreting.enter(session, own, entry, stage.school.clock()).public_id
        who = Person("Oma", "oma@post.example", "de")
        person = companions.name(session, session.get_one(Booking, 1), who, "relative", stage.school.clock()).public_id
    interprets = {"name": "Aylin", "email": "aylin@post.example", "languages": "tr"}
    papa = {"kind": "parent", "name": "Papa", "email": "papa@post.example"}
    matrix = [
        # method, path, body, expected for orga, t01 (host), t40, admin, nobody
        ("GET", "api/v1/me", None, (200, 200, 200, 200, 401)),
        ("GET", "api/v1/conferences", None, (200, 200, 200, 200, 401)),
        ("POST", "api/v1/preview", data, (200, 200, 200, 200, 401)),
        ("POST", "api/v1/conferences", data, (201, 403, 403, 403, 401)),
        ("GET", one, None, (200, 200, 404, 404, 401)),
        ("GET", f"{one}/grid", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/progress", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/jobs", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/share-link.svg", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/export/bookings.csv", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/me", None, (404, 200, 404, 404, 401)),
        ("PUT", f"{one}/me", {"room": "B 1"}, (404, 200, 404, 404, 401)),
        ("GET", f"{one}/my-day", None, (404, 200, 404, 404, 401)),
        ("POST", f"api/v1/slots/{free[3]}/hold", {"name": "N"}, (200, 200, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/calendar-answer", {"tell": False}, (404, 204, 404, 404, 401)),
        ("POST", f"{one}/remind", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/families", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families", [{"name": "F"}], (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families-import-preview", families, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families-import", families, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families/{family}/new-link", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/families/{family}/data.json", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/families/{family}/data.pdf", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/families/{family}/correct", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families/{family}/correct", {"name": "Outer"}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families/{family}/household", SECOND, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/families/{family}/shares", {"shares": False}, (204, 404, 404, 404, 401)),
        ("DELETE", f"{one}/families/{family}/household", None, (204, 404, 404, 404, 401)),
        ("GET", f"{one}/families/{family}/history", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/visitors", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/team", None, (200, 404, 404, 404, 401)),
        ("PUT", f"{one}/team", {"members": [{"user_id": "t41"}]}, (200, 404, 404, 404, 401)),
        ("PUT", f"{one}/owner", {"user_id": "orga"}, (204, 404, 404, 404, 401)),
        ("GET", "api/v1/admin/conferences", None, (404, 404, 404, 200, 401)),
        ("PUT", one.replace("v1/", "v1/admin/") + "/owner", {"user_id": "orga"}, (404, 404, 404, 204, 401)),
        ("POST", f"{one}/undo", {"bookings": [booking]}, (202, 404, 404, 404, 401)),
        ("DELETE", f"{one}/families/{family}", None, (204, 404, 404, 404, 401)),
        ("GET", "api/v1/admin/settings", None, (404, 404, 404, 200, 401)),
        ("PUT", "api/v1/admin/settings", {"smtp_host": "mail.example"}, (404, 404, 404, 200, 401)),
        ("POST", "api/v1/admin/test-mail", {"to": "a@b.example"}, (404, 404, 404, 202, 401)),
        ("POST", f"{one}/hosts-import-preview", file, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/hosts-import", file, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/rooms-import-preview", file, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/groups-import-preview", {"groups": []}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/groups-import", {"groups": [{"name": "5b", "members": ["t01"]}]}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/rooms-import", file, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/copy", {"first_day": "2027-02-01"}, (201, 404, 404, 404, 401)),
        ("POST", f"{one}/bookings", phone, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/move", {"slot_id": free[1]}, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/place", {"place": "video"}, (200, 404, 404, 404, 401)),
        ("PUT", f"api/v1/bookings/{booking}/note", {"note": "x"}, (404, 200, 404, 404, 401)),
        ("PUT", f"api/v1/slots/{free[2]}", {"blocked": True}, (200, 200, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/length", {"times": 2}, (200, 200, 404, 404, 401)),
        ("GET", f"api/v1/bookings/{booking}/history", None, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/restore", None, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/hand-over", {"slot_id": "nothing"}, (404, 404, 404, 404, 401)),
        ("POST", f"{one}/absence-preview", {"host": "t02"}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/absence", {"host": "t02"}, (202, 404, 404, 404, 401)),
        ("POST", f"{one}/switch-preview", switch, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/switch", switch, (202, 404, 404, 404, 401)),
        ("POST", f"{one}/message-preview", {"subject": "S", "text": "T"}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/messages", {"subject": "S", "text": "T"}, (202, 404, 404, 404, 401)),
        ("POST", f"{one}/cancel-all", {"message": "ill"}, (202, 404, 404, 404, 401)),
        ("PUT", one, data, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/hosts", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/hosts", [{"user_id": "t01"}], (200, 404, 404, 404, 401)),
        ("POST", f"{one}/hosts/t01/extend", {"minutes": 30}, (200, 200, 404, 404, 401)),
        ("POST", f"{one}/tandems", {"hosts": ["t01", "t02"]}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/hosts-change", {"hosts": ["t02"], "room": "B"}, (200, 404, 404, 404, 401)),
        ("DELETE", f"{one}/hosts/t02", None, (204, 404, 404, 404, 401)),
        ("POST", f"{one}/join", None, (404, 200, 404, 404, 401)),
        ("POST", f"{one}/decline", None, (404, 409, 404, 404, 401)),
        ("GET", f"{one}/bookings", None, (200, 200, 404, 404, 401)),
        ("GET", f"api/v1/bookings/{booking}", None, (200, 200, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/retry", None, (200, 200, 404, 404, 401)),
        ("POST", f"{one}/retry", None, (200, 404, 404, 404, 401)),
        ("DELETE", one, None, (409, 404, 404, 404, 401)),
        ("POST", f"{one}/share-link", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/publish", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/close", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/texts", None, (200, 404, 404, 404, 401)),
        ("PUT", f"{one}/texts", {"texts": {"booked": {"de": "Hallo {name}"}}}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/texts-preview", {"kind": "booked", "language": "de"}, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/feedback", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/papers", None, (200, 200, 404, 404, 401)),
        ("POST", f"{one}/papers", {"kind": "invitations"}, (202, 404, 404, 404, 401)),
        ("POST", f"{one}/papers", {"kind": "door_signs"}, (202, 202, 404, 404, 401)),
        ("GET", f"api/v1/papers/{paper}/file.pdf", None, (404, 200, 404, 404, 401)),
        ("POST", f"{one}/invite-preview", {"again": True}, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/invite", {"again": True}, (202, 404, 404, 404, 401)),
        ("GET", f"{one}/my-families?search=em", None, (404, 200, 404, 404, 401)),
        ("POST", f"{one}/ask-family", {"family": asked}, (404, 204, 404, 404, 401)),
        ("GET", f"{one}/capacity", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/stagger", {"groups": 2, "minutes": 5}, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/board", None, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/board/{host}/{begins}", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/board/pace", {"share": 0.5}, (409, 404, 404, 404, 401)),
        ("POST", f"{one}/hosts/{host}/delay", {"minutes": 5, "tell": False}, (200, 200, 404, 404, 401)),
        ("GET", f"{one}/my-now", None, (404, 200, 404, 404, 401)),
        ("GET", f"{one}/display", None, (200, 404, 404, 404, 401)),
        ("PUT", f"{one}/display", {"shows": "number"}, (200, 404, 404, 404, 401)),
        ("GET", f"{one}/rehearsal", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/rehearsal", {"on": True}, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/mark", {"mark": "started"}, (204, 204, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/extra", {"minutes": 5}, (204, 204, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/words", {"text": "x"}, (204, 204, 404, 404, 401)),
        ("GET", f"{one}/wishes", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/wishes-run", {"seed": 1}, (202, 404, 404, 404, 401)),
        ("POST", f"{one}/wishes-stop", None, (409, 404, 404, 404, 401)),
        ("POST", f"{one}/wishes-discard", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/wishes-publish", None, (409, 404, 404, 404, 401)),
        ("GET", f"{one}/interpreters", None, (200, 404, 404, 404, 401)),
        ("POST", f"{one}/interpreters", interprets, (201, 404, 404, 404, 401)),
        ("PUT", f"{one}/interpreters/{interpreter}", interprets, (200, 404, 404, 404, 401)),
        ("PUT", f"api/v1/bookings/{booking}/interpreter", {"interpreter_id": interpreter}, (204, 404, 404, 404, 401)),
        ("DELETE", f"{one}/interpreters/{interpreter}", None, (200, 404, 404, 404, 401)),
        ("GET", f"api/v1/bookings/{booking}/people", None, (200, 200, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/people", papa, (201, 404, 404, 404, 401)),
        ("DELETE", f"api/v1/bookings/{booking}/people/{person}", None, (200, 404, 404, 404, 401)),
        ("POST", f"api/v1/bookings/{booking}/cancel", None, (200, 200, 404, 404, 401)),
        ("POST", f"{one}/families/{asked_to_go}/erase", None, (200, 404, 404, 404, 401)),
    ]
    for method, path, body, expected in matrix:
        if path.endswith("wishes-run"):
            stage.school.change(booking_mode="wishes", wishes_until=stage.school.clock())
        # The organiser comes last, because his calls change things.
        for user, status in reversed(list(zip(("orga", "t01", "t40", "admin", ""), expected, strict=True))):
            client = stage.as_user(user) if user else stage.public
            client.base_url = stage.public.base_url
            answer = await client.request(method, path, json=body, headers={"X-Requested-With": "x"})
            assert answer.status_code == status, (method, path, user, answer.text)
    client = stage.as_user("orga")
    client.base_url = stage.public.base_url
    routes = (await client.get("api/v1/openapi.json")).json()["paths"]
    asked = {(method, path) for method, path, _, _ in matrix}
    for route, methods in routes.items():
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", route.removeprefix("/")))
        for method in methods:
            assert any(verb == method.upper() and pattern.fullmatch(path.partition("?")[0]) for verb, path in asked), (
                method,
                route,
            )


async def test_only_the_groups_that_the_admin_names_organise(stage: Stage) -> None:
    data = {"name": "X", "windows": [{"day": "2027-01-13", "starts": "15:00", "ends": "17:00"}]}

    async def create(user: str) -> httpx.Response:
        client = stage.as_user(user)
        client.base_url = stage.public.base_url
        return await client.post("api/v1/conferences", json=data, headers={"X-Requested-With": "x"})

    with stage.house.database.write() as session:
        administration.write(session, {"organiser_groups": "Sekretariat, Leitung"})
        learn(session, "person:orga", {"groups": ["Leitung"]}, stage.school.clock())
        learn(session, "person:t01", {"groups": ["teachers"]}, stage.school.clock())
    stage.house.facts.forget()
    assert (await create("orga")).status_code == 201
    refused = await create("t01")
    assert (refused.status_code, refused.json()["error"]) == (403, "may_not_organise")
    # Whose groups are not known yet may not, and they are asked for; whose are a minute old may come again in a second.
    assert (await create("t02")).status_code == 403 and stage.house.users.asked() == ["t02"]
    stage.school.clock.now += timedelta(seconds=61)
    asked = await create("orga")
    assert (asked.status_code, asked.headers["retry-after"]) == (503, "1")
    assert stage.house.users.asked() == ["orga"]
    with stage.house.database.write() as session:
        learn(session, "person:orga", {"groups": ["teachers"]}, stage.school.clock())
    assert (await create("orga")).status_code == 403


async def test_an_admins_power_is_a_minute_old_at_most(stage: Stage) -> None:
    client = stage.as_user("admin")
    client.base_url = stage.public.base_url
    with stage.house.database.write() as session:
        learn(session, "person:admin", {"groups": ["admin"]}, stage.school.clock())
    for seconds, status in ((0, 200), (60, 200), (1, 503)):
        stage.school.clock.now += timedelta(seconds=seconds)
        assert (await client.get("api/v1/admin/settings")).status_code == status
    changed = await client.put("api/v1/admin/settings", json={"smtp_host": "x"}, headers={"X-Requested-With": "x"})
    assert changed.status_code == 503
    with stage.house.database.read() as session:
        assert "smtp_host" not in administration.read(session)
    with stage.house.database.write() as session:
        learn(session, "person:admin", {"groups": ["users"]}, stage.school.clock())
    assert (await client.get("api/v1/admin/settings")).status_code == 404


async def test_nextclouds_webhook_is_taken_from_nextcloud_only(stage: Stage) -> None:
    told = {"event": {"calendarData": {"principaluri": "principals/users/t01", "uri": "personal"}}, "user": {}}
    headers, path = stage.app_api_headers(), stage.house.callbacks["calendar-changed"]
    proxied = await stage.direct.post(path, json=told, headers=headers | {"x-origin-ip": "1"})
    assert proxied.status_code == 404
    with stage.house.database.write() as session:
        queue.forget(session, "calendar", [str(host.id) for host in session.exec(select(Host))])
    if stage.house.settings.behind_harp:
        headers |= {"harp-shared-key": "h" * 32}
    assert (await stage.direct.post(path, json=told, headers=headers)).status_code == 200
    assert (await stage.direct.post(path, json={}, headers=headers)).status_code == 400
    with stage.house.database.read() as session:
        asked = [session.get_one(Host, int(one.key)).user_id for one in open_errands(session, "calendar")]
    assert asked == ["t01"]


async def test_a_host_sees_only_own_bookings_and_no_address(stage: Stage) -> None:
    stage.school.book(stage.school.slots("t01")[0], "a")
    stage.school.book(stage.school.slots("t02")[3], "b")
    path = f"api/v1/conferences/{stage.school.conference().public_id}/bookings"
    host, organiser = stage.as_user("t01"), stage.as_user("orga")
    host.base_url = organiser.base_url = stage.public.base_url
    seen = (await host.get(path)).json()
    (mine,) = shown.bookings(seen)
    assert (mine["guest_name"], mine["guest_email"]) == ("Family a", "")
    assert [one["user_id"] for one in seen["hosts"]] == ["t01"]
    both = shown.bookings((await organiser.get(path)).json())
    assert {booking["guest_email"] for booking in both} == {"a@post.example", "b@post.example"}


async def test_families_never_run_into_harps_ban(tmp_path: Path) -> None:
    async with open_stage(tmp_path, harp=True) as stage:
        base = f"http://nc.example{EXAPPS}sprechtag/"
        for number in range(15):
            assert (await stage.public.get(f"{base}s/wrong{number}")).status_code == 404
            assert (await stage.public.get(f"{base}api/v1/me")).status_code == 401
        assert (await stage.public.get(f"{base}{stage.share}")).status_code == 200


@pytest.mark.parametrize("path", ["/s/abc", "/m/abc/b/def/move", "/api/v1/conferences/x/hosts/a.b@c", "/js/a-b.mjs"])
def test_straight_paths_are_known(path: str) -> None:
    assert area_of(path, path.encode()) is not None
