# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A letter's appointments for the family's own calendar, as files beside the text.

A file has one method for all that is in it (RFC 5545, 3.7.2). PUBLISH posts events, and one with STATUS:CANCELLED in it
stays in the calendar, struck through at best (RFC 5546, 3.2.1); only CANCEL takes one out (3.2.5, and 4.1.3 for events
that were published: ORGANIZER, no ATTENDEE, a higher SEQUENCE). So what is moved and what is cancelled go as two files
in one mail. Both name as ORGANIZER the address that the mail comes from: a calendar believes a cancellation only of
whom it has the event from."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...conference.views import BookingView
from ...paper.ical import calendar_file
from ...phrases import Speaker


@dataclass(frozen=True)
class CalendarFile:
    """`method` is the one in the file, for the Content-Type (RFC 6047, 2.4)."""

    name: str
    method: str
    content: bytes


def calendar_files(events: Sequence[BookingView], sender: str) -> list[CalendarFile]:
    """One of the events that take place and one of those that do not; none where there are none. `sender` is the
    address in ASCII that the mail comes from."""
    there = [view for view in events if view.active]
    gone = [view for view in events if not view.active]
    found = []
    for name, method, views in (("appointment.ics", "PUBLISH", there), ("cancelled.ics", "CANCEL", gone)):
        if views:
            say = Speaker(views[0].language, views[0].zone)
            found.append(CalendarFile(name, method, calendar_file(views, say, method, organizer=sender)))
    return found
