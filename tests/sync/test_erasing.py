# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family has itself erased: calendar and room follow, one mail says so, and then nothing is left in any file."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conftest import eventually
from sprechtag.sandbox.world import World
from town import Town, open_town


@pytest.fixture(scope="module", params=["smtp", "calendar"])
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    with open_town(mail=request.param) as town:
        yield town


def files_with(town: Town, text: str) -> list[str]:
    """The app's files in which this stands."""
    return [path.name for path in Path(town.storage, "app").iterdir() if text.encode() in _content(path)]


def _content(path: Path) -> bytes:
    """SQLite's log comes and goes."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def cancelled(world: World) -> list[str]:
    return [mail.subject for mail in world.mails if "amara@" in mail.to and "Cancelled" in mail.subject]


def test_nothing_is_left_when_the_mail_is_out(town: Town) -> None:
    event = town.conference(["t01", "t02"])
    family = event.family("amara")
    family.book(place="video")
    event.family("boris").book(host=1)
    eventually(lambda: town.in_step(event), what="booking followed")
    hers, his = sorted(town.bookings(event), key=lambda one: one["guest_name"])
    gone, stays = str(hers["host_user_id"]), str(his["host_user_id"])
    assert files_with(town, "amara@post.example")
    families = town.api("orga", "GET", f"{event.path}/families?all=1")
    (own,) = [one["link"] for one in families if one["name"] == "amara"]
    assert family.browser.post(f"{own}/erase").status_code == 200
    assert family.browser.get(own).status_code == 404
    eventually(lambda: not town.events(gone) and not town.world.rooms_of(gone), what="calendar and room followed")
    eventually(lambda: bool(cancelled(town.world)), what="one mail says so")
    eventually(lambda: not files_with(town, "amara"), what="nothing is left")
    assert files_with(town, "boris@post.example"), "other families stay"
    assert town.in_step(event) and len(town.events(stays)) == 1


def test_files_are_the_apps_own(town: Town) -> None:
    folder = Path(town.storage, "app")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = [path for path in folder.iterdir() if path.is_file()]
    assert {"sprechtag.sqlite", "sprechtag.sqlite-wal"} <= {path.name for path in kept}
    assert [path.name for path in kept if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_what_an_older_version_has_left_open_is_closed(town: Town) -> None:
    town.stop()
    folder = Path(town.storage, "app")
    folder.chmod(0o755)
    for path in folder.glob("*.sqlite"):
        path.chmod(0o644)
    town.start(register=False)
    test_files_are_the_apps_own(town)


def test_what_is_done_is_forgotten_and_the_former_queue_goes(town: Town) -> None:
    """Its rows held user ids, and nobody deleted them."""
    town.stop()
    folder = Path(town.storage, "app")
    for name in ("work.sqlite", "work.sqlite-wal"):
        (folder / name).write_text("amara")
    town.start(register=False)
    assert not list(folder.glob("work.sqlite*"))

    def open_kinds() -> set[str]:
        with closing(sqlite3.connect(folder / "sprechtag.sqlite", timeout=30)) as database:
            return {kind for (kind,) in database.execute("SELECT DISTINCT kind FROM errand")}

    done = {"booking", "mail", "letter", "message", "notice", "job", "empty", "person", "ready", "menu", "bot"}
    eventually(lambda: not open_kinds() & done, what="only what comes again and again is left")
