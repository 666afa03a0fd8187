# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who the caller is in Nextcloud: the groups, learned in the background because no request may wait for Nextcloud."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from ..conference.errors import Busy, NotFound, Refused
from ..conference.tables import InstanceFact
from ..gate import Caller

STALE = timedelta(minutes=1)
FORGOTTEN = timedelta(hours=12)
"""Groups are learned anew when the page is opened and they are older than a minute. What the page shows believes them
for twelve hours; where they give power they are a minute old at most."""
Ask = Callable[[str], None]
"""Has the groups of a user learned, at once and in the background; it does not touch the database."""


class Asking(Busy):
    """Whether somebody may has to be learned from Nextcloud first: the same request may be sent again in a second."""


class MayNotOrganise(Refused):
    """The admin lets only members of some groups make conferences, and the caller is in none of them as far as is
    known."""

    code = "may_not_organise"


class NoConfirmation(Refused):
    """Families shall confirm their address, and nothing is there that could write to it."""

    code = "no_confirmation"


@dataclass(frozen=True)
class Groups:
    names: list[str]
    stale: bool


def groups_of(session: Session, user: Caller, now: datetime) -> Groups | None:
    """What is known of the caller's groups; None when nothing is."""
    row = session.get(InstanceFact, f"person:{user.user_id}")
    if row is None or row.learned_at < now - FORGOTTEN:
        return None
    return Groups([str(name) for name in row.value.get("groups", [])], row.learned_at < now - STALE)


def groups_for_power(session: Session, user: Caller, now: datetime, ask: Ask) -> list[str]:
    """The caller's groups, a minute old at most. Raises `Asking` where they are older or not known."""
    known = groups_of(session, user, now)
    if known is None or known.stale:
        ask(user.user_id)
        raise Asking
    return known.names


def check_admin(session: Session, user: Caller, now: datetime, ask: Ask) -> None:
    """Raises `NotFound` for everybody who is not in Nextcloud's group `admin`, and `Asking`."""
    if "admin" not in groups_for_power(session, user, now, ask):
        raise NotFound
