# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's appointments as an iCalendar file (RFC 5545)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from ..conference.views import BookingView
from ..phrases import Speaker

PRODUCT = "-//Sprechtag//conference days//EN"


def uid_of(view: BookingView, life: int = 1) -> str:
    """The event's UID (RFC 7986, 5.3). A new life is a new UID: Nextcloud's trash bin keeps the old name."""
    return f"{view.public_id}-{life}@sprechtag"


def calendar_file(
    views: Sequence[BookingView], say: Speaker, method: str = "PUBLISH", refresh_hours: int = 0, organizer: str = ""
) -> bytes:
    """One VEVENT per booking, times in UTC. `method` CANCEL takes them out again (RFC 5546, 3.2.5); with
    `refresh_hours` the file says how often a calendar app should ask for it (RFC 7986, 5.7). `organizer` is the
    address that the file is sent from; what goes by mail must name one (RFC 5546, 3.2.1 and 3.2.5)."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if refresh_hours:
        calendar.add("refresh-interval", timedelta(hours=refresh_hours), parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", f"PT{refresh_hours}H")
        # Not a text by RFC 5545, so nothing escapes a line break in it.
        calendar.add("x-wr-calname", " ".join(views[0].conference_name.split()) if views else "")
    for view in views:
        event = _event(view, say, cancelled=method == "CANCEL" or not view.active)
        if organizer:
            event.add("organizer", person(organizer, view.conference_name))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(view: BookingView, say: Speaker, cancelled: bool) -> Event:
    event = Event()
    event.add("uid", uid_of(view))
    event.add("sequence", view.revision)
    event.add("dtstamp", datetime.now(UTC).replace(microsecond=0))
    event.add("dtstart", view.starts_at.astimezone(UTC))
    event.add("dtend", view.ends_at.astimezone(UTC))
    event.add("summary", f"{view.conference_name}: {view.host_name}")
    event.add("location", where(view, say))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    if not cancelled:
        event.add_component(_reminder(view))
    return event


def person(mailbox: str, name: str) -> vCalAddress:
    """Somebody with an address, as ORGANIZER and ATTENDEE have it."""
    found = vCalAddress(f"mailto:{mailbox}")
    # A parameter may hold neither line breaks nor quotation marks (RFC 5545, 3.2).
    found.params["CN"] = vText(" ".join(name.split()).replace('"', "'"))
    return found


def where(view: BookingView, say: Speaker) -> str:
    if view.place == "video":
        return view.talk_link or say("By video")
    return say("Room %(room)s", room=view.host_room) if view.host_room else say("On site")


def _reminder(view: BookingView) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", view.conference_name)
    alarm.add("trigger", timedelta(minutes=-30))
    return alarm
