# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""CalDAV: a real server (Radicale) behind Nextcloud's paths, with Nextcloud's own ways around it."""

import io
import logging
import re
import threading
import time
from typing import Any
from urllib.parse import unquote

import icalendar
from radicale import config
from radicale.app import Application

from .world import Mail, World

PREFIX = "/remote.php/dav/calendars"
_FURNITURE = "".join(
    f"<response><href>{PREFIX}/%s/{name}/</href><propstat><prop><resourcetype><collection/>{kind}</resourcetype></prop>"
    "<status>HTTP/1.1 200 OK</status></propstat></response>"
    for name, kind in (("inbox", ""), ("outbox", ""), ("trashbin", ""))
)


class Dav:
    """One user's calendars are never seen by another (404). Radicale runs without its own authentication."""

    def __init__(self, world: World, folder: str) -> None:
        self._world = world
        logging.getLogger("radicale").setLevel(logging.ERROR)
        settings = config.load()
        settings.update(
            {
                "auth": {"type": "http_x_remote_user"},
                "storage": {"filesystem_folder": folder, "_filesystem_fsync": "False"},
                "rights": {"type": "owner_only"},
            },
            "sandbox",
            privileged=True,
        )
        self._radicale = Application(settings)
        self._trash: set[str] = set()
        self._lock = threading.Lock()

    def answer(
        self, method: str, path: str, user_id: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One DAV call below `/remote.php/dav`; `path` starts there and is still encoded."""
        match = re.fullmatch(r"/calendars/([^/]+)(/.*)?", path)
        if not match or unquote(match[1]) != user_id or not self._world.users[user_id].has_calendar:
            return 404, {}, _error("Sabre\\DAV\\Exception\\NotFound", "Principal not found")
        inside = f"/{unquote(match[1])}{unquote(match[2] or '/')}"
        with self._lock:
            if method == "PUT":
                return self._put(inside, user_id, headers, body)
            if method == "DELETE":
                return self._delete(inside, user_id, headers)
            status, answered, content = self._call(method, inside, user_id, headers, body)
        if method == "PROPFIND" and inside.count("/") == 2:
            content = content.replace(
                b"</multistatus>", (_FURNITURE.replace("%s", user_id) + "</multistatus>").encode()
            )
        return status, answered, content

    def enter(self, user_id: str, name: str, lines: list[str], calendar: str = "personal") -> None:
        """Puts an event into a user's calendar as the user would; `lines` are the VEVENT's own, without UID."""
        start = ("VERSION:2.0", "PRODID:-//user//", "BEGIN:VEVENT", f"UID:{name}", "DTSTAMP:20260101T000000Z")
        text = ["BEGIN:VCALENDAR", *start, *lines, "END:VEVENT", "END:VCALENDAR", ""]
        self.answer("MKCALENDAR", f"/calendars/{user_id}/{calendar}/", user_id, {}, b"")
        status, _, said = self.answer(
            "PUT",
            f"/calendars/{user_id}/{calendar}/{name}.ics",
            user_id,
            {"content-type": "text/calendar"},
            "\r\n".join(text).encode(),
        )
        if status not in (201, 204):
            raise ValueError(said.decode())

    def _put(
        self, inside: str, user_id: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if inside in self._trash:
            return 500, {}, _error("Internal Server Error", "The server was unable to complete your request.")
        collection = inside.rsplit("/", 1)[0] + "/"
        if self._call("PROPFIND", collection, user_id, {"Depth": "0"}, b"")[0] != 207:
            return 404, {}, _error("Sabre\\DAV\\Exception\\NotFound", "Calendar with name could not be found")
        before = self._read(inside, user_id)
        status, answered, content = self._call("PUT", inside, user_id, headers, body)
        if status == 409:
            # Radicale's no-uid-conflict; Nextcloud answers 400.
            return 400, {}, _error("Sabre\\DAV\\Exception\\BadRequest", "Calendar object with uid already exists")
        if status in (201, 204):
            event = _event(body.decode())
            if _has_attendees(event):
                answered = {name: value for name, value in answered.items() if name.lower() != "etag"}
            if headers.get("x-nc-scheduling") != "false" and _significant(_event(before), event):
                word, way = ("Invitation updated" if before else "Invitation"), "REQUEST"
                if event is not None and event.get("STATUS") == "CANCELLED":
                    word, way = "Cancelled", "CANCEL"
                if told := self._invite(user_id, event, word, way, body.decode()):
                    self._call("PUT", inside, user_id, {"content-type": "text/calendar"}, told)
            self._tell_talk(user_id, body.decode(), event)
        return status, answered, content

    def _delete(self, inside: str, user_id: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        before = self._read(inside, user_id)
        status, answered, content = self._call("DELETE", inside, user_id, headers, b"")
        if status in (200, 204) and before:
            self._trash.add(inside)
            if headers.get("x-nc-scheduling") != "false":
                self._invite(user_id, _event(before), "Cancelled", "CANCEL", before)
            return 204, {}, b""
        return status, answered, content

    def _read(self, inside: str, user_id: str) -> str:
        status, _, content = self._call("GET", inside, user_id, {}, b"")
        return content.decode() if status == 200 else ""

    def _invite(self, user_id: str, event: Any, word: str, method: str, text: str) -> bytes:
        """What the calendar server sends by itself (iMIP), under the measured conditions. Returns the event with what
        became of it as SCHEDULE-STATUS, or nothing when there was nobody to tell."""
        user = self._world.users[user_id]
        organizer = str(event.get("ORGANIZER", "")).lower() if event is not None else ""
        if not user.email or organizer != f"mailto:{user.email.lower()}":
            return b""
        outer = icalendar.Calendar.from_ical(text)
        told = False
        for attendee in _attendees(outer.walk("VEVENT")[0]):
            if attendee.params.get("SCHEDULE-AGENT") == "CLIENT":
                continue
            told = True
            attendee.params["SCHEDULE-STATUS"] = "5.0" if self._world.mailer_away else "1.1"
            if self._world.mailer_away:
                continue
            to = str(attendee).removeprefix("mailto:")
            summary = str(event.get("SUMMARY", ""))
            lines = [summary, _when(event), str(event.get("LOCATION", "")), str(event.get("DESCRIPTION", ""))]
            self._world.add_mail(
                Mail(
                    "calendar",
                    f"{user.display_name} via Nextcloud <cloud@school.example>",
                    to,
                    f"{word}: {summary}",
                    "\n".join(lines),
                    "",
                    text.replace("VERSION:2.0", f"VERSION:2.0\r\nMETHOD:{method}", 1),
                    f"<{self._world.new_token()}@calendar>",
                    time.time(),
                )
            )
        return bytes(outer.to_ical()) if told else b""

    def _tell_talk(self, user_id: str, text: str, event: Any) -> None:
        """Talk's CalDavEventListener: a plain `LOCATION:` with the link of an own event room renames the room."""
        if "LOCATION:" not in text or event is None or "/call/" not in str(event.get("LOCATION", "")):
            return
        room = self._world.rooms.get(str(event["LOCATION"]).rsplit("/", 1)[-1])
        if room and room.owner == user_id and room.object_type == "event":
            room.name, room.description = str(event.get("SUMMARY", "")), str(event.get("DESCRIPTION", ""))
            start, end = (int(event[name].dt.timestamp()) for name in ("DTSTART", "DTEND"))
            room.object_id = f"{start}#{end}"

    def _call(
        self, method: str, inside: str, user_id: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": PREFIX,
            "PATH_INFO": inside,
            "SERVER_NAME": "sandbox",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_REMOTE_USER": user_id,
        }
        for name, value in headers.items():
            if name.lower() in ("depth", "if-match", "if-none-match"):
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
            if name.lower() == "content-type":
                environ["CONTENT_TYPE"] = value
        started: list[Any] = []

        def start(status: str, answered: list[tuple[str, str]], *_: Any) -> None:
            started.extend((int(status.split(maxsplit=1)[0]), dict(answered)))

        content = b"".join(self._radicale(environ, start))
        answered = {name: value for name, value in started[1].items() if name.lower() != "content-length"}
        return started[0], answered, content


def _event(text: str) -> Any:
    try:
        return next(iter(icalendar.Calendar.from_ical(text).walk("VEVENT")), None)
    except ValueError:
        return None


def _has_attendees(event: Any) -> bool:
    return event is not None and "ATTENDEE" in event


def _attendees(event: Any) -> list[Any]:
    found = event.get("ATTENDEE") or []
    return found if isinstance(found, list) else [found]


def _significant(before: Any, event: Any) -> bool:
    """The server tells attendees of a change only where SEQUENCE is another (its EventComparisonService), and one of
    these properties too (its TipBroker), the event is cancelled, or the sending is forced (RFC 6638, 7.2)."""
    if before is None or event is None:
        return True
    if _value(before, "SEQUENCE") == _value(event, "SEQUENCE"):
        return False
    forced = any(attendee.params.get("SCHEDULE-FORCE-SEND") == "REQUEST" for attendee in _attendees(event))
    names = ("DTSTART", "DTEND", "STATUS", "SUMMARY", "DESCRIPTION", "LOCATION")
    changed = any(_value(before, name) != _value(event, name) for name in names)
    return forced or changed or event.get("STATUS") == "CANCELLED"


def _value(event: Any, name: str) -> str:
    return str(event[name].to_ical()) if name in event else ""


def _when(event: Any) -> str:
    """The time as it stands in the event, as the server's mails name it."""
    start, end = event["DTSTART"].dt, event["DTEND"].dt
    return f"When: {start:%A, %B %d, %Y} between {start:%H:%M} - {end:%H:%M} ({start.tzinfo})"


def _error(exception: str, message: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns">\n'
        f"  <s:exception>{exception}</s:exception>\n  <s:message>{message}</s:message>\n</d:error>\n"
    ).encode()
