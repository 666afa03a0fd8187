# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Times that are free instead of one that is lost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from . import rules
from .errors import Refused
from .names import names_in
from .tables import Conference, Host
from .taken import free_of
from .views import BookingView


@dataclass(frozen=True)
class FreeWith:
    """A host with free times (UTC)."""

    host_public_id: str
    host_name: str
    starts: list[datetime]


def free_instead(session: Session, view: BookingView, now: datetime, count: int = 3) -> list[FreeWith]:
    """What a family can have in place of this appointment: the nearest free times of the same host, else of up to three
    hosts with a subject in common. Empty where nothing can be booked (any more)."""
    conference = session.get_one(Conference, view.conference_id)
    try:
        rules.check_booking_is_open(conference, now)
    except Refused:
        return []
    earliest = rules.bookable_from(conference, now)

    def free_with(host: Host, most: int) -> FreeWith:
        joined = host.state == "joined"
        free = [start for start, _ in free_of(session, conference, host, earliest)] if joined else []
        return FreeWith(host.public_id, host.display_name, rules.next_free(free, view.starts_at, most))

    same = free_with(session.get_one(Host, view.host_id), count)
    if same.starts:
        return [same]
    subjects = set(names_in(view.host_subject))
    others = session.execute(
        select(Host).where(
            col(Host.conference_id) == view.conference_id, col(Host.state) == "joined", col(Host.id) != view.host_id
        )
    ).scalars()
    alike = [free_with(host, 2) for host in others if subjects & set(names_in(host.subject))]
    return sorted((one for one in alike if one.starts), key=lambda one: one.starts[0])[:3]
