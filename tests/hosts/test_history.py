# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever the office does to a family stands in its history, and a cancellation can be taken back for ten minutes."""

from datetime import timedelta

from sqlalchemy import select

from hosts.conftest import Api
from sprechtag.conference import jobs
from sprechtag.conference.tables import Deed, Guest, HostMinute, Job
from sprechtag.privacy.family import erase


async def kinds(api: Api, path: str) -> list[tuple[str, str]]:
    return [(one["who"], one["what"]) for one in await api("GET", path)]


async def test_it_says_who_did_what(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    path = f"bookings/{view.public_id}"
    assert await organiser("GET", f"{path}/history") == [], "what the family does itself is not in it"
    await organiser("POST", f"{path}/move", {"slot_id": organiser.school.slots()[3].public_id})
    await organiser("POST", f"{path}/place", {"place": "video"})
    await organiser("POST", f"{path}/length", {"times": 2})
    await organiser("POST", f"{path}/cancel", {})
    assert await kinds(organiser, f"{path}/history") == [
        ("orga", what) for what in ("cancelled", "length", "place", "moved")
    ]
    moved = (await organiser("GET", f"{path}/history"))[-1]
    assert (moved["before"], moved["after"]) == ("2027-01-13T14:00:00+00:00", "2027-01-13T14:30:00+00:00")


async def test_a_family_is_corrected_and_it_stands_in_its_history(organiser: Api) -> None:
    organiser.school.book(organiser.school.slots()[0], "a")
    (family,) = await organiser("GET", f"{organiser.one}/families?all=true")
    path = f"{organiser.one}/families/{family['id']}"
    data = {"name": "Family A", "email": "a@post.example", "children": [{"was": "Child a", "child": "Mia"}]}
    await organiser("POST", f"{path}/correct", data)
    assert await kinds(organiser, f"{path}/history") == [("orga", "child"), ("orga", "name")]
    with organiser.school.database.write() as session:
        erase(session, session.execute(select(Guest)).scalar_one(), organiser.school.clock(), by="school")
        assert not session.execute(select(Deed)).all(), "it goes with the family"


async def test_long_work_is_done_in_the_name_of_who_began_it(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    await organiser("POST", f"{organiser.one}/switch", {"place": "video"})
    database = organiser.school.database
    with database.read() as session:
        job_id = session.execute(select(Job.id)).scalar_one()
    jobs.run(database, job_id or 0, organiser.school.clock)
    assert await kinds(organiser, f"bookings/{view.public_id}/history") == [("orga", "place")]


async def test_a_cancellation_is_taken_back(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    await organiser("POST", f"bookings/{view.public_id}/cancel", {})
    restored = await organiser("POST", f"bookings/{view.public_id}/restore")
    assert (restored["state"], restored["revision"]) == ("active", 3)
    with organiser.school.database.read() as session:
        assert len(session.execute(select(HostMinute)).all()) == 10
    again = await organiser("POST", f"bookings/{view.public_id}/restore")
    assert again["revision"] == 3, "twice is once"


async def test_not_when_the_time_is_gone_or_it_is_too_late(organiser: Api) -> None:
    slot = organiser.school.slots()[0]
    view = organiser.school.book(slot, "a")
    await organiser("POST", f"bookings/{view.public_id}/cancel", {})
    organiser.school.book(slot, "b")
    answer = await organiser.answer("POST", f"bookings/{view.public_id}/restore")
    assert answer.status_code == 409 and "just taken" in answer.json()["message"]
    other = organiser.school.book(organiser.school.slots()[4], "c")
    await organiser("POST", f"bookings/{other.public_id}/cancel", {})
    organiser.school.clock.now += timedelta(minutes=11)
    answer = await organiser.answer("POST", f"bookings/{other.public_id}/restore")
    assert answer.status_code == 409


async def test_what_the_family_has_cancelled_is_its_own(organiser: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    organiser.school.desk.cancel(view.id)
    assert (await organiser.answer("POST", f"bookings/{view.public_id}/restore")).status_code == 409


async def test_a_host_does_not_read_it(organiser: Api, host: Api) -> None:
    view = organiser.school.book(organiser.school.slots()[0], "a")
    assert (await host.answer("GET", f"bookings/{view.public_id}/history")).status_code == 404
