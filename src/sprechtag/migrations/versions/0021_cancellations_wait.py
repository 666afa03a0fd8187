# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether mails about the school's cancellations wait until they cannot be taken back any more; a draft's preview."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("conference", sa.Column("mails_wait", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("conference", sa.Column("preview_token_hash", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_conference_preview_token_hash", "conference", ["preview_token_hash"])
