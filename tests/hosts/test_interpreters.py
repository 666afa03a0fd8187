# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office keeps the list of interpreters, covers what is not covered, and names people to an appointment."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from house import FRONTS, Stage, open_stage
from sprechtag.conference.asked import Answers
from sprechtag.conference.booking import Pick
from sprechtag.conference.person import Person

HEADERS = {"X-Requested-With": "x"}
AYLIN = {"name": "Aylin", "email": "aylin@post.example", "languages": "Türkisch, ku", "user_id": "aylin"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        stage.school.change(asks="interpreter")
        yield stage


async def call(stage: Stage, method: str, path: str, body: Any = None) -> httpx.Response:
    client = stage.as_user("orga")
    client.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/api/v1/")
    return await client.request(method, path, json=body, headers=HEADERS)


def book(stage: Stage, number: int, language: str) -> str:
    slot = stage.school.slots()[number]
    pick = Pick(slot.public_id, "on_site", "Kid", "5b", "", Answers(interpreter=language, without=True))
    who = Person("Family", f"f{number}@post.example", "en")
    return stage.school.view(stage.school.desk.book(stage.school.conference_id, who, pick).booking_id).public_id


async def test_the_office_sees_what_is_not_covered_and_covers_it(stage: Stage) -> None:
    list_of = f"conferences/{stage.school.conference().public_id}/interpreters"
    turkish, dutch = book(stage, 0, "Türkçe"), book(stage, 1, "Dutch")
    before = (await call(stage, "GET", list_of)).json()
    assert [one["booking_id"] for one in before["uncovered"]] == [turkish, dutch] and before["interpreters"] == []
    after = (await call(stage, "POST", list_of, AYLIN)).json()
    (aylin,) = after["interpreters"]
    assert (aylin["appointments"], aylin["user_id"]) == (1, "aylin") and "/i/" in aylin["link"]
    (left,) = after["uncovered"]
    assert (left["booking_id"], left["could"]) == (dutch, [{"id": aylin["id"], "name": "Aylin", "speaks": False}])
    done = await call(stage, "PUT", f"bookings/{dutch}/interpreter", {"interpreter_id": aylin["id"]})
    assert done.status_code == 204
    people = (await call(stage, "GET", f"bookings/{dutch}/people")).json()
    assert [(one["name"], one["kind"], one["listed"]) for one in people] == [("Aylin", "interpreter", True)]
    late = AYLIN | {"windows": [{"day": "2027-01-13", "starts": "16:00", "ends": "17:00"}]}
    changed = (await call(stage, "PUT", f"{list_of}/{aylin['id']}", late)).json()
    assert len(changed["uncovered"]) == 2 and changed["interpreters"][0]["appointments"] == 0
    wrong = await call(stage, "POST", list_of, AYLIN | {"languages": " , "})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "languages")
    assert (await call(stage, "DELETE", f"{list_of}/{aylin['id']}")).json()["interpreters"] == []
    deeds = (await call(stage, "GET", f"bookings/{dutch}/history")).json()
    assert ("interpreter", "Aylin") in [(one["what"], one["after"]) for one in deeds]


async def test_an_interpreter_is_not_assigned_to_two_places(stage: Stage) -> None:
    list_of = f"conferences/{stage.school.conference().public_id}/interpreters"
    (aylin,) = (await call(stage, "POST", list_of, AYLIN)).json()["interpreters"]
    book(stage, 0, "tr")
    slot = stage.school.slots("t02")[0].public_id
    phone = {"slot_id": slot, "place": "on_site", "child": "K", "name": "N", "interpreter": "Türkisch"}
    other = (await call(stage, "POST", f"conferences/{stage.school.conference().public_id}/bookings", phone)).json()
    assert other["interpreter"] == "Türkisch"
    refused = await call(stage, "PUT", f"bookings/{other['id']}/interpreter", {"interpreter_id": aylin["id"]})
    assert (refused.status_code, refused.json()["error"]) == (409, "interpreter_busy")


async def test_the_office_names_people_and_takes_them_back(stage: Stage) -> None:
    path = f"bookings/{book(stage, 0, '')}/people"
    papa = {"kind": "parent", "name": "Papa", "email": "papa@post.example"}
    (one,) = (await call(stage, "POST", path, papa)).json()
    assert one["email"] == "papa@post.example" and "/w/" in one["link"]
    for number in range(2):
        assert (await call(stage, "POST", path, papa | {"email": f"{number}@post.example"})).status_code == 201
    assert (await call(stage, "POST", path, papa | {"email": "3@post.example"})).json()["error"] == "too_many_people"
    assert len((await call(stage, "DELETE", f"{path}/{one['id']}")).json()) == 2
