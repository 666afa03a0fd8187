# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The board: what it shows, its buttons, the screens in the hall, the rehearsal."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

import shown
from conftest import KEY
from house import PROXY, Stage, open_stage
from sprechtag.conference import administration
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Conference, DeviceCheck, GuestLetter, Job, Slot
from sprechtag.conference.tokens import display_path, part_of_path
from sprechtag.conference.views import BookingView
from sprechtag.day import noted
from sprechtag.hosts import boards

MEDIA = {
    "servers": [{"name": "hpb1", "metrics": "http://hpb1/metrics", "calls": 20}, {"name": "hpb2"}],
    "lines": [{"name": "DSL", "up": 40}],
}
HEADERS = {"X-Requested-With": "x"}


class Board:
    def __init__(self, stage: Stage) -> None:
        self.stage, self.school = stage, stage.school
        self.path = f"{PROXY}sprechtag/api/v1/conferences/{self.school.conference().public_id}"
        self.orga = stage.as_user("orga")
        self.calls = [self.school.book(self.school.slots(host)[0], host, "video") for host in ("t01", "t02")]
        self.site_slot = self.school.slots("t01")[1].id
        self.site = self.school.book(self.school.slots("t01")[1], "site", "on_site")
        with stage.house.database.write() as session:
            administration.write(session, {"media": MEDIA, "smtp_host": "127.0.0.1"})
        stage.house.facts.forget()
        self.at(minutes=2)

    def at(self, **after: float) -> None:
        self.school.clock.now = self.calls[0].starts_at + timedelta(**after)

    async def get(self, what: str) -> Any:
        answer = await self.orga.get(f"{self.path}/{what}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def shown(self) -> Any:
        """As it is drawn, when the last answer is too old to be kept."""
        self.school.clock.now += boards.KEPT_FOR
        return shown.board((await self.get("board"))["board"])

    async def behind(self, one: Any) -> Any:
        return await self.get(f"board/{one['host']}/{one['start']}")

    async def do(self, path: str, body: Any, user: str = "orga", method: str = "POST") -> httpx.Response:
        client = self.orga if user == "orga" else self.stage.as_user(user)
        path = f"{PROXY}sprechtag/api/v1/{path}" if path.startswith("bookings") else f"{self.path}/{path}"
        return await client.request(method, path, json=body, headers=HEADERS)

    def goes_up(self, view: BookingView) -> None:
        with self.stage.house.database.write() as session:
            call = noted.of_booking(session, view.id)
            call.arrived_at, call.up_at, call.present = (
                view.starts_at,
                view.starts_at + timedelta(seconds=7),
                ["host", "x"],
            )


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with open_stage(tmp_path) as stage:
        yield Board(stage)


async def test_it_shows_the_day_as_it_goes(board: Board) -> None:
    board.goes_up(board.calls[0])
    seen = await board.shown()
    first, second = seen["hosts"]
    assert [(one["state"], one["place"]) for one in first["appointments"]] == [
        ("in_call", "video"),
        ("expected", "on_site"),
    ]
    assert [one["child"] for one in first["appointments"]] == ["Child t01", "Child site"]
    assert second["appointments"][0]["state"] == "expected"
    assert seen["figures"] == {
        "up": 1, "planned": 2, "waiting": 0, "no_shows": 0, "setup_median": 7.0, "setup_95": 7.0, "late_hosts": 0
    }  # fmt: skip
    assert seen["on"] and seen["day"] == "2027-01-13" and seen["alarms"] == []
    assert [(one["name"], one["asked"]) for one in seen["servers"]] == [("hpb1", True), ("hpb2", False)]
    assert seen["lines"] == [{"name": "DSL", "used_mbit": 0.0, "up_mbit": 40.0}]


async def test_behind_a_cell_stands_one_appointment(board: Board) -> None:
    cell = (await board.shown())["hosts"][0]["appointments"][1]
    behind = await board.behind(cell)
    assert (behind["id"], behind["child"], behind["school_class"]) == (board.site.public_id, "Child site", "5b")
    with board.stage.house.database.write() as session:
        session.get_one(Slot, board.site_slot).starts_at += timedelta(seconds=20)
    assert (await board.behind(cell))["id"] == behind["id"], "minutes are whole on the board"
    for other in ("0", "99999999999999999999", str(cell["start"] + 60)):
        assert (await board.orga.get(f"{board.path}/board/{cell['host']}/{other}")).status_code == 404


async def test_servers_and_charts_show_the_last_hour(board: Board) -> None:
    observer = board.stage.house.observer
    observer.fetch = lambda address: (
        "# TYPE signaling_hub_rooms gauge\nsignaling_hub_rooms 3\n# TYPE signaling_hub_sessions gauge\nsignaling_hub_sessions 6\n"
        "# TYPE process_network_transmit_bytes_total counter\n"
        f"process_network_transmit_bytes_total {board.school.clock.now.timestamp() * 2_500_000:.0f}\n"
    )
    with board.stage.house.database.write() as session:
        learn(session, "enabled", {"on": True}, board.school.clock.now)
    for _ in range(8):
        board.school.clock.now += timedelta(seconds=15)
        observer.look()
    seen = await board.shown()
    server = seen["servers"][0]
    assert (server["rooms"], server["sessions"]) == (3, 6) and "publishers" not in server
    assert server["out_mbit"] == pytest.approx(20, abs=0.1)
    assert list(server["chart"].values())[1:] == [[3, pytest.approx(20, abs=0.1)]] * (len(server["chart"]) - 1)
    assert seen["lines"][0]["used_mbit"] == pytest.approx(20, abs=0.1)
    assert len(seen["chart"]) in (4, 5) and all(planned == 2 for _, planned, _ in seen["chart"].values())


async def test_buttons_of_the_organiser_and_of_the_host(board: Board) -> None:
    one = board.calls[0].public_id
    for user, mark, state in (("orga", "no_show", "no_show"), ("t01", "", "expected"), ("t01", "skipped", "skipped")):
        assert (await board.do(f"bookings/{one}/mark", {"mark": mark}, user)).status_code == 204
        assert (await board.shown())["hosts"][0]["appointments"][0]["state"] == state
    assert (await board.do(f"bookings/{one}/mark", {"mark": "done"}, "t02")).status_code == 404
    assert (await board.do(f"bookings/{one}/mark", {"mark": "nonsense"})).status_code == 422
    await board.do(f"bookings/{one}/mark", {"mark": ""})
    board.goes_up(board.calls[0])
    await board.do(f"bookings/{one}/extra", {"minutes": 5})
    first = (await board.shown())["hosts"][0]
    assert (await board.behind(first["appointments"][0]))["extra_minutes"] == 5 and first["late"] == 5


async def test_a_delay_is_announced_and_told_once_to_those_who_still_come(board: Board) -> None:
    host = (await board.shown())["hosts"][0]["id"]
    board.goes_up(board.calls[0])
    told = await board.do(f"hosts/{host}/delay", {"minutes": 10})
    assert told.json() == {"told": 1}, "who talks just now is not told"
    assert (await board.do(f"hosts/{host}/delay", {"minutes": 10})).json() == {"told": 0}
    assert (await board.shown())["hosts"][0]["delay"] == 10
    with board.stage.house.database.read() as session:
        (letter,) = session.execute(select(GuestLetter).where(col(GuestLetter.kind) == "late")).scalars()
        assert letter.payload == {"host": host, "minutes": 10}
    assert (await board.do(f"hosts/{host}/delay", {"minutes": 0}, "t01")).json() == {"told": 0}
    assert (await board.shown())["hosts"][0]["delay"] == 0
    assert (await board.do(f"hosts/{host}/delay", {"minutes": 5}, "t02")).status_code == 404


async def test_the_pace_is_slowed_down_and_taken_back(board: Board) -> None:
    assert (await board.do("board/pace", {"share": 0.5})).status_code == 204
    seen = await board.shown()
    assert [one["share"] for one in seen["servers"]] == [0.5, 0.5] and (seen["share"], seen["asked"]) == (0.5, 0.5)
    assert (await board.do("board/pace", {"share": 1})).status_code == 204
    assert [one["share"] for one in (await board.shown())["servers"]] == [1.0, 1.0]
    assert (await board.do("board/pace", {"share": 0.1})).status_code == 422


async def test_words_to_one_family_go_out_as_a_mail(board: Board) -> None:
    one = board.site.public_id
    assert (await board.do(f"bookings/{one}/words", {"text": " "})).json()["error"] == "text_missing"
    assert (await board.do(f"bookings/{one}/words", {"text": "Wir beginnen gleich."}, "t01")).status_code == 204
    with board.stage.house.database.read() as session:
        (job,) = session.execute(select(Job)).scalars()
        assert (job.payload["text"], job.total) == ("Wir beginnen gleich.", 1)


async def test_a_host_sees_how_the_own_day_goes(board: Board) -> None:
    mine = (await board.stage.as_user("t02").get(f"{board.path}/my-now")).json()
    assert [one["child"] for one in mine["appointments"]] == ["Child t02"]


async def test_the_screens_show_no_names_unless_chosen_and_can_be_revoked(board: Board) -> None:
    shown = await board.get("display")
    assert shown["shows"] == "initials" and [part for part, _ in shown["parts"]] == ["A 101"]
    link = shown["link"].replace("http://nc.example", "")
    board.goes_up(board.calls[0])
    page = (await board.stage.public.get(link)).text
    assert "C. S." in page and "Child site" not in page and "Child t01" not in page and "Per Video" in page
    for shows, text in (("number", board.site.code), ("names", "Child site")):
        await board.do("display", {"shows": shows}, method="PUT")
        assert text in (await board.stage.public.get(link)).text
    await board.do("display", {"shows": "initials", "renew": True}, method="PUT")
    assert (await board.stage.public.get(link)).status_code == 404


async def test_a_screen_refreshes_itself_and_shows_one_corridor(board: Board) -> None:
    conference = board.school.conference()
    path = f"{PROXY}sprechtag/{display_path(KEY, conference.public_id, 1)}"
    answer = await board.stage.public.get(path)
    assert answer.headers["refresh"].startswith("15; url=?turn=0") and "Teacher t01" in answer.text
    other = await board.stage.public.get(f"{path}/{part_of_path('B')}")
    assert other.status_code == 200 and "Teacher t01" not in other.text
    assert (await board.stage.public.get(f"{path}/§§")).status_code == 404


async def test_a_rehearsal_shows_who_could_not_connect(board: Board) -> None:
    board.at(days=-7)
    begun = (await board.do("rehearsal", {"on": True, "tell": True})).json()
    assert (begun["state"], begun["told"]) == ("wanted", 2)
    with board.stage.house.database.write() as session:
        for view, connection in zip(board.calls, ("failed", "ok"), strict=True):
            check = DeviceCheck(
                guest_id=view.guest_id, conference_id=view.conference_id, camera="ok", connection=connection
            )
            session.add(check)
    families = (await board.get("rehearsal"))["families"]
    assert [(one["name"], one["result"], one["failed"]) for one in families] == [
        ("Family t01", "trouble", ["connection"]),
        ("Family t02", "fine", []),
    ]
    assert (await board.do("rehearsal", {"on": False})).json()["state"] == "ending"
    with board.stage.house.database.read() as session:
        assert session.get_one(Conference, board.school.conference_id).rehearsal == "ending"


async def test_a_deletion_that_is_refused_takes_no_test_rooms_away(board: Board) -> None:
    await board.do("rehearsal", {"on": True})
    refused = await board.orga.delete(board.path, headers=HEADERS)
    assert (refused.status_code, refused.json()["error"]) == (409, "has_bookings")
    assert (await board.get("rehearsal"))["state"] == "wanted"


async def test_the_gates_are_slowed_only_while_the_own_conference_is_under_way(board: Board) -> None:
    """They are all conferences' gates."""
    for after, status in ((timedelta(days=-1), 409), (timedelta(minutes=2), 204), (timedelta(days=1), 409)):
        board.at(seconds=after.total_seconds())
        for share in (0.5, 1.0):
            assert (await board.do("board/pace", {"share": share})).status_code == status
    board.at(minutes=2)
    board.school.change(state="draft")
    assert (await board.do("board/pace", {"share": 0.5})).status_code == 409
