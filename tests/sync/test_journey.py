# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job: a family books, changes and cancels; calendar, Talk and mail follow by themselves."""

import asyncio
import re
import time
from collections.abc import Iterator

import icalendar
import pytest

from conftest import eventually
from town import Town, open_town, own_link


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


def test_everything_follows_a_booking_and_its_changes(town: Town) -> None:
    event = town.conference(["t01"])
    family = event.family("amara")
    family.book(place="video")
    eventually(lambda: town.in_step(event), what="booking followed")

    (room,) = town.world.rooms_of("t01")
    (entry,) = town.events("t01")
    assert entry["LOCATION"] == f"{town.url}/call/{room.token}"
    assert (entry["SUMMARY"], entry["CLASS"]) == ("Child of amara (5b)", "PRIVATE")
    assert "amara@post.example" not in entry.to_ical().decode()
    assert (room.object_type, room.lobby_state) == ("event", 1)
    eventually(lambda: town.world.rooms[room.token].archived, what="taken out of the host's list when there is time")
    assert room.lobby_timer == int(entry["DTSTART"].dt.timestamp())
    assert "amara" not in room.name.lower() + room.description.lower()
    (mail,) = [mail for mail in town.world.mails if mail.to == "amara <amara@post.example>"]
    # The mail's link is the family's own; the one on the screen opens only what was made through it.
    own = own_link(mail.text)
    assert own in mail.html and own != family.manage and "Child of amara" in family.get(own).text
    assert "/j/" in mail.text and "/call/" not in mail.text, "families go by the join page"
    assert "Your appointment" in mail.subject
    (attached,) = icalendar.Calendar.from_ical(mail.calendar).walk("VEVENT")
    assert attached["DTSTART"].dt == entry["DTSTART"].dt

    family.change("place", place="on_site")
    eventually(lambda: town.in_step(event) and not town.world.rooms_of("t01"), what="on site followed")
    (entry,) = town.events("t01")
    assert entry["LOCATION"] in ("Raum A 0", "Room A 0")

    target = family.slots()[3].rsplit("/", 1)[1]
    family.change("move", slot=target)
    eventually(lambda: town.in_step(event), what="move followed")
    (moved,) = town.events("t01")
    assert moved["DTSTART"].dt != entry["DTSTART"].dt and moved["UID"] == entry["UID"]

    family.change("place", place="video")
    eventually(lambda: town.in_step(event), what="video followed")
    (room,) = town.world.rooms_of("t01")
    assert room.lobby_timer == int(moved["DTSTART"].dt.timestamp())

    family.change("cancel")
    eventually(lambda: town.in_step(event), what="cancelling followed")
    assert not town.events("t01") and not town.world.rooms_of("t01")
    subjects = [mail.subject for mail in town.world.mails if "amara@" in mail.to]
    assert len(subjects) == 5
    assert [subject.split(":")[0] for subject in subjects] == ["Your appointment", *["Changed"] * 3, "Cancelled"]


def test_the_lobby_moves_with_a_video_booking(town: Town) -> None:
    event = town.conference(["t05"])
    family = event.family("boris", "de")
    family.book(place="video")
    eventually(lambda: town.in_step(event))
    before = town.world.rooms_of("t05")[0]
    token, timer = before.token, before.lobby_timer
    family.change("move", slot=family.slots()[5].rsplit("/", 1)[1])
    eventually(lambda: town.in_step(event))
    (room,) = town.world.rooms_of("t05")
    assert room.token == token and room.lobby_timer == timer + 3600


def test_one_mail_holds_all_appointments(town: Town) -> None:
    event = town.conference(["t06", "t07"])
    family = event.family("cem", "de")
    first = family.slots(0)
    family.book(first[0])
    family.book(family.slots(1)[2], host=1)
    eventually(lambda: town.in_step(event))
    mails = [mail for mail in town.world.mails if "cem@" in mail.to]
    assert len(mails) <= 2
    last = max(mails, key=lambda mail: mail.at)
    assert last.text.count("Buchungsnummer: ") == 2


def test_a_host_who_may_not_create_rooms_is_shown_to_the_organiser(town: Town) -> None:
    event = town.conference(["t03"])

    def problem() -> str:
        return str(town.api("orga", "GET", f"{event.path}/hosts")[0]["problem"])

    eventually(lambda: "may not create Talk" in problem(), what="the host was looked at")
    family = event.family("dora")
    page = family.browser.get(family.slots()[0])
    assert 'value="video"' not in page.text
    family.book()
    eventually(lambda: town.in_step(event))
    assert len(town.events("t03")) == 1


def test_a_right_that_is_taken_away_leaves_the_booking(town: Town) -> None:
    event = town.conference(["t08"])
    town.world.users["t08"].can_create_rooms = False
    family = event.family("egon")
    family.book(place="video")

    def talk() -> dict[str, str]:
        return next(effect for effect in town.bookings(event)[0]["effects"] if effect["kind"] == "talk")

    eventually(lambda: talk()["state"] == "gave_up", what="talk given up")
    assert "may not create Talk" in talk()["last_error"]
    eventually(lambda: len(town.events("t08")) == 1)
    eventually(lambda: any("egon@" in mail.to for mail in town.world.mails))
    assert town.bookings(event)[0]["state"] == "active"


def test_a_host_who_never_logged_in_gets_a_calendar(town: Town) -> None:
    event = town.conference(["t09"])
    assert not list((town.storage / "dav").glob("collection-root/t09/*"))
    event.family("fee").book()
    eventually(lambda: len(town.events("t09")) == 1)
    assert (town.storage / "dav" / "collection-root" / "t09" / "personal").is_dir()


def test_an_event_the_host_deleted_comes_back_with_the_next_change(town: Town) -> None:
    event = town.conference(["t10"])
    family = event.family("gila")
    family.book()
    eventually(lambda: town.in_step(event))
    (entry,) = town.events("t10")
    (file,) = (town.storage / "dav").glob("collection-root/t10/*/*.ics")
    status, _, _ = town.sandbox.dav.answer("DELETE", f"/calendars/t10/{file.parent.name}/{file.name}", "t10", {}, b"")
    assert status == 204
    family.change("move", slot=family.slots()[4].rsplit("/", 1)[1])
    eventually(lambda: town.in_step(event))
    (again,) = town.events("t10")
    assert again["UID"] != entry["UID"]


def test_nobody_ever_acts_as_somebody_else(town: Town) -> None:
    """Every call to a calendar is made as its owner, with twenty hosts at once."""
    hosts = [f"t{number}" for number in range(20, 40)]
    event = town.conference(hosts)
    for number in range(20):
        # One family each: so many mails at once to an address that nobody has proven would be held back.
        family = event.family(f"hilde{number}")
        family.send(family.slots(number)[number], "video" if number % 2 else "on_site")
    eventually(lambda: town.in_step(event))
    for method, path, user in town.world.calls:
        if match := re.search(r"/calendars/([^/]+)/", path):
            assert match[1] == user, (method, path)
    assert all(len(town.world.rooms_of(host)) <= 1 for host in hosts)
    assert sum(len(town.events(host)) for host in hosts) == 20


def test_disabled_means_hands_off(town: Town) -> None:
    event = town.conference(["t11"])
    family = event.family("ines")
    asyncio.run_coroutine_threadsafe(town.sandbox.call_app("PUT", "/enabled", enabled=0), town.loop).result(10)
    time.sleep(0.5)
    seen = len(town.world.calls)
    family.book()
    time.sleep(1.5)
    assert len(town.world.calls) == seen
    asyncio.run_coroutine_threadsafe(town.sandbox.enable(True), town.loop).result(10)
    eventually(lambda: town.in_step(event))


def test_who_books_on_the_phone_without_an_address_gets_no_mail(town: Town) -> None:
    event = town.conference(["t55"])
    (slot, *_) = town.api("orga", "GET", f"{event.path}/grid")["slots"][0]
    before = len(town.world.mails)
    form = {"slot_id": slot[0], "place": "video", "child": "Oma Kind", "name": "Oma"}
    town.api("orga", "POST", f"{event.path}/bookings", form)
    eventually(lambda: town.in_step(event))
    assert len(town.events("t55")) == 1 and len(town.world.rooms_of("t55")) == 1 and len(town.world.mails) == before
    (booking,) = town.bookings(event)
    assert any("gave no address" in effect["last_error"] for effect in booking["effects"])
