# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family meets first: its link as somebody has copied it, and a list that asks only what makes sense."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from house import PROXY, Stage, open_stage
from sprechtag.conference import families
from sprechtag.conference.families import Family
from sprechtag.conference.tables import Guest, Host
from sprechtag.gate import _as_meant


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize("behind", [".", ")", ").", ",", ">", "]", "”", ".)", ";", "!?"])
async def test_a_link_that_was_copied_with_what_stood_behind_it_opens(stage: Stage, behind: str) -> None:
    answer = await stage.public.get(f"{PROXY}sprechtag/{stage.share}{behind}")
    assert answer.status_code == 200 and "Mit wem möchten Sie sprechen?" in answer.text


@pytest.mark.parametrize("behind", ["/", "./", "/..", "%2f", "%00", "%5c", "$$$$$", ".x", "&"])
async def test_nothing_else_is_taken_for_it(stage: Stage, behind: str) -> None:
    assert (await stage.public.get(f"{PROXY}sprechtag/{stage.share}{behind}")).status_code == 404
    assert (await stage.public.post(f"{PROXY}sprechtag/{stage.share}/code.", data={"code": "x"})).status_code == 404


async def test_codes_are_asked_for_where_somebody_has_one(stage: Stage) -> None:
    assert 'name="code"' not in (await stage.public.get(f"{PROXY}sprechtag/{stage.share}")).text
    with stage.school.database.write() as session:
        families.invite(session, stage.school.conference(), Family("Kaya", "kaya@post.example"), stage.house.links)
    assert 'name="code"' in (await stage.public.get(f"{PROXY}sprechtag/{stage.share}")).text


async def test_the_class_that_was_chosen_stands_in_the_form(stage: Stage) -> None:
    with stage.school.database.write() as session:
        host = session.get_one(Host, 1)
        host.classes = "5a, 7b"
        link = f"{PROXY}sprechtag/{stage.share}"
    slot = stage.school.slots()[0].public_id
    listed = await stage.public.get(f"{link}?class=7b")
    assert f"h/{host.public_id}?class=7b" in listed.text
    times = await stage.public.get(f"{link}/h/{host.public_id}?class=7b")
    assert f"t/{slot}?class=7b" in times.text
    form = await stage.public.get(f"{link}/t/{slot}?class=7b")
    assert 'name="school_class" value="7b"' in form.text
    assert '<datalist id="classes"><option value="5a"></option><option value="7b"></option>' in form.text


async def test_that_booking_is_not_open_is_a_fact_and_no_error(stage: Stage) -> None:
    stage.school.change(opens_at=stage.school.clock.now + timedelta(days=1))
    page = (await stage.public.get(f"{PROXY}sprechtag/{stage.share}")).text
    assert 'class="fact"' in page and 'class="problem"' not in page and "Vorschlag" not in page


async def test_times_at_which_the_family_is_elsewhere_are_not_offered(stage: Stage) -> None:
    first, second = stage.school.slots()[2], stage.school.slots("t02")[2]
    view = stage.school.book(first)
    with stage.school.database.read() as session:
        guest = session.get_one(Guest, view.guest_id)
        own = f"{PROXY}sprechtag/m/{families.manage_token(guest, stage.house.links)}"
        other = session.get_one(Host, second.host_id).public_id
    page = (await stage.public.get(f"{own}/h/{other}?lang=en")).text
    assert second.public_id not in page and stage.school.slots("t02")[3].public_id in page and "are left out" in page
    moving = (await stage.public.get(f"{own}/b/{view.public_id}/move?lang=en")).text
    assert "are left out" not in moving
    assert second.public_id in (await stage.public.get(f"{PROXY}sprechtag/{stage.share}/h/{other}")).text


async def test_the_way_back_to_a_form_that_was_corrected_is_no_error(stage: Stage) -> None:
    """As far as headers go; `tests/browser/test_family_in_chromium.py` goes back."""
    slot = stage.school.slots()[0].public_id
    times = f"{PROXY}sprechtag/{stage.share}/t/{slot}"
    wrong = await stage.public.post(times, data={"place": "on_site"})
    assert (wrong.status_code, wrong.headers["cache-control"]) == (422, "private, no-cache")
    assert (await stage.public.get(times)).headers["cache-control"] == "no-store"
    form = {"place": "on_site", "child": "Can", "name": "Kaya", "email": "kaya@post.example", "key": "k"}
    assert (await stage.public.post(times, data=form)).headers["cache-control"] == "no-store", "holds the family's link"


def test_a_link_of_nothing_but_signs_costs_nothing() -> None:
    """Each sign once more would be looked at by all before it: this is minutes then."""
    path = "/s/a" + "." * 200_000 + "a"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    assert _as_meant(scope) is scope
