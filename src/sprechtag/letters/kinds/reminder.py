# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The appointments of one day, some time before the first of them."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ...conference.views import GuestView
from ...moments import local
from ...phrases import Speaker
from ..compose import notice
from ..letter import Letter, to_manage
from ..writer import Writer


def write(session: Session, about: Mapping[str, Any], to: GuestView, writer: Writer) -> Letter | None:
    """`about`: `day`, as an ISO date on the conference's wall clock."""
    say = Speaker(to.language, to.zone)
    day = date.fromisoformat(about["day"])
    views = [
        view
        for view in writer.coming(session, to)
        if not view.confirm_by and local(view.starts_at, ZoneInfo(to.zone)).date() == day
    ]
    if not views:
        return None
    heading = say("Reminder: %(when)s", when=say.when(views[0].starts_at))
    onward = to_manage(say, writer.manage_link(to))
    return notice("reminder", heading, to, views, onward, {"when": say.day(views[0].starts_at)}, file=True)
