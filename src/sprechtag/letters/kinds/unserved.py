# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes were assigned, and none or not all of a family's were possible."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter:
    """`about`: `lines`, one a wish that was not possible."""
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to))
    values = {"hosts": "\n".join(about["lines"])}
    return notice("unserved", say("Your wishes were not possible"), to, writer.coming(session, to), onward, values)
