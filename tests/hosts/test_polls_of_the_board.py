# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who polls the board gets what has changed, and puts it together to what everybody sees."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shown
from conftest import KEY, NOW, RULES
from hosts.conftest import Api
from house import open_stage
from sprechtag.conference import organise
from sprechtag.conference.hosts import HostEntry, enrol, join
from sprechtag.conference.tables import Conference, Host, Slot
from sprechtag.conference.views import BookingView
from sprechtag.day import noted, readings
from sprechtag.hosts import board as board_module
from sprechtag.hosts import boards
from sprechtag.hosts.merge_patch import difference, shared

HOSTS = ("t01", "t02", "t03")


class Poller:
    """A page that polls: it holds what it was sent, and puts together what comes after."""

    def __init__(self, api: Api, conference: str = "") -> None:
        self.api, self.path = api, f"{conference or api.one}/board"
        self.version, self.shown, self.last = "", dict[str, Any](), dict[str, Any]()

    async def poll(self) -> dict[str, Any]:
        """What came."""
        self.last = await self.api("GET", f"{self.path}?since={self.version}")
        if "board" in self.last:
            self.shown = self.last["board"]
        else:
            assert self.last["since"] == self.version
            self.shown = shown.merged(self.shown, self.last["patch"])
        self.version = self.last["version"]
        return self.last

    async def later(self) -> dict[str, Any]:
        """When the last answer is no longer kept."""
        self.api.school.clock.now += boards.KEPT_FOR
        return await self.poll()


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """On the day, ten minutes before it begins; on both databases."""
    async with open_stage(tmp_path, hosts=HOSTS, database_url=database_url) as stage:
        stage.school.clock.now = stage.school.slots()[0].starts_at - timedelta(minutes=10)
        yield Api(stage, stage.as_user("orga"))


@contextmanager
def long_before(api: Api) -> Iterator[None]:
    """When everything may still be booked and cancelled."""
    clock, now = api.school.clock, api.school.clock.now
    clock.now = NOW
    try:
        yield
    finally:
        clock.now = now


def book(api: Api, number: int, host: str = "t01", place: str = "video") -> BookingView:
    with long_before(api):
        return api.school.book(api.school.slots(host)[number], f"{host}n{number}", place)


def cancel(api: Api, view: BookingView) -> None:
    with long_before(api):
        api.school.desk.cancel(view.id)


def arrive(api: Api, view: BookingView) -> None:
    with api.school.database.write() as session:
        noted.of_booking(session, view.id).arrived_at = api.school.clock.now


async def test_nothing_has_changed(api: Api) -> None:
    for number in range(3):
        book(api, number)
    page = Poller(api)
    assert "board" in await page.poll()
    assert (await page.later())["patch"] == {}
    assert len(str(page.last)) < 100


async def test_of_one_change_one_cell_comes(api: Api) -> None:
    views = [book(api, number, host) for host in HOSTS for number in range(4)]
    page = Poller(api)
    await page.poll()
    with api.school.database.read() as session:
        host = session.get_one(Host, views[0].host_id).public_id
    cell = next(iter(page.shown["hosts"][host]["cells"]))
    arrive(api, views[0])
    patch = (await page.later())["patch"]
    assert patch == {"hosts": {host: {"cells": {cell: "WChild t01n0"}}}, "day": {"figures": {"waiting": 1}}}
    await api("POST", f"bookings/{views[0].public_id}/mark", {"mark": "done"})
    assert (await page.poll())["patch"]["hosts"] == {host: {"cells": {cell: "DChild t01n0"}}}, "the own button: at once"
    cancel(api, views[0])
    assert (await page.later())["patch"]["hosts"] == {host: {"cells": {cell: None}}}
    book(api, 5)
    (added,) = (await page.later())["patch"]["hosts"][host]["cells"].values()
    assert added == "EChild t01n5"


@pytest.mark.parametrize("since", ["x", "0" * 16, "' OR 1", "a" * 300])
async def test_who_has_an_unknown_version_gets_everything(api: Api, since: str) -> None:
    book(api, 0)
    fresh = await api("GET", f"{api.one}/board")
    assert await api("GET", f"{api.one}/board?since={since}") == fresh
    assert board_module.BoardAnswer.model_validate(fresh).board


async def test_another_process_sends_everything_or_what_is_right(api: Api) -> None:
    """What it does not know it does not guess."""
    view = book(api, 0)
    page = Poller(api)
    await page.poll()
    api.stage.house.__dict__["boards"] = boards.Boards()
    arrive(api, view)
    assert "board" in await page.later()
    api.stage.house.__dict__["boards"] = boards.Boards()
    assert (await page.later())["patch"] == {}, "a version says what is shown, in whichever process"


async def test_who_comes_back_after_long_gets_everything(api: Api) -> None:
    views = [book(api, number) for number in range(4)]
    early, page = Poller(api), Poller(api)
    await early.poll()
    for number in range(boards.VERSIONS + 1):
        await api("POST", f"bookings/{views[0].public_id}/mark", {"mark": ("skipped", "no_show")[number % 2]})
        arrive(api, views[1 + number % 3])
        with api.school.database.write() as session:
            session.get_one(Host, views[0].host_id).room = f"B {number}"
        await page.later()
    assert "board" in await early.later()
    assert early.shown == page.shown


async def test_it_is_made_once_in_two_seconds_however_many_ask(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    book(api, 0)
    made: list[int] = []
    before: Callable[..., Any] = board_module._board
    monkeypatch.setattr(board_module, "_board", lambda *given: made.append(1) or before(*given))
    await asyncio.gather(*(api("GET", f"{api.one}/board") for _ in range(8)))
    assert len(made) == 1
    book(api, 1)
    kept = await api("GET", f"{api.one}/board")
    api.school.clock.now += boards.KEPT_FOR
    assert await api("GET", f"{api.one}/board") != kept and len(made) == 2
    api.school.clock.now -= timedelta(hours=1)
    await api("GET", f"{api.one}/board")
    assert len(made) == 3, "a clock that was set back"


async def test_a_kept_answer_is_for_its_organiser_only(api: Api) -> None:
    book(api, 0)
    assert (await api.answer("GET", f"{api.one}/board")).status_code == 200
    host = Api(api.stage, api.stage.as_user("t01"))
    assert (await host.answer("GET", f"{api.one}/board")).status_code == 404
    with api.school.database.write() as session:
        session.get_one(Conference, api.school.conference_id).organiser_id = "t40"
    assert (await api.answer("GET", f"{api.one}/board")).status_code == 404


async def test_two_conferences_and_two_days_do_not_mix(api: Api) -> None:
    book(api, 0)
    with api.school.database.write() as session:
        other = organise.create(session, "orga", RULES, KEY)
        join(session, enrol(session, other, HostEntry("t09", "Teacher t09")))
        organise.publish(session, other)
        path = f"conferences/{other.public_id}"
    one, two = Poller(api), Poller(api, path)
    await one.poll()
    await two.poll()
    assert len(one.shown["hosts"]) == 1 and two.shown["hosts"] == {}
    crossed = await api("GET", f"{path}/board?since={one.version}")
    assert crossed["board"] == two.shown
    day = await api("GET", f"{api.one}/board?day=2027-01-14&since={one.version}")
    assert day["board"]["day"]["day"] == "2027-01-14" and day["board"]["hosts"] == {}


async def test_what_nobody_asks_for_is_not_kept(api: Api) -> None:
    book(api, 0)
    kept = api.stage.house.boards
    for day in range(1, boards.MOST + 5):
        await api("GET", f"{api.one}/board?day=2028-{1 + day // 28:02}-{1 + day % 28:02}")
    assert len(kept._boards) == boards.MOST
    api.school.clock.now += boards.LEFT_AFTER + timedelta(seconds=1)
    await api("GET", f"{api.one}/board")
    assert len(kept._boards) == 1


async def test_a_failure_while_it_is_made_is_not_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    book(api, 0)
    with monkeypatch.context() as broken:
        broken.setattr(board_module, "_alarms", lambda *_: 1 / 0)
        assert (await api.answer("GET", f"{api.one}/board")).status_code == 500
    assert (await api("GET", f"{api.one}/board"))["board"]["hosts"]


class Chaos:
    """One random thing after the other that changes a board."""

    def __init__(self, api: Api, seed: int) -> None:
        self.api, self.random = api, random.Random(seed)
        self.active: list[BookingView] = []
        self.number = 0

    def step(self) -> None:
        self.random.choice(
            (self.book, self.book, self.cancel, self.live, self.live, self.host, self.time, self.chart)
        )()

    def book(self) -> None:
        taken = {view.slot_public_id for view in self.active}
        free = [slot for host in HOSTS for slot in self.api.school.slots(host) if slot.public_id not in taken]
        if free:
            self.number += 1
            place = self.random.choice(("on_site", "video"))
            with long_before(self.api):
                self.active.append(self.api.school.book(self.random.choice(free), f"c{self.number}", place))

    def cancel(self) -> None:
        if self.active:
            view = self.active.pop(self.random.randrange(len(self.active)))
            cancel(self.api, view)

    def live(self) -> None:
        if not self.active:
            return
        now = self.api.school.clock.now
        with self.api.school.database.write() as session:
            call = noted.of_booking(session, self.random.choice(self.active).id)
            what = self.random.choice(("arrived", "up", "left", "mark", "says", "extra"))
            if what == "arrived":
                call.arrived_at, call.present = now, ["x"]
            elif what == "up":
                call.arrived_at, call.up_at, call.present = call.arrived_at or now, now, ["host", "x"]
            elif what == "left":
                call.left_at, call.present = now, []
            elif what == "mark":
                call.mark = self.random.choice(("", "started", "done", "no_show", "skipped", "start_late"))
            elif what == "says":
                call.family_says = self.random.choice(("", "We are late.", "\u2028„So“"))
            else:
                call.extra_minutes = self.random.choice((0, 5))

    def host(self) -> None:
        with self.api.school.database.write() as session:
            host = session.get_one(Host, self.random.randint(1, len(HOSTS)))
            host.room = self.random.choice(("", "A 1", "B 2"))
            host.delay_minutes, host.delayed_on = self.random.choice(
                ((0, None), (10, self.api.school.slots()[0].starts_at.date()))
            )
            slot = self.random.choice(self.api.school.slots())
            session.get_one(Slot, slot.id).ends_at = slot.starts_at + timedelta(minutes=self.random.choice((10, 15)))

    def time(self) -> None:
        self.api.school.clock.now += timedelta(seconds=self.random.choice((1, 30, 200, 600)))

    def chart(self) -> None:
        with self.api.school.database.write() as session:
            name = f"/{self.api.school.conference().public_id}"
            reading = {"up": float(self.random.randint(0, 9)), "planned": 2.0, "waiting": 0.5}
            readings.keep_reading(session, name, self.api.school.clock.now, reading)


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_put_together_is_what_a_fresh_answer_says(api: Api, seed: int) -> None:
    chaos = Chaos(api, seed)
    often, seldom = Poller(api), Poller(api)
    patches = 0
    for number in range(60):
        chaos.step()
        if number % 2:
            patches += "patch" in await often.later()
        if number % 9 == 0:
            await seldom.later()
            api.stage.house.__dict__["boards"], kept = boards.Boards(), api.stage.house.boards
            fresh = await api("GET", f"{api.one}/board")
            api.stage.house.__dict__["boards"] = kept
            assert seldom.shown == fresh["board"] and seldom.version == fresh["version"]
            await often.poll()
            assert often.shown == fresh["board"]
    assert patches > 20


answers = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    ),
    max_size=3,
)


@given(answers, answers)
def test_a_patch_makes_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert shown.merged(before, difference(before, after)) == after
    assert shared(before, after) == after
    assert difference(before, before) == {}
