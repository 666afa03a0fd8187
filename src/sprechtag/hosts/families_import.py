# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A spreadsheet of families: looked at line by line, then entered all or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fastapi import APIRouter
from sqlmodel import Session

from ..conference import children, lookup, named
from ..conference.children import Pupil
from ..conference.errors import Invalid
from ..conference.families import Family, Register
from ..conference.tables import Child, Conference, Guest, Host
from ..conference.tokens import LinkKey
from ..gate import Caller
from ..imports import classes, columns, records
from ..imports.households import Household, completed, households
from ..imports.lessons import Lessons
from ..imports.records import HostRow, PupilRow, Read, Record, TeachesRow
from ..imports.sheets import Sheet
from ..imports.teachers import Staff, Teacher
from ..imports.titles import tidy
from ..imports.troubles import Trouble
from ..phrases import LANGUAGES
from . import entering
from .access import REFUSALS, User, organised
from .at_once import job_answer
from .entering import Entry
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

_NAMING = ("name", "child_surname", "first_name", "second_name")
"""One of these names the family."""
_KINDS: tuple[columns.Kind, ...] = ("teaches", "families", "hosts")

router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@dataclass
class _Given:
    """What the files say, before anything of the conference is asked: read outside of any transaction."""

    table: columns.Table
    households: list[Household]
    troubles: list[Trouble]
    lessons: Lessons
    further: "_Further"


@dataclass
class _Plan:
    given: _Given
    hosts: list[Host]
    lines: list[ImportLine] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    """Guest -> the line that is about it."""
    unclear: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)
    unknown_teachers: dict[str, None] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        return not any(line.outcome == "error" for line in self.lines)


@router.post("/families-import-preview")
def preview_families_import(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """What an import would change, line by line, and who is no longer in the file. Nothing is changed."""
    given = _given(data, sheets_for(house.database, conference_id, [data, *data.more], user))
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        register = Register.of(session, conference)
        plan = _planned(house, session, conference, register, given, data)
        return _answer(plan, register, applied=False)


@router.post("/families-import")
def import_families(house: House, conference_id: str, data: ImportData, user: User) -> ImportAnswer:
    """Enters and corrects all lines, or none when one of them has an error. Who is not in the file stays. A long
    list is entered by a `job`, which goes on after the answer."""
    given = _given(data, sheets_for(house.database, conference_id, [data, *data.more], user))
    # A long list is looked at while others write: its job enters it later in any case.
    with house.database.read() as session:
        plan, answer = _looked_at(house, session, conference_id, given, data, user)
    if not plan.is_right:
        return answer
    is_long = len(plan.entries) > entering.IN_REQUEST
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        if is_long:
            answer.job = job_answer(entering.start(session, conference, plan.entries, house.clock()))
            return answer
        plan, answer = _looked_at(house, session, conference_id, given, data, user)
        for entry in plan.entries if plan.is_right else ():
            entering.enter(session, conference, entry, house.links, house.clock())
    return answer


def _looked_at(
    house: Needs, session: Session, conference_id: str, given: _Given, data: ImportData, user: Caller
) -> tuple[_Plan, ImportAnswer]:
    conference = organised(session, conference_id, user)
    register = Register.of(session, conference)
    plan = _planned(house, session, conference, register, given, data)
    return plan, _answer(plan, register, applied=plan.is_right)


# -- reading -------------------------------------------------------------------------------------------------------


@dataclass
class _Further:
    """What further files say of the same pupils, of who teaches them, and of the teachers' Kürzel. `troubles` are by
    the name of the file."""

    pupils: list[PupilRow] = field(default_factory=list)
    taught: list[TeachesRow] = field(default_factory=list)
    shorts: list[HostRow] = field(default_factory=list)
    troubles: list[tuple[str, list[Trouble]]] = field(default_factory=list)

    def add(self, name: str, found: list[Sheet]) -> None:
        tables = {kind: table_of(found, kind, name) for kind in _KINDS}
        match _kind_of(tables):
            case "teaches":
                self._keep(name, self.taught, records.teaching(tables["teaches"]))
            case "hosts":
                self._keep(name, self.shorts, records.hosts(tables["hosts"]))
            case _:
                self._keep(name, self.pupils, records.pupils(tables["families"]))

    def _keep(self, name: str, kept: list[Record], read: Read[Record]) -> None:
        kept.extend(read.records)
        self.troubles.extend((name, troubles) for troubles in by_line(read.troubles).values())


def _given(data: ImportData, files: list[list[Sheet]]) -> _Given:
    further = _Further()
    for one, found in zip(data.more, files[1:], strict=True):
        further.add(one.name, found)
    kind = _kind_of({kind: table_of(files[0], kind, data.name) for kind in _KINDS})
    if kind == "teaches" and set(data.mapping.values()) <= {"", *columns.FIELDS["teaches"]}:
        table = table_of(files[0], "teaches", data.name, data.mapping)
        taught = records.teaching(table)
        lessons = Lessons([*taught.records, *further.taught])
        return _Given(table, [], taught.troubles, lessons, further)
    table = table_of(files[0], "families", data.name, data.mapping)
    if not set(_NAMING) & table.fields.keys():
        raise Invalid("file", "column_name_missing")
    read = records.pupils(table)
    grouped, twice = households(completed(read.records, further.pupils) if further.pupils else read.records)
    return _Given(table, grouped, read.troubles + twice, Lessons(further.taught), further)


def _kind_of(tables: dict[columns.Kind, columns.Table]) -> columns.Kind:
    """By the format; else lessons where a table has classes, teachers and nobody's name, else what it says most of."""
    known = next((kind for kind in _KINDS if tables[kind].format), None)
    if known:
        return known
    families = tables["families"].fields.keys()
    if {"school_class", "teacher"} <= tables["teaches"].fields.keys() and not {*_NAMING, "child", "email"} & families:
        return "teaches"
    hosts, pupils = (len(tables[kind].fields) for kind in ("hosts", "families"))
    return "hosts" if hosts > pupils else "families"


# -- planning ------------------------------------------------------------------------------------------------------


def _planned(
    house: House, session: Session, conference: Conference, register: Register, given: _Given, data: ImportData
) -> _Plan:
    present = lookup.hosts_of(session, conference)
    plan = _Plan(given, present)
    ids = {host.user_id: host.id or 0 for host in present}
    answers = {word: user_id for word, user_id in data.answers.items() if not user_id or user_id in ids}
    staff = Staff([*staff_of(present), *_with_shorts(present, given.further.shorts)], answers)
    by_names = _by_names(register)
    taught = named.taught_by_child(session, conference)
    shown = named.named_by_guest(session, conference)
    plan.lines += [error_line(line, "", troubles) for line, troubles in by_line(given.troubles).items()]
    plan.lines += [error_line(troubles[0].line, name, troubles) for name, troubles in given.further.troubles]
    if given.table.kind == "teaches":
        _plan_lessons(plan, register, staff, shown, taught, ids, house.links)
    for household in given.households:
        hosts, troubles = _hosts_of(household, staff, given.lessons, plan)
        family, trouble = _family(
            household, tuple(ids[user_id] for user_id in hosts), _pupils(household, staff, given.lessons, ids)
        )
        troubles += [trouble] if trouble else []
        guest = register.find(family, house.links) or by_names.get(_names_of(family))
        if guest and guest.id in plan.seen:
            troubles.append(Trouble("twice", household.line, cell=str(plan.seen[guest.id])))
        elif guest and guest.id:
            plan.seen[guest.id] = household.line
        if troubles:
            plan.lines += [error_line(line, household.name, found) for line, found in by_line(troubles).items()]
            continue
        line = _line(household, family, guest, hosts, shown, taught, register, present, house.links)
        plan.lines.append(line)
        if line.outcome == "same":
            continue
        plan.entries.append(Entry(family, guest.id if guest and guest.invited else None))
    return plan


def _plan_lessons(
    plan: _Plan,
    register: Register,
    staff: Staff,
    shown: dict[int, set[int]],
    taught: dict[int, set[int]],
    ids: dict[str, int],
    links: LinkKey,
) -> None:
    """A file that only says who teaches what: the families of these classes that the school has entered before."""
    for guest in register.families.values():
        if not guest.invited or guest.id is None:
            continue
        plan.seen[guest.id] = 0
        there = [
            PupilRow(0, name=guest.name, child=child.name, school_class=one)
            for child in register.children_of(guest)
            for one in classes.several(child.school_class)
        ]
        household = Household(tuple(there))
        hosts, troubles = _hosts_of(household, staff, plan.given.lessons, plan)
        if troubles:
            plan.lines.append(error_line(0, guest.name, troubles))
            continue
        family = Family(
            guest.name,
            guest.email,
            language=guest.language,
            hosts=tuple(ids[user_id] for user_id in hosts),
            siblings=_pupils(household, staff, plan.given.lessons, ids),
        )
        line = _line(household, family, guest, hosts, shown, taught, register, plan.hosts, links) if there else None
        if line and line.outcome != "same":
            plan.lines.append(line)
            plan.entries.append(Entry(family, guest.id))


def _with_shorts(hosts: Sequence[Host], rows: Sequence[HostRow]) -> list[Teacher]:
    """The hosts of this conference as another file of teachers calls them by Kürzel and address."""
    staff = Staff(staff_of(hosts))
    found = []
    for row in rows:
        words = (row.user_id, row.email, row.display_name, row.short)
        meant = next((meant for word in words if word and (meant := staff.called(word))), [])
        if len(meant) == 1:
            found.append(Teacher(meant[0], "", row.short, row.email))
    return found


def _hosts_of(household: Household, staff: Staff, lessons: Lessons, plan: _Plan) -> tuple[list[str], list[Trouble]]:
    """Whom the family shall see: those in its lines, and those of its pupils' lessons. That a line names nobody we know
    is a mistake; that a teacher of a lesson is no host is not."""
    found: dict[str, None] = {}
    troubles = []
    for row in household.rows:
        said = staff.named(row.hosts)
        found.update(dict.fromkeys(said.found))
        for word in said.unknown:
            troubles.append(Trouble("host_unknown", row.line, cell=word))
            plan.unclear.setdefault(word, ([], []))[0].append(row.line)
        taught = [staff.named(word) for word in lessons.of(row)]
        unclear = said.unclear | {word: meant for one in taught for word, meant in one.unclear.items()}
        for word, meant in unclear.items():
            troubles.append(Trouble("host_unclear", row.line, cell=word))
            plan.unclear.setdefault(word, ([], meant))[0].append(row.line)
        for one in taught:
            found.update(dict.fromkeys(one.found))
            plan.unknown_teachers.update(dict.fromkeys(one.unknown))
    return list(found), troubles


def _pupils(household: Household, staff: Staff, lessons: Lessons, ids: dict[str, int]) -> tuple[Pupil, ...]:
    """The children, each with those who teach it: by its own line, and by the lessons of the files."""
    found = []
    for child in household.children:
        own = replace(child.row, school_class=child.school_class, second_school_class="", third_school_class="")
        words = [*lessons.of(own), *([] if own.second_child else [own.hosts])]
        taught = [user_id for word in words for user_id in staff.named(word).found]
        found.append(Pupil(child.name, child.school_class, tuple(ids[one] for one in dict.fromkeys(taught))))
    return tuple(found)


def _family(household: Household, hosts: tuple[int, ...], pupils: tuple[Pupil, ...]) -> tuple[Family, Trouble | None]:
    language = household.first("language").casefold()[:2]
    language = language if language in LANGUAGES else "de"
    family = Family(
        household.name,
        household.email,
        language=language,
        hosts=hosts,
        siblings=pupils,
        second_name=household.second_name,
        # Without an address of its own the first one is not told apart by it.
        second_email=household.second_email if household.email else "",
    )
    try:
        return family.checked(), None
    except Invalid as invalid:
        code = invalid.reason if invalid.reason in ("name_missing", "email_wrong") else "too_long"
        cells = {"child": children.names(pupils), "school_class": children.classes(pupils)}
        cell = cells.get(invalid.field) or str(getattr(family, invalid.field, ""))
        return family, Trouble(code, household.line, invalid.field, cell)


def _by_names(register: Register) -> dict[tuple[str, ...], Guest]:
    """The families that the school has entered, by what they are called; not those that are called alike."""
    found: dict[tuple[str, ...], list[Guest]] = {}
    for guest in register.families.values():
        if guest.invited and (there := register.children_of(guest)):
            found.setdefault((tidy(guest.name), *_called(there)), []).append(guest)
    return {key: guests[0] for key, guests in found.items() if len(guests) == 1}


def _names_of(family: Family) -> tuple[str, ...]:
    return tidy(family.name), *_called(family.children)


def _called(pupils: Sequence[Child | Pupil]) -> list[str]:
    return sorted(f"{tidy(pupil.name)} {classes.key(pupil.school_class)}" for pupil in pupils)


def _line(
    household: Household,
    family: Family,
    guest: Guest | None,
    hosts: Sequence[str],
    shown: dict[int, set[int]],
    taught: dict[int, set[int]],
    register: Register,
    present: Sequence[Host],
    links: LinkKey,
) -> ImportLine:
    names = {host.user_id: host.display_name for host in present}
    wanted = ", ".join(names[user_id] for user_id in hosts)
    lines = [row.line for row in household.rows]
    values = {"name": family.name, "email": family.email}
    if family.second_email and not register.has_household(guest, family.second_email, links):
        values["second_email"] = family.second_email
    there = register.children_of(guest) if guest else []
    pairs = children.matched(there, family.children)
    if guest is None or not guest.invited:
        values |= {"child": children.names(family.children), "school_class": _each_class(family.children)}
        changes = {name: ("", value) for name, value in (values | {"hosts": wanted}).items() if value}
        outcome: Outcome = "changed" if guest else "new"
        return ImportLine(line=household.line, user_id=family.name, outcome=outcome, changes=changes, lines=lines)
    changes = {
        name: (str(getattr(guest, name, "")), value)
        for name, value in values.items()
        if value and value != getattr(guest, name, "") and not (name == "name" and guest.proven_at)
    }
    before = shown.get(guest.id or 0, set())
    if set(family.hosts) - before:
        were = ", ".join(host.display_name for host in present if host.id in before)
        added = [names[host.user_id] for host in present if host.id in set(family.hosts) - before]
        changes["hosts"] = (were, ", ".join([*([were] if were else []), *added]))
    meant = {child.id: pupil for child, pupil in pairs if child}
    after = [_newer(child, meant.get(child.id)) for child in there] + [pupil for child, pupil in pairs if child is None]
    for name, said in (("child", children.names), ("school_class", _each_class)):
        if (was := said(there)) != (is_now := said(after)):
            changes[name] = (was, is_now)
    if any(set(pupil.hosts) - taught.get(child.id or 0, set()) for child, pupil in pairs if child):
        changes.setdefault("hosts", (wanted, wanted))
    outcome = "changed" if changes else "same"
    return ImportLine(line=household.line, user_id=family.name, outcome=outcome, changes=changes, lines=lines)


def _one_line(guest: Guest, there: Sequence[Child]) -> str:
    return " · ".join(filter(None, (guest.name, children.names(there), children.classes(there))))


def _newer(child: Child, pupil: Pupil | None) -> Pupil:
    """The child as it will be; it stays where the list says nothing of it."""
    said = pupil or Pupil("")
    return Pupil(said.name or child.name, said.school_class or child.school_class)


def _each_class(pupils: Sequence[Child | Pupil]) -> str:
    """A class for each of several children: "5a, –, 7b"."""
    if len(pupils) < 2:
        return children.classes(pupils)
    return ", ".join(pupil.school_class or "–" for pupil in pupils)


def _answer(plan: _Plan, register: Register, *, applied: bool) -> ImportAnswer:
    # The other household of a family in the file is not missing from it.
    kins = {guest.kin_id for guest in register.families.values() if guest.kin_id and guest.id in plan.seen}
    missing = [
        MissingAnswer(id=guest.public_id, name=_one_line(guest, register.children_of(guest)))
        for guest in register.families.values()
        if plan.is_right and guest.invited and guest.id not in plan.seen and guest.kin_id not in kins
    ]
    return import_answer(
        plan.given.table,
        plan.lines,
        missing,
        unclear_of(plan.unclear, plan.hosts),
        list(plan.unknown_teachers),
        applied=applied,
    )
