# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether Nextcloud still knows a host, and whether hosts may change their own times."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

SQLITE = """CREATE TRIGGER host_is_gone_raises_version AFTER UPDATE OF gone ON host BEGIN
    UPDATE conference SET version = version + 1 WHERE id = NEW.conference_id; END"""
POSTGRESQL = """CREATE TRIGGER host_is_gone_raises_version AFTER UPDATE OF gone ON host
    FOR EACH ROW EXECUTE FUNCTION host_raises_version()"""


def upgrade() -> None:
    op.add_column("conference", sa.Column("hosts_change", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("host", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.false()))
    lay_down(op.get_bind())


def lay_down(connection: sa.Connection) -> None:
    """As 0012: what families are shown of a host raises the conference's version."""
    connection.exec_driver_sql(SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL)
