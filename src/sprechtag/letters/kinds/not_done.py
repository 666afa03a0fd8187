# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stood against a form with this address; whoever sent it was told nothing of the family."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    """`about`: `code` of the refusal, and what it tells (`conference.proof.tell_not_done`)."""
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to))
    values = {"why": _why(about, say)}
    return notice("not_done", say("Nothing was changed"), to, writer.coming(session, to), onward, values)


def _why(about: Mapping[str, Any], say: Speaker) -> str:
    match about.get("code"):
        case "guest_busy":
            starts_at = datetime.fromisoformat(about["starts_at"])
            return say("You already have an appointment at %(time)s.", time=say.time(starts_at))
        case "limit_reached" if about.get("per_host"):
            return say.plural(
                "You already have %(number)s appointment with this person; more are not possible.",
                "You already have %(number)s appointments with this person; more are not possible.",
                int(about["limit"]),
            )
        case "limit_reached":
            return say.plural(
                "Only %(number)s appointment per family is possible.",
                "Only %(number)s appointments per family are possible.",
                int(about["limit"]),
            )
        case "wishes_before":
            return say("You have entered wishes before.")
        case _:
            return say("Please choose another time.")
