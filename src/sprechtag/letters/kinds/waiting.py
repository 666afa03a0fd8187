# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family is on a host's waiting list."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer
from .common import host_named


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `host`, its public id."""
    host = host_named(session, str(about["host"]))
    if host is None:
        return None
    say = Speaker(to.language, to.zone)
    onward = to_manage(say, writer.manage_link(to), say("My appointments"))
    return notice("waiting", say("On the waiting list"), to, [], onward, {"host": host.display_name})
