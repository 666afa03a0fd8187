# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was learned of the Nextcloud instance."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from ..database import tell
from .tables import InstanceFact

FACTS = "facts"
"""What `Database.heard` is told under when something was learned."""


def fact(session: Session, name: str) -> dict[str, Any]:
    """What was last learned of the instance under this name; empty when nothing was."""
    row = session.get(InstanceFact, name)
    return dict(row.value) if row else {}


def learn(session: Session, name: str, value: dict[str, Any], now: datetime) -> None:
    session.merge(InstanceFact(name=name, value=value, learned_at=now))
    tell(session, FACTS)
