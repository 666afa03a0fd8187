# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host has a Kürzel: what the school's programs call a teacher by."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

SQLITE = """CREATE TRIGGER host_is_short_raises_version AFTER UPDATE OF short ON host BEGIN
    UPDATE conference SET version = version + 1 WHERE id = NEW.conference_id; END"""
POSTGRESQL = """CREATE TRIGGER host_is_short_raises_version AFTER UPDATE OF short ON host
    FOR EACH ROW EXECUTE FUNCTION host_raises_version()"""


def upgrade() -> None:
    op.add_column("host", sa.Column("short", sa.String(), nullable=False, server_default=""))
    lay_down(op.get_bind())


def lay_down(connection: sa.Connection) -> None:
    """As 0012: what is kept of a host raises the conference's version."""
    connection.exec_driver_sql(SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL)
