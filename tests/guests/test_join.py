# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The join page: from the mail's link to the call, and what a family can do when video does not work."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import KEY
from house import FRONTS, Stage, open_stage
from sprechtag.conference.tables import DeviceCheck, Effect, Host
from sprechtag.conference.tokens import join_path
from sprechtag.conference.views import booking_view
from sprechtag.day import noted, timeline

LINK = "http://nc.example/call/abcd2345"
JSON = {"Accept": "application/json"}


@pytest.fixture
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    front = getattr(request, "param", "php")
    async with open_stage(tmp_path, harp=front == "harp") as stage:
        stage.front = FRONTS[front]  # type: ignore[attr-defined]
        yield stage


both_fronts = pytest.mark.parametrize("stage", ["php", "harp"], indirect=True)


def booked(stage: Stage, number: int = 0, place: str = "video") -> int:
    slot = stage.school.slots()[number]
    made = stage.school.book(slot, f"f{number}", place)
    with stage.house.database.write() as session:
        effect = session.get(Effect, (made.id, "talk"))
        effect.remote = {"token": "abcd2345", "link": LINK}  # type: ignore[union-attr]
        noted.remember_room(session, made.id, f"abcd234{number}")
    return made.id


def path(stage: Stage, booking_id: int) -> str:
    with stage.house.database.read() as session:
        view = booking_view(session, booking_id)
    return f"{stage.front}sprechtag/{join_path(KEY, view.public_id, view.guest_generation)}"  # type: ignore[attr-defined]


def clock_at(stage: Stage, booking_id: int, **before: float) -> None:
    """Sets the clock relative to the appointment's start."""
    with stage.house.database.read() as session:
        stage.school.clock.now = booking_view(session, booking_id).starts_at + timedelta(**before)


@both_fronts
async def test_before_the_time_there_are_the_clock_and_the_check(stage: Stage) -> None:
    one = booked(stage)
    answer = await stage.public.get(path(stage, one))
    assert answer.status_code == 200
    assert "Video call with Teacher t01" in answer.text
    assert 'id="try"' in answer.text and 'id="direct"' not in answer.text, "hours before, the room is no way on"
    assert answer.headers["permissions-policy"] == "camera=(self), microphone=(self)"
    assert answer.headers["feature-policy"] == "camera 'self'; microphone 'self'"
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "/enter" not in answer.text


async def test_a_wrong_link_and_one_for_another_appointment_open_nothing(stage: Stage) -> None:
    one, other = booked(stage, 0), booked(stage, 1)
    mixed = path(stage, one).rsplit("/", 1)[0] + "/" + path(stage, other).rsplit("/", 1)[1]
    for wrong in (mixed, path(stage, one)[:-1]):
        assert (await stage.public.get(wrong)).status_code == 404


async def test_those_who_wait_are_let_in_one_after_the_other(stage: Stage) -> None:
    """Without media servers: 0.5 x C / L = 0.5 x 8 / 0.4 = 10 a second (docs/capacity.md)."""
    ones = [booked(stage, number) for number in (0, 1)]
    clock_at(stage, ones[0], minutes=-2)
    turns = []
    for one in ones:
        answer = await stage.public.post(path(stage, one) + "/enter", headers=JSON)
        assert answer.status_code == 200
        turns.append(answer.json())
    assert turns[0]["letIn"] == turns[0]["begins"]
    assert turns[1]["letIn"] == turns[1]["begins"]
    again = await stage.public.post(path(stage, ones[0]) + "/enter", headers=JSON)
    assert again.json()["letIn"] == turns[0]["letIn"]


async def test_polling_costs_little_and_is_not_asked_for_often(stage: Stage) -> None:
    one = booked(stage)
    clock_at(stage, one, minutes=-2)
    first = await stage.public.get(path(stage, one) + "/state")
    assert first.json()["state"] == "expected" and first.json()["again"] >= 10
    assert len(first.content) < 400
    same = await stage.public.get(path(stage, one) + "/state", headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304 and not same.content


async def test_looking_changes_nothing_and_too_early_is_no_arrival(stage: Stage) -> None:
    one = booked(stage)
    for wait in ({"hours": -3}, {"minutes": -2}):
        clock_at(stage, one, **wait)
        await stage.public.get(path(stage, one))
        await stage.public.get(path(stage, one) + "/state")
    clock_at(stage, one, hours=-3)
    assert (await stage.public.post(path(stage, one) + "/enter", headers=JSON)).json()["letIn"] is None
    with stage.house.database.read() as session:
        known = noted.peek(session, one)
    assert known is None or known.arrived_at is None


@both_fronts
async def test_without_script_a_button_leads_on_without_a_redirect(stage: Stage) -> None:
    one = booked(stage)
    clock_at(stage, one, seconds=5)
    page = await stage.public.get(path(stage, one))
    assert re.search(r'<form method="post" action="[^"]+/enter">', page.text)
    answer = await stage.public.post(path(stage, one) + "/enter", data={"lang": ""})
    assert answer.status_code == 200
    assert answer.headers["refresh"] == f"0; url={LINK}"
    assert f'href="{LINK}"' in answer.text


async def test_a_host_who_runs_late_is_said_on_the_page(stage: Stage) -> None:
    one, following = booked(stage, 0), booked(stage, 1)
    clock_at(stage, one, minutes=6)
    with stage.house.database.write() as session:
        call = noted.of_booking(session, one)
        call.arrived_at, call.up_at, call.present = stage.school.clock.now, stage.school.clock.now, ["host", "x"]
    assert "about 6 minutes late" in (await stage.public.get(path(stage, following))).text


async def test_an_announced_delay_moves_the_turn(stage: Stage) -> None:
    one = booked(stage)
    clock_at(stage, one, minutes=-2)
    before = (await stage.public.post(path(stage, one) + "/enter", headers=JSON)).json()
    with stage.house.database.write() as session:
        host = session.get_one(Host, booking_view(session, one).host_id)
        timeline.delay(session, host, timeline.today_of(stage.school.conference(), stage.school.clock.now), 10)
    state = (await stage.public.get(path(stage, one) + "/state")).json()
    assert state["letIn"] is None and state["begins"] == before["begins"] + 600_000
    after = (await stage.public.post(path(stage, one) + "/enter", headers=JSON)).json()
    assert after["letIn"] == state["begins"]


async def test_who_cannot_make_video_work_comes_to_the_school_even_at_the_last_minute(stage: Stage) -> None:
    one, other = booked(stage), booked(stage, 2)
    clock_at(stage, one, minutes=-1)
    answer = await stage.public.post(path(stage, one) + "/on-site", data={"lang": ""})
    assert "now at the school" in answer.text and "A 101" in answer.text
    with stage.house.database.read() as session:
        assert booking_view(session, one).place == "on_site"
    clock_at(stage, other, minutes=11)
    refused = await stage.public.post(path(stage, other) + "/on-site", data={"lang": ""})
    assert "too late" in refused.text


async def test_a_few_words_reach_the_host(stage: Stage) -> None:
    one = booked(stage)
    answer = await stage.public.post(
        path(stage, one) + "/message", data={"text": " Ton geht <b>nicht</b> ", "lang": "de"}
    )
    assert "weitergegeben" in answer.text
    with stage.house.database.read() as session:
        assert noted.peek(session, one).family_says == "Ton geht <b>nicht</b>"  # type: ignore[union-attr]
    empty = await stage.public.post(path(stage, one) + "/message", data={"text": "", "lang": "de"})
    assert 'role="alert"' in empty.text


async def test_the_result_of_a_check_is_kept_and_nothing_else(stage: Stage) -> None:
    one = booked(stage)
    form = {"camera": "ok", "microphone": "failed", "webrtc": "ok", "connection": "<script>", "extra": "x"}
    assert (await stage.public.post(path(stage, one) + "/check", data=form)).status_code == 200
    with stage.house.database.read() as session:
        kept = session.get_one(DeviceCheck, booking_view(session, one).guest_id)
    assert (kept.camera, kept.microphone, kept.webrtc, kept.connection) == ("ok", "failed", "ok", "")


async def test_after_the_call_it_says_thanks_and_what_is_next(stage: Stage) -> None:
    one = booked(stage)
    clock_at(stage, one, minutes=9)
    with stage.house.database.write() as session:
        noted.mark(session, one, "done", stage.school.clock.now)
    answer = await stage.public.get(path(stage, one))
    assert "Thank you for the conversation" in answer.text and "join.js" not in answer.text


async def test_who_met_nobody_is_not_thanked(stage: Stage) -> None:
    one = booked(stage)
    clock_at(stage, one, minutes=9)
    with stage.house.database.write() as session:
        noted.mark(session, one, "no_show", stage.school.clock.now)
    answer = await stage.public.get(path(stage, one))
    assert "This appointment is over" in answer.text and "Thank you" not in answer.text


async def test_on_site_and_cancelled_say_so(stage: Stage) -> None:
    one = booked(stage, 0, place="on_site")
    assert "This appointment is at the school" in (await stage.public.get(path(stage, one))).text
    stage.school.desk.cancel(one)
    assert "cancelled" in (await stage.public.get(path(stage, one))).text


def test_the_page_is_small() -> None:
    static = Path(__file__).parents[2] / "src/sprechtag/guests/static"
    assert (static / "join.js").stat().st_size < 12_000
