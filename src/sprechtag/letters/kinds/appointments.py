# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is new with a family's appointments: one letter for all of it.

Unlike the other kinds it is about revisions of bookings, so it is no entry of the registry: `letters/owed.py`
knows what is new."""

import hashlib
from collections.abc import Sequence

from sqlmodel import Session

from ...conference.alternatives import free_instead
from ...conference.views import BookingView
from ..compose import compose
from ..letter import Instead, Letter
from ..writer import Writer

News = tuple[BookingView, bool]
"""A booking that has changed, and whether the family knew it before."""


def write(session: Session, news: Sequence[News], all_views: Sequence[BookingView], writer: Writer) -> Letter:
    """`news` is never empty and of one family; `all_views` are all its bookings, those that are new too."""
    told = [(writer.for_family(view), known) for view, known in news]
    others = [writer.for_family(view) for view in all_views]
    return compose(told, others, writer.manage_link(news[0][0]), instead(session, news, writer))


def fingerprint(news: Sequence[News]) -> str:
    """The same for the same revisions of the same bookings, whenever they are told."""
    parts = ",".join(f"{view.public_id}.{view.revision}" for view, _ in news)
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def instead(session: Session, news: Sequence[News], writer: Writer) -> list[Instead]:
    """Free times in place of what the school has cancelled."""
    found: dict[str, Instead] = {}
    for view, _ in news:
        if view.active or view.cancelled_by != "school":
            continue
        for one in free_instead(session, view, writer.now):
            link = writer.host_link(view, one.host_public_id)
            found[one.host_public_id] = Instead(one.host_name, one.starts, link)
    return list(found.values())
