# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What families thought of the day."""

from sqlmodel import Field, SQLModel

from ...database import NEVER_AGAIN


class FeedbackAnswer(SQLModel, table=True):
    """What a family thought of the day. It names nobody and no time: not even a day can tell who wrote it."""

    __tablename__ = "feedback_answer"
    __table_args__ = NEVER_AGAIN
    id: int | None = Field(default=None, primary_key=True)
    conference_id: int = Field(foreign_key="conference.id", index=True, ondelete="CASCADE")
    key_hash: str = Field(unique=True)
    worth: int
    ease: int
    place: str = ""
    comment: str = ""
