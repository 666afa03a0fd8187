# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How was it? One link for all, so that nobody is told apart."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, Onward
from ..writer import Writer
from .common import conference_of


def write(session: Session, _about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    say = Speaker(to.language, to.zone)
    link = writer.feedback_link(conference_of(session, to).public_id)
    onward = Onward(say("Say how it was"), link, say("This link is the same for all families."))
    return notice("feedback", say("How was it?"), to, [], onward, {})
