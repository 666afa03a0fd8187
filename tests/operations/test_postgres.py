# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup and restore with PostgreSQL, and the way there from SQLite."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from conftest import NOW, School, make_school
from postgres import Postgres
from sprechtag.conference import strays
from sprechtag.conference.tables import Booking, Conference
from sprechtag.database import Database
from sprechtag.operations import backup, postgres_copy, restore, running
from sprechtag.operations.errors import NotDone
from sprechtag.settings import Settings


def settings_of(folder: Path, url: str = "") -> Settings:
    return Settings(persistent_storage=folder, database_url=url, link_key="k" * 32)


def schools(settings: Settings) -> School:
    settings.close_to_others()
    database = Database(settings.database)
    database.migrate()
    return make_school(database)


def names(settings: Settings) -> list[str]:
    with closing(Database(settings.database)) as database, database.read() as session:
        return sorted(conference.name for conference in session.execute(select(Conference)).scalars())


def schemas(settings: Settings) -> list[str]:
    with closing(Database(settings.database)) as database, database.read() as session:
        rows = session.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%restor%'"))
        return list(rows.scalars())


def test_what_was_there_is_kept_as_a_schema(postgres: Postgres, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "app", postgres.new_database())
    with closing(schools(settings).database):
        pass
    made = backup.make(tmp_path / "b.tar", settings, NOW)
    assert made.database == "postgresql" and made.counts["conferences"] == 1
    with closing(Database(settings.database)) as database, database.write() as session:
        session.execute(text("UPDATE conference SET name = 'Later'"))
    for number in (1, 2):
        done = restore.restore(tmp_path / "b.tar", settings, NOW + timedelta(hours=number))
        assert done.generation == number and names(settings) == ["Elternsprechtag"]
        assert len(schemas(settings)) == 1


def test_one_that_fails_or_was_broken_off_changes_nothing_or_is_begun_anew(postgres: Postgres, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "app", postgres.new_database())
    with closing(schools(settings).database):
        pass
    backup.make(tmp_path / "b.tar", settings, NOW)
    with pytest.raises(NotDone, match="SPRECHTAG_LINK_KEY is not the key"):
        restore.restore(tmp_path / "b.tar", settings.model_copy(update={"link_key": "x" * 32}), NOW)
    assert names(settings) == ["Elternsprechtag"] and schemas(settings) == []

    class Killed(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_copy, "_drop_tables", lambda _: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed), postgres_copy.put_aside(settings):
            raise Killed
    with closing(Database(settings.database)) as database, pytest.raises(NotDone, match="broken off"):
        running.announce(settings, database)
    restore.restore(tmp_path / "b.tar", settings, NOW)
    assert names(settings) == ["Elternsprechtag"]


def test_without_postgresqls_programs_it_says_what_to_install(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path / "app", postgres.new_database())
    with closing(schools(settings).database):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotDone, match="postgresql-client"):
        backup.make(tmp_path / "b.tar", settings, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["app"]


def test_a_backup_of_sqlite_goes_into_postgresql_and_not_back(postgres: Postgres, tmp_path: Path) -> None:
    here, there = settings_of(tmp_path / "here"), settings_of(tmp_path / "there", postgres.new_database())
    school = schools(here)
    first = school.book(school.slots()[0])
    gone = school.book(school.slots()[1], who="b")
    with school.database.write() as session:
        session.execute(text(f"DELETE FROM booking WHERE id = {gone.id}"))
    school.database.close()
    backup.make(tmp_path / "b.tar", here, NOW)
    restore.restore(tmp_path / "b.tar", there, NOW)
    with closing(Database(there.database)) as database:
        with database.read() as session:
            (booking,) = session.execute(select(Booking)).scalars()
            assert booking.public_id == first.public_id and booking.created_at.tzinfo
            made = strays.restored(session)
            assert made and made.of == NOW
        moved = School(database, school.conference_id, school.clock)
        with database.write() as session:
            session.execute(text("UPDATE slot SET blocked = false, blocked_by = ''"))
        assert moved.book(moved.slots()[3], who="c").id > gone.id
    backup.make(tmp_path / "pg.tar", there, NOW)
    with pytest.raises(NotDone, match="no way back"):
        restore.restore(tmp_path / "pg.tar", here, NOW)
