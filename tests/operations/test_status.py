# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wrong is said in words: to an admin on a shell, and to whoever looks after the container."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from conftest import NOW, School, eventually, make_school
from house import open_stage
from operations.admin import sprechtag
from sprechtag.database import Database
from sprechtag.errands import clock, queue
from sprechtag.errands.queue import Put
from sprechtag.errands.worker import Worker
from sprechtag.operations import running, status
from sprechtag.operations.errors import NotDone
from sprechtag.settings import Settings
from town import Town, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


# -- sprechtag status ------------------------------------------------------------------------------------------------


def test_all_is_well(town: Town) -> None:
    town.conference(["t05"])
    eventually(lambda: sprechtag(town, "status", check=False).returncode == 0, what="nothing is wrong")
    said = sprechtag(town, "status").stdout
    assert "All is well." in said and "It runs." in said and "It looks." in said and "!" not in said


def test_what_nextcloud_does_not_take_is_said_with_its_reason(town: Town) -> None:
    event = town.conference(["t06"])
    town.world.away = True
    try:
        event.family("waits").book()
        eventually(lambda: "! booking:" in sprechtag(town, "status", check=False).stdout, what="it is said")
        done = sprechtag(town, "status", check=False)
        assert done.returncode == 1 and "since" in done.stdout and "Something is wrong" in done.stdout
    finally:
        town.world.away = False
    eventually(lambda: sprechtag(town, "status", check=False).returncode == 0, what="all is well again")


def test_an_app_that_does_not_run_is_said(town: Town) -> None:
    town.stop()
    done = sprechtag(town, "status", check=False)
    assert done.returncode == 1 and f"! app: {status.NOT_RUNNING}" in done.stdout
    town.start(register=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(persistent_storage=tmp_path / "storage", link_key="k" * 32)
    settings.close_to_others()
    with closing(Database(settings.database)) as database:
        database.migrate()
        make_school(database)
    return settings


def problems(settings: Settings) -> str:
    return "\n".join(status.report(settings, NOW).problems)


def test_a_worker_that_has_stopped_is_said(settings: Settings) -> None:
    with closing(Database(settings.database)) as database, database.write() as session:
        queue.put(session, Put(clock.KIND, "", NOW - timedelta(minutes=6)))
    assert "Nothing is worked off since 2027-01-04 08:54 UTC" in problems(settings)


def test_storage_key_and_tables_are_looked_at(settings: Settings, tmp_path: Path) -> None:
    assert problems(settings) == f"app: {status.NOT_RUNNING}"
    keyless = settings.model_copy(update={"link_key": ""})
    assert "link.key is missing or empty" in problems(keyless)
    assert "There is no" in problems(Settings(persistent_storage=tmp_path / "elsewhere"))
    assert not (tmp_path / "elsewhere").exists()
    with closing(Database(settings.database)) as database, database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "schema: 9999 is newer" in problems(settings)


def test_who_runs_keeps_the_others_away(settings: Settings) -> None:
    assert not running.is_running(settings)
    with closing(Database(settings.database)) as database:
        held = running.announce(settings, database)
        assert running.is_running(settings)
        with pytest.raises(NotDone, match="Stop it first"), running.alone(settings):
            pass
        held.close()  # type: ignore[attr-defined]
    assert not running.is_running(settings)


def test_with_postgresql_every_connection_of_the_app_keeps_them_away(database_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database_url, persistent_storage=tmp_path, link_key="k" * 32)
    with closing(Database(settings.database)) as database:
        database.migrate()
    database = Database(settings.database)
    held = running.announce(settings, database)
    with database.read() as session:
        session.connection()
    assert running.is_running(settings)
    if not database.is_sqlite:
        database.engine.dispose()
        with database.read() as session:
            session.connection()
        assert running.is_running(settings)
    database.close()
    del held
    assert not running.is_running(settings)


# -- /healthz --------------------------------------------------------------------------------------------------------


async def test_healthz_says_in_words_what_is_wrong(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        answer = await stage.direct.get("/healthz")
        assert answer.status_code == 200 and answer.json() == {"status": "ok"}
        stage.house.lifecycle.worker_stopped = lambda: True
        engine = stage.house.database.engine

        def closed(connection: object, *_: object) -> None:
            connection.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]

        event.listen(engine, "checkout", closed)
        answer = await stage.direct.get("/healthz")
        assert answer.status_code == 503
        said = answer.json()
        assert said["status"] == "trouble" and len(said["problems"]) == 2
        assert "read-only" in said["problems"][0] and "restart" in said["problems"][1]


def test_a_worker_that_looks_no_more_is_noticed(school: School) -> None:
    worker = Worker(school.database, {}, None, school.clock)  # type: ignore[arg-type]
    assert not worker.stopped_looking
    worker.start()
    assert not worker.stopped_looking
    worker._looked -= 1000
    assert worker.stopped_looking
    worker.stop()
    assert worker.stopped_looking
