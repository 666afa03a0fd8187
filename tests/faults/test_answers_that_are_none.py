# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Something else answers than Nextcloud, or Nextcloud answers something else: nothing is taken as done, nothing is given
up, and when it is over everything stands once."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import icalendar
import pytest

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import Event, Town, open_town

EVERYTHING = r"(spreed|calendars|cloud|app_api)"
LONG = 6.0
"""Seconds that are more than eight tries here, after which a refusal would be given up."""
ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


@pytest.fixture(autouse=True)
def in_peace_again(town: Town) -> Iterator[None]:
    yield
    town.world.faults.clear()
    town.world.talk_off = False


_hosts = iter(range(10, 40))


def conference(town: Town) -> tuple[Event, str]:
    host = f"t{next(_hosts)}"
    return town.conference([host]), host


def stands_once(town: Town, event: Event, host: str) -> None:
    eventually(lambda: town.in_step(event), what="all effects arrived")
    active = [one for one in town.bookings(event) if one["state"] == "active"]
    assert sorted(str(one["SUMMARY"]) for one in town.events(host)) == sorted(f"{one['child']} (5b)" for one in active)
    rooms = sorted(room.name.rsplit(" ", 1)[1] for room in town.world.rooms_of(host))
    assert rooms == sorted(one["code"] for one in active if one["place"] == "video")


def effects(town: Town, event: Event) -> dict[str, dict[str, object]]:
    (booking,) = town.bookings(event)
    return {one["kind"]: one for one in booking["effects"]}


@pytest.mark.parametrize("kind", ["html", "login", "null_data"])
def test_what_is_no_answer_of_nextclouds_does_nothing_and_ends_nothing(town: Town, kind: str) -> None:
    event, host = conference(town)
    town.world.faults.append(Fault(EVERYTHING, kind))  # type: ignore[arg-type]
    event.family(f"{kind}family").book(place="video")
    time.sleep(LONG)
    state = effects(town, event)
    assert state["talk"]["state"] == "failing" and "gave_up" not in {one["state"] for one in state.values()}
    assert town.events(host) == [] and town.world.rooms_of(host) == []
    town.world.faults.clear()
    stands_once(town, event, host)
    assert town.world.notices(host) == [] or "deleted" not in str(town.world.notices(host))


def test_a_calendar_that_is_read_through_a_maintenance_page_is_not_empty(town: Town) -> None:
    """The teacher was told that he had deleted all his appointments."""
    event, host = conference(town)
    event.family("readfamily").book()
    stands_once(town, event, host)
    town.world.faults.append(Fault("(REPORT|GET) .*calendars", "html"))
    before = len(town.world.calls)
    town.api(
        host, "PUT", f"{event.path}/me", {"room": "B 1", "offers_on_site": True, "offers_video": True, "windows": []}
    )
    eventually(lambda: any("REPORT" in call[0] for call in town.world.calls[before:]), what="the calendar is read")
    time.sleep(1)
    assert not any("gelöscht" in str(one) or "deleted" in str(one) for one in town.world.notices(host))


def test_while_talk_is_updated_video_is_waited_for_and_nobody_loses_a_right(town: Town) -> None:
    event, host = conference(town)
    town.world.talk_off = True
    event.family("talkfamily").book(place="video")
    time.sleep(LONG)
    assert effects(town, event)["talk"]["state"] == "failing" and town.events(host) == []
    town.world.talk_off = False
    stands_once(town, event, host)
    (entry,) = town.api("orga", "GET", f"{event.path}/hosts")
    assert entry["can_video"]
    eventually(
        lambda: any("/call/" in str(one.get("LOCATION", "")) for one in town.events(host)), what="the link is in it"
    )


def test_a_room_is_not_made_anew_because_talk_was_off_for_a_moment(town: Town) -> None:
    event, host = conference(town)
    family = event.family("movefamily")
    family.book(place="video")
    stands_once(town, event, host)
    (room,) = town.world.rooms_of(host)
    town.world.talk_off = True
    family.change("place", place="on_site")
    family.change("place", place="video")
    time.sleep(2)
    town.world.talk_off = False
    stands_once(town, event, host)
    assert [one.token for one in town.world.rooms_of(host)] == [room.token]


def test_wrong_etags_keep_no_event_from_being_written(town: Town) -> None:
    event, host = conference(town)
    family = event.family("etagfamily")
    family.book()
    stands_once(town, event, host)
    town.world.faults.append(Fault("GET .*calendars", "wrong_etag"))
    family.change("place", place="video")
    stands_once(town, event, host)


def test_what_the_host_writes_into_the_event_at_that_moment_is_kept(town: Town) -> None:
    event, host = conference(town)
    family = event.family("notefamily")
    family.book()
    stands_once(town, event, host)
    (path,) = Path(town.storage, "dav").glob(f"collection-root/{host}/*/*.ics")
    text = path.read_text().replace("END:VEVENT", f"CATEGORIES:Eltern\r\n{ALARM}END:VEVENT")
    url = f"{town.url}/remote.php/dav/calendars/{host}/personal/{path.name}"
    put(town, host, url, text)
    family.change("place", place="video")
    stands_once(town, event, host)
    (after,) = town.events(host)
    assert "Eltern" in after.to_ical().decode() and "TRIGGER:-PT15M" in after.to_ical().decode()
    assert "/call/" in str(after["LOCATION"])


def put(town: Town, host: str, url: str, text: str) -> None:
    """As the host's own calendar program does it."""
    status, _, _ = town.sandbox.dav.answer(
        "PUT",
        httpx.URL(url).path.removeprefix("/remote.php/dav"),
        host,
        {"content-type": "text/calendar"},
        text.encode(),
    )
    assert status in (201, 204) and icalendar.Calendar.from_ical(text)


def test_one_host_whom_nextcloud_always_fails_holds_up_none_of_the_others(town: Town) -> None:
    hosts = [f"t{number}" for number in range(41, 53)]
    event = town.conference(hosts)
    town.world.faults.append(Fault(f"calendars/{hosts[0]}/", "status"))
    for number in range(len(hosts)):
        event.family(f"well{number}").book(host=number)

    def well() -> bool:
        return all(
            one["state"] == "done"
            for booking in town.bookings(event)
            if booking["host_user_id"] != hosts[0]
            for one in booking["effects"]
        )

    eventually(well, what="the others are done")
    (bad,) = [one for one in town.bookings(event) if one["host_user_id"] == hosts[0]]
    assert {one["kind"]: one["state"] for one in bad["effects"]}["calendar"] == "failing"


def test_a_user_who_is_disabled_or_deleted_is_caught_up_when_back(town: Town) -> None:
    event, host = conference(town)
    user = town.world.users[host]
    user.disabled = True
    event.family("gonefamily").book(place="video")
    time.sleep(LONG)
    assert effects(town, event)["talk"]["state"] == "failing"
    user.disabled = False
    del town.world.users[host]
    time.sleep(2)
    assert "gave_up" not in {one["state"] for one in effects(town, event).values()}
    town.world.users[host] = user
    stands_once(town, event, host)


@pytest.mark.parametrize("then", ["cancel", "place"])
def test_an_event_that_the_host_has_moved_into_another_calendar_is_followed_there(town: Town, then: str) -> None:
    event, host = conference(town)
    family = event.family(f"moved{then}")
    family.book()
    stands_once(town, event, host)
    (path,) = Path(town.storage, "dav").glob(f"collection-root/{host}/*/*.ics")
    text = path.read_text()
    town.sandbox.dav.answer("MKCALENDAR", f"/calendars/{host}/work/", host, {}, b"")
    put(town, host, f"{town.url}/remote.php/dav/calendars/{host}/work/{path.name}", text)
    town.sandbox.dav.answer("DELETE", f"/calendars/{host}/{path.parent.name}/{path.name}", host, {}, b"")
    family.change(then, place="video")
    stands_once(town, event, host)
    left = list(Path(town.storage, "dav").glob(f"collection-root/{host}/*/*.ics"))
    assert [one.parent.name for one in left] == ([] if then == "cancel" else ["work"])
