# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference's owner, who may name deputies and hand it over, and what each of them may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select
from sqlmodel import Session, col

from . import entries, follow
from .errors import Invalid
from .ruleset import check_entry
from .tables import Conference, Deputy, DeputyRole
from .telling import tell_user

Role = Literal["owner", "organiser", "desk"]
MOST = 50


@dataclass(frozen=True)
class Member:
    """`name` is what the user was called when named."""

    user_id: str
    name: str
    role: DeputyRole


def role_of(session: Session, conference: Conference, user_id: str) -> Role | None:
    """What the user is in the team; None for everybody else, hosts too."""
    if conference.organiser_id == user_id:
        return "owner"
    deputy = session.get(Deputy, (conference.id, user_id))
    return deputy.role if deputy else None  # type: ignore[return-value]


def members(session: Session, conference: Conference) -> list[Member]:
    """All but the owner, by name."""
    rows = session.execute(
        select(Deputy).where(col(Deputy.conference_id) == conference.id).order_by(col(Deputy.name), col(Deputy.user_id))
    ).scalars()
    return [Member(one.user_id, one.name, one.role) for one in rows]


def set_members(session: Session, conference: Conference, wanted: Sequence[Member], now: datetime) -> None:
    """Sets the whole team; who is new in it is told. The owner is not named again. Raises `Invalid`."""
    if len(wanted) > MOST:
        raise Invalid("members", "team_too_large")
    for one in wanted:
        if not one.user_id.strip():
            raise Invalid("user_id", "user_id_missing")
        check_entry("user_id", entries.user_id, one.user_id)
    before = {one.user_id for one in members(session, conference)}
    session.execute(delete(Deputy).where(col(Deputy.conference_id) == conference.id))
    kept = {one.user_id: one for one in wanted if one.user_id != conference.organiser_id}
    for one in kept.values():
        session.add(Deputy(conference_id=conference.id or 0, user_id=one.user_id, name=one.name, role=one.role))
        if one.user_id not in before:
            tell_user(session, conference.id or 0, one.user_id, "deputy", now)
    session.flush()


def hand_over(session: Session, conference: Conference, to: Member, former_name: str, now: datetime) -> None:
    """Makes another user the owner. Whoever was it stays in the team as an organiser, unless nobody knows them by name
    any more (empty `former_name`: an admin takes over from somebody who is gone). Mails go out by the new owner's
    account from now on. Raises `Invalid`."""
    check_entry("user_id", entries.user_id, to.user_id)
    if to.user_id == conference.organiser_id:
        return
    session.execute(delete(Deputy).where(col(Deputy.conference_id) == conference.id, col(Deputy.user_id) == to.user_id))
    if former_name:
        session.add(Deputy(conference_id=conference.id or 0, user_id=conference.organiser_id, name=former_name))
    conference.organiser_id = to.user_id
    session.add(conference)
    session.flush()
    follow.organiser(session, conference, now)
    tell_user(session, conference.id or 0, to.user_id, "owner", now)


def organisers(session: Session, conference: Conference) -> list[str]:
    """Who is told what concerns the whole conference: the owner and those who organise with them."""
    deputies = [one.user_id for one in members(session, conference) if one.role == "organiser"]
    return [conference.organiser_id, *deputies]
