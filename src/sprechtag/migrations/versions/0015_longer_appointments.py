# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a time would end that a host has made longer for one family."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("slot", sa.Column("usual_ends_at", sa.DateTime(timezone=True), nullable=True))
