# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who helps to organise a conference."""

from typing import Literal

from sqlmodel import Field, SQLModel

DeputyRole = Literal["organiser", "desk"]


class Deputy(SQLModel, table=True):
    """A Nextcloud user beside the conference's owner (`Conference.organiser_id`). An `organiser` may do all that the
    owner may but delete the conference and say who is in the team; the front `desk` looks, books, moves, cancels
    and renews links."""

    conference_id: int = Field(foreign_key="conference.id", primary_key=True, ondelete="CASCADE")
    user_id: str = Field(primary_key=True, index=True)
    name: str = ""
    role: str = "organiser"
