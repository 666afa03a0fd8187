# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from hosts.conftest import Api


async def test_a_host_sets_room_places_and_times(host: Api) -> None:
    assert (await host("GET", f"{host.one}/me"))["windows"] == []
    own = {
        "room": "B 12",
        "offers_on_site": False,
        "offers_video": True,
        "windows": [{"day": "2027-01-13", "starts": "16:00", "ends": "16:30"}],
    }
    await host("PUT", f"{host.one}/me", own)
    assert len(host.school.slots()) == 3
    assert (await host("GET", f"{host.one}/me"))["room"] == "B 12"


async def test_a_host_cannot_drop_booked_times(host: Api) -> None:
    host.school.book(host.school.slots()[0])
    own = {"room": "B 12", "windows": [{"day": "2027-01-13", "starts": "16:00", "ends": "16:30"}]}
    answer = await host.answer("PUT", f"{host.one}/me", own)
    assert answer.json()["error"] == "has_bookings" and len(host.school.slots()) == 12
    assert (await host("GET", f"{host.one}/me"))["room"] == "A 101"


async def test_a_note_is_for_the_host_alone(host: Api, organiser: Api) -> None:
    view = host.school.book(host.school.slots()[0])
    path = f"bookings/{view.public_id}"
    await host("PUT", f"{path}/note", {"note": "Mathe ansprechen"})
    assert (await host("GET", path))["note"] == "Mathe ansprechen"
    assert (await organiser("GET", path))["note"] is None


async def test_the_office_sets_hours_of_many_at_once(organiser: Api, host: Api) -> None:
    windows = [{"day": "2027-01-13", "starts": "15:00", "ends": "15:30"}]
    windows += [{"day": "2027-01-13", "starts": "15:40", "ends": "16:00"}]
    body = {"hosts": ["t01", "t02"], "windows": windows, "offers_video": False, "min_pause_minutes": 5}
    changed = await organiser("POST", f"{organiser.one}/hosts-change", body)
    assert [(one["user_id"], one["offers_video"], one["room"]) for one in changed] == [
        ("t01", False, "A 101"),
        ("t02", False, "A 101"),
    ]
    assert [len(organiser.school.slots(user)) for user in ("t01", "t02")] == [5, 5]
    organiser.school.book(organiser.school.slots()[4], "a")
    later = [{"day": "2027-01-13", "starts": "16:00", "ends": "17:00"}]
    refused = await organiser.answer(
        "POST", f"{organiser.one}/hosts-change", {"hosts": ["t02", "t01"], "windows": later}
    )
    assert refused.status_code == 409 and len(organiser.school.slots("t02")) == 5, "all or none"
    nothing = {"hosts": ["t01"], "offers_on_site": False}
    assert (await organiser.answer("POST", f"{organiser.one}/hosts-change", nothing)).status_code == 422
    assert (await organiser.answer("POST", f"{organiser.one}/hosts-change", {"hosts": ["nobody"]})).status_code == 404


async def test_a_host_changes_only_what_the_office_leaves_open(organiser: Api, host: Api) -> None:
    organiser.school.change(hosts_change=False)
    own = await host("GET", f"{host.one}/me")
    answer = await host.answer("PUT", f"{host.one}/me", own | {"room": "B 7"})
    assert answer.status_code == 409 and "the office sets" in answer.json()["message"]
    kept = await host("PUT", f"{host.one}/me", own | {"min_pause_minutes": 10})
    assert (kept["min_pause_minutes"], kept["room"]) == (10, "A 101")


async def test_the_office_changes_a_room_and_the_hosts_own_times_stay(organiser: Api, host: Api) -> None:
    own = await host("GET", f"{host.one}/me")
    windows = [{"day": "2027-01-13", "starts": "16:00", "ends": "16:30"}]
    await host("PUT", f"{host.one}/me", own | {"windows": windows})
    await organiser("POST", f"{organiser.one}/hosts", [{"user_id": "t01", "room": "B 9"}])
    assert len(host.school.slots()) == 3 and (await host("GET", f"{host.one}/me"))["room"] == "B 9"
    await organiser("POST", f"{organiser.one}/hosts", [{"user_id": "t01", "windows": []}])
    assert len(host.school.slots()) == 12
