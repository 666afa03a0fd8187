# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a conference asks with a booking: only what it wants, nothing compulsory, and each thing to whom it is for."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from conftest import NOW
from house import FRONTS, Stage, open_stage
from sprechtag.conference.asked import Answers, check, needs_of, questions
from sprechtag.conference.errors import Invalid
from sprechtag.conference.views import bookings_of_conference
from sprechtag.letters.channels import Channel
from sprechtag.letters.writer import Writer
from sprechtag.sync.booking_event import Writing, host_event

FRONT = f"http://nc.example{FRONTS['php']}sprechtag/"
WHO = {"child": "Mia", "name": "Amara", "email": "amara@post.example", "place": "on_site", "lang": "en"}
SAID = {
    "phone": "0171 2345",
    "topic": "Reading <b>",
    "need-wheelchair": "1",
    "need-nothing": "1",
    "interpreter": "Tigrinya",
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        stage.public.base_url = httpx.URL(FRONT)
        yield stage


def slot_of(stage: Stage) -> str:
    return f"{stage.share}/t/{stage.school.slots()[0].public_id}"


async def test_nothing_is_asked_that_the_conference_does_not_want(stage: Stage) -> None:
    form = await stage.public.get(f"{slot_of(stage)}?lang=en")
    assert not re.search(r'name="(phone|topic|need-|interpreter)', form.text)
    await stage.public.post(slot_of(stage), data=WHO | SAID)
    with stage.school.database.read() as session:
        (view,) = bookings_of_conference(session, stage.school.conference_id)
    assert (view.topic, view.needs, view.interpreter, view.guest_phone) == ("", "", "", "")


async def test_what_is_answered_reaches_whom_it_is_for(stage: Stage) -> None:
    stage.school.change(asks="phone,topic,needs,interpreter")
    form = await stage.public.get(f"{slot_of(stage)}?lang=en")
    assert {"phone", "topic", "need-wheelchair", "need-sign_language", "interpreter"} <= set(
        re.findall(r'name="([^"]+)"', form.text)
    )
    wrong = await stage.public.post(slot_of(stage), data=WHO | SAID | {"email": "no"})
    assert "Reading &lt;b&gt;" in wrong.text and re.search(r'name="need-wheelchair" value="1" checked', wrong.text)
    booked = await stage.public.post(slot_of(stage), data=WHO | SAID)
    assert booked.status_code == 200, booked.text
    with stage.school.database.read() as session:
        (view,) = bookings_of_conference(session, stage.school.conference_id)
    assert (view.topic, view.needs, view.interpreter) == ("Reading <b>", "wheelchair", "Tigrinya")
    assert view.guest_phone == "0171 2345"
    writing = Writing(Channel("smtp"), "", "en", Writer(stage.house.links, FRONT.rstrip("/"), NOW))
    event = host_event(view, "x@y", 1, writing).replace("\r\n ", "")
    assert "About: Reading <b>" in event and "Comes in a wheelchair" in event and "Interpreter: Tigrinya" in event
    assert "About" not in host_event(
        view, "x@y", 1, Writing(Channel("calendar"), "", "en", Writer(stage.house.links, FRONT.rstrip("/"), NOW))
    ), "the family's invitation is no place for it"


async def test_the_proposal_asks_too(stage: Stage) -> None:
    stage.school.change(asks="topic,needs")
    hosts = re.findall(r'name="h-([^"]+)"', (await stage.public.get(stage.share)).text)
    proposal = await stage.public.post(f"{stage.share}/plan", data={"h": hosts, "lang": "en"})
    assert 'name="topic"' in proposal.text and 'name="interpreter"' not in proposal.text
    slots = re.findall(r'name="slot" value="([^"]+)"', proposal.text)
    form = WHO | SAID | {"h": hosts, "slot": slots, "do": "book", "key": "k"}
    form["hold"] = re.search(r'name="hold" value="([^"]+)"', proposal.text)[1]
    booked = await stage.public.post(f"{stage.share}/plan", data=form)
    assert booked.status_code == 200
    with stage.school.database.read() as session:
        views = bookings_of_conference(session, stage.school.conference_id)
    assert {(view.topic, view.needs, view.interpreter) for view in views} == {("Reading <b>", "wheelchair", "")}
    assert len(views) == 2


async def test_what_is_too_long_is_said_at_its_field(stage: Stage) -> None:
    stage.school.change(asks="topic")
    answer = await stage.public.post(slot_of(stage), data=WHO | {"topic": "x" * 501})
    assert answer.status_code == 422 and 'id="topic-why"' in answer.text


def test_questions_are_known_ones() -> None:
    assert questions("interpreter, phone,nothing") == ["phone", "interpreter"]
    check("phone,topic")
    with pytest.raises(Invalid):
        check("phone,shoe size")
    assert Answers("t", ("wheelchair", "x"), "ku").checked("needs") == Answers("", ("wheelchair",), "")
    assert needs_of("sign_language,x,wheelchair") == ["wheelchair", "sign_language"]
