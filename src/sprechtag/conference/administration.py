# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud's admin sets for all conferences."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from .tables import AdminSettings, Conference


def read(session: Session) -> dict[str, Any]:
    """By name; empty where nothing was set."""
    row = session.get(AdminSettings, 1)
    return dict(row.value) if row else {}


def write(session: Session, values: dict[str, Any]) -> None:
    """Sets these and leaves the others."""
    session.merge(AdminSettings(id=1, value=read(session) | values))


def is_open(session: Session, by_environment: bool) -> bool:
    """Whether everybody may make conferences as long as no group is named: where the environment says so, and where
    conferences stood before that rule."""
    return by_environment or bool(read(session).get("organise_open"))


def may_organise(
    session: Session, user_id: str, allowed: Collection[str], groups: Collection[str] | None, by_environment: bool
) -> bool:
    """Whether somebody of these groups may make conferences.

    Nobody may until the admin has named groups, because a conference can write to anybody; where it `is_open`
    everybody may until then, and who has a conference goes on. `groups` is None while they are not known."""
    if allowed:
        return groups is not None and bool(set(allowed) & (set(groups) - {""}))
    if is_open(session, by_environment):
        return True
    mine = select(col(Conference.id)).where(col(Conference.organiser_id) == user_id).limit(1)
    return session.execute(mine).first() is not None
