# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A user's calendar over CalDAV (RFC 4791), below `/remote.php/dav/calendars/{user}/`."""

from dataclasses import dataclass
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from .errors import Conflict, Missing, Rejected, Troubled, from_status
from .session import Answer, UserSession

_DAV = "{DAV:}"
_CAL = "{urn:ietf:params:xml:ns:caldav}"
_NOT_FOR_EVENTS = {"contact_birthdays", "inbox", "outbox", "trashbin"}
_LIST = (
    '<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop>'
    "<d:resourcetype/><c:supported-calendar-component-set/><d:current-user-privilege-set/></d:prop></d:propfind>"
)


@dataclass(frozen=True)
class StoredEvent:
    """`etag` may be empty: Nextcloud gives none for an event with attendees, because it rewrites it."""

    text: str
    etag: str


def _home(session: UserSession) -> str:
    return f"/calendars/{quote(session.user_id, safe='')}/"


def _check(doing: str, answer: Answer) -> Answer:
    if answer.status >= 300:
        raise from_status(doing, answer.status, answer.text, answer.headers.get("retry-after", ""))
    return answer


async def find_or_create(session: UserSession) -> str:
    """The name of the calendar that takes the appointments: `personal` if there, else the first that can be written.

    Who has never logged in has none, and Nextcloud would not add `personal` later beside one of another name, so
    `personal` itself is made. Raises `NextcloudError`."""
    answer = await session.dav("PROPFIND", _home(session), headers={"Depth": "1"}, body=_LIST)
    writable = _writable(_check("look for the calendar", answer).text)
    if writable:
        return "personal" if "personal" in writable else writable[0]
    made = await session.dav("MKCALENDAR", f"{_home(session)}personal/")
    if made.status != 405:  # 405: somebody else has made it in the meantime
        _check("make a calendar", made)
    return "personal"


def _writable(multistatus: str) -> list[str]:
    try:
        root = ElementTree.fromstring(multistatus)  # noqa: S314 - our own Nextcloud answers, entities are off
    except ElementTree.ParseError as error:
        raise Rejected("look for the calendar") from error
    names: list[str] = []
    for response in root.iter(f"{_DAV}response"):
        name = unquote((response.findtext(f"{_DAV}href") or "").rstrip("/").rsplit("/", 1)[-1])
        is_calendar = response.find(f".//{_DAV}resourcetype/{_CAL}calendar") is not None
        components = {comp.get("name") for comp in response.iter(f"{_CAL}comp")}
        privileges = {child.tag for privilege in response.iter(f"{_DAV}privilege") for child in privilege}
        writes = not privileges or bool(privileges & {f"{_DAV}write", f"{_DAV}all", f"{_DAV}write-content"})
        if is_calendar and writes and name not in _NOT_FOR_EVENTS and (not components or "VEVENT" in components):
            names.append(name)
    return names


def _path(session: UserSession, calendar: str, name: str) -> str:
    return f"{_home(session)}{quote(calendar, safe='')}/{quote(name, safe='')}.ics"


async def get(session: UserSession, calendar: str, name: str) -> StoredEvent | None:
    """The event, or None when it is not there."""
    answer = await session.dav("GET", _path(session, calendar, name))
    if answer.status in (404, 410):
        return None
    _check("read the event", answer)
    return StoredEvent(answer.text, answer.headers.get("etag", ""))


class NameUsedUp(Conflict):
    """The name lies in the trash bin or its UID under another name; only a new UID helps."""


async def put(
    session: UserSession, calendar: str, name: str, event: str, *, is_new: bool, refused_before: bool, etag: str = ""
) -> None:
    """Writes the event, with `etag` only over that version of it (`Conflict` else). Raises `Missing` when the calendar
    is gone, and `NameUsedUp` where a deleted event is in the way: Nextcloud answers 400 when the UID stands under
    another name, and a bare 500 (unique violation) when the name lies in its trash bin, which is believed the second
    time (`refused_before`)."""
    headers = {"Content-Type": "text/calendar; charset=utf-8"} | ({"If-Match": etag} if etag else {})
    answer = await session.dav("PUT", _path(session, calendar, name), headers=headers, body=event)
    if is_new and (answer.status == 400 or (answer.status == 500 and refused_before)):
        raise NameUsedUp("write the event", answer.status)
    _check("write the event", answer)


async def delete(session: UserSession, calendar: str, name: str) -> None:
    """Deletes the event without a mail of the server's; one that is gone already is fine."""
    answer = await session.dav("DELETE", _path(session, calendar, name), headers={"x-nc-scheduling": "false"})
    if answer.status not in (404, 410):
        _check("delete the event", answer)


__all__ = ["Missing", "NameUsedUp", "StoredEvent", "Troubled", "delete", "find_or_create", "get", "put"]
