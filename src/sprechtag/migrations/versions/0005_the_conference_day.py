# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The conference day: live state of the calls, the join page's pace, readings of media servers, alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _moment(name: str, nullable: bool = True) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON(), nullable=False)


def _of(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("conference", sa.Column("display_shows", sa.String(), nullable=False, server_default="initials"))
    op.add_column("conference", sa.Column("display_generation", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("conference", sa.Column("rehearsal", sa.String(), nullable=False, server_default=""))
    op.add_column("conference", sa.Column("rehearsal_rooms", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("host", sa.Column("delay_minutes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("host", sa.Column("delayed_on", sa.Date(), nullable=True))
    op.create_table(
        "live_call",
        _number("booking_id"),
        _text("room"),
        _text("server"),
        _moment("arrived_at"),
        _moment("let_in_at"),
        _json("present"),
        _moment("up_at"),
        _moment("left_at"),
        _moment("seen_at"),
        _text("mark"),
        _moment("marked_at"),
        _number("extra_minutes"),
        _text("family_says"),
        _of("booking", "booking_id"),
        sa.PrimaryKeyConstraint("booking_id"),
    )
    op.create_index("ix_live_call_room", "live_call", ["room"])
    op.create_index("ix_live_call_turn", "live_call", ["server", "let_in_at"])
    op.create_table(
        "join_gate",
        _text("server"),
        sa.Column("share", sa.Float(), nullable=False),
        _moment("slowed_until"),
        sa.PrimaryKeyConstraint("server"),
    )
    op.create_table(
        "media_sample",
        _number("id"),
        _text("server"),
        _moment("at", nullable=False),
        _json("reading"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_media_sample_at", "media_sample", ["at"])
    op.create_table(
        "alarm",
        _number("id"),
        _text("public_id"),
        _number("conference_id"),
        _text("kind"),
        _text("about"),
        _json("facts"),
        _moment("since", nullable=False),
        _moment("ended_at"),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("ix_alarm_conference_id", "alarm", ["conference_id"])
    op.create_table(
        "device_check",
        _number("guest_id"),
        _number("conference_id"),
        _text("camera"),
        _text("microphone"),
        _text("webrtc"),
        _text("connection"),
        _moment("at", nullable=False),
        _of("guest", "guest_id"),
        _of("conference", "conference_id"),
        sa.PrimaryKeyConstraint("guest_id"),
    )
    op.create_index("ix_device_check_conference_id", "device_check", ["conference_id"])
