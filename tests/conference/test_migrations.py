# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from conftest import make_school
from sprechtag.conference.database import MIGRATIONS, Database
from sprechtag.conference.tables import Conference


def test_the_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Conference.metadata)
    assert found == []


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
