# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A spreadsheet of hosts, or of their rooms: looked at line by line, then imported all or none."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter

from ..conference import entries, lookup, persons
from ..conference.errors import Invalid
from ..conference.tables import Host
from ..gate import Caller
from ..imports import columns, records
from ..imports.records import HostRow
from ..imports.sheets import Sheet
from ..imports.teachers import Staff
from ..imports.titles import tidy
from ..imports.troubles import Trouble
from . import enrolling
from .access import REFUSALS, User, organised
from .at_once import job_answer
from .enrolling import HostChange
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
from .needs import House, Needs

_NAMES = ("user_id", "short", "email", "display_name", "surname")
"""What can say who is meant, the surest first."""
_KEPT = ("display_name", "short", "subject", "classes", "room")

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@dataclass
class _Plan:
    table: columns.Table
    present: list[Host]
    lines: list[ImportLine] = field(default_factory=list)
    changes: list[HostChange] = field(default_factory=list)
    unclear: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        return not any(line.outcome == "error" for line in self.lines)

    def answer(self, *, applied: bool) -> ImportAnswer:
        missing = [
            MissingAnswer(id=host.user_id, name=host.display_name)
            for host in self.present
            if host.user_id not in self.seen and not host.tandem and self.is_right
        ]
        unclear = unclear_of(self.unclear, self.present)
        return import_answer(self.table, self.lines, missing, unclear, applied=applied)

    def keep(self, line: ImportLine) -> None:
        self.lines.append(line)
        if line.outcome != "same":
            values = {name: after for name, (_, after) in line.changes.items() if name != "user_id"}
            self.changes.append(HostChange(line.user_id, values, line.outcome == "new"))


Planner = Callable[[list[Host], list[Sheet], ImportData], _Plan]


@router.post("/hosts-import-preview")
def preview_hosts_import(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """What an import would change, line by line, and who is no longer in the file. Nothing is changed."""
    return _looked_at(house, conference_id, data, user, _plan)


@router.post("/hosts-import")
def import_hosts(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """Imports all lines, or none when one of them has an error. Who is not in the file stays as they are, and so does
    what the file does not say. Many new hosts are entered by a `job`, which goes on after the answer."""
    return _imported(house, conference_id, data, user, _plan)


@router.post("/rooms-import-preview")
def preview_rooms_import(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """Which rooms a list would set, of hosts who are here already: by user, Kürzel, address or name."""
    return _looked_at(house, conference_id, data, user, _plan_rooms)


@router.post("/rooms-import")
def import_rooms(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """Sets the rooms of all lines, or none when one of them has an error, and nothing else. A line without a room
    leaves the one that is there."""
    return _imported(house, conference_id, data, user, _plan_rooms)


def _looked_at(house: Needs, conference_id: str, data: ImportData, user: Caller, plan: Planner) -> ImportAnswer:
    (found,) = sheets_for(house.database, conference_id, [data], user)
    with house.database.read() as session:
        present = lookup.hosts_of(session, organised(session, conference_id, user))
    return plan(present, found, data).answer(applied=False)


def _imported(house: Needs, conference_id: str, data: ImportData, user: Caller, plan: Planner) -> ImportAnswer:
    (found,) = sheets_for(house.database, conference_id, [data], user)
    # Looked at while others write: what is entered is only what the list says otherwise, whoever has written since.
    with house.database.read() as session:
        planned = plan(lookup.hosts_of(session, organised(session, conference_id, user)), found, data)
    answer = planned.answer(applied=planned.is_right)
    if not planned.is_right:
        return answer
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        if enrolling.is_long(planned.changes):
            answer.job = job_answer(enrolling.start(session, conference, planned.changes, house.clock()))
            return answer
        for change in planned.changes:
            enrolling.enter(session, conference, change)
    return answer


def _plan(present: list[Host], found: list[Sheet], data: ImportData) -> _Plan:
    table = table_of(found, "hosts", data.name, data.mapping)
    if not set(_NAMES) & table.fields.keys():
        raise Invalid("file", "column_user_missing")
    read = records.hosts(table)
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
        plan.keep(_line(row, user_id, by_user.get(user_id)))
    return plan


def _plan_rooms(present: list[Host], found: list[Sheet], data: ImportData) -> _Plan:
    table = table_of(found, "rooms", data.name, data.mapping)
    if not set(_NAMES) & table.fields.keys():
        raise Invalid("file", "column_user_missing")
    if "room" not in table.fields:
        raise Invalid("file", "column_room_missing")
    read = records.rooms(table)
    plan = _Plan(table, present)
    by_user = {host.user_id: host for host in present}
    staff = Staff(staff_of(present), {word: who for word, who in data.answers.items() if who in by_user})
    plan.lines += [error_line(line, "", troubles) for line, troubles in by_line(read.troubles).items()]
    said: dict[str, str] = {}
    for row in read.records:
        meant = staff.meant(row.host)
        if len(meant) != 1:
            plan.unclear.setdefault(row.host, ([], meant))[0].append(row.line)
            trouble = Trouble("host_unclear" if meant else "host_unknown", row.line, cell=row.host)
            plan.lines.append(error_line(row.line, row.host, [trouble]))
            continue
        host = by_user[meant[0]]
        if (before := said.setdefault(host.user_id, row.room)) != row.room:
            trouble = Trouble("two_rooms", row.line, cell=f"{before}, {row.room}")
            plan.lines.append(error_line(row.line, host.user_id, [trouble]))
            continue
        again = host.user_id in plan.seen
        plan.seen.setdefault(host.user_id, row.line)
        changes = {"room": (host.room, row.room)} if row.room and row.room != host.room and not again else {}
        outcome: Outcome = "changed" if changes else "same"
        line = ImportLine(line=row.line, user_id=host.user_id, outcome=outcome, changes=changes, lines=[row.line])
        plan.keep(line)
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
    if user_id.startswith(persons.TANDEM) and user_id not in by_user:
        return user_id, Trouble("user_wrong", row.line, cell=user_id)
    if user_id in plan.seen:
        return user_id, Trouble("twice", row.line, cell=str(plan.seen[user_id]))
    return user_id, None


def _line(row: HostRow, user_id: str, host: Host | None) -> ImportLine:
    """An empty cell leaves what is there, and so does what is only written otherwise ("Weiß, Jana", "wei")."""
    changes = {}
    for name in _KEPT:
        before, after = str(getattr(host, name)) if host else "", str(getattr(row, name))
        if after and after != before and not (host and _same(name, before, after)):
            changes[name] = (before, after)
    if host is None:
        changes["user_id"] = ("", user_id)
    outcome: Outcome = "new" if host is None else "changed" if changes else "same"
    return ImportLine(line=row.line, user_id=user_id, outcome=outcome, changes=changes, lines=[row.line])


def _same(field: str, before: str, after: str) -> bool:
    """Whether it is only written otherwise."""
    return _same_name(before, after) if field == "display_name" else field == "short" and tidy(before) == tidy(after)


def _same_name(one: str, other: str) -> bool:
    """Whether the words are the same, in another order, or `other` says fewer of them: a list of surnames."""
    return Counter(_words(other)) <= Counter(_words(one))


def _words(name: str) -> list[str]:
    return [tidy(word) for word in name.replace(",", " ").split()]
