# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Children and households as the office enters, links and corrects them."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from hosts.conftest import Api
from hosts.test_import import enter, file, preview
from sprechtag.conference.booking import Pick
from sprechtag.conference.tables import Guest


async def families(api: Api) -> dict[str, Any]:
    return {one["name"]: one for one in await api("GET", f"{api.one}/families?all=true")}


async def test_the_office_adds_and_parts_a_second_household(organiser: Api) -> None:
    pupils = [{"name": "Mia", "school_class": "5a"}, {"name": "Ben", "school_class": "8c"}]
    first = {"name": "Aylin Kaya", "email": "aylin@post.example", "children": pupils}
    (family,) = await organiser("POST", f"{organiser.one}/families", [first])
    path = f"{organiser.one}/families/{family['id']}"
    data = {"name": "Can Kaya", "email": "can@post.example", "language": "tr", "shares": True}
    both = await organiser("POST", f"{path}/household", data)
    assert {one["name"]: one["child"] for one in both} == {"Aylin Kaya": "Mia, Ben", "Can Kaya": "Mia, Ben"}
    there = await families(organiser)
    assert there["Can Kaya"]["household"] == family["id"] and there["Aylin Kaya"]["shares"]
    assert there["Can Kaya"]["link"] != there["Aylin Kaya"]["link"]
    third = await organiser.answer("POST", f"{path}/household", data | {"email": "third@post.example"})
    assert (third.status_code, third.json()["error"]) == (409, "other_family")
    assert "third@post.example" not in {one["email"] for one in (await families(organiser)).values()}
    await organiser("POST", f"{path}/shares", {"shares": False})
    assert not (await families(organiser))["Can Kaya"]["shares"]
    await organiser("DELETE", f"{path}/household")
    there = await families(organiser)
    assert {one["household"] for one in there.values()} == {""} and there["Can Kaya"]["child"] == "Mia, Ben"
    deeds = [(one["what"], one["after"]) for one in await organiser("GET", f"{path}/history")]
    assert deeds == [("household", ""), ("household", "linked")]


async def test_a_second_parent_in_a_file_is_a_household_of_its_own(organiser: Api) -> None:
    header = "Name Elternteil 1;E-Mail Elternteil 1;Name Elternteil 2;E-Mail Elternteil 2;Kind;Klasse"
    data = file(f"{header}\nKaya;aylin@post.example;Demir;can@post.example;Mia;5a")
    seen = await preview(organiser, data)
    (line,) = seen["lines"]
    assert line["changes"]["second_email"] == ["", "can@post.example"], seen["columns"]
    await enter(organiser, data)
    there = await families(organiser)
    assert {name: one["child"] for name, one in there.items()} == {"Kaya": "Mia", "Demir": "Mia"}
    assert there["Kaya"]["household"] == there["Demir"]["id"]
    again = await preview(organiser, data)
    assert (again["same"], again["missing"]) == (1, [])


async def test_the_office_corrects_language_and_children(organiser: Api) -> None:
    pupils = [{"name": "Mia", "school_class": "5a"}, {"name": "Ben", "school_class": "8c"}]
    first = {"name": "Aylin Kaya", "email": "aylin@post.example", "children": pupils}
    (family,) = await organiser("POST", f"{organiser.one}/families", [first])
    path = f"{organiser.one}/families/{family['id']}"
    school = organiser.school
    with school.database.read() as session:
        guest_id = session.execute(select(col(Guest.id))).scalar_one()
    pick = Pick(school.slots()[0].public_id, "on_site", "Mia", "5a", "")
    booked = school.desk.book_again(guest_id or 0, pick).booking_id
    stands = await organiser("GET", f"{path}/correct")
    assert (stands["language"], [one["was"] for one in stands["children"]]) == ("de", ["Mia", "Ben"])
    wanted = [
        {"was": "Mia", "child": "Mia Lena", "school_class": "5c"},
        {"was": "Ben", "child": "Ben", "gone": True},
        {"child": "Ida", "school_class": "7a"},
    ]
    data = {"name": "Aylin Kaya", "email": "aylin@post.example", "language": "tr", "children": wanted}
    after = await organiser("POST", f"{path}/correct", data)
    assert [(one["was"], one["school_class"]) for one in after["children"]] == [("Mia Lena", "5c"), ("Ida", "7a")]
    view = school.view(booked)
    assert (view.child, view.school_class, view.language) == ("Mia Lena", "5c", "tr"), "its appointment follows"
    deeds = [(one["what"], one["before"], one["after"]) for one in await organiser("GET", f"{path}/history")]
    assert deeds == [
        ("child", "", "Ida 7a"),
        ("child", "Ben 8c", ""),
        ("child", "Mia 5a", "Mia Lena 5c"),
        ("language", "de", "tr"),
    ]
    for children, error in (
        ([{"was": "Mia Lena", "child": "-", "gone": True}], (409, "has_bookings")),
        ([{"child": "ida"}], (422, "child_twice")),
        ([{"was": "Ida", "child": "Mia Lena"}], (422, "child_twice")),
    ):
        answer = await organiser.answer("POST", f"{path}/correct", data | {"children": children})
        assert (answer.status_code, answer.json()["error"]) == error
