# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The public pages through both fronts: without script, cookies, redirects, and within the budget."""

import re
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import httpx
import pytest

from conftest import NOW
from house import FRONTS, Stage, open_stage
from sprechtag.conference import ruleset
from sprechtag.conference.slots import TimeWindow


@pytest.fixture(params=["php", "harp"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, harp=request.param == "harp") as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS[request.param]}sprechtag/")
        yield stage


def links(answer: httpx.Response, part: str) -> list[str]:
    found = re.findall(r'<a [^>]*?href="([^"]+)"', answer.text)
    return [str(answer.url.join(link)) for link in found if part in str(answer.url.join(link))]


FORM = {
    "key": "k1",
    "place": "video",
    "child": "Emre Yılmaz",
    "school_class": "5b",
    "name": "Ayşe Yılmaz",
    "email": "ayse@post.example",
}


async def book(stage: Stage, form: dict[str, str] | None = None, slot: int = 0) -> httpx.Response:
    hosts = await stage.public.get(stage.share)
    times = await stage.public.get(links(hosts, "/h/")[0])
    return await stage.public.post(links(times, "/t/")[slot], data=form or FORM)


async def test_it_works(stage: Stage) -> None:
    answer = await book(stage)
    assert answer.status_code == 200
    assert "Ihr Termin ist gebucht" in answer.text and "Emre Yılmaz" in answer.text
    mine = await stage.public.get(links(answer, "/m/")[-1])
    assert "Meine Termine" in mine.text


async def test_every_page_is_private_and_tightly_policed(stage: Stage) -> None:
    booked = await book(stage)
    addresses = [stage.share, *links(booked, "/m/")]
    for address in addresses:
        answer = await stage.public.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers.get_list("set-cookie") if "sprechtag" in name]
        if "calendar" in answer.headers["content-type"]:
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe-inline" not in policy and "frame-ancestors" in policy
        scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
        assert all(re.fullmatch(r'<script src="(\.\./)*static/\w+/\w+\.js" defer>', one) for one in scripts)
        assert " style=" not in answer.text and "onclick" not in answer.text
        assert not re.search(
            r'(href|src|action)="(/|https?:)(?!logo|/nc.example)', answer.text.replace("/logo.svg", "logo")
        )


async def test_a_get_changes_nothing(stage: Stage) -> None:
    booked = await book(stage)
    (appointment,) = {link for link in links(booked, "/b/") if not link.endswith(".ics")} or {""}
    if not appointment:
        mine = await stage.public.get(links(booked, "/m/")[-1])
        appointment = links(mine, "/b/")[0]
    for path in ("", "/move", "/cancel", "/place"):
        await stage.public.get(f"{appointment}{path}?place=on_site&slot=x")
    assert stage.school.view(1).revision == 1


async def test_a_family_changes_everything_by_its_link(stage: Stage) -> None:
    booked = await book(stage)
    mine = await stage.public.get(links(booked, "/m/")[-1])
    one = links(mine, "/b/")[0]
    answer = await stage.public.post(f"{one}/place", data={"place": "on_site"})
    assert answer.status_code == 200 and "Der Ort ist geändert" in answer.text
    times = await stage.public.get(f"{one}/move")
    slot = re.findall(r'name="slot" value="([^"]+)"', times.text)[4]
    answer = await stage.public.post(f"{one}/move", data={"slot": slot})
    assert answer.status_code == 200 and "Der Termin ist verschoben" in answer.text
    file = await stage.public.get(f"{one}/appointment.ics")
    assert file.headers["content-type"].startswith("text/calendar") and b"BEGIN:VEVENT" in file.content
    assert "wirklich absagen?" in (await stage.public.get(f"{one}/cancel")).text
    answer = await stage.public.post(f"{one}/cancel", data={})
    assert answer.status_code == 200 and "Der Termin ist abgesagt" in answer.text
    assert stage.school.view(1).state == "cancelled"


async def test_a_taken_slot_is_said_with_the_next_free_and_nothing_typed_is_lost(stage: Stage) -> None:
    hosts = await stage.public.get(stage.share)
    slot = links(await stage.public.get(links(hosts, "/h/")[0]), "/t/")[2]
    await stage.public.post(slot, data=FORM | {"email": "faster@post.example"})
    answer = await stage.public.post(slot, data=FORM | {"key": "k2"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert "The time 15:20 has just been taken. Free next: 15:30, 15:40, 15:50." in answer.text
    assert "Emre Yılmaz" in answer.text and "ayse@post.example" in answer.text
    other = re.findall(r'name="slot" value="([^"]+)"', answer.text)[0]
    again = await stage.public.post(slot, data=FORM | {"key": "k2", "slot": other})
    assert again.status_code == 200


async def test_errors_lead_to_their_fields(stage: Stage) -> None:
    answer = await book(stage, FORM | {"email": "nonsense", "child": " ", "place": ""})
    assert answer.status_code == 422
    for field in ("place", "child", "email"):
        assert f'href="#{field}"' in answer.text and f'id="{field}"' in answer.text
    assert 'aria-invalid="true"' in answer.text and "Ayşe Yılmaz" in answer.text


async def test_sending_the_form_again_books_once_and_says_the_same(stage: Stage) -> None:
    hosts = await stage.public.get(stage.share)
    slot = links(await stage.public.get(links(hosts, "/h/")[0]), "/t/")[0]
    first, second = [await stage.public.post(slot, data=FORM) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200)
    assert links(first, "/m/") == links(second, "/m/") != []


async def test_who_only_knows_an_address_gets_no_link_to_its_appointments(stage: Stage) -> None:
    await book(stage)
    stage.school.change(max_bookings_per_guest_and_host=5)
    answer = await book(stage, FORM | {"key": "stranger", "child": "Somebody else", "name": "X"}, slot=5)
    assert answer.status_code == 200
    page = await stage.public.get(links(answer, "/m/")[-1])
    assert "Somebody else" in page.text and FORM["child"] not in page.text


async def test_the_language_is_the_browsers_and_can_be_switched(stage: Stage) -> None:
    english = await stage.public.get(stage.share, headers={"Accept-Language": "nl, en;q=0.8, de;q=0.5"})
    assert '<html lang="en"' in english.text and "Whom would you like to talk to?" in english.text
    german = await stage.public.get(links(english, "lang=de")[0], headers={"Accept-Language": "en"})
    assert '<html lang="de"' in german.text
    following = await stage.public.get(links(german, "/h/")[0], headers={"Accept-Language": "en"})
    assert '<html lang="de"' in following.text


async def test_unknown_links_say_what_to_do(stage: Stage) -> None:
    for path in ("s/wrong", "m/wrong", f"{stage.share}/h/wrong", f"{stage.share}/t/wrong"):
        answer = await stage.public.get(path)
        assert answer.status_code == 404 and "Bitte öffnen Sie den Link" in answer.text


async def test_before_and_after_booking_time_the_page_says_so(stage: Stage) -> None:
    stage.school.change(opens_at=NOW + timedelta(days=1))
    answer = await stage.public.get(stage.share)
    assert "Die Buchung öffnet am" in answer.text and not links(answer, "/h/")
    stage.school.change(opens_at=None, state="closed")
    assert "Die Buchung ist geschlossen" in (await stage.public.get(stage.share)).text


async def test_searching_finds_by_name_and_subject(stage: Stage) -> None:
    assert len(links(await stage.public.get(f"{stage.share}?q=t02"), "/h/")) == 1
    assert len(links(await stage.public.get(f"{stage.share}?q=deutsch"), "/h/")) == 2
    assert "Niemand gefunden" in (await stage.public.get(f"{stage.share}?q=<b>")).text


async def test_a_booking_is_at_most_five_requests_and_120_kb(tmp_path: Path) -> None:
    """With 80 hosts x 24 slots; the limit of main issue 2."""
    hosts = tuple(f"t{number:02}" for number in range(1, 81))
    rules = ruleset.Rules(name="Elternsprechtag", windows=[TimeWindow(date(2027, 1, 13), time(15), time(19))])
    async with open_stage(tmp_path, hosts=hosts, rules=rules) as stage:
        seen: list[httpx.Response] = []
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        seen.append(await stage.public.get(stage.share))
        seen.extend(
            [
                await stage.public.get(str(seen[0].url.join(href)))
                for href in re.findall(r'rel="stylesheet" href="([^"]+)"', seen[0].text)
            ]
        )
        seen.append(await stage.public.get(links(seen[0], "/h/")[40]))
        assert len(links(seen[-1], "/t/")) == 24
        slot = links(seen[-1], "/t/")[3]
        seen.append(await stage.public.get(slot))
        seen.append(await stage.public.post(slot, data=FORM))
        assert "immutable" in seen[1].headers["cache-control"]
        assert {answer.status_code for answer in seen} == {200}
        assert len(seen) <= 5
        assert sum(len(answer.content) for answer in seen) <= 120_000
