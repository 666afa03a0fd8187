# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where groups give power they are at most a minute old, and nobody organises until the admin has said who may."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import delete

from house import FRONTS, Stage, open_stage
from sprechtag.conference import administration
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Conference

DATA = {"name": "X", "windows": [{"day": "2027-01-13", "starts": "15:00", "ends": "17:00"}]}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        yield stage


async def ask(stage: Stage, user: str, method: str, path: str, body: object = None) -> httpx.Response:
    client = stage.as_user(user)
    client.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/api/v1/")
    return await client.request(method, path, json=body, headers={"X-Requested-With": "x"})


def knows(stage: Stage, user: str, *groups: str) -> None:
    with stage.house.database.write() as session:
        learn(session, f"person:{user}", {"groups": list(groups)}, stage.school.clock())


def names(stage: Stage, **values: object) -> None:
    with stage.house.database.write() as session:
        administration.write(session, values)
    stage.house.facts.forget()


async def test_groups_that_give_power_are_a_minute_old_at_most(stage: Stage) -> None:
    knows(stage, "admin", "admin")
    knows(stage, "t01", "Sekretariat")
    names(stage, organiser_groups="Sekretariat")
    asked = [("admin", "GET", "admin/settings", None, 200), ("t01", "POST", "conferences", DATA, 201)]
    for user, method, path, body, status in asked:
        assert (await ask(stage, user, method, path, body)).status_code == status
    stage.school.clock.now += timedelta(seconds=61)
    for user, method, path, body, _ in asked:
        answer = await ask(stage, user, method, path, body)
        assert answer.status_code == 503 and answer.headers["retry-after"], "Nextcloud is asked first"
        assert user in stage.house.users.asked()
    # What Nextcloud says then counts: both were taken out.
    knows(stage, "admin", "users")
    knows(stage, "t01", "users")
    assert [(await ask(stage, *one[:4])).status_code for one in asked] == [404, 403]


async def test_nobody_organises_until_the_admin_has_named_groups(stage: Stage) -> None:
    knows(stage, "t01", "Kollegium")
    knows(stage, "admin", "admin")
    for user in ("t01", "admin"):
        refused = await ask(stage, user, "POST", "conferences", DATA)
        assert (refused.status_code, refused.json()["error"]) == (403, "may_not_organise")
        me = (await ask(stage, user, "GET", "me")).json()
        assert (me["may_organise"], me["groups_named"]) == (False, False)
    names(stage, organiser_groups="Kollegium")
    assert (await ask(stage, "t01", "POST", "conferences", DATA)).status_code == 201


async def test_who_has_a_conference_goes_on_until_groups_are_named(stage: Stage) -> None:
    assert (await ask(stage, "orga", "POST", "conferences", DATA)).status_code == 201
    names(stage, organiser_groups="Sekretariat")
    knows(stage, "orga", "Kollegium")
    assert (await ask(stage, "orga", "POST", "conferences", DATA)).status_code == 403


async def test_an_installation_older_than_the_rule_stays_open(stage: Stage) -> None:
    names(stage, organise_open=True)
    with stage.house.database.write() as session:
        session.execute(delete(Conference))
    knows(stage, "admin", "admin")
    assert (await ask(stage, "t40", "POST", "conferences", DATA)).status_code == 201
    assert (await ask(stage, "admin", "GET", "admin/settings")).json()["organise_open"] is True
