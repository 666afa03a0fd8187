# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup is one whole file, made while families book, or it is none."""

import resource
import sqlite3
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import KEY, NOW, make_school
from operations.admin import sprechtag
from sprechtag.database import Database
from sprechtag.operations import archive, backup, sqlite_copy
from sprechtag.operations.errors import FULL, NotDone
from sprechtag.settings import Settings
from town import Town, open_town


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A school's storage, without an app that runs."""
    settings = Settings(persistent_storage=tmp_path / "storage")
    settings.close_to_others()
    settings.link_key_file.write_bytes(b"k" * 32)
    assert KEY.token("share", "x", 1)
    with closing(Database(settings.database)) as database:
        database.migrate()
        make_school(database)
    return settings


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


def test_it_holds_database_key_and_what_it_is(settings: Settings, tmp_path: Path) -> None:
    made = backup.make(tmp_path / "b.tar", settings, NOW)
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert archive.check(tmp_path / "b.tar") == made
    assert made.at == NOW and made.counts == {"conferences": 1, "families": 0, "bookings": 0}
    assert set(made.parts) == {"sprechtag.sqlite", "link.key"} and made.schema
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert tar.getnames()[0] == "manifest.json"
        assert {(one.mode, one.uid, one.uname) for one in tar.getmembers()} == {(0o600, 0, "")}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "storage"]


def test_a_key_of_the_environment_is_not_in_it(settings: Settings, tmp_path: Path) -> None:
    made = backup.make(tmp_path / "b.tar", settings.model_copy(update={"link_key": "k" * 32}), NOW)
    assert made.link_key == "environment" and set(made.parts) == {"sprechtag.sqlite"}


def test_a_file_is_replaced_only_on_purpose(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    path.write_text("mine")
    with pytest.raises(NotDone, match="--force"):
        backup.make(path, settings, NOW)
    assert path.read_text() == "mine"
    backup.make(path, settings, NOW, force=True)
    archive.check(path)


def test_without_key_or_database_there_is_none(settings: Settings, tmp_path: Path) -> None:
    settings.link_key_file.unlink()
    with pytest.raises(NotDone, match=r"link\.key is missing"):
        backup.make(tmp_path / "b.tar", settings, NOW)
    with pytest.raises(NotDone, match="no database"):
        backup.make(tmp_path / "b.tar", Settings(persistent_storage=tmp_path / "elsewhere", link_key="k" * 32), NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["storage"]


def test_what_a_killed_one_left_goes_with_the_next(settings: Settings, tmp_path: Path) -> None:
    left = tmp_path / ".b.tar.work-abc"
    left.mkdir()
    (left / "sprechtag.sqlite").write_text("names")
    backup.make(tmp_path / "b.tar", settings, NOW)
    assert not left.exists()


@pytest.mark.parametrize("part", [0.2, 0.8, 1.5])
def test_a_full_disk_leaves_nothing_behind(town: Town, tmp_path: Path, part: float) -> None:
    """Full while the database is copied, and while the archive is written."""
    folder = tmp_path / "small"
    folder.mkdir()
    size = sum(path.stat().st_size for path in (town.storage / "app").glob("sprechtag.sqlite"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={int(size * part) // 4096 * 4096}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    try:
        if mounted.returncode:
            # No right to mount: files may not grow so far instead.
            def limit() -> None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(size * part), resource.RLIM_INFINITY))

            done = sprechtag(town, "backup", folder / "b.tar", check=False, preexec_fn=limit)
        else:
            done = sprechtag(town, "backup", folder / "b.tar", check=False)
        if mounted.returncode and part > 1:
            pytest.skip("a limit of files' size knows no full disk")
        assert done.returncode == 1 and done.stderr.strip() == FULL
        assert list(folder.iterdir()) == []
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(folder)], check=True)


def test_while_families_book_nothing_is_torn(town: Town, tmp_path: Path) -> None:
    """Every booking that was answered before a backup began is in it."""
    event = town.conference(["t05", "t06", "t08"])
    answered: list[str] = []
    stopping = threading.Event()

    def book(number: int) -> None:
        family = event.family(f"family{number}")
        for slot in family.slots(number):
            if stopping.is_set():
                return
            name = f"f{number}x{len(answered)}"
            if family.send(slot, email=f"{name}@post.example", name=name).status_code == 200:
                answered.append(f"{name}@post.example")

    threads = [threading.Thread(target=book, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            before = list(answered)
            path = tmp_path / f"{number}.tar"
            sprechtag(town, "backup", path)
            folder = tmp_path / str(number)
            folder.mkdir()
            manifest = archive.unpack(path, folder)
            copied = folder / "sprechtag.sqlite"
            sqlite_copy.check(copied)
            with closing(sqlite3.connect(copied)) as of:
                emails = {row[0] for row in of.execute("SELECT email FROM guest")}
                (bookings,) = of.execute("SELECT count(*) FROM booking").fetchone()
                (effects,) = of.execute("SELECT count(DISTINCT booking_id) FROM effect").fetchone()
            assert set(before) <= emails and manifest.counts["bookings"] == bookings == effects
            assert manifest.at.tzinfo == UTC and manifest.at < datetime.now(UTC)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert answered
