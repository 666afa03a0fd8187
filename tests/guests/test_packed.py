# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answers are compressed where that reaches the browser (HaRP), and not where PHP would only unpack them again."""

from pathlib import Path

import pytest

from house import FRONTS, HARP_KEY, open_stage
from sprechtag.gate import HARPS_AA_VERSION
from sprechtag.sandbox.fronts import Daemon

HOSTS = tuple(f"t{number:02}" for number in range(1, 13))


@pytest.mark.parametrize("harp", [False, True])
async def test_a_page_is_packed_behind_harp_only(tmp_path: Path, harp: bool) -> None:
    async with open_stage(tmp_path, harp=harp, hosts=HOSTS) as stage:
        plain = await stage.public.get(f"{FRONTS['php']}sprechtag/{stage.share}")
        assert plain.status_code == 200 and "content-encoding" not in plain.headers
        # AppAPI's proxy says what it has unpacked; there is nothing to unpack.
        assert "x-encoded-content-encoding" not in plain.headers
        if harp:
            packed = await stage.public.get(f"{FRONTS['harp']}sprechtag/{stage.share}")
            assert packed.headers["content-encoding"] == "gzip" and packed.text == plain.text
            assert int(packed.headers["content-length"]) * 3 < len(plain.content)
            assert "Accept-Encoding" in packed.headers["vary"] and "Accept-Language" in packed.headers["vary"]


async def test_the_app_itself_does_not_pack_for_php(tmp_path: Path) -> None:
    async with open_stage(tmp_path, hosts=HOSTS) as stage:
        own = stage.app_api_headers() | {"accept-encoding": "gzip"}
        through_php = await stage.direct.get(f"/{stage.share}", headers=own | {"x-origin-ip": "203.0.113.1"})
        through_harp = await stage.direct.get(f"/{stage.share}", headers=own | {"aa-version": HARPS_AA_VERSION})
        assert "content-encoding" not in through_php.headers
        assert through_harp.headers["content-encoding"] == "gzip"


async def test_behind_harp_what_php_asks_for_is_plain(tmp_path: Path) -> None:
    """AppAPI's proxy goes through HaRP, too, and unpacks."""
    daemon = Daemon(HARP_KEY)
    async with open_stage(tmp_path, harp=True, hosts=HOSTS, daemon=daemon) as stage:
        own = stage.app_api_headers() | {"accept-encoding": "gzip", "harp-shared-key": HARP_KEY}
        answer = await stage.direct.get(f"/{stage.share}", headers=own | {"x-origin-ip": "203.0.113.1"})
        assert answer.status_code == 200 and "content-encoding" not in answer.headers
