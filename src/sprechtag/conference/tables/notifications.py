# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud still has to tell its users."""

from datetime import datetime
from typing import Literal

from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN, utc_now, when

NoticeKind = Literal["invited", "reminded", "event_moved", "event_deleted", "alarm", "evening", "family_says", "budget"]


class Notice(SQLModel, table=True):
    """A notification that a host or an organiser has to get in Nextcloud; gone when it is through."""

    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    user_id: str
    kind: str
    about: str = ""
    attempts: int = 0
    next_attempt_at: datetime = when(default_factory=utc_now)
