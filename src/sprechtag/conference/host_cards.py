# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hosts of a conference as a family chooses among them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from . import rules
from .tables import Booking, Conference, Host, Slot
from .taken import free_starts


@dataclass(frozen=True)
class HostCard:
    """A host as a family sees it in the list. `named` are the hosts that the school's list names for this family;
    those that `asked` would like to see it."""

    public_id: str
    name: str
    subject: str
    classes: str
    free: int
    named: bool = False
    asked: bool = False

    def teaches(self, school_class: str) -> bool:
        return school_class.strip().casefold() in names_in(self.classes)


def host_cards(
    session: Session, conference: Conference, now: datetime, search: str = "", named: Mapping[int, bool] | None = None
) -> list[HostCard]:
    """The joined hosts by name, with the number of times that can still be booked; `named` as in `HostCard`, by id."""
    named = named or {}
    free = (
        select(col(Slot.host_id), func.count().label("free"))
        .outerjoin(Booking, (col(Booking.slot_id) == col(Slot.id)) & (col(Booking.state) == "active"))
        .where(col(Slot.conference_id) == conference.id, col(Slot.blocked).is_(False), col(Booking.id).is_(None))
        .where(col(Slot.starts_at) >= rules.bookable_from(conference, now))
        .group_by(col(Slot.host_id))
        .subquery()
    )
    rows = session.execute(
        select(Host, free.c.free)
        .outerjoin(free, free.c.host_id == col(Host.id))
        .where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
    )
    earliest = rules.bookable_from(conference, now)
    cards = [
        HostCard(
            host.public_id,
            host.display_name,
            host.subject,
            host.classes,
            len(free_starts(session, host.id, earliest)) if rules.has_own_limits(host) else count or 0,
            named=host.id in named,
            asked=named.get(host.id or 0, False),
        )
        for host, count in rows.all()
    ]
    words = search.casefold().split()
    matching = [card for card in cards if all(word in f"{card.name} {card.subject}".casefold() for word in words)]
    return sorted(matching, key=lambda card: by_last_name(card.name))


def by_last_name(name: str) -> tuple[str, str]:
    return (name.rsplit(maxsplit=1)[-1].casefold() if name.split() else "", name.casefold())


def names_in(text: str) -> list[str]:
    """What stands in a list like "Deutsch, Sport" or "5a; 5b", without regard to case."""
    return [part.strip().casefold() for part in re.split(r"[,;/]", text) if part.strip()]
