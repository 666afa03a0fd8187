# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hosts, their Kürzel and their rooms from the school's files."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from hosts.conftest import Api
from hosts.test_import import enter, families, file, hosts, preview
from sprechtag.conference import tandem
from sprechtag.conference.tables import Conference, Host, Job
from sprechtag.hosts import enrolling
from sprechtag.sandbox.fronts import PROXY

WITH_SIGNS = "Benutzer;Name;Kürzel;Raum\nt01;Jana Weiß;WEI;A 1\nt02;Uli Groß;GRO;A 2"


@pytest.fixture
async def signed(organiser: Api) -> Api:
    """The hosts are known with their Kürzel."""
    await enter(organiser, file(WITH_SIGNS), "hosts")
    return organiser


async def test_a_kuerzel_is_kept_shown_and_finds_its_host(signed: Api) -> None:
    assert {one: host["short"] for one, host in (await hosts(signed)).items()} == {"t01": "WEI", "t02": "GRO"}
    (line,) = (await preview(signed, file("Kürzel;Fächer\nwei;Mathe"), "hosts"))["lines"]
    assert (line["user_id"], line["changes"]) == ("t01", {"subject": ["Deutsch", "Mathe"]})
    await signed("POST", f"{signed.one}/hosts", [{"user_id": "t01", "display_name": "Jana Weiß"}])
    assert (await hosts(signed))["t01"]["short"] == "WEI", "who does not speak of it leaves it"
    page = await signed.stage.public.get(f"{PROXY}sprechtag/{signed.stage.share}")
    assert "Jana Weiß" in page.text and "WEI" not in page.text, "families do not see it"
    lessons = '1,,,,"5a","WEI","D","R1"\n2,,,,"5b","GRO","M","R2"\n'
    await enter(signed, file("Familie;Kind;Klasse\nKaya;Mia;5a", more=[file(lessons, "GPU002.TXT")]))
    assert (await families(signed))["Mia"]["hosts"] == ["Jana Weiß"]


async def test_a_list_of_rooms_sets_rooms_and_nothing_else(signed: Api) -> None:
    await signed("POST", f"{signed.one}/hosts-change", {"hosts": ["t01"], "offers_video": False})
    before = await hosts(signed)
    for text, rooms in (
        ("Kürzel;Raum\nwei;B 7\nGRO;", ("B 7", "A 2")),
        ("WEI;204\nGRO;205", ("204", "205")),
        ("t01,B7\nt02,B8", ("B7", "B8")),
    ):
        await enter(signed, file(text), "rooms")
        after = await hosts(signed)
        assert after == {one: before[one] | {"room": room} for one, room in zip(("t01", "t02"), rooms, strict=True)}


async def test_who_is_unknown_is_asked_and_never_invited(signed: Api) -> None:
    text = "Kürzel;Raum\nXYZ;B 7\nGRO;B 8\nGRO;B 8"
    seen = await preview(signed, file(text), "rooms")
    assert [(one["outcome"], [each["code"] for each in one["troubles"]]) for one in seen["lines"]] == [
        ("error", ["host_unknown"]),
        ("changed", []),
        ("same", []),
    ]
    await enter(signed, file(text, answers={"XYZ": "t01"}), "rooms")
    assert {one: host["room"] for one, host in (await hosts(signed)).items()} == {"t01": "B 7", "t02": "B 8"}
    again = await preview(signed, file(f"{text}\nGRO;B 9", answers={"XYZ": "t01"}), "rooms")
    assert again["lines"][-1]["troubles"][0]["code"] == "two_rooms"
    answer = await signed.answer("POST", f"{signed.one}/rooms-import-preview", file("Kürzel;Fach\nWEI;Deutsch"))
    assert (answer.status_code, answer.json()["error"]) == (422, "column_room_missing")


async def test_many_hosts_are_entered_a_few_at_a_time(organiser: Api) -> None:
    """Whoever books meanwhile waits for the slots of a few hosts at most."""
    rows = "\n".join(f"n{number:02};Neu {number};N{number}" for number in range(12))
    list_of_all = file(f"Benutzer;Name;Kürzel\n{rows}\nt01;Jana Weiß;WEI")
    done = await enter(organiser, list_of_all, "hosts")
    assert (done["job"]["kind"], done["job"]["total"]) == ("hosts", 13)
    assert len(await hosts(organiser)) == 2, "a long list is entered after the answer"
    assert 0 < run_list(organiser) <= enrolling.AT_ONCE
    (job,) = await organiser("GET", f"{organiser.one}/jobs")
    assert (job["done"], job["changed"], bool(job["finished_at"])) == (13, 13, True)
    assert (await preview(organiser, list_of_all, "hosts"))["same"] == 13


def run_list(organiser: Api) -> int:
    """Enters the list as the worker does; returns how many hosts a transaction makes at most."""
    database, clock = organiser.school.database, organiser.school.desk.clock
    counts = [count(database)]
    with database.read() as session:
        job_id = session.execute(select(col(Job.id)).where(col(Job.kind) == enrolling.KIND)).scalar_one() or 0
    while enrolling._some(database, job_id, clock):
        counts.append(count(database))
    counts.append(count(database))
    with database.read() as session:
        assert session.get_one(Job, job_id).payload == {"hosts": []}, "nothing of the list stays there"
    return max(after - before for before, after in pairwise(counts))


def count(database: Any) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(Host)).scalar_one())


async def test_a_tandem_is_nobody_whom_a_list_names(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name;Raum\nt01;Jana Weiß;A 1\nt02;Uli Groß;A 2"), "hosts")
    with organiser.school.database.write() as session:
        tandem.form(session, session.get_one(Conference, organiser.school.conference_id), tandem.Wanted(["t01", "t02"]))
    (line,) = (await preview(organiser, file("Nachname;Fach\nGroß;Mathe"), "hosts"))["lines"]
    assert (line["user_id"], line["changes"]) == ("t02", {"subject": ["Deutsch", "Mathe"]}), (
        "a surname is no other name"
    )
    (line,) = (await preview(organiser, file("Name;Raum\nGroß;B 8"), "rooms"))["lines"]
    assert line["user_id"] == "t02"
    seen = await preview(organiser, file("Benutzer;Name\ntandem:zzz;Ghost"), "hosts")
    assert [one["code"] for one in seen["lines"][0]["troubles"]] == ["user_wrong"]


async def test_what_was_entered_by_hand_meanwhile_is_newer_than_the_list(organiser: Api) -> None:
    rows = "\n".join(f"n{number:02};Neu {number};N{number}" for number in range(12))
    await enter(organiser, file(f"Benutzer;Name;Kürzel\n{rows}"), "hosts")
    await organiser("POST", f"{organiser.one}/hosts", [{"user_id": "n11", "display_name": "Own Name", "room": "Z 9"}])
    run_list(organiser)
    kept = (await hosts(organiser))["n11"]
    assert (kept["display_name"], kept["short"], kept["room"]) == ("Own Name", "N11", "Z 9")
