# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the admin has set, and what was learned of the instance."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from ...database import utc_now, when


class AdminSettings(SQLModel, table=True):
    """What Nextcloud's admin has set in the page; one row."""

    __tablename__ = "admin_settings"
    id: int = Field(default=1, primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class InstanceFact(SQLModel, table=True):
    """What was last learned of this Nextcloud (theming, capabilities, public address), so that no page asks for it."""

    __tablename__ = "instance_fact"
    name: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    learned_at: datetime = when(default_factory=utc_now)
