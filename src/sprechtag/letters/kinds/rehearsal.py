# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Leads to the join page of a family's first appointment by video: the device check is there."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.tables import VIDEO
from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, Onward
from ..writer import Writer
from .common import conference_of, days_of


def write(session: Session, _about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    calls = [
        view
        for view in writer.coming(session, to)
        if view.place == VIDEO and view.starts_at > writer.now and view.talk_link
    ]
    if not calls:
        return None
    say = Speaker(to.language, to.zone)
    note = say("Picture and sound stay on your device. The school learns only whether it works.")
    onward = Onward(say("Check my device"), calls[0].talk_link, note)
    values = {"days": days_of(session, conference_of(session, to), say)}
    return notice("rehearsal", say("Does your video work?"), to, calls, onward, values)
