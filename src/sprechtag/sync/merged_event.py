# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An event of ours in which the host has written too: what is ours is brought up to date, what is theirs stays.

Ours are the properties below and the family among the attendees. Title and description are shared: the event holds a
copy of what we wrote there last, so that what the host has put before, behind or in between is known and kept. Alarms,
categories, colours, attachments, further attendees are the host's."""

from typing import Any

from icalendar import Calendar, Event, vText

OURS = ("DTSTART", "DTEND", "LOCATION", "STATUS", "CLASS", "ORGANIZER")
THEIRS_TOO = {"ORGANIZER"}
"""Ours where we have one; a host who invites a colleague to the event has another."""
SHARED = {"SUMMARY": "X-SPRECHTAG-SUMMARY", "DESCRIPTION": "X-SPRECHTAG-DESCRIPTION"}
"""Each with where the copy of our own words stands."""
REVISION = "X-SPRECHTAG-REVISION"
GUEST = "X-SPRECHTAG"
"""A parameter of the attendee that is the family (RFC 5545, 3.2: X- parameters are kept)."""
STAMPS = (REVISION, "SEQUENCE", "DTSTAMP")


def first(text: str) -> Any:
    """The first event of an iCalendar text; None for what is none."""
    try:
        return next(iter(Calendar.from_ical(text).walk("VEVENT")), None)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def number(text: str, name: str) -> int:
    event = first(text)
    try:
        return int(str(event.get(name, "0"))) if event is not None else 0
    except ValueError:
        return 0


def guests(event: Any) -> list[Any]:
    """All attendees."""
    found = event.get("ATTENDEE") or []
    return found if isinstance(found, list) else [found]


def merge(present: str, ours: str) -> str:
    """`ours` with what the host has added to `present`. What cannot be read is replaced."""
    theirs, event = first(present), first(ours)
    if theirs is None or event is None:
        return ours
    outer = Calendar.from_ical(present)
    inner = next(iter(outer.walk("VEVENT")))
    for name in (*OURS, *STAMPS):
        if name in event or name not in THEIRS_TOO:
            inner.pop(name, None)
        if name in event:
            inner[name] = event[name]
    inner.pop("DURATION", None)  # beside an end it is not allowed (RFC 5545, 3.6.1)
    for name, copy in SHARED.items():
        text = _kept(str(theirs.get(name, "")), _copy(theirs, copy), str(event.get(name, "")))
        inner[name], inner[copy] = vText(text), vText(str(event.get(name, "")))
    family = guests(event)
    addresses = {str(one).casefold() for one in family}
    others = [one for one in guests(theirs) if GUEST not in one.params and str(one).casefold() not in addresses]
    inner.pop("ATTENDEE", None)
    if family or others:
        inner["ATTENDEE"] = family + others
    outer.add_missing_timezones()
    return str(outer.to_ical().decode())


def _copy(event: Any, name: str) -> str:
    """An X- property is kept as it was written, escapes and all (RFC 5545, 3.3.11)."""
    read = Event.from_ical(f"BEGIN:VEVENT\r\nDESCRIPTION:{event.get(name, '')}\r\nEND:VEVENT\r\n")
    return str(read["DESCRIPTION"])


def _kept(theirs: str, before: str, now: str) -> str:
    """`now` in the place of what we wrote `before`, in a text to which somebody has added."""
    if not theirs or theirs == before:
        return now
    if not before:
        return now  # an event of an older version: what was ours in it is not known
    if before in theirs:
        return theirs.replace(before, now, 1)
    known = set(before.splitlines())
    added = [line for line in theirs.splitlines() if line.strip() and line not in known]
    return "\n".join([now, "", *added]) if added else now


def same(present: str, wanted: str) -> bool:
    """Whether the event stands as it should; which revision wrote it and when says nothing."""
    one, other = first(present), first(wanted)
    if one is None or other is None:
        return False
    return _content(one) == _content(other)


def _content(event: Any) -> list[str]:
    found = [_value(event, name) for name in (*OURS, *SHARED) if name not in THEIRS_TOO]
    found += [_copy(event, copy) for copy in SHARED.values()]
    forced = any("SCHEDULE-FORCE-SEND" in one.params for one in guests(event))
    family = sorted(
        f"{str(one).casefold()} {one.params.get('CN', '')} {one.params.get('SCHEDULE-AGENT', '')}"
        for one in guests(event)
        if GUEST in one.params
    )
    return [*found, *family, str(forced)]


def _value(event: Any, name: str) -> str:
    """As it is read, whatever zone or folding it is written in."""
    if name not in event:
        return ""
    if name in ("DTSTART", "DTEND"):
        when = event.decoded(name)
        return str(when.timestamp()) if hasattr(when, "timestamp") else str(when)
    return str(event[name])
