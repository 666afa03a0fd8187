# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The school asks a family to choose its appointments, with its own link."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer
from .common import conference_of, days_of


def write(session: Session, _about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to), say("Choose appointments"))
    values = {
        "child": to.guest_child,
        "days": days_of(session, conference_of(session, to), say),
        "closes": say.when(to.closes_at) if to.closes_at else "",
    }
    return notice("invitation", say("Invitation"), to, writer.coming(session, to), onward, values)
