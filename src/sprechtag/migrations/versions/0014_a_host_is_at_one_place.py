# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The minutes that a host has given away, in whichever conference.

Of two appointments that are at one time already, the one that was booked first has the minutes; both stand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    table = op.create_table(
        "host_minute",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "minute"),
    )
    op.create_index("ix_host_minute_booking_id", "host_minute", ["booking_id"])
    rows = list(_given(op.get_bind()))
    if rows:
        op.bulk_insert(table, rows)


def _given(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    booked = connection.execute(
        sa.text(
            "SELECT host.user_id, slot.starts_at, slot.ends_at, booking.id FROM booking "
            "JOIN slot ON slot.id = booking.slot_id JOIN host ON host.id = booking.host_id "
            "WHERE booking.state = 'active' ORDER BY booking.id"
        ).columns(starts_at=sa.DateTime(timezone=True), ends_at=sa.DateTime(timezone=True))
    )
    seen: set[tuple[str, int]] = set()
    for user_id, starts_at, ends_at, booking_id in booked:
        for minute in range(_seconds(starts_at) // 60, -(-_seconds(ends_at) // 60)):
            if (user_id, minute) not in seen:
                seen.add((user_id, minute))
                yield {"user_id": user_id, "minute": minute, "booking_id": booking_id}


def _seconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
