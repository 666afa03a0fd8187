# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The old links are void: with the new one come all appointments, because their video links are new too."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, _about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to))
    return notice("new_link", say("Your new link"), to, writer.coming(session, to), onward, {}, file=True)
