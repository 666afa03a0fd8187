# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host runs late."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ...moments import shifted
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer
from .common import host_named


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `host`, its public id, and `minutes`. For the first appointment that is left with that host; not needed
    once the delay is another."""
    host, minutes = host_named(session, str(about["host"])), int(about["minutes"])
    if host is None or host.delay_minutes != minutes:
        return None
    since = writer.now - timedelta(hours=1)
    left = [view for view in writer.coming(session, to) if view.host_id == host.id and view.starts_at > since]
    if not left:
        return None
    say = Speaker(to.language, to.zone)
    when = say.time(shifted(left[0].starts_at, timedelta(minutes=minutes)))
    values = {"host": host.display_name, "minutes": str(minutes), "when": when}
    heading = say.plural(
        "About %(number)s minute later: %(host)s",
        "About %(number)s minutes later: %(host)s",
        minutes,
        host=host.display_name,
    )
    onward = to_manage(say, writer.manage_link(to))
    return notice("late", heading, to, left, onward, values)
