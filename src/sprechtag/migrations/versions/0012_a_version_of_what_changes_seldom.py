# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference has a version that whatever is written of it or its hosts raises: pages keep what they have read of it.

Triggers raise it, so that no statement can forget to, not even one from outside. A migration that makes one of these
tables anew (a batch on SQLite) takes its triggers with it and has to lay them down again (`lay_down`)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

OF_HOSTS = (
    "public_id, user_id, display_name, subject, classes, room, state, offers_on_site, offers_video, can_video, "
    "calendar, min_pause_minutes, max_in_a_row, delay_minutes, delayed_on, problem"
)
"""Not `calendar_read_at`, which is written all the time."""

SQLITE = (
    """CREATE TRIGGER conference_raises_version AFTER UPDATE ON conference WHEN NEW.version = OLD.version BEGIN
        UPDATE conference SET version = version + 1 WHERE id = NEW.id; END""",
    """CREATE TRIGGER host_made_raises_version AFTER INSERT ON host BEGIN
        UPDATE conference SET version = version + 1 WHERE id = NEW.conference_id; END""",
    f"""CREATE TRIGGER host_raises_version AFTER UPDATE OF {OF_HOSTS} ON host BEGIN
        UPDATE conference SET version = version + 1 WHERE id = NEW.conference_id; END""",  # noqa: S608 - all ours
    """CREATE TRIGGER host_gone_raises_version AFTER DELETE ON host BEGIN
        UPDATE conference SET version = version + 1 WHERE id = OLD.conference_id; END""",
)
POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION conference_raises_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.version = OLD.version THEN NEW.version := OLD.version + 1; END IF;
            RETURN NEW;
        END $$""",
    """CREATE OR REPLACE FUNCTION host_raises_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE conference SET version = version + 1
                WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.conference_id ELSE NEW.conference_id END;
            RETURN NULL;
        END $$""",
    """CREATE TRIGGER conference_raises_version BEFORE UPDATE ON conference
        FOR EACH ROW EXECUTE FUNCTION conference_raises_version()""",
    """CREATE TRIGGER host_made_raises_version AFTER INSERT OR DELETE ON host
        FOR EACH ROW EXECUTE FUNCTION host_raises_version()""",
    f"""CREATE TRIGGER host_raises_version AFTER UPDATE OF {OF_HOSTS} ON host
        FOR EACH ROW EXECUTE FUNCTION host_raises_version()""",
)


def upgrade() -> None:
    op.add_column("conference", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    lay_down(op.get_bind())


def lay_down(connection: sa.Connection) -> None:
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)
