# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family that has lost its mail gets its link again; whoever asks learns nothing about others."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from house import FRONTS, Stage, open_stage
from sprechtag.conference.tables import GuestLetter

FRONT = f"http://nc.example{FRONTS['php']}sprechtag/"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, smtp_host="127.0.0.1") as stage:
        stage.public.base_url = httpx.URL(FRONT)
        yield stage


def letters(stage: Stage) -> list[str]:
    with stage.school.database.read() as session:
        return [one.kind for one in session.execute(select(GuestLetter)).scalars()]


async def test_the_answer_is_the_same_for_all_and_only_the_family_gets_a_mail(stage: Stage) -> None:
    stage.school.book(stage.school.slots()[0], "amara")
    start = await stage.public.get(f"{stage.share}?lang=en")
    assert "Lost your link?" in start.text
    form = await stage.public.get(f"{stage.share}/link?lang=en")
    assert "Send me my link" in form.text
    known = await stage.public.post(f"{stage.share}/link", data={"email": "Amara@post.example", "lang": "en"})
    assert letters(stage) == ["link"]
    unknown = await stage.public.post(f"{stage.share}/link", data={"email": "nobody@post.example", "lang": "en"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert "Please check your e-mail" in known.text
    assert letters(stage) == ["link"]


async def test_once_an_hour(stage: Stage) -> None:
    stage.school.book(stage.school.slots()[0], "amara")
    for _ in range(3):
        await stage.public.post(f"{stage.share}/link", data={"email": "amara@post.example"})
    assert letters(stage) == ["link"]
    stage.school.clock.now += timedelta(hours=1)
    await stage.public.post(f"{stage.share}/link", data={"email": "amara@post.example"})
    assert letters(stage) == ["link", "link"]


async def test_what_is_no_address_is_said_at_its_field(stage: Stage) -> None:
    answer = await stage.public.post(f"{stage.share}/link", data={"email": "amara", "lang": "en"})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and 'value="amara"' in answer.text


async def test_many_addresses_from_one_visitor_are_refused(stage: Stage) -> None:
    answers = [
        (await stage.public.post(f"{stage.share}/link", data={"email": f"guess{number}@post.example"})).status_code
        for number in range(405)
    ]
    assert answers[0] == 200 and answers[-1] != 200 and letters(stage) == []


async def test_where_no_mail_of_ours_can_go_out_nothing_is_offered(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.public.base_url = httpx.URL(FRONT)
        assert "/link" not in (await stage.public.get(stage.share)).text
        assert (await stage.public.get(f"{stage.share}/link")).status_code == 404
