# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The API as the page inside Nextcloud calls it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import School
from house import Stage, open_stage
from sprechtag.sandbox.fronts import PROXY


@dataclass
class Api:
    stage: Stage
    client: httpx.AsyncClient

    @property
    def school(self) -> School:
        return self.stage.school

    @property
    def one(self) -> str:
        return f"conferences/{self.school.conference().public_id}"

    async def answer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        url = f"http://nc.example{PROXY}sprechtag/api/v1/{path}"
        return await self.client.request(method, url, json=body, headers={"X-Requested-With": "x"})

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.answer(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def organiser(stage: Stage) -> Api:
    return Api(stage, stage.as_user("orga"))


@pytest.fixture
def host(stage: Stage) -> Api:
    return Api(stage, stage.as_user("t01"))
