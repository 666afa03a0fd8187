# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A user's calendar over CalDAV (RFC 4791), below `/remote.php/dav/calendars/{user}/`."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from icalendar import Calendar as Parsed

from .errors import Conflict, Garbled, Missing, Troubled, from_status
from .session import Answer, UserSession

_DAV = "{DAV:}"
_CAL = "{urn:ietf:params:xml:ns:caldav}"
MOST_EVENTS = 2000
"""In one calendar and the time that is asked for: a rule that repeats by the second makes millions."""
LONGEST_EVENTS = 2_000_000
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a broken iCalendar text makes its parser raise; dates at the ends of the calendar overflow."""
_NOT_FOR_EVENTS = {"contact_birthdays", "inbox", "outbox", "trashbin"}
_OWN = "{http://owncloud.org/ns}owner-principal"
_LIST = (
    '<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" '
    'xmlns:o="http://owncloud.org/ns"><d:prop><d:displayname/><d:resourcetype/><c:supported-calendar-component-set/>'
    "<d:current-user-privilege-set/><c:schedule-calendar-transp/><o:owner-principal/></d:prop></d:propfind>"
)
_EVENTS = (
    '<?xml version="1.0"?><c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop>'
    '<c:calendar-data><c:expand start="{start}" end="{end}"/></c:calendar-data></d:prop><c:filter>'
    '<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range start="{start}" end="{end}"/>'
    "</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
)


_BY_UID = (
    '<?xml version="1.0"?><c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/>'
    '</d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:prop-filter name="UID">'
    '<c:text-match collation="i;octet">{uid}</c:text-match></c:prop-filter></c:comp-filter></c:comp-filter></c:filter>'
    "</c:calendar-query>"
)


@dataclass(frozen=True)
class CalendarInfo:
    """`takes_time` is false where events leave their owner free (RFC 6638, 9.1), `own` is false for a shared one."""

    name: str
    title: str
    writable: bool
    takes_time: bool
    own: bool


@dataclass(frozen=True)
class EventTime:
    """When an event is, in UTC, and whether it takes the user's time. `title` is empty but for the app's own events:
    nothing of what others are about."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    busy: bool
    title: str = ""


@dataclass(frozen=True)
class StoredEvent:
    """`etag` may be empty: Nextcloud gives none for an event with attendees, because it rewrites it."""

    text: str
    etag: str


def _home(session: UserSession) -> str:
    return f"/calendars/{quote(session.user_id, safe='')}/"


def _check(doing: str, answer: Answer, *wanted: int) -> Answer:
    """Only these say that it was done: a captive portal and a maintenance page say 200. Raises `NextcloudError`."""
    if answer.status not in wanted:
        raise from_status(doing, answer.status, answer.text, answer.headers.get("retry-after", ""))
    return answer


async def calendars(session: UserSession) -> list[CalendarInfo]:
    """The user's calendars for events, shared ones too. Raises `NextcloudError`."""
    answer = await session.dav("PROPFIND", _home(session), headers={"Depth": "1"}, body=_LIST)
    return _calendars(_check("look for the calendar", answer, 207).text, session.user_id)


async def events_between(
    session: UserSession, calendar: str, start: datetime, end: datetime, zone: str, address: str = "", own: str = ""
) -> list[EventTime]:
    """What stands in the calendar in that time, recurring events as often as they happen there.

    All-day events and times without a zone are read in `zone`. An event that the user at `address` has declined takes
    no time; one whose UID ends with `own` has its title. Raises `NextcloudError`."""
    # A whole day written without an end is not found by a question that begins in it: so it begins a day earlier.
    before = start.astimezone(UTC) - timedelta(days=1)
    span = {"start": f"{before:%Y%m%dT%H%M%SZ}", "end": f"{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"}
    path = f"{_home(session)}{quote(calendar, safe='')}/"
    answer = await session.dav("REPORT", path, headers={"Depth": "1"}, body=_EVENTS.format(**span))
    found = await asyncio.to_thread(_events_in, _check("read the calendar", answer, 207).text, zone, address, own)
    return [event for event in found if event.ends_at > start and event.starts_at < end]


def _events_in(multistatus: str, zone: str, address: str, own: str = "") -> list[EventTime]:
    try:
        root = ElementTree.fromstring(multistatus)  # noqa: S314 - as in _calendars
    except (ElementTree.ParseError, ValueError) as error:
        raise Garbled("read the calendar", 207) from error
    texts = (text.text or "" for text in root.iter(f"{_CAL}calendar-data"))
    times = (event for text in texts for event in event_times(text, zone, address, own))
    return list(islice(times, MOST_EVENTS))


def event_times(text: str, zone: str, address: str = "", own: str = "") -> Iterator[EventTime]:
    """The times of all events in an iCalendar text; one that cannot be read is left out."""
    try:
        events = Parsed.from_ical(text[:LONGEST_EVENTS]).walk("VEVENT")
    except UNREADABLE:
        return
    for event in events:
        try:
            starts_at = _moment(event.decoded("dtstart"), zone)
            ends_at = _end(event, starts_at, zone)
            busy = _takes_time(event, address)
        except UNREADABLE:
            continue
        uid = str(event.get("uid", ""))
        title = str(event.get("summary", "")) if own and uid.endswith(own) else ""
        yield EventTime(uid, starts_at, ends_at, busy, title)


def _end(event: Any, starts_at: datetime, zone: str) -> datetime:
    """RFC 5545, 3.6.1: an end, a duration, or a whole day where only a date is given."""
    if "dtend" in event:
        return _moment(event.decoded("dtend"), zone)
    if "duration" in event:
        length: timedelta = event.decoded("duration")
        return starts_at + length
    whole_day = not isinstance(event.decoded("dtstart"), datetime)
    return starts_at + timedelta(days=1) if whole_day else starts_at


def _moment(value: date | datetime, zone: str) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _takes_time(event: Any, address: str) -> bool:
    if str(event.get("transp", "")).upper() == "TRANSPARENT" or str(event.get("status", "")).upper() == "CANCELLED":
        return False
    attendees = event.get("attendee") or []
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        mine = address and str(attendee).casefold().removeprefix("mailto:") == address.casefold()
        if mine and str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED":
            return False
    return True


async def find_or_create(session: UserSession, wanted: str = "") -> str:
    """The name of the calendar that takes the appointments: the `wanted` one, else `personal`, else the first that can
    be written.

    Who has never logged in has none, and Nextcloud would not add `personal` later beside one of another name, so
    `personal` itself is made. Raises `NextcloudError`."""
    writable = [calendar.name for calendar in await calendars(session) if calendar.writable]
    if writable:
        return next((name for name in (wanted, "personal") if name in writable), writable[0])
    made = await session.dav("MKCALENDAR", f"{_home(session)}personal/")
    if made.status != 405:  # 405: somebody else has made it in the meantime
        _check("make a calendar", made, 201)
    return "personal"


def _calendars(multistatus: str, user_id: str) -> list[CalendarInfo]:
    try:
        root = ElementTree.fromstring(multistatus)  # noqa: S314 - our own Nextcloud answers, entities are off
    except (ElementTree.ParseError, ValueError) as error:
        raise Garbled("look for the calendar", 207) from error
    found: list[CalendarInfo] = []
    for response in root.iter(f"{_DAV}response"):
        name = unquote((response.findtext(f"{_DAV}href") or "").rstrip("/").rsplit("/", 1)[-1])
        is_calendar = response.find(f".//{_DAV}resourcetype/{_CAL}calendar") is not None
        components = {comp.get("name") for comp in response.iter(f"{_CAL}comp")}
        privileges = {child.tag for privilege in response.iter(f"{_DAV}privilege") for child in privilege}
        writes = not privileges or bool(privileges & {f"{_DAV}write", f"{_DAV}all", f"{_DAV}write-content"})
        if not is_calendar or name in _NOT_FOR_EVENTS or (components and "VEVENT" not in components):
            continue
        owner = (response.findtext(f".//{_OWN}") or "").rstrip("/").rsplit("/", 1)[-1]
        found.append(
            CalendarInfo(
                name,
                (response.findtext(f".//{_DAV}displayname") or name).strip(),
                writes,
                response.find(f".//{_CAL}schedule-calendar-transp/{_CAL}transparent") is None,
                not owner or unquote(owner) == user_id,
            )
        )
    return found


def _path(session: UserSession, calendar: str, name: str) -> str:
    return f"{_home(session)}{quote(calendar, safe='')}/{quote(name, safe='')}.ics"


async def get(session: UserSession, calendar: str, name: str) -> StoredEvent | None:
    """The event, or None when it is not there."""
    answer = await session.dav("GET", _path(session, calendar, name))
    if answer.status in (404, 410):
        return None
    _check("read the event", answer, 200)
    if "BEGIN:VCALENDAR" not in answer.text[:LONGEST_EVENTS].upper():
        raise Garbled("read the event", answer.status)
    return StoredEvent(answer.text, _etag(answer.headers.get("etag", "")))


def _etag(sent: str) -> str:
    """As Nextcloud knows it: a web server that compresses its answers makes another of it ("…-gzip", W/"…")."""
    return re.sub(r"[-;](gzip|br|df|zstd)\"$", '"', sent.removeprefix("W/"))


class NameUsedUp(Conflict):
    """The name lies in the trash bin or its UID under another name; only a new UID helps."""


async def put(
    session: UserSession,
    calendar: str,
    name: str,
    event: str,
    *,
    is_new: bool,
    refused_before: bool,
    etag: str = "",
    quiet: bool = False,
) -> None:
    """Writes the event, with `etag` only over that version of it and a new one only where none is (`Conflict` else),
    with `quiet` without a mail of the server's to those who attend or did. Raises `Missing` when the calendar
    is gone, and `NameUsedUp` where a deleted event is in the way: Nextcloud answers 400 when the UID stands under
    another name, and a bare 500 (unique violation) when the name lies in its trash bin, which is believed the second
    time (`refused_before`)."""
    headers = {"Content-Type": "text/calendar; charset=utf-8"} | ({"If-Match": etag} if etag else {})
    headers |= {"If-None-Match": "*"} if is_new else {}
    headers |= {"x-nc-scheduling": "false"} if quiet else {}
    answer = await session.dav("PUT", _path(session, calendar, name), headers=headers, body=event)
    if is_new and (answer.status == 400 or (answer.status == 500 and refused_before)):
        raise NameUsedUp("write the event", answer.status)
    _check("write the event", answer, 201, 204)


async def find(session: UserSession, uid: str) -> tuple[str, str] | None:
    """In which of the user's own calendars the event with this UID stands, and under which name; None for in none.
    Raises `NextcloudError`."""
    query = _BY_UID.format(uid=escape(uid))
    for one in await calendars(session):
        if not one.own:
            continue
        path = f"{_home(session)}{quote(one.name, safe='')}/"
        answer = await session.dav("REPORT", path, headers={"Depth": "1"}, body=query)
        for href in _hrefs(_check("look for the event", answer, 207).text):
            return one.name, unquote(href.rstrip("/").rsplit("/", 1)[-1]).removesuffix(".ics")
    return None


def _hrefs(multistatus: str) -> list[str]:
    try:
        root = ElementTree.fromstring(multistatus)  # noqa: S314 - as in _calendars
    except (ElementTree.ParseError, ValueError) as error:
        raise Garbled("look for the event", 207) from error
    found = (response.findtext(f"{_DAV}href") or "" for response in root.iter(f"{_DAV}response"))
    return [href for href in found if href.endswith(".ics")]


async def delete(session: UserSession, calendar: str, name: str) -> bool:
    """Deletes the event without a mail of the server's; false where it was gone already."""
    answer = await session.dav("DELETE", _path(session, calendar, name), headers={"x-nc-scheduling": "false"})
    if answer.status not in (404, 410):
        _check("delete the event", answer, 204)
    return answer.status == 204


__all__ = [
    "CalendarInfo",
    "Conflict",
    "EventTime",
    "Garbled",
    "Missing",
    "NameUsedUp",
    "StoredEvent",
    "Troubled",
    "calendars",
    "delete",
    "event_times",
    "events_between",
    "find",
    "find_or_create",
    "get",
    "put",
]
