# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a conference asks with a booking, and what families answer."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("conference", sa.Column("asks", sa.String(), nullable=False, server_default=""))
    for name in ("topic", "needs", "interpreter"):
        op.add_column("booking", sa.Column(name, sa.String(), nullable=False, server_default=""))
