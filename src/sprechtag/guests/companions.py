# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes beside the family, as its own page shows it."""

from typing import Any

from ..conference import companions
from ..conference.tokens import person_path
from ..conference.views import BookingView
from ..phrases import Speaker
from .front import Front, Visit


def shown(front: Front, visit: Visit, view: BookingView) -> dict[str, Any]:
    """What the page of an appointment says of those who come. `may_name`: whether one more can be named."""
    if visit.family is None or not view.active or view.confirm_by:
        return {"people": [], "may_name": False}
    with front.database.read() as session:
        there = companions.of_booking(session, view.id)
    say = Speaker(visit.family.language, view.zone)
    base = front.public_base()
    people = [
        {
            "id": one.public_id,
            "name": one.name,
            "what": kinds(say).get(one.kind, ""),
            "email": one.email if one.by_family else "",
            "removable": bool(one.seat),
            "link": f"{base}/{person_path(front.links, one.public_id, one.generation)}"
            if one.seat and one.last_error and base
            else "",
        }
        for one in there
    ]
    return {"people": people, "may_name": len([one for one in there if one.seat]) < companions.MOST}


def kinds(say: Speaker) -> dict[str, str]:
    return {
        "parent": say("Second parent"),
        "relative": say("Grandparent or relative"),
        "interpreter": say("Interpreter"),
        "other": say("Somebody else"),
    }
