# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of all bookings: short, and nothing is lost on the way."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

import shown
from hosts.conftest import Api
from house import open_stage
from sprechtag.conference.tables import Booking, Effect

MOST_BYTES = 140
"""Of a row with names and addresses of usual length."""


async def listed(api: Api, more: str = "") -> list[dict[str, Any]]:
    return shown.bookings(await api("GET", f"{api.one}/bookings{more}"))


def follow(api: Api, **values: Any) -> None:
    with api.school.database.write() as session:
        session.execute(update(Effect).values(applied_revision=1, **values))


async def test_it_holds_what_a_booking_is(organiser: Api) -> None:
    later, sooner = organiser.school.slots("t02")[3], organiser.school.slots()[1]
    views = [
        organiser.school.book(slot, who, place)
        for slot, who, place in ((later, "a", "video"), (sooner, "b", "on_site"))
    ]
    rows = await listed(organiser)
    assert [row["id"] for row in rows] == [views[1].public_id, views[0].public_id], "by time"
    first = await organiser("GET", f"bookings/{rows[0]['id']}")
    for name in (
        "id",
        "code",
        "state",
        "place",
        "child",
        "school_class",
        "guest_name",
        "guest_email",
        "host_user_id",
        "host_name",
        "unconfirmed",
    ):
        assert rows[0][name] == first[name], name
    assert rows[0]["start"] == int(sooner.starts_at.timestamp())


async def test_what_is_as_usual_is_left_out(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a", "video")
    organiser.school.book(organiser.school.slots()[1], "b")
    answer = await organiser("GET", f"{organiser.one}/bookings")
    assert answer["rows"][0][-1] == {"steps": {"calendar": "waiting", "mail": "waiting", "talk": "waiting"}}
    follow(organiser)
    answer = await organiser("GET", f"{organiser.one}/bookings")
    assert [len(row) for row in answer["rows"]] == [len(answer["columns"])] * 2
    organiser.school.desk.cancel(view.id)
    (cancelled, other) = (await organiser("GET", f"{organiser.one}/bookings"))["rows"]
    assert cancelled[-1]["state"] == "cancelled" and len(other) == len(answer["columns"])


async def test_what_was_said_of_an_effect_is_told_also_where_it_is_done(organiser: Api) -> None:
    organiser.school.book(organiser.school.slots()[0])
    follow(organiser, last_error="The answer got lost.")
    (row,) = await listed(organiser)
    assert {(one["kind"], one["state"]) for one in row["effects"]} >= {("mail", "done")}
    assert row["said"]["mail"] == "The answer got lost." and "steps" not in row


async def test_who_else_comes_is_named(organiser: Api, host: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0])
    await organiser(
        "POST",
        f"bookings/{view.public_id}/people",
        {"name": "Oma Inge", "email": "oma@post.example", "kind": "relative"},
    )
    for reader in (organiser, host):
        (row,) = await listed(reader)
        assert row["people"] == ["Oma Inge"]
        assert (await reader("GET", f"bookings/{view.public_id}"))["people"] == ["Oma Inge"]


async def test_notes_and_rooms_are_for_the_host(organiser: Api, host: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a", "video")
    await host("PUT", f"bookings/{view.public_id}/note", {"note": "Reads well."})
    with organiser.school.database.write() as session:
        link = {"link": "http://nc.example/call/r"}
        session.execute(update(Effect).where(col(Effect.kind) == "talk").values(remote=link))
    (mine,) = await listed(host)
    assert (mine["note"], mine["video_link"]) == ("Reads well.", "http://nc.example/call/r")
    (all_of_them,) = await listed(organiser)
    assert "note" not in all_of_them and "video_link" not in all_of_them
    assert (await organiser.answer("GET", f"{organiser.one}/bookings?mine=true")).status_code == 404, "is no host"


async def test_an_organiser_who_is_a_host_can_ask_for_the_own_ones(tmp_path: Path) -> None:
    async with open_stage(tmp_path, hosts=("orga", "t02")) as stage:
        both = Api(stage, stage.as_user("orga"))
        stage.school.book(stage.school.slots("orga")[0], "a")
        stage.school.book(stage.school.slots("t02")[0], "b")
        assert [row["guest_name"] for row in await listed(both, "?mine=true")] == ["Family a"]
        assert len(await listed(both)) == 2


@pytest.mark.parametrize("place", ["on_site", "video"])
async def test_it_grows_by_few_bytes_a_booking(organiser: Api, place: str) -> None:
    sizes = []
    for first, last in ((0, 3), (3, 6), (6, 12)):
        for number in range(first, last):
            organiser.school.book(organiser.school.slots()[number], f"yilmaz{number:02}", place)
        follow(organiser)
        sizes.append(len((await organiser.answer("GET", f"{organiser.one}/bookings")).content))
    three, six, twelve = sizes
    assert twelve - six == 2 * (six - three)
    assert (six - three) / 3 < MOST_BYTES


async def test_the_answer_is_as_its_model_says(organiser: Api) -> None:
    from sprechtag.hosts.booking_list import ListAnswer

    view = organiser.school.book(organiser.school.slots()[0])
    with organiser.school.database.write() as session:
        session.get_one(Booking, view.id).state = "cancelled"
    ListAnswer.model_validate(await organiser("GET", f"{organiser.one}/bookings"))
