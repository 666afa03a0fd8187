# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A database that is not free just after a booking: the answer must not be the one that says "nothing has changed"."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select

from house import open_stage
from sprechtag.conference.tables import Booking
from sprechtag.database import Busy
from sprechtag.guests import booking


async def _book(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    async with open_stage(folder) as stage:

        def away(*_: object) -> None:
            raise Busy

        monkeypatch.setattr(booking, "booking_view", away)
        slot = stage.school.slots()[0].public_id
        form = {"place": "on_site", "child": "Kim", "name": "F", "email": "f@post.example", "key": "k"}
        answer = await stage.direct.post(f"/{stage.share}/t/{slot}", data=form, headers=stage.app_api_headers())
        with stage.house.database.read() as session:
            return answer.text, len(session.exec(select(Booking)).all())


def test_it_does_not_say_that_nothing_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, booked = asyncio.run(_book(tmp_path, monkeypatch))
    assert booked == 1
    assert "Please try again" not in text
