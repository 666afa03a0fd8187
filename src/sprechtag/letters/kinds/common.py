# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What several kinds need to know."""

from sqlalchemy import select
from sqlmodel import Session, col

from ...conference.tables import Conference, Guest, Host
from ...conference.views import GuestView
from ...conference.windows import windows_of
from ...phrases import Speaker


def host_named(session: Session, public_id: str) -> Host | None:
    found: Host | None = session.execute(select(Host).where(col(Host.public_id) == public_id)).scalar_one_or_none()
    return found


def conference_of(session: Session, to: GuestView) -> Conference:
    return session.get_one(Conference, session.get_one(Guest, to.guest_id).conference_id)


def days_of(session: Session, conference: Conference, say: Speaker) -> str:
    """The conference's days as a family reads them: "Wednesday, 13 January 2027, Wednesday, …"."""
    days = sorted({window.day for window in windows_of(session, conference, None)})
    return say.listing([say.date_only(day) for day in days])
