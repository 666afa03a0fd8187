# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Times are held for two minutes while the form that proposes them is open. Who has named the people that come too, and
the other household: the family itself, or the school."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("slot", sa.Column("held_by", sa.String(), nullable=True))
    op.create_index(
        "ix_slot_held_by",
        "slot",
        ["held_by"],
        sqlite_where=sa.text("held_by IS NOT NULL"),
        postgresql_where=sa.text("held_by IS NOT NULL"),
    )
    op.add_column("guest", sa.Column("named_other", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("companion", sa.Column("by_family", sa.Boolean(), nullable=False, server_default=sa.false()))
