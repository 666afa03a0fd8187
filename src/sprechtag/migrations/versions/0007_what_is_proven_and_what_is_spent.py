# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has proven an address, links that a screen has shown, and budgets for who has proven nothing.

Organising is off until the admin has named groups; where conferences stand already it stays as it was."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("guest", sa.Column("proven_at", moment, nullable=True))
    # Who has confirmed a booking has read its mail.
    op.execute(
        "UPDATE guest SET proven_at = created_at WHERE id IN (SELECT booking.guest_id FROM booking "
        "JOIN conference ON conference.id = booking.conference_id WHERE conference.booking_by = 'confirmed' "
        "AND booking.state = 'active' AND booking.confirm_by IS NULL)"
    )
    op.create_table(
        "screen_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("guest_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_screen_link_guest_id", "screen_link", ["guest_id"])
    op.create_index("ix_screen_link_token_hash", "screen_link", ["token_hash"])
    for table in ("booking", "waiting_entry", "host_wish", "idempotency_key"):
        op.add_column(table, sa.Column("screen", sa.String(), nullable=False, server_default=""))
    op.add_column("booking", sa.Column("visitor", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_booking_visitor", "booking", ["visitor"])
    op.create_table(
        "budget_count",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_budget_count_expires_at", "budget_count", ["expires_at"])
    op.create_table(
        "budget_hit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("visitor", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conference_id", "kind", "visitor"),
    )
    op.create_index("ix_budget_hit_conference_id", "budget_hit", ["conference_id"])
    _keep_organising()


def _keep_organising() -> None:
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT id FROM conference LIMIT 1")).first() is None:
        return
    settings = sa.table("admin_settings", sa.column("id", sa.Integer), sa.column("value", sa.JSON))
    found = connection.execute(sa.select(settings.c.value).where(settings.c.id == 1)).first()
    value = (json.loads(found[0]) if isinstance(found[0], str) else dict(found[0])) if found else {}
    value["organise_open"] = True
    if found:
        connection.execute(settings.update().where(settings.c.id == 1).values(value=value))
    else:
        connection.execute(settings.insert().values(id=1, value=value))
