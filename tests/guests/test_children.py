# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family with several children: each has a class and teachers of its own, and is booked for by itself."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from conftest import KEY
from house import FRONTS, Stage, open_stage
from sprechtag.conference import lookup
from sprechtag.conference.children import Pupil
from sprechtag.conference.families import Family, invite, manage_token
from sprechtag.conference.tables import Booking, Conference, Host


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, hosts=("t01", "t02", "t03")) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        with stage.house.database.write() as session:
            lookup.find_host(session, stage.school.conference_id, "t02").classes = "8c"
        yield stage


def invited(stage: Stage) -> str:
    """Mia, whom t01 teaches by the school's files, and Ben, whose class t02 has; t03 has neither."""
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        teacher = lookup.find_host(session, conference.id or 0, "t01").id or 0
        pupils = (Pupil("Mia", "5a", (teacher,)), Pupil("Ben", "8c"))
        guest, _ = invite(session, conference, Family("Aylin Kaya", "k@post.example", siblings=pupils), KEY)
        return f"m/{manage_token(guest, KEY)}"


def hosts_of(stage: Stage) -> list[Host]:
    with stage.house.database.read() as session:
        return list(session.exec(select(Host).order_by(Host.user_id)))


def parts(text: str) -> dict[str, str]:
    """Headings of the list, and what stands beneath each."""
    found = re.split(r"<h2[^>]*>([^<]*)</h2>", text)
    return dict(zip(found[1::2], found[2::2], strict=True))


def ticked(text: str) -> list[str]:
    return re.findall(r'name="h-([\w-]+)" value="1" checked', text)


async def test_each_childs_teachers_come_first_and_one_child_can_be_picked(stage: Stage) -> None:
    mine = invited(stage)
    page = await stage.public.get(f"{mine}/book")
    assert "Teacher t01" in parts(page.text)["Für Mia 5a"] and "Teacher t02" in parts(page.text)["Für Ben 8c"]
    assert ticked(page.text) == []
    ben = re.search(r'href="[^"]*(\?child=[^"]+)">Ben', page.text)[1]
    assert "Ben" not in ben, "no name stands in an address"
    picked = await stage.public.get(f"{mine}/book{ben}")
    assert next(iter(parts(picked.text))) == "Für Ben 8c" and "Für Mia 5a" not in parts(picked.text)
    assert len(ticked(picked.text)) == 1 and f'h-{ticked(picked.text)[0]}"' in parts(picked.text)["Für Ben 8c"]


async def test_a_plan_books_each_host_for_the_child_it_teaches(stage: Stage) -> None:
    mine = invited(stage)
    hosts = [host.public_id for host in hosts_of(stage)]
    plan = await stage.public.post(f"{mine}/plan", data={"h": hosts})
    chosen = re.findall(r'<select name="for-[\w-]+">.*?<option value="(\w*)" selected', plan.text)
    assert sorted(chosen) == ["", "Ben", "Mia"], "nobody knows for whom the family sees the third"
    slots = re.findall(r'name="slot" value="([^"]+)"', plan.text)
    form = {"h": hosts, "slot": slots, "do": "book", "key": "k", "place": "on_site"}
    asked = await stage.public.post(f"{mine}/plan", data=form)
    assert asked.status_code == 422 and "Bitte geben Sie den Namen des Kindes" in asked.text
    booked = await stage.public.post(f"{mine}/plan", data=form | {f"for-{hosts[2]}": "Mia"})
    assert booked.status_code == 200
    with stage.house.database.read() as session:
        found = {(one.host_id, one.child, one.school_class) for one in session.exec(select(Booking))}
    by_id = {host.id for host in hosts_of(stage)}
    assert {(child, school_class) for _, child, school_class in found} == {("Mia", "5a"), ("Ben", "8c")}
    assert {host_id for host_id, *_ in found} == by_id


async def test_the_form_knows_whom_a_host_teaches(stage: Stage) -> None:
    mine = invited(stage)
    for user, child in (("t01", "Mia"), ("t02", "Ben"), ("t03", "")):
        form = await stage.public.get(f"{mine}/t/{stage.school.slots(user)[5].public_id}")
        assert re.findall(r'name="known" value="(\w*)" checked', form.text) == [child]
        (host,) = (one for one in hosts_of(stage) if one.user_id == user)
        waiting = await stage.public.get(f"{mine}/h/{host.public_id}/wait")
        assert re.findall(r'name="known" value="(\w*)" checked', waiting.text) == [child]
