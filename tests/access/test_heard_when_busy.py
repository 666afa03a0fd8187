# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Talk's bot heard is taken in after its answer: it must not inherit the answer's deadline."""

import asyncio
import json
from pathlib import Path

from house import open_stage
from sprechtag.day import noted


async def _hear(folder: Path, busy_seconds: float) -> bool:
    async with open_stage(folder, page_seconds=0.5) as stage:
        view = stage.school.book(stage.school.slots()[0], place="video")
        with stage.house.database.write() as session:
            noted.remember_room(session, view.id, "room1")
        said = {
            "type": "Activity",
            "actor": {"type": "Person", "id": "guests/x", "name": "x"},
            "object": {"type": "Note", "id": "1", "name": "call_joined"},
            "target": {"type": "Collection", "id": "room1", "name": "r"},
        }
        stage.house.database._write_lock.acquire()
        answer = await stage.direct.post(
            stage.house.callbacks["talk_bot"], content=json.dumps(said), headers=stage.app_api_headers()
        )
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(busy_seconds)
        stage.house.database._write_lock.release()
        await asyncio.sleep(0.5)
        with stage.house.database.read() as session:
            found = noted.peek(session, view.id)
            return bool(found and (found.present or found.up_at))


def test_it_is_taken_in_at_once(tmp_path: Path) -> None:
    assert asyncio.run(_hear(tmp_path, 0.1))


def test_it_is_taken_in_late(tmp_path: Path) -> None:
    assert asyncio.run(_hear(tmp_path, 1.0))
