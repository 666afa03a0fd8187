# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The built files of the page inside Nextcloud: packed, kept by browsers as long as they may be, nothing else."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from house import open_stage
from sprechtag.gate import HARPS_AA_VERSION

SCRIPT = b"export const a = 1\n" * 500


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    folder = tmp_path / "ex_app"
    for name, content in {
        "js/sprechtag-main.js": SCRIPT,
        "js/BoardView-Ab3_x-9z.mjs": SCRIPT,
        "img/app.png": b"\x89PNG",
        "secret.js": b"not for anybody",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "js" / "elsewhere.js").symlink_to(folder / "secret.js")
    return folder


@pytest.fixture
async def browser(tmp_path: Path, frontend: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "app").mkdir()
    async with open_stage(tmp_path / "app", frontend=frontend) as stage:
        # As HaRP sends it; through PHP nothing is packed (tests/guests/test_packed.py).
        stage.direct.headers.update(stage.app_api_headers() | {"aa-version": HARPS_AA_VERSION})
        yield stage.direct


async def test_a_script_is_packed_and_asked_for_again(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/js/sprechtag-main.js", headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT, 9)) < len(SCRIPT)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["vary"] == "Accept-Encoding"


async def test_a_browser_that_unpacks_nothing_gets_it_plain(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/js/sprechtag-main.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers and answer.content == SCRIPT


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_a_browser_has_is_not_sent_again(browser: httpx.AsyncClient, encoding: str) -> None:
    headers = {"accept-encoding": encoding}
    tag = (await browser.get("/js/sprechtag-main.js", headers=headers)).headers["etag"]
    again = await browser.get("/js/sprechtag-main.js", headers=headers | {"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "no-cache"


async def test_the_etag_is_of_what_is_in_it_not_of_its_time(browser: httpx.AsyncClient, frontend: Path) -> None:
    first = (await browser.get("/js/sprechtag-main.js")).headers["etag"]
    (frontend / "js" / "sprechtag-main.js").touch()
    assert (await browser.get("/js/sprechtag-main.js")).headers["etag"] == first
    (frontend / "js" / "sprechtag-main.js").write_bytes(SCRIPT + b"//")
    assert (await browser.get("/js/sprechtag-main.js")).headers["etag"] != first


async def test_a_name_with_a_hash_in_it_is_kept_for_good(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/js/BoardView-Ab3_x-9z.mjs")
    assert "immutable" in answer.headers["cache-control"]


async def test_a_picture_is_not_packed_twice(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/img/app.png", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers and answer.content == b"\x89PNG"


@pytest.mark.parametrize(
    "path", ["/js/none.js", "/css/none.css", "/js/elsewhere.js", f"/js/{'a' * 300}.js", "/js/sprechtag-main.js.map"]
)
async def test_what_is_not_there_is_not_found_and_not_kept(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
