# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import UTC, datetime, timedelta
from typing import Any

from hosts.conftest import Api

RULES = {"name": "Sprechtag", "windows": [{"day": "2027-03-03", "starts": "15:00", "ends": "17:00"}]}


async def test_a_preview_counts_slots_and_families(organiser: Api) -> None:
    found = await organiser("POST", "preview?hosts=70&each=4", RULES | {"slot_minutes": 10, "pause_minutes": 5})
    assert (len(found["times"]), found["slots"], found["families"]) == (8, 560, 140)
    assert found["times"][:2] == ["2027-03-03T14:00:00Z", "2027-03-03T14:15:00Z"]


async def test_a_preview_says_what_is_wrong(organiser: Api) -> None:
    windows = [{"day": "2027-03-03", "starts": "17:00", "ends": "15:00"}]
    answer = await organiser.answer("POST", "preview", RULES | {"windows": windows})
    assert answer.status_code == 422 and "ends before it starts" in answer.json()["message"]


async def test_a_copy_has_rules_and_hosts_and_other_days(organiser: Api) -> None:
    organiser.school.change(opens_at=datetime(2027, 1, 6, 8, tzinfo=UTC))
    made = await organiser("POST", f"{organiser.one}/copy", {"first_day": "2027-07-14", "name": "Sommer"})
    assert (made["name"], made["state"]) == ("Sommer", "draft")
    assert [window["day"] for window in made["windows"]] == ["2027-07-14"]
    # Nine in the morning in Berlin, in winter and in summer.
    assert made["opens_at"] == "2027-07-07T07:00:00Z"
    hosts = await organiser("GET", f"conferences/{made['id']}/hosts")
    assert {(host["user_id"], host["state"]) for host in hosts} == {("t01", "invited"), ("t02", "invited")}


async def test_a_copy_has_the_tandems_too(organiser: Api) -> None:
    await organiser("POST", f"{organiser.one}/tandems", {"hosts": ["t02", "t01"], "room": "Aula"})
    made = await organiser("POST", f"{organiser.one}/copy", {"first_day": "2027-07-14"})
    hosts = await organiser("GET", f"conferences/{made['id']}/hosts")
    (pair,) = [host for host in hosts if host["tandem"]]
    assert len(hosts) == 3
    assert (pair["partners"], pair["room"], pair["state"]) == (["t02", "t01"], "Aula", "invited")


async def test_the_grid_holds_everything(organiser: Api) -> None:
    slot = organiser.school.slots()[2]
    organiser.school.book(slot, "a")
    grid = await organiser("GET", f"{organiser.one}/grid")
    assert [host["user_id"] for host in grid["hosts"]] == ["t01", "t02"]
    assert [len(slots) for slots in grid["slots"]] == [12, 12]
    assert grid["slots"][0][2] == [slot.public_id, int(slot.starts_at.timestamp()), 10, ""]
    (booking,) = grid["bookings"]
    assert (booking["slot_public_id"], booking["child"], booking["step"]) == (slot.public_id, "Child a", "waiting")


async def test_booking_on_the_phone_needs_neither_opening_nor_address(organiser: Api) -> None:
    organiser.school.change(opens_at=organiser.school.clock.now + timedelta(days=1), max_bookings_per_guest=1)
    slots = organiser.school.slots()
    form = {"place": "video", "child": "Kind", "name": "Oma Yılmaz"}
    for number in (0, 1):
        made = await organiser(
            "POST", f"{organiser.one}/bookings", form | {"slot_id": slots[number].public_id, "key": f"call-{number}"}
        )
        assert (made["guest_email"], made["place"], made["state"]) == ("", "video", "active")
    again = await organiser(
        "POST", f"{organiser.one}/bookings", form | {"slot_id": slots[0].public_id, "key": "call-0"}
    )
    assert len((await organiser("GET", f"{organiser.one}/bookings"))["rows"]) == 2 and again["child"] == "Kind"


async def test_a_taken_slot_is_refused_in_words(organiser: Api) -> None:
    slot = organiser.school.slots()[0]
    organiser.school.book(slot)
    form = {"slot_id": slot.public_id, "place": "on_site", "child": "Kind", "name": "N"}
    answer = await organiser.answer("POST", f"{organiser.one}/bookings", form)
    assert (answer.status_code, answer.json()["error"]) == (409, "slot_taken")


async def test_moving_and_cancelling_carry_a_message(organiser: Api) -> None:
    slots = organiser.school.slots()
    view = organiser.school.book(slots[0])
    path = f"bookings/{view.public_id}"
    moved = await organiser("POST", f"{path}/move", {"slot_id": slots[5].public_id, "message": "Herr T. kommt später."})
    assert moved["starts_at"] == slots[5].starts_at.isoformat().replace("+00:00", "Z")
    assert organiser.school.view(view.id).message == "Herr T. kommt später."
    assert (await organiser("POST", f"{path}/cancel", {"message": "Krank."}))["state"] == "cancelled"
    answer = await organiser.answer("POST", f"{path}/move", {"slot_id": slots[6].public_id})
    assert answer.json()["error"] == "already_cancelled"


async def test_slots_are_closed_and_opened(organiser: Api, host: Api) -> None:
    slots = organiser.school.slots()
    organiser.school.book(slots[0])
    path = f"slots/{slots[3].public_id}"
    await organiser("PUT", path, {"blocked": True})
    assert organiser.school.slots()[3].blocked_by == "organiser"
    assert (await host.answer("PUT", path, {"blocked": False})).status_code == 409
    await organiser("PUT", path, {"blocked": False})
    await host("PUT", path, {"blocked": True})
    assert organiser.school.slots()[3].blocked_by == "host"
    booked = await organiser.answer("PUT", f"slots/{slots[0].public_id}", {"blocked": True})
    assert booked.json()["error"] == "has_bookings"


async def test_progress_counts_and_names_troubles(organiser: Api) -> None:
    slots = organiser.school.slots()
    organiser.school.book(slots[0], "a")
    organiser.school.book(slots[1], "b", place="video")
    found = await organiser("GET", f"{organiser.one}/progress")
    assert (found["bookings"], found["guests"], found["video"]) == (2, 2, 1)
    assert found["hosts"][0] == {"user_id": "t01", "name": "Teacher t01", "slots": 12, "booked": 2}
    assert found["by_class"] == [{"name": "5b", "bookings": 2, "invited": 0, "with_booking": 0}]
    assert found["steps"] == {"waiting": 2}
    assert found["mail"] == {"channel": "calendar", "per_hour": 0, "hours_for_all": 0.0, "tested": False}


async def test_progress_says_what_a_conference_still_lacks(organiser: Api) -> None:
    async def standing() -> Any:
        return (await organiser("GET", f"{organiser.one}/progress"))["standing"]

    await organiser("POST", f"{organiser.one}/hosts", [{"user_id": "t08"}, {"user_id": "t09"}])
    await organiser("POST", f"{organiser.one}/hosts-change", {"hosts": ["t01"], "room": ""})
    before = await standing()
    assert (before["invited"], before["joined"], before["declined"]) == (2, 2, 0)
    assert (before["without_room"], before["without_place"], before["own_texts"]) == (1, 0, False)
    by_video = {"hosts": ["t01"], "offers_on_site": False, "offers_video": True}
    await organiser("POST", f"{organiser.one}/hosts-change", by_video)
    await organiser("PUT", f"{organiser.one}/texts", {"texts": {"booked": {"de": "Bis bald!"}}})
    after = await standing()
    assert (after["without_room"], after["own_texts"]) == (0, True)


async def test_the_share_link_is_a_qr_code(organiser: Api) -> None:
    answer = await organiser.answer("GET", f"{organiser.one}/share-link.svg")
    assert answer.headers["content-type"] == "image/svg+xml" and answer.text.rstrip().endswith("</svg>")


async def test_a_conference_goes_only_when_everybody_has_been_told(organiser: Api) -> None:
    organiser.school.desk.cancel(organiser.school.book(organiser.school.slots()[0]).id)
    answer = await organiser.answer("DELETE", organiser.one)
    assert (answer.status_code, answer.json()["error"]) == (409, "still_following")


async def test_a_teacher_is_ill(organiser: Api) -> None:
    """Looked at first, then done; the substitute's list and the job show it."""
    for number in (0, 1):
        organiser.school.book(organiser.school.slots()[number], f"f{number}")
    organiser.school.book(organiser.school.slots("t02")[1], "other")
    data = {"host": "t01", "substitute": "t02", "message": "Gute Besserung!"}
    found = await organiser("POST", f"{organiser.one}/absence-preview", data)
    assert (found["guests"], found["kept"], len(found["moved"]), found["cancelled"]) == (2, 1, 1, [])
    job = await organiser("POST", f"{organiser.one}/absence", data)
    assert (job["kind"], job["total"]) == ("absence", 2)
    refused = await organiser.answer("POST", f"{organiser.one}/absence-preview", data | {"substitute": "t01"})
    assert refused.status_code == 422 and "somebody else" in refused.json()["message"]
    assert (await organiser.answer("POST", f"{organiser.one}/absence", data | {"host": "nobody"})).status_code == 404


async def test_an_appointment_is_made_longer(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    longer = await organiser("POST", f"bookings/{view.public_id}/length", {"times": 2})
    assert (longer["times"], longer["ends_at"]) == (2, "2027-01-13T14:20:00Z")
    rows = (await organiser("GET", f"{organiser.one}/bookings"))["rows"]
    assert rows[0][-1]["until"] == int(organiser.school.slots()[1].ends_at.timestamp())
    closed = organiser.school.slots()[1]
    answer = await organiser.answer("PUT", f"slots/{closed.public_id}", {"blocked": False})
    assert answer.status_code == 409 and "Another appointment" in answer.json()["message"]
    organiser.school.book(organiser.school.slots()[2], "b")
    answer = await organiser.answer("POST", f"bookings/{view.public_id}/length", {"times": 3})
    assert answer.status_code == 409 and "time after" in answer.json()["message"]


async def test_an_appointment_is_given_to_another_host(organiser: Api) -> None:
    school = organiser.school
    view = school.book(school.slots()[0], "a", "video")
    slot = school.slots("t02")[4]
    made = await organiser(
        "POST", f"bookings/{view.public_id}/hand-over", {"slot_id": slot.public_id, "message": "Ill"}
    )
    assert (made["host_user_id"], made["place"], made["slot_id"]) == ("t02", "video", slot.public_id)
    assert (await organiser("GET", f"bookings/{view.public_id}"))["state"] == "cancelled"
    again = await organiser.answer("POST", f"bookings/{view.public_id}/hand-over", {"slot_id": slot.public_id})
    assert again.status_code == 409
    school.book(school.slots()[5], "b")
    taken = await organiser.answer("POST", f"bookings/{made['id']}/hand-over", {"slot_id": school.slots()[5].public_id})
    assert taken.status_code == 409 and (await organiser("GET", f"bookings/{made['id']}"))["state"] == "active"
