# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two or three hosts who receive a family together."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("host", sa.Column("tandem", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "host_partner",
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("host_id", "user_id"),
    )
    op.create_index("ix_host_partner_user_id", "host_partner", ["user_id"])
    lay_down(op.get_bind())


SQLITE = """CREATE TRIGGER host_is_tandem_raises_version AFTER UPDATE OF tandem ON host BEGIN
    UPDATE conference SET version = version + 1 WHERE id = NEW.conference_id; END"""
POSTGRESQL = """CREATE TRIGGER host_is_tandem_raises_version AFTER UPDATE OF tandem ON host
    FOR EACH ROW EXECUTE FUNCTION host_raises_version()"""


def lay_down(connection: sa.Connection) -> None:
    """As 0012: what families are shown of a host raises the conference's version."""
    connection.exec_driver_sql(SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL)
