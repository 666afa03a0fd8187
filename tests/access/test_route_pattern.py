# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one route that AppAPI knows, in info.xml and in README: as AppAPI matches it, with and without the leading slash."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from house import open_stage
from sprechtag.gate import CALLBACKS
from sprechtag.sandbox.demo import INFO
from sprechtag.sandbox.fronts import read_routes

README = INFO.parents[1] / "README.md"
EXCLUDED = ("heartbeat", "init", "enabled", "trigger", "healthz", *CALLBACKS)


def patterns() -> Iterator[str]:
    (in_info,) = (pattern for pattern, _, _ in read_routes(INFO))
    (told,) = re.findall(r"'(\{.*)'\$SECRET'(.*\})'", README.read_text())
    (in_readme,) = (route["url"] for route in json.loads("x".join(told))["routes"])
    yield in_info
    yield in_readme


@pytest.fixture(params=["info.xml", "README"])
def pattern(request: pytest.FixtureRequest) -> str:
    return dict(zip(("info.xml", "README"), patterns(), strict=True))[request.param]


def matched(pattern: str, path: str) -> list[bool]:
    """By AppAPI until May 2026 (without the slash), by AppAPI since (with it), by HaRP (with it, as it is written)."""
    known = re.compile(f"^(?:{pattern})", re.IGNORECASE)
    return [bool(known.match(path)), bool(known.match(f"/{path}")), bool(re.match(pattern, f"/{path}"))]


def real_routes(app: FastAPI) -> Iterator[APIRoute]:
    for one in app.routes:
        inner = getattr(one, "original_router", None)
        yield from (route for route in (inner.routes if inner else [one]) if isinstance(route, APIRoute))


@pytest.mark.parametrize("excluded", EXCLUDED)
@pytest.mark.parametrize("rest", ["", "/", "/x", "?enabled=0", "#x"])
def test_what_is_app_apis_own_matches_in_no_way(pattern: str, excluded: str, rest: str) -> None:
    assert matched(pattern, excluded + rest) == [False] * 3
    assert matched(pattern, excluded.upper() + rest)[:2] == [False] * 2


async def test_every_other_route_matches_in_every_way(pattern: str, tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        app = stage.direct._transport.app  # type: ignore[attr-defined]
        while not isinstance(app, FastAPI):
            app = app._app
        routes = [route.path for route in real_routes(app)]
    assert len(routes) > 100
    for path in (re.sub(r"\{[^}]+\}", "aB3_-", route).removeprefix("/") for route in routes):
        own = path.split("/")[0] in EXCLUDED
        assert matched(pattern, path) == [not own] * 3, path


@pytest.mark.parametrize("path", ["initial", "heartbeats", "s/enabled", "api/v1/init", "enabled.css", "xinit"])
def test_what_only_looks_like_it_is_not_excluded(pattern: str, path: str) -> None:
    assert matched(pattern, path) == [True] * 3
