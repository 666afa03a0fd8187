# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the app relies on, asked of the stand-in or, with credentials in the environment, of a real Nextcloud.

Real: `NEXTCLOUD_URL`, `APP_ID`, `APP_VERSION` and `APP_SECRET` of a registered and enabled app, `CONTRACT_USER`, a user without
calendar entries and with the right to create Talk rooms, and `CONTRACT_PARTNER`, another user."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest

from sprechtag.nextcloud import calendar, instance, notifications, people, talk
from sprechtag.nextcloud.errors import Missing, NotAllowed
from sprechtag.nextcloud.session import Door, UserSession
from town import Town, open_town

REAL = os.environ.get("NEXTCLOUD_URL", "")
USER = os.environ.get("CONTRACT_USER", "t50")
PARTNER = os.environ.get("CONTRACT_PARTNER", "t49")


@pytest.fixture(scope="module")
def door() -> object:
    if REAL:
        names = ("NEXTCLOUD_URL", "APP_ID", "APP_VERSION", "APP_SECRET")
        yield Door(*(os.environ[name] for name in names))
        return
    with open_town() as town:
        yield _door(town)


def _door(town: Town) -> Door:
    return Door(town.url, town.world.app.id, town.world.app.version, town.world.app.secret)


@pytest.fixture
async def session(door: Door) -> AsyncIterator[UserSession]:
    async with door.as_user(USER) as session:
        yield session


def event(
    uid: str, location: str, attendee: str = "", summary: str = "Kind (5b)", starts: datetime | None = None
) -> str:
    start = starts or datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Sprechtag//contract//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(minutes=10):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{summary}",
        f"LOCATION{location}",
        *([attendee] if attendee else []),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines)


async def write(session: UserSession, name: str, text: str, is_new: bool = True, refused_before: bool = False) -> None:
    where = await calendar.find_or_create(session)
    await calendar.put(session, where, name, text, is_new=is_new, refused_before=refused_before)


async def test_who_i_am(session: UserSession) -> None:
    profile = await people.profile(session)
    assert profile.display_name and "@" in profile.email


async def test_an_unknown_user_is_refused(door: Door) -> None:
    async with door.as_user("nobody-of-this-name") as session:
        with pytest.raises(NotAllowed):
            await people.profile(session)


async def test_the_app_itself_reads_the_theming_and_the_public_address(door: Door) -> None:
    async with door.as_user("") as session:
        assert (await instance.theming(session))["color"].startswith("#")
        address = await instance.public_url(session, "/index.php/apps/app_api/proxy/sprechtag")
        assert address.startswith("http") and address.endswith("/proxy/sprechtag")


async def test_an_event_is_written_read_changed_and_deleted(session: UserSession) -> None:
    name = f"contract-{secrets.token_hex(6)}"
    where = await calendar.find_or_create(session)
    assert where == "personal"
    assert await calendar.get(session, where, name) is None
    await write(session, name, event(f"{name}@x", ":Room 1"))
    stored = await calendar.get(session, where, name)
    assert stored is not None and "LOCATION:Room 1" in stored.text
    await write(session, name, event(f"{name}@x", ":Room 2"), is_new=False)
    changed = await calendar.get(session, where, name)
    assert changed is not None and "Room 2" in changed.text
    await calendar.delete(session, where, name)
    await calendar.delete(session, where, name)
    assert await calendar.get(session, where, name) is None


async def test_the_server_notes_what_became_of_an_invitation_and_repeats_it_when_forced(
    session: UserSession,
) -> None:
    """1.1 sent, 5.0 not sent; a raised SEQUENCE alone sends nothing and leaves no note, nor does force alone."""
    name = f"contract-{secrets.token_hex(6)}"
    where = await calendar.find_or_create(session)
    organizer = f"ORGANIZER;CN=Host:mailto:{(await people.profile(session)).email}"
    noted = []
    for sequence, force in ((1, ""), (2, ""), (2, ";SCHEDULE-FORCE-SEND=REQUEST"), (3, ";SCHEDULE-FORCE-SEND=REQUEST")):
        attendee = f"ATTENDEE;CN=Family;PARTSTAT=ACCEPTED{force}:mailto:family@post.example"
        lines = f"SEQUENCE:{sequence}\r\n{organizer}\r\n{attendee}"
        text = event(f"{name}@x", ":Room 1", lines, starts=datetime(2030, 1, 14, 14, tzinfo=UTC))
        await write(session, name, text, is_new=not noted)
        stored = await calendar.get(session, where, name)
        assert stored is not None and stored.etag
        unfolded = stored.text.replace("\r\n ", "").replace("\n ", "")
        noted.append("SCHEDULE-STATUS=1.1" in unfolded or "SCHEDULE-STATUS=5.0" in unfolded)
    assert noted == [True, False, False, True]
    await calendar.delete(session, where, name)


async def test_events_are_read_with_their_repetitions_and_whole_days(session: UserSession) -> None:
    name = f"contract-{secrets.token_hex(6)}"
    where = await calendar.find_or_create(session)
    start = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=40)
    repeated = event(f"{name}@x", ":Room", starts=start).replace("SUMMARY", "RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY")
    await write(session, name, repeated)
    day = start + timedelta(days=1)
    whole = event(f"{name}-day@x", ":Room")
    whole = "\r\n".join(line for line in whole.split("\r\n") if not line.startswith(("DTSTART", "DTEND")))
    whole = whole.replace("SUMMARY", f"DTSTART;VALUE=DATE:{day:%Y%m%d}\r\nSUMMARY")
    await write(session, f"{name}-day", whole)
    try:
        ends = day + timedelta(hours=2)
        found = await calendar.events_between(session, where, day - timedelta(hours=1), ends, "Europe/Berlin")
        spans = {one.uid: (one.starts_at, one.ends_at) for one in found if one.uid.startswith(name)}
        assert spans[f"{name}@x"] == (day, day + timedelta(minutes=10))
        begins, ends = spans[f"{name}-day@x"]
        assert ends - begins == timedelta(days=1) and begins.astimezone(ZoneInfo("Europe/Berlin")).hour == 0
        assert where in [one.name for one in await calendar.calendars(session) if one.own and one.writable]
    finally:
        await calendar.delete(session, where, name)
        await calendar.delete(session, where, f"{name}-day")


async def test_who_is_in_a_group_is_told_to_who_is_in_it(session: UserSession) -> None:
    (own, *_) = await people.groups(session)
    members = await session.ocs_map("GET", f"/ocs/v2.php/cloud/groups/{quote(own, safe='')}/users")
    assert USER in members["users"]
    for path in ("groups/admin/users", "groups", "groups/details"):
        with pytest.raises(NotAllowed):
            await session.ocs_map("GET", f"/ocs/v2.php/cloud/{path}")
    with pytest.raises(Missing):
        await session.ocs_map("GET", "/ocs/v2.php/cloud/groups/no-such-group/users")


async def test_the_admins_groups_are_told(door: Door) -> None:
    async with door.as_user("admin") as session:
        assert "admin" in await people.groups(session)


async def test_a_notification_arrives_with_its_link(door: Door, session: UserSession) -> None:
    """Whatever is in it: AppAPI's notifier puts the text through translation and vsprintf."""
    subject = secrets.token_hex(4) + ": 50 % sicher, 100%, %s %1$s %n {word} {text} a|b"
    for message in ("Zu 92 % {word} c|d", ""):
        await notifications.notify(session, subject, message, f"{door.url}/index.php/apps/files/")
        told = await session.ocs("GET", "/ocs/v2.php/apps/notifications/api/v2/notifications")
        ours = [one for one in told if one["subject"] == subject]
        assert ours[0]["message"] == message and ours[0]["link"].endswith("/apps/files/")


async def test_webhooks_are_set_for_some_users_and_taken_back(door: Door) -> None:
    async with door.as_user("") as session:

        async def ours() -> list[dict[str, Any]]:
            return [hook for hook in await session.ocs("GET", instance.WEBHOOKS) if hook["appId"] == door.app_id]

        before = await ours()
        await instance.hear_of_calendars(session, door.app_id, "/calendar-changed", [USER])
        await instance.hear_of_calendars(session, door.app_id, "/calendar-changed", [USER])
        hooks = await ours()
        assert {hook["event"] for hook in hooks} == set(instance.CALENDAR_EVENTS) and len(hooks) == 3
        assert f"principals/users/{USER}" in str(hooks[0]["eventFilter"])
        await instance.hear_of_calendars(session, door.app_id, "/calendar-changed", [])
        assert await ours() == []
        for hook in before:
            kept = ("httpMethod", "uri", "event", "eventFilter", "authMethod")
            await session.ocs("POST", instance.WEBHOOKS, body={name: hook[name] for name in kept})


async def test_a_deleted_name_cannot_be_used_again(session: UserSession) -> None:
    name = f"contract-{secrets.token_hex(6)}"
    where = await calendar.find_or_create(session)
    await write(session, name, event(f"{name}@x", ":Room 1"))
    await calendar.delete(session, where, name)
    with pytest.raises(calendar.Troubled):
        await write(session, name, event(f"{name}@x", ":Room 1"))
    with pytest.raises(calendar.NameUsedUp):
        await write(session, name, event(f"{name}@x", ":Room 1"), refused_before=True)


async def test_a_uid_stands_under_one_name_only(session: UserSession) -> None:
    name = f"contract-{secrets.token_hex(6)}"
    where = await calendar.find_or_create(session)
    await write(session, name, event(f"{name}@x", ":Room 1"))
    with pytest.raises(calendar.NameUsedUp):
        await write(session, f"{name}-again", event(f"{name}@x", ":Room 1"))
    await calendar.delete(session, where, name)


async def test_a_room_is_made_found_moved_archived_and_deleted(session: UserSession) -> None:
    able = await talk.ability(session)
    assert able.can_create and able.full_creation
    name = f"Contract {secrets.token_hex(4)}"
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    room = await talk.create(session, able, name, start, start + timedelta(minutes=10), start)
    assert room.lobby_timer == int(start.timestamp())
    assert await talk.find(session, name) == room
    await talk.set_lobby(session, room.token, start + timedelta(hours=1))
    moved = await talk.get(session, room.token)
    assert moved is not None and moved.lobby_timer == int(start.timestamp()) + 3600
    await talk.archive(session, room.token)
    assert await talk.find(session, name) is not None
    await talk.delete(session, room.token)
    await talk.delete(session, room.token)
    assert await talk.get(session, room.token) is None
    assert await talk.find(session, name) is None


@pytest.mark.parametrize(("separator", "renamed"), [(":", True), (";LANGUAGE=de:", False)])
async def test_talk_copies_an_event_into_its_room_unless_location_has_a_parameter(
    session: UserSession, separator: str, renamed: bool
) -> None:
    """The fact behind the parameter in our LOCATION: it keeps the child's name out of the room."""
    able = await talk.ability(session)
    room_name = f"Contract {secrets.token_hex(4)}"
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    room = await talk.create(session, able, room_name, start, start + timedelta(minutes=10), start)
    name = f"contract-{secrets.token_hex(6)}"
    link = f"{separator}http://cloud.example/call/{room.token}"
    await write(session, name, event(f"{name}@x", link, summary=f"Child {name}"))
    assert (await talk.find(session, room_name) is None) == renamed
    await calendar.delete(session, await calendar.find_or_create(session), name)
    await talk.delete(session, room.token)


def guest(door: Door) -> httpx.AsyncClient:
    """Somebody without an account in a browser of its own."""
    cookies = {} if REAL else {"ncsandbox_guest": secrets.token_hex(4)}
    headers = {"OCS-APIRequest": "true", "Accept": "application/json"}
    return httpx.AsyncClient(base_url=door.url, headers=headers, cookies=cookies, timeout=30)


async def test_another_user_becomes_a_moderator_whom_the_lobby_does_not_hold(door: Door, session: UserSession) -> None:
    able = await talk.ability(session)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    name = f"Contract {secrets.token_hex(4)}"
    room = await talk.create(session, able, name, start, start + timedelta(hours=1), start)
    for _ in range(2):
        await talk.make_moderator(session, room.token, PARTNER)
    with pytest.raises(Missing):
        await talk.make_moderator(session, room.token, "nobody-of-this-name")
    people = await session.ocs_list("GET", f"{talk.API}/room/{room.token}/participants")
    there = {one["actorId"]: one["participantType"] for one in people if one["actorType"] == "users"}
    assert there == {USER: 1, PARTNER: 2}
    await talk.delete(session, room.token)


async def test_a_guest_joins_the_call_once_the_lobby_is_open_and_the_host_sees_it(
    door: Door, session: UserSession
) -> None:
    able = await talk.ability(session)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    room = await talk.create(
        session, able, f"Contract {secrets.token_hex(4)}", start, start + timedelta(hours=1), start
    )
    active = f"/ocs/v2.php/apps/spreed/api/v4/room/{room.token}/participants/active"
    call = f"/ocs/v2.php/apps/spreed/api/v4/call/{room.token}"
    async with guest(door) as family:
        assert (await family.post(active)).status_code == 200
        assert (await family.post(call, json={"flags": 7})).status_code == 412, "the lobby is closed"
        await talk.set_lobby(session, room.token, datetime.now(UTC) + timedelta(seconds=1))
        await asyncio.sleep(2)
        await talk.get(session, room.token)
        assert await talk.in_call(session, room.token) == []
        assert (await family.post(active)).status_code == 200
        assert (await family.post(call, json={"flags": 7})).status_code == 200
        (there,) = await talk.in_call(session, room.token)
        assert there.startswith("guests/")
        assert (await family.delete(call)).status_code == 200
    assert await talk.in_call(session, room.token) == []
    await talk.delete(session, room.token)


async def test_a_bot_is_registered_once_taken_into_a_room_and_forgotten(door: Door, session: UserSession) -> None:
    """Under a name of its own: of the bots with the app's name the app takes the newest, so one that stayed behind here
    would leave the board of a real server without a word."""
    name = f"Contract {secrets.token_hex(4)}"
    route = f"/talk_bot/{secrets.token_hex(8)}"

    async def ours(token: str) -> list[dict[str, Any]]:
        return [bot for bot in await session.ocs("GET", f"{talk.BOTS}/{token}") if bot["name"] == name]

    token = await talk.create_open(session, name)
    async with door.as_user("") as app:
        try:
            for _ in range(2):
                await talk.register_bot(app, name, route, "Which calls are up.")
            assert await talk.enable_bot(session, token, name)
            assert await talk.enable_bot(session, token, name), "again is fine"
            assert not await talk.enable_bot(session, token, "No such bot")
            (bot,) = await ours(token)
            assert bot["state"] == talk.BOT_ENABLED
        finally:
            await talk.forget_bot(app, route)
        assert await ours(token) == [], "it has left the room too"
        await talk.forget_bot(app, route)
    await talk.delete(session, token)


async def test_talk_names_the_servers_that_a_browser_tries(session: UserSession) -> None:
    found = await talk.relays(session)
    assert found.mode in ("internal", "external", "conversation_cluster")
    assert all(isinstance(server["urls"], list) and server["urls"] for server in found.servers)
