# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""In and out as files: the list of hosts from a school's spreadsheet, the bookings for the school's own use."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import hosts, windows
from ..conference.entries import Wrong, base64_bytes
from ..conference.errors import Invalid
from ..conference.hosts import HOST_FIELDS, HostEntry
from ..conference.tables import Conference, Host
from ..conference.views import BookingView, bookings_of_conference
from ..database import Database
from ..gate import Caller
from ..imports.troubles import Unreadable
from ..paper import sheets
from ..paper.ical import calendar_file
from ..phrases import Speaker
from .access import REFUSALS, User, organised
from .fields import Line
from .needs import House
from .schemas import Strict

_COLUMNS = {
    "user_id": ("user", "user_id", "user id", "uid", "benutzer", "benutzername", "kennung", "nextcloud"),
    "display_name": ("name", "display_name", "lehrkraft", "teacher", "anzeigename"),
    "subject": ("subject", "subjects", "fach", "fächer", "faecher"),
    "classes": ("class", "classes", "klasse", "klassen"),
    "room": ("room", "raum", "zimmer"),
}
_LONGEST = {"user_id": 64, "display_name": 200, "subject": 200, "classes": 200, "room": 100}
ExportName = Literal["bookings.csv", "bookings.xlsx", "bookings.ics"]
HEADER = [
    "Datum",
    "Beginn",
    "Ende",
    "Lehrkraft",
    "Raum",
    "Ort",
    "Kind",
    "Klasse",
    "Familie",
    "E-Mail",
    "Telefon",
    "Nr.",
]
MOST_BYTES = 2_000_000


class TableFile(Strict):
    """A CSV or XLSX file, at most 2 MB. Its first line names the columns."""

    name: Annotated[Line, Field(max_length=200)]
    content_base64: Annotated[str, Field(max_length=3_000_000)]


class ImportLine(BaseModel):
    """One line of the file: what would become of it. `user_id` names whom it is about, `changes` holds
    field -> [before, after]."""

    line: int
    user_id: str
    outcome: Literal["new", "changed", "same", "error"]
    changes: dict[str, tuple[str, str]] = {}
    problem: str = ""


class ImportAnswer(BaseModel):
    """`applied` says whether it was done; it is done only without any error."""

    lines: list[ImportLine]
    new: int
    changed: int
    same: int
    errors: int
    unknown_columns: list[str]
    applied: bool


@dataclass
class _Plan:
    lines: list[ImportLine] = field(default_factory=list)
    entries: list[HostEntry] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.post("/hosts-import-preview")
def preview_import(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """What an import would change, line by line. Nothing is changed."""
    rows = _rows(house, conference_id, data, user)
    with house.database.read() as session:
        plan = _plan(session, organised(session, conference_id, user), rows)
    return import_answer(plan.lines, plan.unknown, applied=False)


@router.post("/hosts-import")
def import_hosts(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """Imports all lines, or none when one of them has an error. What is not in the file stays as it is."""
    rows = _rows(house, conference_id, data, user)
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        plan = _plan(session, conference, rows)
        applied = not any(line.outcome == "error" for line in plan.lines)
        answer = import_answer(plan.lines, plan.unknown, applied)
        if answer.applied:
            for entry in plan.entries:
                hosts.enrol(session, conference, entry)
    return answer


def _rows(house: House, conference_id: str, data: TableFile, user: Caller) -> list[list[str]]:
    return rows_for(house.database, conference_id, data, user)


@router.get("/export/{name}")
def export(house: House, conference_id: str, name: ExportName, user: User) -> Response:
    """All active appointments as a file, times in the conference's zone."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        views = [view for view in bookings_of_conference(session, conference.id or 0) if view.active]
    say = Speaker("de", conference.time_zone)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if name == "bookings.ics":
        return Response(calendar_file(views, say), media_type="text/calendar", headers=headers)
    rows = [_row(view, say) for view in views]
    if name == "bookings.csv":
        return Response(sheets.write_csv(HEADER, rows), media_type="text/csv", headers=headers)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(sheets.write_xlsx(conference.name, HEADER, rows), media_type=kind, headers=headers)


def _row(view: BookingView, say: Speaker) -> list[str]:
    start, end = say.local(view.starts_at), say.local(view.ends_at)
    place = say("By video") if view.place == "video" else say("On site")
    return [
        f"{start:%Y-%m-%d}",
        f"{start:%H:%M}",
        f"{end:%H:%M}",
        view.host_name,
        view.host_room,
        place,
        view.child,
        view.school_class,
        view.guest_name,
        view.guest_email,
        view.guest_phone,
        view.code,
    ]


def _plan(session: Session, conference: Conference, rows: list[list[str]]) -> _Plan:
    if not rows:
        raise Invalid("file", "file_empty")
    columns, unknown = columns_of(rows[0], _COLUMNS)
    if "user_id" not in columns.values():
        raise Invalid("file", "column_user_missing")
    present = {
        host.user_id: host
        for host in session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars()
    }
    plan = _Plan(unknown=unknown)
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], 2):
        given = {name: row[index] for index, name in columns.items() if index < len(row)}
        if not any(given.values()):
            continue
        line = _line(number, given, present.get(given.get("user_id", "")), seen)
        plan.lines.append(line)
        if line.outcome in ("new", "changed"):
            plan.entries.append(_entry(session, conference, given, present.get(line.user_id)))
    return plan


def rows_for(database: Database, conference_id: str, data: TableFile, user: Caller) -> list[list[str]]:
    """The file's rows, read outside of any transaction, for the conference's organiser only. Raises `Invalid`."""
    with database.read() as session:
        organised(session, conference_id, user)
    return rows_of(data)


def rows_of(data: TableFile) -> list[list[str]]:
    try:
        found = sheets.read(base64_bytes(data.content_base64, MOST_BYTES))
    except (Wrong, Unreadable) as error:
        raise Invalid("file", error.reason) from error
    by_line = {row.line: list(row.cells) for row in found[0].rows} if found else {}
    return [by_line.get(line, []) for line in range(1, max(by_line, default=0) + 1)]


def columns_of(header: list[str], titles_of: dict[str, tuple[str, ...]]) -> tuple[dict[int, str], list[str]]:
    """Index -> field of the columns we know, and the names of those we do not."""
    known: dict[int, str] = {}
    unknown = []
    for index, title in enumerate(header):
        found = next((name for name, titles in titles_of.items() if title.casefold() in titles), None)
        if found and found not in known.values():
            known[index] = found
        elif title:
            unknown.append(title)
    return known, unknown


def _line(number: int, given: dict[str, str], host: Host | None, seen: dict[str, int]) -> ImportLine:
    user_id = given.get("user_id", "")

    def wrong(problem: str) -> ImportLine:
        return ImportLine(line=number, user_id=user_id, outcome="error", problem=problem)

    if not user_id:
        return wrong("The Nextcloud user is missing in this line.")
    if user_id in seen:
        return wrong(f"This user stands in line {seen[user_id]} already.")
    seen[user_id] = number
    for name, longest in _LONGEST.items():
        if len(given.get(name, "")) > longest:
            return wrong(f"The text in column “{name}” is longer than {longest} characters.")
    before = {name: str(getattr(host, name)) if host else "" for name in given}
    # An empty cell leaves what is there.
    changes = {name: (before[name], value) for name, value in given.items() if value not in ("", before[name])}
    outcome: Literal["new", "changed", "same"] = "new" if host is None else "changed" if changes else "same"
    return ImportLine(line=number, user_id=user_id, outcome=outcome, changes=changes)


def _entry(session: Session, conference: Conference, given: dict[str, str], host: Host | None) -> HostEntry:
    """The entry as it would be: an empty cell leaves what is there."""
    values = {name: getattr(host, name) for name in HOST_FIELDS} if host else {}
    values |= {name: value for name, value in given.items() if value}
    return HostEntry(windows=windows.windows_of(session, conference, host) if host else (), **values)


def import_answer(lines: list[ImportLine], unknown_columns: list[str], applied: bool) -> ImportAnswer:
    def count(outcome: str) -> int:
        return sum(line.outcome == outcome for line in lines)

    return ImportAnswer(
        lines=lines,
        new=count("new"),
        changed=count("changed"),
        same=count("same"),
        errors=count("error"),
        unknown_columns=unknown_columns,
        applied=applied,
    )
