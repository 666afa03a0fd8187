# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host would like to see a family."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference import named
from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer
from .common import host_named


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `host`, its public id. Not needed once the host has taken it back."""
    host = host_named(session, str(about["host"]))
    if host is None or not named.has_asked(session, host.id or 0, to.guest_id):
        return None
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to), say("Choose a time"))
    heading = say("%(host)s would like to talk to you", host=host.display_name)
    values = {"host": host.display_name, "child": to.guest_child}
    return notice("asked", heading, to, [], onward, values)
