# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A spreadsheet of hosts, or of their rooms: looked at line by line, then imported all or none."""

from dataclasses import dataclass, field

from fastapi import APIRouter
from sqlmodel import Session

from ..conference import entries, hosts, lookup, windows
from ..conference.errors import Invalid
from ..conference.hosts import HOST_FIELDS, HostEntry
from ..conference.tables import Conference, Host
from ..imports import columns, records
from ..imports.records import HostRow
from ..imports.sheets import Sheet
from ..imports.teachers import Staff
from ..imports.titles import tidy
from ..imports.troubles import Trouble
from .access import REFUSALS, User, organised
from .import_files import (
    ImportAnswer,
    ImportData,
    ImportLine,
    MissingAnswer,
    Outcome,
    by_line,
    error_line,
    import_answer,
    sheets_for,
    staff_of,
    table_of,
    unclear_of,
)
from .needs import House

_NAMES = ("user_id", "short", "email", "display_name", "surname")
"""What can say who is meant, the surest first."""
_KEPT = ("display_name", "subject", "classes", "room")

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@dataclass
class _Plan:
    table: columns.Table
    present: list[Host]
    lines: list[ImportLine] = field(default_factory=list)
    entries: list[HostEntry] = field(default_factory=list)
    unclear: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def answer(self, *, applied: bool) -> ImportAnswer:
        missing = [
            MissingAnswer(id=host.user_id, name=host.display_name)
            for host in self.present
            if host.user_id not in self.seen and not any(line.outcome == "error" for line in self.lines)
        ]
        unclear = unclear_of(self.unclear, self.present)
        return import_answer(self.table, self.lines, missing, unclear, applied=applied)


@router.post("/hosts-import-preview")
def preview_hosts_import(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """What an import would change, line by line, and who is no longer in the file. Nothing is changed."""
    (found,) = sheets_for(house.database, conference_id, [data], user)
    with house.database.read() as session:
        return _plan(session, organised(session, conference_id, user), found, data).answer(applied=False)


@router.post("/hosts-import")
def import_hosts(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """Imports all lines, or none when one of them has an error. Who is not in the file stays as they are."""
    (found,) = sheets_for(house.database, conference_id, [data], user)
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        plan = _plan(session, conference, found, data)
        answer = plan.answer(applied=not any(line.outcome == "error" for line in plan.lines))
        if answer.applied:
            for entry in plan.entries:
                hosts.enrol(session, conference, entry)
    return answer


def _plan(session: Session, conference: Conference, found: list[Sheet], data: ImportData) -> _Plan:
    table = table_of(found, "hosts", data.name, data.mapping)
    if not set(_NAMES) & table.fields.keys():
        raise Invalid("file", "column_user_missing")
    read = records.hosts(table)
    present = lookup.hosts_of(session, conference)
    plan = _Plan(table, present)
    staff = Staff(staff_of(present), data.answers)
    by_user = {host.user_id: host for host in present}
    plan.lines += [error_line(line, "", troubles) for line, troubles in by_line(read.troubles).items()]
    for row in read.records:
        user_id, trouble = _user_of(row, staff, by_user, data, plan)
        if trouble:
            plan.lines.append(error_line(row.line, user_id, [trouble]))
            continue
        plan.seen[user_id] = row.line
        host = by_user.get(user_id)
        line = _line(row, user_id, host)
        plan.lines.append(line)
        if line.outcome != "same":
            plan.entries.append(_entry(session, conference, line, host))
    return plan


def _user_of(
    row: HostRow, staff: Staff, by_user: dict[str, Host], data: ImportData, plan: _Plan
) -> tuple[str, Trouble | None]:
    """Whom a line is about. A user is whoever is called so but for the case; without one, the host of this conference
    whom Kürzel, address or name mean."""
    word = next((str(getattr(row, name)) for name in _NAMES if getattr(row, name)), "")
    if not word:
        return "", Trouble("user_missing", row.line)
    said = data.answers.get(word, row.user_id)
    user_id = next((one for one in by_user if one.casefold() == said.casefold()), said)
    if not user_id:
        meant = next((meant for name in _NAMES if (meant := staff.called(str(getattr(row, name))))), [])
        if len(meant) != 1:
            plan.unclear.setdefault(word, ([], meant))[0].append(row.line)
            return word, Trouble("host_unclear" if meant else "host_unknown", row.line, cell=word)
        user_id = meant[0]
    try:
        user_id = entries.user_id(user_id)
    except entries.Wrong:
        return user_id, Trouble("user_wrong", row.line, cell=user_id)
    if user_id in plan.seen:
        return user_id, Trouble("twice", row.line, cell=str(plan.seen[user_id]))
    return user_id, None


def _line(row: HostRow, user_id: str, host: Host | None) -> ImportLine:
    """An empty cell leaves what is there, and so does a name that is only written otherwise ("Weiß, Jana")."""
    changes = {}
    for name in _KEPT:
        before, after = str(getattr(host, name)) if host else "", str(getattr(row, name))
        if after and after != before and not (host and name == "display_name" and _same_name(before, after)):
            changes[name] = (before, after)
    if host is None:
        changes["user_id"] = ("", user_id)
    outcome: Outcome = "new" if host is None else "changed" if changes else "same"
    return ImportLine(line=row.line, user_id=user_id, outcome=outcome, changes=changes, lines=[row.line])


def _same_name(one: str, other: str) -> bool:
    """Whether the words are the same, in another order."""
    return sorted(map(tidy, one.replace(",", " ").split())) == sorted(map(tidy, other.replace(",", " ").split()))


def _entry(session: Session, conference: Conference, line: ImportLine, host: Host | None) -> HostEntry:
    """The entry as it would be."""
    values = {name: getattr(host, name) for name in HOST_FIELDS} if host else {"user_id": line.user_id}
    values |= {name: after for name, (_, after) in line.changes.items()}
    return HostEntry(windows=windows.windows_of(session, conference, host) if host else (), **values)
