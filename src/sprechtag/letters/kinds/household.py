# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the other household of the family has booked for its children, as it stands now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from ...conference import households
from ...conference.tables import Guest
from ...conference.views import GuestView, bookings_of_other_household
from ...phrases import Speaker
from ..compose import of_other_household
from ..letter import Letter
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `cancelled_at` of what the school had cancelled and may have taken back since; not needed then."""
    guest = session.get_one(Guest, to.guest_id)
    if guest.kin_id is None:
        return None
    if (at := about.get("cancelled_at")) and households.is_taken_back(session, guest, datetime.fromisoformat(at)):
        return None
    say = Speaker(to.language, to.zone)
    views = [view for view in bookings_of_other_household(session, guest) if view.ends_at > writer.now]
    return of_other_household(to, views, writer.manage_link(to), say)
