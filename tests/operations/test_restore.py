# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup is restored while Nextcloud has moved on: what is outside is brought back, and what nobody here knows is
shown."""

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import eventually
from operations.admin import app_folder, sprechtag, standing
from town import Event, Family, Town, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town(SPRECHTAG_CALENDAR_SECONDS="0.5") as town:
        yield town


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def moved_on(request: pytest.FixtureRequest) -> Iterator[Town]:
    url = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_town(url, SPRECHTAG_CALENDAR_SECONDS="0.5") as town:
        yield town


def progress(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = event.town.api("orga", "GET", f"{event.path}/progress")
    return found


def starts(town: Town, host: str) -> dict[str, list[datetime]]:
    """When the events of each child stand in the host's calendar."""
    found: dict[str, list[datetime]] = {}
    for event in town.events(host):
        found.setdefault(str(event["summary"]), []).append(event.decoded("dtstart").astimezone(UTC))
    return found


def slot_times(event: Event, host: str) -> list[datetime]:
    day = event.town.api(host, "GET", f"{event.path}/my-day")
    return [datetime.fromisoformat(slot["starts_at"]).astimezone(UTC) for slot in day["slots"]]


def closed(event: Event, host: str) -> list[str]:
    day = event.town.api(host, "GET", f"{event.path}/my-day")
    return [str(slot["closed_by"]) for slot in day["slots"]]


def booked(event: Event, name: str, number: int, place: str = "on_site") -> Family:
    family = event.family(name)
    family.book(family.slots()[number], place)
    return family


def title(name: str) -> str:
    return f"Child of {name} (5b)"


def test_what_nextcloud_did_since_the_backup_is_looked_at_again(moved_on: Town, tmp_path: Path) -> None:
    town = moved_on
    event = town.conference(["t05"])
    times = slot_times(event, "t05")
    a, c = booked(event, "anna", 1), booked(event, "carl", 5, "video")
    eventually(lambda: town.in_step(event), what="all is in Nextcloud")
    assert times.index(starts(town, "t05")[title("anna")][0]) == 1
    carls = times.index(starts(town, "t05")[title("carl")][0])
    sprechtag(town, "backup", tmp_path / "b.tar")

    moved_to = links_of_times(event)[7]
    a.change("move", slot=moved_to)
    booked(event, "bert", 2)
    c.change("cancel")
    eventually(lambda: town.in_step(event), what="Nextcloud has moved on")
    later = starts(town, "t05")
    assert times.index(later[title("anna")][0]) != 1 and title("carl") not in later
    berts = times.index(later[title("bert")][0])
    mails = len(town.world.mails)
    rooms = len(town.world.rooms)

    town.stop()
    said = sprechtag(town, "restore", tmp_path / "b.tar").stdout
    assert "2 appointments are compared" in said and "erase them once more" in said
    town.start(register=False)
    eventually(lambda: town.in_step(event), what="all is brought back")
    eventually(lambda: starts(town, "t05").get(title("anna")) == [times[1]], what="the old time again")
    back = starts(town, "t05")
    assert back == {title("anna"): [times[1]], title("carl"): [times[carls]], title("bert"): [times[berts]]}
    assert len(town.world.rooms) == rooms + 1
    eventually(lambda: closed(event, "t05")[berts] == "calendar", what="nobody can book it")
    eventually(lambda: "" in closed(event, "t05"), what="the calendar was read and the others are free again")
    shown = progress(event)
    assert shown["restored"]["generation"] == 1
    strays = {one["title"]: one for one in shown["strays"]}
    assert {name: one["kind"] for name, one in strays.items()} == {
        title("bert"): "unknown",
        title("anna"): "moved",
        title("carl"): "gone",
    }
    assert datetime.fromisoformat(strays[title("bert")]["starts_at"]) == times[berts]
    at = closed(event, "t05")
    assert at[berts] == "calendar" and at[times.index(later[title("anna")][0])] == "calendar"
    assert at.count("calendar") == 2
    assert len(town.world.mails) == mails


def links_of_times(event: Event) -> list[str]:
    """Public ids of the free times of the first host."""
    return [slot.rsplit("/t/", 1)[1].split("?")[0].split("/")[0] for slot in event.family("x").slots()]


# -- what is refused ------------------------------------------------------------------------------------------------


def refused(town: Town, *arguments: str | Path) -> str:
    """The sentence; nothing was changed."""
    before = standing(app_folder(town))
    done = sprechtag(town, *arguments, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert standing(app_folder(town)) == before
    return done.stderr


def test_not_while_the_app_runs(town: Town, tmp_path: Path) -> None:
    sprechtag(town, "backup", tmp_path / "b.tar")
    done = sprechtag(town, "restore", tmp_path / "b.tar", check=False)
    assert done.returncode == 1 and "Stop it first" in done.stderr
    assert not list(app_folder(town).glob("*before-restore*"))


def test_a_damaged_a_newer_and_a_foreign_one_are_refused(town: Town, tmp_path: Path) -> None:
    made = tmp_path / "b.tar"
    sprechtag(town, "backup", made)
    town.stop()
    content = made.read_bytes()
    try:
        broken = tmp_path / "broken.tar"
        for damaged in (content[: len(content) // 2], content[:40_000] + b"x" * 64 + content[40_064:], b"no tar"):
            broken.write_bytes(damaged)
            assert "damaged" in refused(town, "restore", broken)
            assert "damaged" in refused(town, "backup", "--check", broken)
        changed(made, broken, schema="9999")
        assert "newer Sprechtag" in refused(town, "restore", broken)
        changed(made, broken, format=2)
        assert "newer Sprechtag" in refused(town, "restore", broken)
        assert "no file" in refused(town, "restore", tmp_path / "missing.tar")
        assert not list(app_folder(town).glob("*before-restore*"))
    finally:
        town.start(register=False)


def changed(made: Path, to: Path, **manifest: Any) -> None:
    """The same backup with something else in its manifest."""
    folder = to.with_suffix(".parts")
    with tarfile.open(made) as tar:
        tar.extractall(folder, filter="data")
        names = tar.getnames()
    said = folder / "manifest.json"
    said.write_text(json.dumps(json.loads(said.read_text()) | manifest))
    with tarfile.open(to, "w") as tar:
        for name in names:
            tar.add(folder / name, arcname=name)


def test_what_was_there_is_kept_until_the_next_restore(town: Town, tmp_path: Path) -> None:
    town.conference(["t06"], name="Before the backup")
    sprechtag(town, "backup", tmp_path / "b.tar")
    town.conference(["t06"], name="After the backup")
    key = (app_folder(town) / "link.key").read_bytes()
    town.stop()
    for number in (1, 2):
        sprechtag(town, "restore", tmp_path / "b.tar")
        (kept,) = app_folder(town).glob("sprechtag.sqlite.before-restore-*")
        (kept_key,) = app_folder(town).glob("link.key.before-restore-*")
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept_key.read_bytes() == key == (app_folder(town) / "link.key").read_bytes()
        with closing(sqlite3.connect(kept)) as before:
            names = {row[0] for row in before.execute("SELECT name FROM conference")}
        assert ("After the backup" in names) == (number == 1)
        with closing(sqlite3.connect(app_folder(town) / "sprechtag.sqlite")) as now:
            names = {row[0] for row in now.execute("SELECT name FROM conference")}
            said = json.loads(now.execute("SELECT value FROM instance_fact WHERE name = 'restored'").fetchone()[0])
        assert "Before the backup" in names and "After the backup" not in names
        assert said["generation"] == number
        if number == 1:
            import time

            time.sleep(1.1)
    assert not list(app_folder(town).glob(".*.work-*"))
    town.start(register=False)


def test_the_app_does_not_start_while_a_backup_is_restored(town: Town) -> None:
    import fcntl

    town.stop()
    with (app_folder(town) / "sprechtag.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = sprechtag(town, "serve", check=False)
    assert done.returncode == 2 and "being restored" in done.stderr
    town.start(register=False)


def test_a_damaged_database_is_replaced(town: Town, tmp_path: Path) -> None:
    town.conference(["t07"])
    sprechtag(town, "backup", tmp_path / "b.tar")
    town.stop()
    there = app_folder(town) / "sprechtag.sqlite"
    content = bytearray(there.read_bytes())
    content[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
    there.write_bytes(content)
    assert "damaged" in sprechtag(town, "backup", tmp_path / "none.tar", check=False).stderr
    assert not (tmp_path / "none.tar").exists() and not list(tmp_path.glob(".*"))
    assert sprechtag(town, "status", check=False).returncode == 1
    sprechtag(town, "restore", tmp_path / "b.tar")
    town.start(register=False)
    assert town.api("orga", "GET", "conferences")
