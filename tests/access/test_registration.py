# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The app as a process of its own is installed under every front: heartbeat, init, 100 %, enabled; then families book,
the bot tells of calls and the webhooks of calendars. An older installation's bot is brought along."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from conftest import PATIENCE, eventually
from house import HARP_KEY
from sprechtag.conference.tables import Host, InstanceFact, LiveCall
from sprechtag.database import Database
from sprechtag.gate import HARPS_AA_VERSION
from sprechtag.sandbox.fronts import EXAPPS, PROXY, Daemon
from sprechtag.sync.call_rooms import FORMER_ROUTE, REGISTERED
from town import Town, open_town

FRONTS = {
    "PHP proxy": (Daemon(leading_slash=True), False, (PROXY,)),
    "HaRP": (Daemon(HARP_KEY, sets_real_ip=True), True, (EXAPPS, PROXY)),
    "direct connect": (Daemon(HARP_KEY), False, (EXAPPS, PROXY)),
}


@pytest.fixture(params=FRONTS)
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    daemon, told, _ = FRONTS[request.param]
    with open_town(daemon=daemon, told=told) as town:
        yield town


def database_of(town: Town) -> Database:
    return Database(f"sqlite:///{town.storage / 'app' / 'sprechtag.sqlite'}")


def run(town: Town, work: object) -> object:
    return asyncio.run_coroutine_threadsafe(work, town.loop).result(PATIENCE)  # type: ignore[arg-type]


def rooms(town: Town) -> list[object]:
    return [room for room in town.world.rooms_of("t10") if room.bots]


def test_it_is_installed_and_lives(town: Town, request: pytest.FixtureRequest) -> None:
    _, _, ways = FRONTS[request.node.callspec.params["town"]]
    assert town.world.app.enabled and town.world.app.progress == 100
    event = town.conference(["t10"])
    for number, way in enumerate(ways):
        event.family(f"Family{number}", front=way).book(place="video")
    eventually(lambda: len(rooms(town)) == len(ways), what="the bot is in the rooms")
    eventually(lambda: town.in_step(event), what="all is noted")
    # The bot is heard, the webhooks too.
    (bot,) = town.world.bots.values()
    room = town.world.rooms_of("t10")[0]
    said = {
        "type": "Activity",
        "object": {"name": "call_started"},
        "target": {"id": room.token},
        "actor": {"id": "users/t10"},
    }
    run(town, town.sandbox._send_to(bot["route"], said))
    database = database_of(town)
    eventually(lambda: bool(present(database)), what="the bot was heard")
    eventually(lambda: bool(town.world.webhooks), what="the webhooks are set")
    eventually(lambda: bool(calendars_read(database)), what="the calendar was read")
    before = calendars_read(database)
    run(town, town.sandbox.tell_of_calendar("t10"))
    eventually(
        lambda: calendars_read(database) > before, what="the calendar was read anew, because a webhook told of it"
    )
    database.close()
    # Switched off by AppAPI, and by nobody else.
    for way in ways:
        address = f"{town.url}{way}sprechtag/enabled?enabled=0"
        assert httpx.put(address, headers={"harp-shared-key": "x"}).status_code in (401, 404)
    assert enabled(town)
    run(town, town.sandbox.enable(False))
    assert not enabled(town)


def present(database: Database) -> list[str]:
    with database.read() as session:
        return [who for call in session.execute(select(LiveCall)).scalars() for who in call.present]


def calendars_read(database: Database) -> list[datetime]:
    with database.read() as session:
        return [at for at in session.execute(select(col(Host.calendar_read_at))).scalars() if at]


def enabled(town: Town) -> bool:
    database = database_of(town)
    try:
        with database.read() as session:
            return bool(session.get_one(InstanceFact, "enabled").value["on"])
    finally:
        database.close()


def test_links_lead_the_way_that_is_there(town: Town, request: pytest.FixtureRequest) -> None:
    _, _, ways = FRONTS[request.node.callspec.params["town"]]
    event = town.conference(["t10"])
    shared = town.api("orga", "GET", event.path)["share_link"]
    assert shared.startswith(f"{town.url}{ways[0]}sprechtag/s/")


async def _enable_through_harp(town: Town) -> None:
    """As HaRP passes AppAPI's call on; with direct connect the app is told no key."""
    proof = base64.b64encode(f":{town.world.app.secret}".encode()).decode()
    headers = {"ex-app-id": town.world.app.id, "authorization-app-api": proof, "aa-version": HARPS_AA_VERSION}
    address = f"http://127.0.0.1:{town.environment['APP_PORT']}"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE) as client:
        assert (await client.put("/enabled", params={"enabled": 1})).status_code == 200


def test_links_lead_another_way_as_soon_as_the_daemon_is_another_one() -> None:
    """A mail that goes out with the former daemon's address holds a dead link for ever (seen: for up to ten minutes)."""
    with open_town() as town:
        event = town.conference(["t10"])
        assert PROXY in town.api("orga", "GET", event.path)["share_link"]
        run(town, _enable_through_harp(town))
        eventually(lambda: EXAPPS in town.api("orga", "GET", event.path)["share_link"], what="the new way is known")


def test_registered_anew_it_hears_of_calls_and_calendars_again() -> None:
    """AppAPI takes bot and webhooks away with the registration; the rooms and the app's data stay."""
    with open_town() as town:
        event = town.conference(["t10"])
        event.family("Kaya").book(place="video")
        eventually(
            lambda: bool(rooms(town)) and bool(town.world.webhooks), what="the bot is in the room, webhooks are set"
        )
        eventually(lambda: town.in_step(event), what="all is noted")
        mails = len(town.world.mails)
        run(town, town.sandbox.unregister())
        assert not rooms(town) and not town.world.webhooks
        run(town, town.sandbox.register())
        eventually(lambda: bool(rooms(town)), what="the new bot is in the room")
        eventually(lambda: len(town.world.webhooks) == 3, what="the webhooks are set")
        assert len(town.world.rooms_of("t10")) == 1 and len(town.world.mails) == mails, "nothing else was done again"


def test_an_older_installation_s_bot_is_brought_along() -> None:
    """It stood at an address that everybody knows. The new one is taken into the rooms that are there."""
    with open_town() as town:
        event = town.conference(["t10"])
        event.family("Kaya").book(place="video")
        eventually(lambda: bool(rooms(town)) and town.in_step(event), what="the bot is in the room, the mail is out")
        town.stop()
        (new,) = town.world.bots.values()
        route = new["route"]
        new["route"] = FORMER_ROUTE
        database = database_of(town)
        with database.write(PATIENCE) as session:
            session.delete(session.get_one(InstanceFact, REGISTERED))
        database.close()
        mails = len(town.world.mails)
        town.start()
        eventually(
            lambda: [bot["route"] for bot in town.world.bots.values()] == [route], what="the bot was registered anew"
        )
        eventually(lambda: bool(rooms(town)), what="the new bot is in the room")
        assert len(town.world.rooms_of("t10")) == 1 and len(town.world.mails) == mails, "nothing else was done again"


def test_an_older_installation_s_webhooks_are_brought_along() -> None:
    with open_town() as town:
        town.conference(["t10"])
        eventually(lambda: bool(town.world.webhooks), what="the webhooks are set")
        town.stop()
        (route,) = {hook["uri"] for hook in town.world.webhooks.values()}
        database = database_of(town)
        with database.write(PATIENCE) as session:
            known = session.get_one(InstanceFact, "webhooks")
            known.value = {name: value for name, value in known.value.items() if name != "at"}
            session.add(known)
        database.close()
        for hook in town.world.webhooks.values():
            hook["uri"] = "/calendar-changed"
        town.start()
        eventually(lambda: {hook["uri"] for hook in town.world.webhooks.values()} == {route}, what="the webhooks moved")
