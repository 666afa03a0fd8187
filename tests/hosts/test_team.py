# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference is organised together: deputies, the front desk, and somebody else when the owner has left."""

import pytest

from conftest import NOW, notices
from hosts.conftest import Api
from house import Stage
from sprechtag.conference import team
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Conference


@pytest.fixture
def deputy(stage: Stage) -> Api:
    return Api(stage, stage.as_user("t05"))


@pytest.fixture
def desk(stage: Stage) -> Api:
    return Api(stage, stage.as_user("t06"))


async def name(organiser: Api) -> None:
    members = [{"user_id": "t05", "name": "Deputy"}, {"user_id": "t06", "name": "Desk", "role": "desk"}]
    found = await organiser("PUT", f"{organiser.one}/team", {"members": members})
    assert (found["owner"], [one["role"] for one in found["members"]]) == ("orga", ["organiser", "desk"])


async def test_nobody_else_is_in_it(organiser: Api, deputy: Api, desk: Api) -> None:
    for other in (deputy, desk):
        assert (await other.answer("GET", f"{organiser.one}/grid")).status_code == 404
        assert (await other.answer("PUT", f"{organiser.one}/team", {"members": []})).status_code == 404
        assert await other("GET", "conferences") == []


async def test_a_deputy_organises_all_but_the_team(organiser: Api, deputy: Api) -> None:
    await name(organiser)
    (mine,) = await deputy("GET", "conferences")
    assert (mine["role"], mine["owner"]) == ("organiser", False)
    fields = ("name", "windows", "slot_minutes", "pause_minutes", "time_zone")
    rules = {key: mine[key] for key in fields} | {"name": "New name"}
    assert (await deputy("PUT", deputy.one, rules))["name"] == "New name"
    view = organiser.school.book(organiser.school.slots()[0], "a")
    assert (await deputy("GET", f"bookings/{view.public_id}"))["guest_email"] == "a@post.example"
    job = await deputy("POST", f"{deputy.one}/switch", {"place": "video"})
    assert job["total"] == 1
    for method, path, body in (
        ("PUT", "/team", {"members": []}),
        ("PUT", "/owner", {"user_id": "t05"}),
        ("DELETE", "", None),
    ):
        assert (await deputy.answer(method, f"{deputy.one}{path}", body)).status_code == 404, path


async def test_the_front_desk_looks_books_and_moves_and_no_more(organiser: Api, desk: Api) -> None:
    await name(organiser)
    (mine,) = await desk("GET", "conferences")
    assert (mine["role"], mine["share_link"]) == ("desk", "")
    slots = organiser.school.slots()
    form = {"place": "on_site", "child": "Kind", "name": "Oma", "slot_id": slots[0].public_id}
    booked = await desk("POST", f"{desk.one}/bookings", form)
    moved = await desk("POST", f"bookings/{booked['id']}/move", {"slot_id": slots[3].public_id})
    assert moved["slot_id"] == slots[3].public_id
    await desk("POST", f"bookings/{booked['id']}/place", {"place": "video"})
    for path in ("grid", "progress", "bookings", "board", "families", "hosts"):
        await desk("GET", f"{desk.one}/{path}")
    await desk("POST", f"bookings/{booked['id']}/cancel", {})
    refused = (
        ("PUT", desk.one, {"name": "X", "windows": mine["windows"]}),
        ("POST", f"{desk.one}/switch", {"place": "video"}),
        ("POST", f"{desk.one}/cancel-all", {}),
        ("POST", f"{desk.one}/absence", {"host": "t01"}),
        ("POST", f"{desk.one}/messages", {"subject": "x", "text": "y"}),
        ("POST", f"{desk.one}/families", [{"name": "x"}]),
        ("POST", f"{desk.one}/hosts", [{"user_id": "t09"}]),
        ("POST", f"{desk.one}/close", None),
        ("POST", f"{desk.one}/share-link", None),
        ("GET", f"{desk.one}/export/bookings.csv", None),
        ("PUT", f"slots/{slots[5].public_id}", {"blocked": True}),
        ("GET", f"{desk.one}/team", None),
    )
    for method, path, body in refused:
        assert (await desk.answer(method, path, body)).status_code == 404, path


async def test_it_is_handed_over(organiser: Api, deputy: Api) -> None:
    await name(organiser)
    await organiser("PUT", f"{organiser.one}/owner", {"user_id": "t05", "name": "Deputy", "former_name": "Orga"})
    found = await deputy("GET", f"{deputy.one}/team")
    assert (found["owner"], [one["user_id"] for one in found["members"]]) == ("t05", ["t06", "orga"])
    assert (await organiser("GET", organiser.one))["owner"] is False
    assert (await organiser.answer("PUT", f"{organiser.one}/owner", {"user_id": "orga"})).status_code == 404
    database = organiser.school.database
    assert {user for user, _ in notices(database, "owner")} == {"t05"}
    assert {user for user, _ in notices(database, "deputy")} == {"t05", "t06"}


async def test_an_admin_takes_over_from_somebody_who_is_gone(stage: Stage, organiser: Api, deputy: Api) -> None:
    admin = Api(stage, stage.as_user("admin"))
    with stage.school.database.write() as session:
        learn(session, "person:admin", {"groups": ["admin"]}, NOW)
    (one,) = await admin("GET", "admin/conferences")
    assert (one["owner"], one["name"]) == ("orga", "Elternsprechtag")
    await admin("PUT", f"admin/conferences/{one['id']}/owner", {"user_id": "t05", "name": "Deputy"})
    assert (await deputy("GET", deputy.one))["owner"] is True
    assert (await organiser.answer("GET", organiser.one)).status_code == 404
    for path in ("admin/conferences",):
        assert (await organiser.answer("GET", path)).status_code == 404
    assert (
        await organiser.answer("PUT", f"admin/conferences/{one['id']}/owner", {"user_id": "orga"})
    ).status_code == 404


def test_organisers_are_told_together(stage: Stage) -> None:
    with stage.school.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        wanted = [
            team.Member("t05", "D", "organiser"),
            team.Member("t06", "F", "desk"),
            team.Member("orga", "O", "desk"),
        ]
        team.set_members(session, conference, wanted, NOW)
        assert team.organisers(session, conference) == ["orga", "t05"]
        assert team.role_of(session, conference, "orga") == "owner"
