# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who the caller is in Nextcloud: the groups, learned in the background because no request may wait for Nextcloud."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from ..conference.errors import NotFound, Refused
from ..conference.tables import InstanceFact
from ..database import Busy
from ..gate import Caller

STALE = timedelta(minutes=1)
FORGOTTEN = timedelta(hours=12)
"""Groups are learned anew when the page is opened and they are older than a minute. What the page shows follows them
for twelve hours; where they give power they are at most a minute old."""


class Asking(Busy):
    """Nextcloud is being asked who somebody is. Nothing was changed, and the same request may be sent again in a
    second."""


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


def check_power(known: Groups | None, user: Caller, ask: Callable[[str], None]) -> None:
    """To be called where the groups have just given power. Raises `Asking` when they are older than a minute: somebody
    who was taken out of a group has lost it by then."""
    if known is None or known.stale:
        ask(user.user_id)
    if known and known.stale:
        raise Asking


def check_admin(session: Session, user: Caller, now: datetime, ask: Callable[[str], None]) -> None:
    """Raises `NotFound` for everybody who is not known to be in Nextcloud's group `admin`, and `Asking`."""
    known = groups_of(session, user, now)
    if known is None or "admin" not in known.names:
        ask(user.user_id)
        raise NotFound
    check_power(known, user, ask)
