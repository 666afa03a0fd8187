# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What takes long: paper for a whole school, and everybody's wishes. In a process of its own, in a stand-in Nextcloud."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pypdf
import pytest

from conftest import eventually
from sprechtag.sandbox.fronts import PROXY
from town import Event, Town, links, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    event = town.conference(["t04", "t05", "t06"], name="Sprechtag")
    for name, language in (("Müller", "de"), ("Yılmaz", "tr"), ("Шевченко", "uk"), ("عبد", "ar")):
        family = event.family(name, language)
        family.send(family.slots(len(name) % 3)[2], child=f"Kind {name}", email=f"{language}@post.example", name=name)
    return event


def printed(town: Town, event: Event, user: str, **options: Any) -> pypdf.PdfReader:
    made = town.api(user, "POST", f"{event.path}/papers", options)

    def state() -> str:
        return next(one["state"] for one in town.api(user, "GET", f"{event.path}/papers") if one["id"] == made["id"])

    eventually(lambda: state() != "waiting", what=f"{options} is printed")
    assert state() == "ready"
    answer = town.raw_api(user, "GET", f"papers/{made['id']}/file.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    return pypdf.PdfReader(BytesIO(answer.content))


def text(paper: pypdf.PdfReader) -> str:
    return "\n".join(page.extract_text() for page in paper.pages)


def test_door_signs_show_initials_unless_names_are_chosen(town: Town, event: Event) -> None:
    signs = printed(town, event, "orga", kind="door_signs")
    assert len(signs.pages) == 3 and "Müller" not in text(signs) and "K. M." in text(signs)
    assert "Kind Müller" in text(printed(town, event, "orga", kind="door_signs", shown="names"))
    assert "K. M." not in text(printed(town, event, "orga", kind="door_signs", shown="times"))


def test_paper_is_tagged_a4_in_every_script(town: Town, event: Event) -> None:
    lists = printed(town, event, "orga", kind="host_lists")
    for name in ("Kind Müller", "Kind Yılmaz", "Kind Шевченко", "عبد"):
        assert name in text(lists)
    assert [round(float(side)) for side in lists.pages[0].mediabox[2:]] == [595, 842]
    catalogue: Any = lists.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in catalogue and catalogue["/Lang"] == "de"
    fonts = {str(font) for page in lists.pages for font in page["/Resources"]["/Font"]}
    assert fonts
    tables = printed(town, event, "orga", kind="timetables")
    assert len(tables.pages) == 4


def test_the_plan_of_rooms_names_everybody(town: Town, event: Event) -> None:
    plan = text(printed(town, event, "orga", kind="room_plan"))
    for host in town.api("orga", "GET", f"{event.path}/hosts"):
        assert host["display_name"] in plan and host["room"] in plan


def test_a_host_prints_only_its_own(town: Town, event: Event) -> None:
    own = printed(town, event, "t05", kind="door_signs", host="t04")
    assert len(own.pages) == 1
    name = next(h["display_name"] for h in town.api("orga", "GET", f"{event.path}/hosts") if h["user_id"] == "t05")
    assert name in text(own)


def test_invitation_letters_hold_link_and_code(town: Town, event: Event) -> None:
    families = [
        {"name": "Familie Öztürk", "child": "Çağla Öztürk", "school_class": "6a", "language": "tr"},
        {"name": "Familie Berg", "child": "Ida Berg", "school_class": "5b", "email": "berg@post.example"},
    ]
    entered = town.api("orga", "POST", f"{event.path}/families", families)
    paper = printed(town, event, "orga", kind="invitations")
    assert len(paper.pages) == 2 and "Ida Berg" in paper.pages[0].extract_text()
    code = next(one["code"] for one in entered if one["name"] == "Familie Öztürk")
    assert f"{code[:5]} {code[5:]}" in paper.pages[1].extract_text()
    assert "Çağla Öztürk" in paper.pages[1].extract_text()
    only = printed(town, event, "orga", kind="invitations", unreachable=True)
    assert len(only.pages) == 1
    browser = event.family("x", "tr").browser
    answer = browser.post(f"{town.url}{PROXY}sprechtag/s/{event.token}/code", data={"code": code})
    assert answer.status_code == 200 and links(answer, "/m/")


def test_wishes_are_assigned_published_and_booked(town: Town) -> None:
    until = datetime.now(UTC) + timedelta(seconds=20)
    event = town.conference(
        ["t10", "t11"], looked_at=False, booking_mode="wishes", wishes_until=until.isoformat(), name="Wunschtag"
    )
    one = event.path
    share = f"{town.url}{PROXY}sprechtag/s/{event.token}"
    for number in range(6):
        browser = event.family(f"wish{number}", "en").browser
        hosts = browser.get(share).text.split('name="h-')[1:]
        who = {"child": f"Child {number}", "name": f"Wish {number}", "email": f"wish{number}@post.example", "walk": "5"}
        form = {"h": [host.split('"')[0] for host in hosts], "do": "save"} | who
        assert browser.post(f"{share}/wishes", data=form).status_code == 200
    assert town.raw_api("orga", "POST", f"{one}/wishes-run", {"seed": 1}).status_code == 422
    eventually(lambda: datetime.now(UTC) > until, what="the time for wishes is over")
    town.api("orga", "POST", f"{one}/wishes-run", {"seed": 1, "effort": 0.2})
    town.kill()
    town.start(register=False)
    eventually(lambda: town.api("orga", "GET", f"{one}/wishes")["run"]["state"] == "ready", what="it is assigned")
    found = town.api("orga", "GET", f"{one}/wishes")
    assert found["run"]["progress"]["served"] == 12 and found["run"]["progress"]["without"] == 0
    assert town.bookings(event) == []
    town.world.mails.clear()
    town.api("orga", "POST", f"{one}/wishes-publish")
    eventually(lambda: town.api("orga", "GET", f"{one}/wishes")["run"]["state"] == "published", what="it is published")
    eventually(lambda: town.in_step(event), what="Nextcloud has followed")
    bookings = town.bookings(event)
    shown = {(f["name"], wish["starts_at"]) for f in found["families"] for wish in f["served"]}
    assert {(booking["guest_name"], booking["starts_at"]) for booking in bookings} == shown
    mails = [mail for mail in town.world.mails if mail.text.count("Booking reference: ") == 2]
    assert len({mail.to for mail in mails}) == 6
