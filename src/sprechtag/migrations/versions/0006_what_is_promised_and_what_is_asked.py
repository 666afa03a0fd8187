# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The join page's promise is kept: when a family is let in at the latest, and what pace a person has asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("live_call", sa.Column("let_in_by", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE live_call SET let_in_by = let_in_at")
    op.add_column("join_gate", sa.Column("asked_share", sa.Float(), nullable=False, server_default="1"))
    op.add_column("join_gate", sa.Column("asked_until", sa.DateTime(timezone=True), nullable=True))
