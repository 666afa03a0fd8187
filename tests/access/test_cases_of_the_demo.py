# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo's school has what schools have, entered through the app's own interfaces."""

from dataclasses import replace
from pathlib import Path

from sqlmodel import select

from conftest import DAY
from house import open_stage
from sprechtag.conference import longer
from sprechtag.conference.tables import Booking, Child, Companion, Guest, Job, Kin, Slot
from sprechtag.sandbox.cases import enter_cases
from sprechtag.sandbox.demo import SEED, Client
from sprechtag.sandbox.school import teachers


async def test_it_works(tmp_path: Path) -> None:
    people = [replace(one, user_id=f"t{number:02}") for number, one in enumerate(teachers(15, SEED)[5:10], 1)]
    async with open_stage(tmp_path, hosts=tuple(one.user_id for one in people)) as stage:
        client = Client("http://nc.example", "orga")
        client._http = stage.as_user("orga")
        one = f"conferences/{stage.school.conference().public_id}"
        links = await enter_cases(client.api, one, people, DAY.isoformat())
        mine = await stage.public.get(links["siblings"])
        assert "Elif Gökdal" in mine.text and "Levent Gökdal" in mine.text
        with stage.house.database.read() as session:
            assert len(session.exec(select(Guest)).all()) == 3 and len(session.exec(select(Child)).all()) == 3
            assert [kin.shares for kin in session.exec(select(Kin))] == [False, True]
            booked = session.exec(select(Booking)).all()
            assert max(longer.times_of(session, session.get_one(Slot, one.slot_id)) for one in booked) == 2
            assert len(session.exec(select(Companion)).all()) == 2
            assert [job.kind for job in session.exec(select(Job))] == ["absence"]
