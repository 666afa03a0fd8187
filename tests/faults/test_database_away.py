# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The database is away, full, read-only or broken: who asks reads a page that says so, nothing acknowledged is lost, and
when it is back everything goes on by itself."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy import text

from conftest import KEY, School, eventually, make_school
from postgres import Postgres
from sprechtag.database import Away, Busy, Database, utc_now
from sprechtag.errands import queue
from sprechtag.errands.queue import Put
from town import Event, Town, open_town


def page(town: Town, event: Event) -> httpx.Response:
    return httpx.get(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}", timeout=30)


def test_postgresql_is_stopped_restarted_and_its_connections_are_killed(postgres: Postgres) -> None:
    with open_town(postgres.new_database(), SPRECHTAG_WORKERS="2") as town:
        event = town.conference(["t60", "t61"])
        event.family("before").book()
        eventually(lambda: town.in_step(event), what="the first is done")
        for _ in range(5):
            postgres.kill_connections()
            answers = [page(town, event) for _ in range(6)]
            assert {one.status_code for one in answers} <= {200, 503}
            assert all(one.text for one in answers), "never a bare page"
        postgres.halt()
        try:
            for _ in range(4):
                answer = page(town, event)
                assert answer.status_code == 503 and answer.headers["retry-after"] and answer.text
                time.sleep(0.5)
        finally:
            postgres.start()
        event.family("after").book(place="video")
        eventually(lambda: town.in_step(event), what="all is done")
        assert len(town.bookings(event)) == 2


def test_a_full_disk_of_some_seconds_loses_nothing_and_blocks_nobody() -> None:
    with open_town() as town:
        event = town.conference(["t60"])
        family = event.family("amara")
        family.book()
        eventually(lambda: town.in_step(event), what="the first is done")
        assert town.process
        limit = max(one.stat().st_size for one in (town.storage / "app").glob("sprechtag.sqlite*")) + 4096
        resource.prlimit(town.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        promised = []
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            other = event.family(f"full{len(promised)}{time.monotonic_ns()}")
            answer = other.browser.get(other.start)
            assert answer.status_code in (200, 503) and answer.text
            slots = other.slots() if answer.status_code == 200 else []
            sent = other.browser.post(slots[0], data=form(other.name)) if slots else answer
            assert sent.status_code in (200, 503), sent.text
            if sent.status_code == 200 and "is booked" in sent.text:
                promised.append(other.name)
            time.sleep(0.3)
        resource.prlimit(town.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        event.family("boris").book(place="video")
        eventually(lambda: town.in_step(event), what="all is done again")
        names = {one["guest_name"] for one in town.bookings(event) if one["state"] == "active"}
        assert {"amara", "boris", *promised} <= names


def form(name: str) -> dict[str, str]:
    who = {"name": name, "email": f"{name}@post.example", "child": "Kid", "school_class": "5b"}
    return who | {"place": "on_site", "key": name}


def test_what_the_database_says_is_said_in_words_and_once(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'one.sqlite'}")
    made.migrate()
    make_school(made)
    made.close()
    shutil.copy(tmp_path / "one.sqlite", tmp_path / "broken.sqlite")
    with (tmp_path / "broken.sqlite").open("r+b") as file:
        file.seek(0)
        size = len(file.read())
        for at in range(4096, size, 4096):
            file.seek(at)
            file.write(b"\xff" * 4096)
    read_only = Database(f"sqlite:///file:{tmp_path / 'one.sqlite'}?mode=ro&uri=true")
    broken = Database(f"sqlite:///{tmp_path / 'broken.sqlite'}")
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            with pytest.raises(Away, match="damaged"), broken.read() as session:
                session.execute(text("SELECT count(*) FROM conference")).all()
        with pytest.raises(Away, match="read-only"), read_only.write() as session:
            queue.put(session, Put("booking", "1", utc_now()))
    assert len(logs) <= 2
    for one in (read_only, broken):
        one.close()


def test_a_full_database_takes_nothing_and_says_so(school: School) -> None:
    if not school.database.is_sqlite:
        pytest.skip("PostgreSQL's disk is not ours")

    def fill() -> None:
        with school.database.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
            for number in range(500):
                queue.put(session, Put("booking", f"{number}" * 40, utc_now()))

    with pytest.raises(Away, match="full"):
        fill()


def test_a_locked_database_is_busy(school: School) -> None:
    if not school.database.is_sqlite:
        pytest.skip("SQLite's whole file is locked at once")
    blocker = sqlite3.connect(str(school.database.engine.url.database), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy), school.database.write() as session:
        queue.put(session, Put("booking", "1", utc_now()))
    blocker.execute("ROLLBACK")
    blocker.close()


# -- the links' key ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["missing", "empty", "other"])
def test_without_the_key_that_links_were_made_with_the_app_does_not_start(tmp_path: Path, what: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'sprechtag.sqlite'}")
    database.migrate()
    make_school(database)
    database.close()
    key = tmp_path / "link.key"
    if what != "missing":
        key.write_text("" if what == "empty" else "x" * 64)
    environment = {"APP_SECRET": "s" * 64, "APP_PERSISTENT_STORAGE": str(tmp_path), "APP_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "sprechtag", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and "link.key" in done.stderr and "docs/operations.md" in done.stderr
    assert key.exists() == (what != "missing"), "no other one is made in its place"


def test_with_its_key_it_starts(tmp_path: Path) -> None:
    from sprechtag.bootstrap import House
    from sprechtag.settings import Settings

    house = House(Settings(app_secret="s", persistent_storage=tmp_path, link_key="k" * 32))
    assert house.problem_at_start() == ""
    make_school(house.database)
    assert house.problem_at_start() == "" and house.links.token("share", "x", 1) == KEY.token("share", "x", 1)
    house.database.close()


# -- processes --------------------------------------------------------------------------------------------------------


def test_a_supervisor_that_is_killed_takes_its_processes_with_it(postgres: Postgres) -> None:
    with open_town(postgres.new_database(), SPRECHTAG_WORKERS="2") as town:
        eventually(lambda: len(town.processes()) == 2, what="both processes are there")
        children = town.processes()
        assert town.process
        town.process.send_signal(signal.SIGKILL)
        town.process.wait()
        town.process = None
        eventually(
            lambda: not any(Path(f"/proc/{child}/cmdline").exists() for child in children), what="they have left"
        )
        town.start(register=False)


def test_a_process_that_dies_is_started_again(postgres: Postgres) -> None:
    with open_town(postgres.new_database(), SPRECHTAG_WORKERS="2") as town:
        eventually(lambda: len(town.processes()) == 2, what="both processes are there")
        first, second = town.processes()
        os.kill(first, signal.SIGKILL)
        eventually(lambda: len(town.processes()) == 2 and first not in town.processes(), what="there is a new one")
        assert second in town.processes()


def test_two_versions_side_by_side_for_a_minute_double_nothing() -> None:
    """As while a container is replaced: both are on one SQLite database."""
    with open_town() as town:
        event = town.conference(["t60", "t61"])
        first, town.process = town.process, None
        assert first
        from sprechtag.sandbox.demo import start_app
        from sprechtag.sandbox.smtp import free_port

        second = start_app(town.environment | {"APP_PORT": str(free_port())})
        town.process = first
        for number in range(12):
            event.family(f"both{number}").book(place="video" if number % 2 else "on_site", host=number % 2)
        eventually(lambda: town.in_step(event), what="all is done")
        second.terminate()
        second.wait()
        bookings = town.bookings(event)
        assert len(town.events("t60") + town.events("t61")) == len(bookings) == 12
        assert len(town.world.rooms_of("t60") + town.world.rooms_of("t61")) == 6
        mails = [mail for mail in town.world.mails if mail.source == "smtp"]
        assert len(mails) == len({mail.message_id for mail in mails}) == 12
