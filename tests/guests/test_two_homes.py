# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two homes of a child on the public pages: the first parent names the other one, and each sees what it shall."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from conftest import KEY
from house import FRONTS, Stage, open_stage
from sprechtag.conference import households
from sprechtag.conference.children import Pupil
from sprechtag.conference.families import Family, invite, manage_token
from sprechtag.conference.tables import Conference, Guest, GuestLetter
from sprechtag.privacy.family import export

OTHER = {"other_name": "Can Kaya", "other_email": "can@post.example", "shares": "1"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        yield stage


def entered(stage: Stage, name: str, email: str, *pupils: Pupil) -> str:
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        guest, _ = invite(session, conference, Family(name, email, siblings=pupils), KEY)
        return f"m/{manage_token(guest, KEY)}"


def link_of(stage: Stage, email: str) -> str:
    with stage.house.database.read() as session:
        return f"m/{manage_token(session.exec(select(Guest).where(Guest.email == email)).one(), KEY)}"


async def test_the_first_parent_names_the_other_one_and_both_see_the_childs_appointments(stage: Stage) -> None:
    first = entered(stage, "Aylin Kaya", "aylin@post.example", Pupil("Mia", "5a"))
    form = await stage.public.get(f"{first}/my-data")
    assert "Name des anderen Elternteils" in form.text
    named = await stage.public.post(f"{first}/household", data=OTHER)
    assert named.status_code == 200 and "persönlicher Link" in named.text and "can@post.example" not in named.text
    second = link_of(stage, "can@post.example")
    with stage.house.database.read() as session:
        assert [letter.kind for letter in session.exec(select(GuestLetter))] == ["link"]
    slot = stage.school.slots("t01")[0]
    booked = await stage.public.post(
        f"{first}/t/{slot.public_id}", data={"key": "k", "place": "on_site", "known": "Mia", "child": ""}
    )
    assert booked.status_code == 200
    page = await stage.public.get(second)
    assert "Vom anderen Haushalt gebucht" in page.text and "Teacher t01" in page.text and "Mia" in page.text
    assert "/b/" not in page.text and "aylin@post.example" not in page.text, "to be read only"
    assert "Für Mia" not in page.text and "Mia" in (await stage.public.get(f"{second}/t/{slot.public_id}")).text
    await stage.public.post(f"{second}/shares", data={})
    assert "Vom anderen Haushalt gebucht" not in (await stage.public.get(second)).text
    await stage.public.post(f"{second}/shares", data={"shares": "1"})
    assert "Vom anderen Haushalt gebucht" not in (await stage.public.get(second)).text, "nobody opens it alone"
    again = await stage.public.post(f"{first}/household", data=OTHER | {"other_email": "x@post.example"})
    assert again.status_code == 409 and "schon einen anderen Haushalt" in again.text


async def test_nobody_takes_in_another_family_nor_learns_of_it(stage: Stage) -> None:
    first = entered(stage, "Aylin Kaya", "aylin@post.example", Pupil("Mia", "5a"))
    entered(stage, "Can Kaya", "can@post.example", Pupil("Kim", "9b"))
    new = await stage.public.post(f"{first}/household", data=OTHER | {"other_email": "new@post.example"})
    with stage.house.database.write() as session:
        guest = session.exec(select(Guest).where(Guest.email == "aylin@post.example")).one()
        households.part(session, guest, stage.house.clock())
    wrong = await stage.public.post(f"{first}/household", data=OTHER | {"other_email": "nix"})
    assert wrong.status_code == 422 and 'value="nix"' in wrong.text
    known = await stage.public.post(f"{first}/household", data=OTHER)
    assert known.status_code == new.status_code == 200
    said = "Ist die Adresse hier neu"
    assert said in known.text and said in new.text
    with stage.house.database.read() as session:
        other = session.exec(select(Guest).where(Guest.email == "can@post.example")).one()
        assert households.other_of(session, other) is None


async def test_a_family_that_names_another_one_sees_the_same_whether_it_is_known(stage: Stage) -> None:
    entered(stage, "Can Kaya", "known@post.example", Pupil("Kim", "9b"))
    seen = []
    for number, address in enumerate(("new@post.example", "known@post.example")):
        mine = entered(stage, "Aylin Kaya", f"aylin{number}@post.example", Pupil("Mia", "5a"))
        pages = [
            await stage.public.post(f"{mine}/household", data=OTHER | {"other_email": address}),
            await stage.public.get(f"{mine}/my-data"),
            await stage.public.get(mine),
            await stage.public.post(f"{mine}/household", data=OTHER | {"other_email": "third@post.example"}),
            await stage.public.post(f"{mine}/shares", data={}),
            await stage.public.get(f"{mine}/my-data"),
        ]
        assert "Sie haben den anderen Elternteil genannt" in pages[1].text and 'name="shares"' in pages[1].text
        assert 'name="shares"' not in pages[5].text
        with stage.house.database.read() as session:
            guest = session.exec(select(Guest).where(Guest.email == f"aylin{number}@post.example")).one()
            kept = str(export(session, guest))
        texts = [f"{page.status_code} {page.text}" for page in pages] + [kept]
        hidden = rf"aylin{number}@|{mine.removeprefix('m/')}|{guest.public_id}|T[\d:.]+"
        seen.append([re.sub(hidden, "", text) for text in texts])
    assert seen[0] == seen[1]


async def test_where_the_limit_is_the_childs_the_page_says_so(stage: Stage) -> None:
    assert "egal welcher Elternteil" not in (await stage.public.get(stage.share)).text
    stage.school.change(limit_per="child")
    assert (
        "Für jedes Kind 1 Termin bei einer Lehrkraft, egal welcher Elternteil"
        in (await stage.public.get(stage.share)).text
    )


async def test_a_family_corrects_its_children_and_its_language(stage: Stage) -> None:
    mine = entered(stage, "Aylin Kaya", "aylin@post.example", Pupil("Mia", "5a"))
    form = {"name": "Aylin Kaya", "email": "aylin@post.example", "language": "tr"}
    children = {"was-0": "Mia", "child-0": "Mia", "class-0": "5b", "was-1": "", "child-1": "Ben", "class-1": "8c"}
    saved = await stage.public.post(f"{mine}/correct", data=form | children)
    assert saved.status_code == 200 and 'value="Ben"' in saved.text and 'value="5b"' in saved.text
    assert '<html lang="tr"' in (await stage.public.get(mine)).text
    twice = {"was-0": "Mia", "child-0": "Ben", "class-0": "5b"}
    refused = await stage.public.post(f"{mine}/correct", data=form | twice)
    assert refused.status_code == 422
