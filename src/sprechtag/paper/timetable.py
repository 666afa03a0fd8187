# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's appointments on a sheet of paper."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ..conference.tables import Conference
from ..conference.views import BookingView
from ..phrases import Speaker
from .pdf import page, pdf_soon


def days_of(views: Sequence[BookingView], say: Speaker) -> list[dict[str, Any]]:
    """The appointments by day."""
    by_day = groupby(views, key=lambda view: say.date(view.starts_at))
    return [{"name": say.day(some[0].starts_at), "views": some} for some in (list(group) for _, group in by_day)]


def family_timetable(views: Sequence[BookingView], conference: Conference, say: Speaker) -> bytes:
    """The sheet as PDF. Raises `PrinterBusy`."""
    return pdf_soon(timetables([(views[0].guest_name if views else "", views, say)], conference, say))


def timetables(
    families: Sequence[tuple[str, Sequence[BookingView], Speaker]], conference: Conference, say: Speaker
) -> str:
    """The sheets of many families as one document, each in its family's language."""
    sheets = [
        {"name": name, "days": days_of(views, own), "say": own, "several": len({view.child for view in views}) > 1}
        for name, views, own in families
    ]
    return page("timetables.html", conference.name, say, conference=conference, sheets=sheets)
