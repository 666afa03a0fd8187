# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The join page of a booking speaks the language of its form: a known family's own would tell that it is known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("booking", sa.Column("language", sa.String(), nullable=False, server_default=""))
