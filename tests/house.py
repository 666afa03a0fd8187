# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The app without sockets and without sync, behind both fronts of the stand-in: for tests of pages and access."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from conftest import KEY, Clock, School, make_school
from schema import lay_down
from sprechtag.app import build
from sprechtag.bootstrap import House
from sprechtag.conference import organise, ruleset
from sprechtag.conference.instance import learn
from sprechtag.database import utc_now
from sprechtag.sandbox.demo import new_world
from sprechtag.sandbox.fronts import EXAPPS, PROXY, Daemon
from sprechtag.sandbox.server import SESSION, Sandbox
from sprechtag.settings import Settings

SECRET = "s" * 64
HARP_KEY = "h" * 32
FRONTS = {"php": PROXY, "harp": EXAPPS}


@dataclass
class Stage:
    school: School
    house: House
    sandbox: Sandbox
    direct: httpx.AsyncClient
    public: httpx.AsyncClient
    share: str

    def as_user(self, user: str) -> httpx.AsyncClient:
        """A browser that is logged in to the stand-in."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.sandbox), base_url="http://nc.example")
        client.cookies.set(SESSION, self.sandbox.world.log_in(user))
        return client

    def app_api_headers(self, user: str = "") -> dict[str, str]:
        secret = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
        return {"authorization-app-api": secret, "ex-app-id": "sprechtag", "ex-app-version": "0.1.0"}


@asynccontextmanager
async def open_stage(
    folder: Path,
    harp: bool = False,
    hosts: tuple[str, ...] = ("t01", "t02"),
    rules: ruleset.Rules | None = None,
    leading_slash: bool = False,
    daemon: Daemon | None = None,
    database_url: str = "",
    page_seconds: float = 30,  # another test may hold both cores
    **more: Any,
) -> AsyncIterator[Stage]:
    """`harp`: the app was told HaRP's key. `daemon` says what stands in front where that is more than the key."""
    daemon = daemon or Daemon(HARP_KEY if harp else "", leading_slash=leading_slash)
    settings = Settings(
        app_secret=SECRET,
        nextcloud_url="http://nc.example",
        persistent_storage=folder,
        link_key="k" * 32,
        harp_shared_key=HARP_KEY if harp else "",
        public_url="http://nc.example/index.php/apps/app_api/proxy/sprechtag",
        sync=False,
        page_seconds=page_seconds,
        database_url=database_url,
        **more,
    )
    clock = Clock()
    house = House(settings, clock)
    lay_down(settings.database)
    house.database.migrate()
    school = make_school(house.database, hosts, **({"rules": rules} if rules else {}))
    school.clock = clock
    world = new_world("http://nc.example", SECRET)
    world.app.enabled = True
    with house.database.write() as session:
        theming = {"name": world.theming["name"], "color": world.theming["color"], "logo": "http://nc.example/logo.svg"}
        learn(session, "theming", theming, utc_now())
    transport = httpx.ASGITransport(build(house))
    sandbox = Sandbox(world, "http://app.example", transport, daemon=daemon)
    share = f"s/{organise.share_token(school.conference(), KEY)}"
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://app.example") as direct,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox), base_url="http://nc.example", headers={"Accept-Language": "de"}
        ) as public,
    ):
        yield Stage(school, house, sandbox, direct, public, share)
    house.database.close()
