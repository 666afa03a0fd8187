# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The family's link once more, because somebody has asked for it with its address."""

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
    return notice("link", say("Your link"), to, writer.coming(session, to), onward, {})
