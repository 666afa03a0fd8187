# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A time has become free and is held for a family that waits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from ...conference.tables import Host, Slot
from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `slot`, its public id. Not needed once the slot is no longer held for this family."""
    slot = session.execute(select(Slot).where(col(Slot.public_id) == str(about["slot"]))).scalar_one_or_none()
    if slot is None or slot.held_for != to.guest_id or slot.held_until is None:
        return None
    say = Speaker(to.language, to.zone)
    host = session.get_one(Host, slot.host_id)
    values = {"host": host.display_name, "when": say.when(slot.starts_at), "until": say.when(slot.held_until)}
    heading = say("A time is free: %(when)s", when=values["when"])
    onward = to_manage(say, writer.manage_link(to), say("Take it or let it pass"))
    return notice("offer", heading, to, [], onward, values)
