# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The family's whole journey: several hosts at once, waiting lists, letters, wishes, feedback, paper."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _moment(name: str, nullable: bool = True) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _of(table: str, column: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete=on_delete)


def upgrade() -> None:
    op.add_column("conference", sa.Column("walk_minutes", sa.Integer(), nullable=False, server_default="5"))
    op.add_column("conference", sa.Column("reminders", sa.String(), nullable=False, server_default="1440,60"))
    op.add_column("conference", sa.Column("waiting_list", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("conference", _moment("priority_from"))
    op.add_column("conference", sa.Column("texts", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("conference", sa.Column("booking_mode", sa.String(), nullable=False, server_default="direct"))
    op.add_column("conference", _moment("wishes_until"))
    op.add_column("conference", sa.Column("privacy_notice", sa.String(), nullable=False, server_default=""))
    op.add_column("conference", sa.Column("feedback", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("guest", sa.Column("code_hash", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_guest_code_hash", "guest", ["code_hash"])
    op.add_column("slot", _moment("held_until"))
    op.add_column("booking", sa.Column("cancelled_by", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "guest_host",
        _number("guest_id"),
        _number("host_id"),
        sa.Column("asked", sa.Boolean(), nullable=False),
        _of("guest", "guest_id"),
        _of("host", "host_id"),
        sa.PrimaryKeyConstraint("guest_id", "host_id"),
    )
    op.create_table(
        "waiting_entry",
        _number("id"),
        _text("public_id"),
        _number("conference_id"),
        _number("host_id"),
        _number("guest_id"),
        _text("child"),
        _text("school_class"),
        _number("offered_slot_id", nullable=True),
        _moment("created_at", nullable=False),
        _of("conference", "conference_id"),
        _of("host", "host_id"),
        _of("guest", "guest_id"),
        _of("slot", "offered_slot_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("host_id", "guest_id"),
    )
    op.create_index("ix_waiting_entry_conference_id", "waiting_entry", ["conference_id"])
    op.create_index("ix_waiting_entry_guest_id", "waiting_entry", ["guest_id"])
    op.create_table(
        "guest_letter",
        _number("id"),
        _text("public_id"),
        _number("guest_id"),
        _text("kind"),
        _text("name"),
        sa.Column("payload", sa.JSON(), nullable=False),
        _number("attempts"),
        _moment("next_attempt_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("sent_at"),
        _text("last_error"),
        _of("guest", "guest_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("guest_id", "kind", "name"),
    )
    _wishes()
    op.create_table(
        "feedback_answer",
        _number("id"),
        _number("conference_id"),
        _text("key_hash"),
        _number("worth"),
        _number("ease"),
        _text("place"),
        _text("comment"),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index("ix_feedback_answer_conference_id", "feedback_answer", ["conference_id"])
    op.create_table(
        "paper_job",
        _number("id"),
        _text("public_id"),
        _number("conference_id"),
        _text("user_id"),
        _text("kind"),
        sa.Column("options", sa.JSON(), nullable=False),
        _text("state"),
        _number("attempts"),
        _number("pages"),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        _moment("created_at", nullable=False),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_paper_job_conference_id", "paper_job", ["conference_id"])


def _wishes() -> None:
    op.create_table(
        "wish_sheet",
        _number("guest_id"),
        _number("conference_id"),
        sa.Column("available", sa.JSON(), nullable=False),
        _text("place"),
        _number("walk_minutes"),
        _moment("changed_at", nullable=False),
        _of("guest", "guest_id"),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("guest_id"),
    )
    op.create_index("ix_wish_sheet_conference_id", "wish_sheet", ["conference_id"])
    op.create_table(
        "host_wish",
        _number("id"),
        _number("conference_id"),
        _number("guest_id"),
        _number("host_id"),
        _text("child"),
        _text("school_class"),
        _text("outcome"),
        _of("conference", "conference_id"),
        _of("guest", "guest_id"),
        _of("host", "host_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guest_id", "host_id", "child"),
    )
    op.create_index("ix_host_wish_conference_id", "host_wish", ["conference_id"])
    op.create_table(
        "wish_run",
        _number("id"),
        _text("public_id"),
        _number("conference_id"),
        _number("seed"),
        sa.Column("effort", sa.Float(), nullable=False),
        _text("state"),
        _number("attempts"),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("unserved", sa.JSON(), nullable=False),
        _text("problem"),
        _moment("created_at", nullable=False),
        _moment("finished_at"),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_wish_run_conference_id", "wish_run", ["conference_id"])
