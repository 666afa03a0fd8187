# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids are never given out again, events are emptied of families, and the privacy notice has its own fields.

SQLite numbers the next row after the highest that is there, so what was kept by value for a family that is gone (a held
slot) went to the next one. AUTOINCREMENT can only be had by making a table anew; the foreign keys have to be off then,
because dropping the old table would delete whatever hangs on it (`Database.migrate` sees to it)."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

REBUILT = (
    "conference",
    "window",
    "host",
    "slot",
    "guest",
    "screen_link",
    "booking",
    "waiting_entry",
    "guest_letter",
    "host_wish",
    "wish_run",
    "feedback_answer",
    "paper_job",
    "job",
    "notice",
    "media_sample",
    "alarm",
    "budget_hit",
)


def upgrade() -> None:
    op.add_column("conference", sa.Column("legal_basis", sa.String(), nullable=False, server_default=""))
    op.add_column("conference", sa.Column("data_protection_officer", sa.String(), nullable=False, server_default=""))
    op.add_column("conference", sa.Column("empty_events", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("guest", sa.Column("erase_by", sa.DateTime(timezone=True), nullable=True))
    _release_what_is_held_for_nobody()
    if op.get_bind().dialect.name == "sqlite":
        _number_anew()
    op.create_table(
        "event_to_empty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_to_empty_user_id", "event_to_empty", ["user_id"])


def _release_what_is_held_for_nobody() -> None:
    """Else the first family that is entered after the migration might get the id that it is held for."""
    op.execute(
        sa.text(
            "UPDATE slot SET blocked = false, blocked_by = '', held_for = NULL, held_until = NULL "
            "WHERE blocked_by = 'held' AND (held_for IS NULL OR held_for NOT IN (SELECT id FROM guest))"
        )
    )
    op.execute(
        sa.text(
            "UPDATE slot SET held_for = NULL, held_until = NULL "
            "WHERE held_for IS NOT NULL AND held_for NOT IN (SELECT id FROM guest)"
        )
    )


def _number_anew() -> None:
    connection = op.get_bind()
    if connection.execute(sa.text("PRAGMA foreign_keys")).scalar():
        raise RuntimeError("Foreign keys must be off while tables are made anew: use Database.migrate.")
    for table in REBUILT:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
