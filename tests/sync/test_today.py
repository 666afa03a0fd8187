# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The day in a whole town: the mail's link, the join page, Talk's bot, lost events, the host's delay, the rehearsal."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conftest import eventually
from sprechtag.nextcloud import talk
from sprechtag.nextcloud.session import Door
from town import EXAPPS, PROXY, Event, Town, open_town

OCS = {"OCS-APIRequest": "true"}


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        town.world.stun_servers = ["127.0.0.1:3478"]
        yield town


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    return town.under_way(["t10", "t11"])


def in_list(town: Town) -> tuple[str, str]:
    """Both hosts in the order that families see them in."""
    first, second = sorted(("t10", "t11"), key=lambda user: town.world.users[user].display_name.split()[-1].casefold())
    return first, second


def room_of(town: Town, user: str) -> Any:
    eventually(lambda: any(room.bots for room in town.world.rooms_of(user)), what="a room with our bot in it")
    return next(room for room in town.world.rooms_of(user) if room.bots)


def guest(town: Town) -> httpx.Client:
    client = httpx.Client(base_url=town.url, headers=OCS, timeout=30)
    client.cookies.set("ncsandbox_guest", "abc")
    return client


def teacher(town: Town, user: str) -> httpx.Client:
    client = httpx.Client(base_url=town.url, headers=OCS, timeout=30)
    client.cookies.set("ncsandbox_session", town.world.log_in(user))
    return client


def join(client: httpx.Client, token: str) -> httpx.Response:
    client.post(f"/ocs/v2.php/apps/spreed/api/v4/room/{token}/participants/active")
    return client.post(f"/ocs/v2.php/apps/spreed/api/v4/call/{token}", json={"flags": 7})


def states(town: Town, event: Event, host: str) -> list[str]:
    shown = town.board(event)
    name = town.world.users[host].display_name
    return [one["state"] for row in shown["hosts"] if row["name"] == name for one in row["appointments"]]


def join_link(town: Town, to: str) -> str:
    eventually(lambda: any(to in mail.to for mail in town.world.mails), what="the mail")
    mail = next(mail for mail in town.world.mails if to in mail.to)
    return next(iter(re.findall(r"http\S+/j/\S+", mail.text)))


def test_from_the_mails_link_to_the_call_and_its_end(town: Town, event: Event) -> None:
    family = event.family("Kaya")
    family.book(place="video")
    link = join_link(town, "Kaya@post.example")
    mail = next(mail for mail in town.world.mails if "Kaya@" in mail.to)
    assert "/call/" not in mail.text and "/call/" not in mail.html and link in mail.calendar.replace("\r\n ", "")
    page = family.get(link)
    assert page.status_code == 200 and "Video call with" in page.text
    eventually(lambda: "stun:127.0.0.1:3478" in family.get(link).text, what="Talk's relays are known")
    first, _ = in_list(town)
    room = room_of(town, first)
    assert f"/call/{room.token}" in page.text
    room.lobby_timer += 600  # the slot may begin at this very moment
    assert join(guest(town), room.token).status_code == 412, "the lobby is closed before the start"
    room.lobby_timer = 0
    visitor, host = guest(town), teacher(town, first)
    join(visitor, room.token)
    eventually(lambda: states(town, event, first) == ["waiting"], what="the bot's word arrived")
    join(host, room.token)
    eventually(lambda: states(town, event, first) == ["in_call"])
    for client in (visitor, host):
        client.delete(f"/ocs/v2.php/apps/spreed/api/v4/call/{room.token}")
    booking = town.bookings(event)[0]["id"]
    town.api("orga", "POST", f"bookings/{booking}/mark", {"mark": "done"})
    assert states(town, event, first) == ["ended"]
    assert "Thank you" in family.get(link).text


def test_what_the_bot_could_not_tell_is_seen_by_a_look_at_the_room(town: Town, event: Event) -> None:
    event.family("Quiet").book(place="video", host=1)
    eventually(lambda: any("Quiet@" in mail.to for mail in town.world.mails), what="the mail")
    _, second = in_list(town)
    room = room_of(town, second)
    booking = next(one["id"] for one in town.bookings(event) if "Quiet" in one["child"])
    town.world.lose_bot_events = 1.0
    room.lobby_timer = 0
    town.begins_in(booking, -1)
    for client in (guest(town), teacher(town, second)):
        join(client, room.token)
    eventually(lambda: "in_call" in states(town, event, second), seconds=60, what="the look at the room")
    town.world.lose_bot_events = 0.0
    town.api("orga", "POST", f"bookings/{booking}/cancel")


def test_bot_callbacks_are_taken_from_nextcloud_only(town: Town, event: Event) -> None:
    (bot,) = town.world.bots.values()
    for address in ("/talk_bot", bot["route"]):
        for front in (PROXY, EXAPPS):
            answer = httpx.post(f"{town.url}{front}sprechtag{address}", json={"type": "Activity"})
            assert answer.status_code == 404, (front, address)


async def test_after_a_change_of_address_a_new_bot_is_made_and_taken(town: Town, event: Event) -> None:
    """Seen with Talk 23: the same bot under another address is answered 500."""
    app = town.world.app
    before = dict(town.world.bots)
    (known,) = town.world.bots.values()
    known["url"] = "http://old.example"
    door = Door(town.url, app.id, app.version, app.secret)
    async with door.as_user("") as own, door.as_user("t10") as host:
        await talk.register_bot(own, "Sprechtag", known["route"], "Which calls are up.")
        assert len(town.world.bots) == len(before) + 1
        token = await talk.create_open(host, "Somewhere")
        assert await talk.enable_bot(host, token, "Sprechtag")
        assert town.world.rooms[token].bots == {max(town.world.bots)}
        await talk.delete(host, token)


def test_a_family_s_words_reach_the_host_as_a_notification(town: Town, event: Event) -> None:
    family = event.family("Demir")
    family.book(place="video", host=1)
    link = join_link(town, "Demir@post.example")
    family.browser.post(f"{link}/message", data={"text": "The sound does not work"})

    def told() -> list[str]:
        return [one.message for one in town.world.notices(in_list(town)[1])]

    eventually(lambda: "The sound does not work" in told(), what="the host was told")


def test_an_announced_delay_goes_out_by_mail(town: Town, event: Event) -> None:
    rows = town.board(event)["hosts"]
    host = next(row for row in rows if row["name"] == town.world.users[in_list(town)[1]].display_name)
    assert town.api("orga", "POST", f"{event.path}/hosts/{host['id']}/delay", {"minutes": 15}) == {"told": 1}
    eventually(lambda: any("15 minutes later" in mail.subject for mail in town.world.mails), what="the mail")
    mail = next(mail for mail in town.world.mails if "15 minutes later" in mail.subject)
    assert "is running late" in mail.text and "Demir@" in mail.to


def test_a_rehearsal_has_three_rooms_and_a_mail_and_leaves_nothing(town: Town, event: Event) -> None:
    town.api("orga", "POST", f"{event.path}/rehearsal", {"on": True, "tell": True})
    eventually(lambda: town.api("orga", "GET", f"{event.path}/rehearsal")["state"] == "on", what="the rooms are there")
    assert len(town.world.rooms_of("orga")) == 3
    eventually(lambda: any(mail.subject.startswith("Does your video work?") for mail in town.world.mails))
    family = event.family("x")
    page = family.get(join_link(town, "Demir@post.example")).text
    assert page.count("Test room") == 3
    town.api("orga", "POST", f"{event.path}/rehearsal", {"on": False})
    eventually(lambda: not town.world.rooms_of("orga"), what="the rooms are gone")
    # Noted a moment after the last room has gone.
    eventually(lambda: town.api("orga", "GET", f"{event.path}/rehearsal")["rooms"] == [], what="nothing is left")


def test_a_conference_goes_with_its_test_rooms(town: Town, event: Event) -> None:
    other = town.conference(["t05"], name="Zweiter")
    town.api("orga", "POST", f"{other.path}/rehearsal", {"on": True})
    eventually(lambda: len(town.world.rooms_of("orga")) == 3, what="the rooms are there")
    assert town.raw_api("orga", "DELETE", other.path).status_code == 409
    eventually(lambda: town.raw_api("orga", "DELETE", other.path).status_code == 204, what="it can be deleted")
    assert not town.world.rooms_of("orga")


def test_the_last_minute_change_to_on_site_reaches_calendar_and_talk(town: Town, event: Event) -> None:
    family = event.family("Last")
    family.book(place="video", host=1)
    link = join_link(town, "Last@post.example")
    before = len(town.world.rooms_of(in_list(town)[1]))
    assert "now at the school" in family.browser.post(f"{link}/on-site", data={"lang": ""}).text
    eventually(lambda: len(town.world.rooms_of(in_list(town)[1])) == before - 1, what="the room is gone")
