# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in calendars otherwise than here, since a backup was restored."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, when


class StrayEvent(SQLModel, table=True):
    """An event of ours that was found to differ from the database after a restored backup.

    `kind`: `unknown` (no booking has it: it was made after the backup), `moved` (it stood at `starts_at` to `ends_at`
    and was put back) or `gone` (it was not there any more, and was made anew). `uid` names the booking, `title` is what
    the event of an unknown one says. `found_at`: when it was last seen so."""

    __tablename__ = "stray_event"
    __table_args__ = (UniqueConstraint("host_id", "uid"), NEVER_AGAIN)
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    uid: str
    kind: str
    title: str = ""
    starts_at: datetime = when()
    ends_at: datetime = when()
    found_at: datetime = when()
