# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud's admin sets for all conferences."""

from collections.abc import Collection
from typing import Any

from sqlmodel import Session

from .tables import AdminSettings


def read(session: Session) -> dict[str, Any]:
    """By name; empty where nothing was set."""
    row = session.get(AdminSettings, 1)
    return dict(row.value) if row else {}


def write(session: Session, values: dict[str, Any]) -> None:
    """Sets these and leaves the others."""
    session.merge(AdminSettings(id=1, value=read(session) | values))


def may_organise(allowed: Collection[str], groups: Collection[str] | None) -> bool | None:
    """Whether somebody of these groups may make conferences: everybody where no group is named. None while the groups
    are not known yet."""
    if not allowed:
        return True
    return None if groups is None else bool(set(allowed) & (set(groups) - {""}))
