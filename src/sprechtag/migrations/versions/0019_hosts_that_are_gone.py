# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether Nextcloud still knows a host, and whether hosts may change their own times."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("conference", sa.Column("hosts_change", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("host", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.false()))
