# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Somebody is named to an appointment, or interprets: what the family, they and the interpreter see and can do."""

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from conftest import KEY, NOW
from house import FRONTS, Stage, open_stage
from sprechtag.conference import companions, interpreting
from sprechtag.conference.families import manage_token
from sprechtag.conference.interpreting import Entry
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Companion, Conference, DeviceCheck, Effect, Guest, LiveCall
from sprechtag.conference.tokens import interpreter_path, join_path, person_path
from sprechtag.conference.views import booking_view, bookings_of_conference
from sprechtag.privacy.family import erase, export

LINK = "http://nc.example/call/abcd2345"
GRAN = {"name": "Oma Inge", "email": "oma@post.example", "kind": "relative", "language": "de", "lang": "en"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        yield stage


def booked(stage: Stage) -> tuple[int, str]:
    """A video call with its link, and the family's own page of it."""
    view = stage.school.book(stage.school.slots()[0], "a", "video")
    with stage.house.database.write() as session:
        session.get_one(Effect, (view.id, "talk")).remote = {"token": "abcd2345", "link": LINK}
        guest = session.get_one(Guest, view.guest_id)
        return view.id, f"m/{manage_token(guest, KEY)}/b/{view.public_id}"


def companions_in(stage: Stage) -> list[Companion]:
    with stage.house.database.read() as session:
        return list(session.execute(select(Companion).order_by(Companion.id)).scalars())  # type: ignore[arg-type]


def person(one: Companion) -> str:
    return person_path(KEY, one.public_id, one.generation)


async def test_a_family_names_somebody_who_gets_a_page_of_their_own(stage: Stage) -> None:
    booking_id, page = booked(stage)
    assert "Somebody else comes too" in (await stage.public.get(f"{page}?lang=en")).text
    wrong = await stage.public.post(f"{page}/people", data=GRAN | {"email": "no"})
    assert wrong.status_code == 422 and 'id="email-why"' in wrong.text
    done = await stage.public.post(f"{page}/people", data=GRAN)
    assert done.status_code == 200 and "Oma Inge is named" in done.text and "oma@post.example" in done.text
    again = await stage.public.post(f"{page}/people", data=GRAN)
    assert again.status_code == 200
    (one,) = companions_in(stage)
    theirs = await stage.public.get(f"{person(one)}?lang=en")
    assert theirs.status_code == 200 and "Family a" in theirs.text and "/m/" not in theirs.text
    file = await stage.public.get(f"{person(one)}/appointment.ics")
    assert join_path(KEY, one.public_id, 1) in file.text.replace("\r\n ", "")
    for path in (f"{person(one)[:-1]}x", f"w/{one.public_id}/{join_path(KEY, one.public_id, 1).rsplit('/')[-1]}"):
        assert (await stage.public.get(path)).status_code == 404
    taken = re.search(r'action="[^"]*(/people/[^"]+/remove)"', (await stage.public.get(page)).text)
    assert taken and (await stage.public.post(page + taken[1], data={"lang": "en"})).status_code == 200
    assert companions_in(stage) == [], "who was told nothing is told nothing"
    assert (await stage.public.get(person(one))).status_code == 404
    with stage.house.database.read() as session:
        assert booking_view(session, booking_id).people == ()


async def test_three_can_be_named_and_only_by_the_familys_own_link(stage: Stage) -> None:
    _, page = booked(stage)
    for number in range(3):
        named = GRAN | {"name": f"P{number}", "email": f"p{number}@post.example"}
        assert (await stage.public.post(f"{page}/people", data=named)).status_code == 200
    assert "Somebody else comes too" not in (await stage.public.get(f"{page}?lang=en")).text
    assert (await stage.public.post(f"{page}/people", data=GRAN)).status_code == 409
    assert (await stage.public.post(f"{page}/people", data=GRAN | {"email": "p0@post.example"})).status_code == 200
    slot = f"{stage.share}/t/{stage.school.slots()[5].public_id}"
    form = {"child": "Mia", "name": "Amara", "email": "am@post.example", "place": "on_site", "lang": "en"}
    shown = await stage.public.post(slot, data=form)
    screen = re.search(r'href="[^"]*(m/[A-Za-z0-9_-]+)', shown.text)
    with stage.house.database.read() as session:
        last = bookings_of_conference(session, stage.school.conference_id)[-1]
    assert screen
    own = f"{screen[1]}/b/{last.public_id}"
    assert (await stage.public.get(own)).status_code == 200
    assert (await stage.public.post(f"{own}/people", data=GRAN)).status_code == 404
    assert len(companions_in(stage)) == 3


async def test_naming_has_a_budget(stage: Stage) -> None:
    _, page = booked(stage)
    codes = []
    for number in range(5):
        named = GRAN | {"name": f"P{number}", "email": f"p{number}@post.example"}
        codes.append((await stage.public.post(f"{page}/people", data=named)).status_code)
        one = companions_in(stage)[-1]
        await stage.public.post(f"{page}/people/{one.public_id}/remove")
    assert codes == [200] * 5
    named = [GRAN | {"email": f"q{number}@post.example"} for number in range(2)]
    assert [(await stage.public.post(f"{page}/people", data=one)).status_code for one in named] == [200, 429]


async def test_they_join_the_call_and_change_nothing(stage: Stage) -> None:
    booking_id, page = booked(stage)
    await stage.public.post(f"{page}/people", data=GRAN)
    (one,) = companions_in(stage)
    join = join_path(KEY, one.public_id, 1)
    with stage.house.database.read() as session:
        view = booking_view(session, booking_id)
    stage.school.clock.now = view.starts_at
    theirs = (await stage.public.get(f"{join}?lang=en")).text
    assert "Also coming: Family a" in theirs and "I can’t make video work" not in theirs and LINK in theirs
    family = join_path(KEY, view.public_id, view.guest_generation)
    assert "Also coming: Oma Inge" in (await stage.public.get(f"{family}?lang=en")).text
    let_in = await stage.public.post(f"{join}/enter", headers={"Accept": "application/json"})
    assert let_in.json()["letIn"] == int(view.starts_at.timestamp() * 1000)
    led = await stage.public.post(f"{join}/enter")
    assert led.headers["refresh"].endswith(LINK)
    assert (await stage.public.post(f"{join}/on-site")).status_code == 404
    assert (await stage.public.post(f"{join}/message", data={"text": "x"})).status_code == 404
    assert (await stage.public.post(f"{join}/check", data={"camera": "ok"})).json() == {"kept": False}
    with stage.house.database.read() as session:
        assert session.get(DeviceCheck, view.guest_id) is None
        call = session.get(LiveCall, booking_id)
        assert call is None or call.arrived_at is None, "the family is not there yet"


async def test_a_family_is_offered_the_times_with_an_interpreter(stage: Stage) -> None:
    stage.school.change(asks="interpreter")
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        one = interpreting.enter(session, conference, Entry("Aylin", "aylin@post.example", "tr"), NOW)
    first, second = stage.school.slots("t01")[:2]
    form = {"child": "Mia", "name": "A", "email": "a@post.example", "place": "on_site", "lang": "en"}
    wish = form | {"interpreter": "Türkisch"}
    assert (await stage.public.post(f"{stage.share}/t/{first.public_id}", data=wish)).status_code == 200
    there = html.unescape((await stage.public.get(stage.share)).text)
    host = re.findall(r"/h/([A-Za-z0-9_-]+)", there)[1]
    times = await stage.public.get(f"{stage.share}/h/{host}?lang=de&interpreter=Türkisch")
    assert '<option value="Türkisch" selected>' in times.text
    free = re.findall(r"/t/([A-Za-z0-9_-]+)\?lang=de&amp;interpreter=T%C3%BCrkisch", times.text)
    other = [slot.public_id for slot in stage.school.slots("t02")]
    assert free == other[1:], "at the first time Aylin is with somebody else"
    details = await stage.public.get(f"{stage.share}/t/{free[0]}?lang=de&interpreter=Türkisch")
    assert 'name="interpreter" value="Türkisch"' in details.text and '<option value="Türkisch">' in details.text
    late = form | {"interpreter": "turkish", "name": "B", "email": "b@post.example"}
    refused = await stage.public.post(f"{stage.share}/t/{other[0]}", data=late)
    assert refused.status_code == 409 and "Nobody who interprets turkish is free at 15:00." in refused.text
    assert other[1] in refused.text and 'name="without"' in refused.text
    assert (await stage.public.post(f"{stage.share}/t/{other[0]}", data=late | {"without": "1"})).status_code == 200
    with stage.house.database.read() as session:
        open_ones = interpreting.uncovered(session, stage.school.conference_id, NOW)
    assert [one.starts_at for _, one in open_ones] == [first.starts_at]

    mine = interpreter_path(KEY, one.public_id, 1)
    page = await stage.public.get(f"{mine}?lang=en")
    assert "15:00" in page.text and "Teacher t01" in page.text and "Mia" in page.text and "/m/" not in page.text
    file = await stage.public.get(f"{mine}/appointments.ics")
    assert file.text.count("BEGIN:VEVENT") == 1
    assert (await stage.public.get(f"{mine[:-1]}x")).status_code == 404
    assert second.public_id


async def test_a_time_table_of_several_is_not_refused_for_an_interpreter(stage: Stage) -> None:
    stage.school.change(asks="interpreter")
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        interpreting.enter(session, conference, Entry("Aylin", "aylin@post.example", "tr"), NOW)
    hosts = re.findall(r'name="h-([^"]+)"', (await stage.public.get(stage.share)).text)
    proposal = await stage.public.post(f"{stage.share}/plan", data={"h": hosts, "lang": "en"})
    slots = re.findall(r'name="slot" value="([^"]+)"', proposal.text)
    form = {"child": "Mia", "name": "A", "email": "a@post.example", "place": "on_site", "interpreter": "Türkçe"}
    form["hold"] = re.search(r'name="hold" value="([^"]+)"', proposal.text)[1]
    done = await stage.public.post(
        f"{stage.share}/plan", data=form | {"h": hosts, "slot": slots, "do": "book", "key": "k", "lang": "en"}
    )
    assert done.status_code == 200, done.text
    assert [one.name for one in companions_in(stage)] == ["Aylin", "Aylin"]


async def test_whose_address_the_school_has_typed_the_family_does_not_read(stage: Stage) -> None:
    booking_id, page = booked(stage)
    with stage.house.database.write() as session:
        booking = session.get_one(Booking, booking_id)
        companions.name(session, booking, Person("Cem", "cem@post.example", "de"), "parent", NOW)
    mine = await stage.public.get(page)
    data = await stage.public.get(f"{page.partition('/b/')[0]}/my-data?lang=en")
    with stage.house.database.read() as session:
        exported = str(export(session, session.get_one(Guest, booking_view(session, booking_id).guest_id)))
    for text in (mine.text, data.text, exported):
        assert "Cem" in text and "cem@post.example" not in text


async def test_the_family_reads_whom_it_named_and_they_go_with_it(stage: Stage) -> None:
    booking_id, page = booked(stage)
    await stage.public.post(f"{page}/people", data=GRAN)
    with stage.house.database.read() as session:
        guest = session.get_one(Guest, booking_view(session, booking_id).guest_id)
        assert "oma@post.example" in str(export(session, guest))
    assert "oma@post.example" in (await stage.public.get(f"{page.partition('/b/')[0]}/my-data?lang=en")).text
    with stage.house.database.write() as session:
        erase(session, session.get_one(Guest, guest.id), NOW)
    assert companions_in(stage) == []
    with stage.house.database.read() as session:
        assert session.get_one(Booking, booking_id).child == ""
