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
