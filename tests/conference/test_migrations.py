# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Integer, MetaData, create_engine, text

from conftest import make_school
from filler import fill
from sprechtag.conference.tables import Conference
from sprechtag.database import MIGRATIONS, Database, newest_revision


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Nothing is there yet: here the migrations do it all, elsewhere their result is copied."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    database.migrate()
    yield database
    database.close()


def test_the_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Conference.metadata)
    assert found == []


def test_the_newest_revision_is_known_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_revision()


def test_migrating_keeps_what_is_there(database_url: str) -> None:
    database = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.execution_options(sprechtag_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO conference (public_id, organiser_id, name, description, contact, time_zone, state, "
                "slot_minutes, pause_minutes, offers_on_site, offers_video, lead_minutes, change_deadline_minutes, "
                "max_bookings_per_guest, max_bookings_per_guest_and_host, retention_days, contact_for_hosts, "
                "share_generation, share_token_hash, created_at) VALUES ('p', 'orga', 'Old', '', '', 'Europe/Berlin', "
                "'draft', 10, 0, true, true, 60, 120, 10, 1, 30, false, 1, '', '2026-01-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO host (public_id, conference_id, user_id, display_name, subject, room, state, "
                "offers_on_site, offers_video, can_video, problem) "
                "VALUES ('h', 1, 't01', 'T', '', '', 'joined', true, true, true, '')"
            )
        )
    database.migrate()
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM host")).scalar_one() == 1
    make_school(database)
    database.close()


@pytest.mark.parametrize("revision", ["0001", "0004", "0006", "0007"])
def test_no_row_of_any_table_is_lost(database_url: str, revision: str) -> None:
    """Tables are made anew on SQLite: with foreign keys on, dropping one deletes what hangs on it."""
    database = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.execution_options(sprechtag_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        metadata = MetaData()
        metadata.reflect(connection)
        rows = fill(connection, metadata)
    database.migrate()
    with database.engine.connect() as connection:
        now = MetaData()
        now.reflect(connection)
        for name, row in rows.items():
            if name == "notice":
                (carried,) = connection.execute(now.tables["errand"].select()).mappings()
                assert carried["kind"] == "notice" and row["user_id"] in carried["key"]
                continue
            (kept,) = connection.execute(now.tables[name].select()).mappings()
            stored = {
                column: kept[column]
                for column in row
                if column in kept and not isinstance(row[column], datetime | dict)
            }
            assert stored == {column: row[column] for column in stored}, name
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert compare_metadata(MigrationContext.configure(connection), Conference.metadata) == []
    database.close()


def test_an_id_is_never_given_out_again(database: Database) -> None:
    """Ids are kept by value too: a slot that was held for a family that is gone is not held for the next one."""
    with database.engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for name, table in Conference.metadata.tables.items():
            (first, *more) = table.primary_key.columns
            if more or first.foreign_keys or not isinstance(first.type, Integer) or name == "admin_settings":
                continue
            assert table.kwargs.get("sqlite_autoincrement"), name
            if database.is_sqlite:
                made = f"SELECT sql FROM sqlite_master WHERE name = '{name}'"
                assert "AUTOINCREMENT" in str(connection.exec_driver_sql(made).scalar()), name


def test_what_was_held_for_nobody_is_free_after_the_migration(database_url: str) -> None:
    database = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.execution_options(sprechtag_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        metadata = MetaData()
        metadata.reflect(connection)
        held = {"held_for": 4711, "blocked": True, "blocked_by": "held"}
        fill(connection, metadata, {"slot": held})
    database.migrate()
    with database.read() as session:
        assert session.execute(text("SELECT blocked_by, held_for FROM slot")).one() == ("", None)
    database.close()


@pytest.mark.parametrize("dump", sorted((Path(__file__).parent / "schemas").glob("*.sql")), ids=lambda path: path.stem)
def test_the_database_of_every_version_that_there_was_comes_to_this_schema(tmp_path: Path, dump: Path) -> None:
    """Named after their commits; two of their migrations were edited later."""
    file = tmp_path / "one.sqlite"
    with closing(sqlite3.connect(file)) as made:
        made.executescript(dump.read_text())
    database = Database(f"sqlite:///{file}")
    database.migrate()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Conference.metadata) == []
    make_school(database)
    database.close()


def test_children_in_one_line_are_parted(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/old.sqlite")  # without foreign keys, as `Database.migrate`
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    lines = {
        ("Mia, Ben", "5b, 8a"): {("Mia", "5b"), ("Ben", "8a")},
        ("Mia, Ben, Ida", "5b, –, 8a"): {("Mia", "5b"), ("Ben", ""), ("Ida", "8a")},
        ("Weber, Mia", "5b"): {("Weber, Mia", "5b")},
        ("", "5b"): {("", "5b")},
        ("", ""): set(),
    }
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0019")
        metadata = MetaData()
        metadata.reflect(connection)
        guest = metadata.tables["guest"]
        row = fill(connection, metadata)["guest"]
        connection.execute(guest.delete())
        for number, (child, school_class) in enumerate(lines, 1):
            own = {"id": number, "public_id": f"g{number}", "email_fingerprint": f"f{number}"}
            connection.execute(guest.insert().values(row | own | {"child": child, "school_class": school_class}))
        command.upgrade(config, "0023")
        found = connection.execute(
            text("SELECT guest.id, child.name, child.school_class FROM guest JOIN child ON child.kin_id = guest.kin_id")
        ).all()
    engine.dispose()
    for number, children in enumerate(lines.values(), 1):
        assert {(name, school_class) for guest_id, name, school_class in found if guest_id == number} == children
