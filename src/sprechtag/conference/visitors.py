# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has entered unusually much without proving anything: for the organiser's eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from .tables import BudgetHit, Conference
from .views import BookingView, bookings_by_visitor

MANY = 12
"""A family with all its children books less than this; a visitor with more is worth a look."""


@dataclass(frozen=True)
class Visitor:
    """What came from one address: its mark, when it began and ended, and its active bookings, oldest first."""

    visitor: str
    since: datetime
    until: datetime
    families: int
    bookings: list[BookingView]


def hits(session: Session, conference: Conference) -> Sequence[BudgetHit]:
    """Budgets that were spent, the latest first."""
    query = select(BudgetHit).where(col(BudgetHit.conference_id) == conference.id)
    return list(session.execute(query.order_by(col(BudgetHit.last_at).desc()).limit(50)).scalars())


def busiest(session: Session, conference: Conference) -> list[Visitor]:
    """The visitors with many bookings, or with a spent budget, and some that nobody has proven; the largest first."""
    spent = {hit.visitor for hit in hits(session, conference) if hit.visitor}
    found = []
    for visitor, views in bookings_by_visitor(session, conference.id or 0).items():
        if (len(views) < MANY and visitor not in spent) or all(view.proven for view in views):
            continue
        moments = sorted(view.created_at for view in views)
        families = len({view.guest_id for view in views})
        found.append(Visitor(visitor, moments[0], moments[-1], families, views))
    return sorted(found, key=lambda one: -len(one.bookings))[:20]
