# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that happens later is an errand; what says when to try again leaves the tables of the things themselves.

What is pending comes back by itself: the records stay (effects that are behind, letters that were not sent, …), and
errands for them are put at the next start (`conference.follow.level`). Only notices had no other record; theirs are
carried over here."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

LEAVES = {
    "effect": ("attempts", "next_attempt_at"),
    "guest_letter": ("attempts", "next_attempt_at"),
    "job_item": ("next_attempt_at", "last_error"),
    "paper_job": ("attempts",),
    "wish_run": ("attempts",),
    "event_to_empty": ("attempts", "next_attempt_at"),
    "host": ("checked_at",),
}
AUTOINCREMENT = {"guest_letter", "paper_job", "wish_run", "event_to_empty", "host"}


def upgrade() -> None:
    _level_what_was_edited_later()
    op.create_table(
        "errand",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("troubled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_errand_due", "errand", ["due_at"])
    op.create_index("ix_errand_order", "errand", ["rank", "due_at", "id"])
    leased = sa.text("leased_until IS NOT NULL")
    op.create_index("ix_errand_leased_lane", "errand", ["lane"], sqlite_where=leased, postgresql_where=leased)
    _carry_notices()
    op.drop_table("notice")
    if op.get_bind().dialect.name == "postgresql":
        # The queue that was here before kept its own schema; SQLite's file goes when the app starts.
        op.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
    op.drop_index("ix_effect_due", table_name="effect")
    for table, columns in LEAVES.items():
        with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": table in AUTOINCREMENT}) as batch:
            for column in columns:
                if column in _columns(table):
                    batch.drop_column(column)


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _level_what_was_edited_later() -> None:
    """0002 and 0005 were changed after databases had been made with them: what those lack or have too much."""
    if "next_at" in _columns("join_gate"):
        with op.batch_alter_table("join_gate") as batch:
            batch.drop_column("next_at")
    if "attempts" not in _columns("job_item"):
        op.add_column("job_item", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    known = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("live_call")}
    if "ix_live_call_turn" not in known:
        op.create_index("ix_live_call_turn", "live_call", ["server", "let_in_at"])


def _carry_notices() -> None:
    connection = op.get_bind()
    waiting = connection.execute(
        sa.text(
            "SELECT conference_id, user_id, kind, about, min(next_attempt_at) AS due_at FROM notice GROUP BY 1, 2, 3, 4"
        )
    )
    for one in waiting.mappings().all():
        connection.execute(
            sa.text(
                "INSERT INTO errand (kind, key, lane, rank, payload, due_at, wanted, attempts, problem, holder) "
                "VALUES ('notice', :key, :lane, 1, :payload, :due_at, 1, 0, '', '')"
            ),
            {
                "key": f"{one['conference_id']}:{one['kind']}:{one['about']}:{one['user_id']}",
                "lane": f"user:{one['user_id']}",
                "payload": json.dumps(
                    {
                        "conference": one["conference_id"],
                        "user": one["user_id"],
                        "kind": one["kind"],
                        "about": one["about"],
                    }
                ),
                "due_at": one["due_at"],
            },
        )
