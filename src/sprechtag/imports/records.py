# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rows of a table as records: pupils with their parents, hosts, rooms, and who teaches what.

A row with a cell that cannot be taken makes a `Trouble` for each such cell and no record."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Generic, TypeVar

from . import classes
from .columns import Table
from .mails import NoAddress, addresses
from .sheets import Row
from .troubles import Trouble, excerpt, letters

_LONGEST = {
    "user_id": 64,
    "school_class": 40,
    "second_school_class": 40,
    "third_school_class": 40,
    "phone": 40,
    "second_phone": 40,
    "room": 100,
    "short": 20,
    "subject": 200,
}
_DOUBTS = {"formula": "formula_without_value", "error": "cell_error", "date": "cell_is_date"}
_LOST = re.compile(r"[^\W\d_]\?[^\W\d_]|Ã[¤¶¼Ÿ„–œ©¨]")
"""A question mark inside a word, and UTF-8 that was read as something else."""
_NAMES = frozenset(
    {
        "name",
        "first_name",
        "second_name",
        "second_first_name",
        "child",
        "second_child",
        "third_child",
        "child_surname",
        "surname",
        "display_name",
    }
)
_DAYS = frozenset({"birth_date"})
_CLASSES = frozenset({"school_class", "second_school_class", "third_school_class", "classes"})
_WHOLE = _CLASSES | {"pupil_id", "family_id"}
"""Whole numbers, where a spreadsheet writes 5.0."""
Record = TypeVar("Record")


@dataclass(frozen=True)
class PupilRow:
    """One pupil. `name` and `first_name` are a parent's, or `name` is the family's; `child` is the child's first or
    whole name, `second_child` and `third_child` are siblings in the same line; `hosts` is the cell that names teachers.
    What the file does not say is empty."""

    line: int
    name: str = ""
    first_name: str = ""
    email: str = ""
    phone: str = ""
    second_name: str = ""
    second_first_name: str = ""
    second_email: str = ""
    second_phone: str = ""
    child: str = ""
    child_surname: str = ""
    school_class: str = ""
    second_child: str = ""
    second_school_class: str = ""
    third_child: str = ""
    third_school_class: str = ""
    language: str = ""
    hosts: str = ""
    pupil_id: str = ""
    family_id: str = ""
    birth_date: str = ""
    street: str = ""
    town: str = ""


@dataclass(frozen=True)
class HostRow:
    """One teacher; `display_name` is put together where the file has the parts of the name."""

    line: int
    user_id: str = ""
    display_name: str = ""
    first_name: str = ""
    surname: str = ""
    title: str = ""
    short: str = ""
    email: str = ""
    subject: str = ""
    classes: str = ""
    room: str = ""


@dataclass(frozen=True)
class RoomRow:
    """Where a teacher is found; `host` is whatever names the teacher."""

    line: int
    host: str
    room: str


@dataclass(frozen=True)
class TeachesRow:
    """A teacher of a class, of a pupil, or of a lesson; or (without teachers) a pupil's choice of a lesson."""

    line: int
    school_class: str = ""
    teacher: str = ""
    second_teacher: str = ""
    subject: str = ""
    child: str = ""
    child_surname: str = ""
    birth_date: str = ""
    pupil_id: str = ""
    lesson: str = ""


@dataclass(frozen=True)
class Read(Generic[Record]):
    """`troubles` are of the lines that made no record."""

    records: list[Record]
    troubles: list[Trouble]


def pupils(table: Table) -> Read[PupilRow]:
    """The pupils of a table of "families". A cell with two addresses is both parents'."""
    known = cache(addresses)  # siblings have one
    return _read(table, lambda line, given: _pupil(line, given, known))


def hosts(table: Table) -> Read[HostRow]:
    return _read(table, _host)


def rooms(table: Table) -> Read[RoomRow]:
    return _read(table, _room)


def teaching(table: Table) -> Read[TeachesRow]:
    return _read(table, lambda line, given: TeachesRow(line, **given))


class _Wrong(Exception):
    """`field` cannot be taken, for the reason that the sentence with this `code` says."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code)
        self.code, self.field = code, field


def _read(table: Table, make: Callable[[int, dict[str, str]], Record]) -> Read[Record]:
    read = Read[Record]([], [])
    judged = cache(_judged)  # a list says the same again and again
    for row in table.rows:
        given: dict[str, str] = {}
        troubles: list[Trouble] = []
        for field, index in table.fields.items():
            given[field], code = judged(table.kind, field, row.cell(index))
            code = _doubt(table, row, field) or code
            if code:
                troubles.append(_trouble(table, row, field, code))
        if not any(given.values()):
            continue
        if not troubles:
            try:
                read.records.append(make(row.line, given))
                continue
            except _Wrong as wrong:
                troubles = [_trouble(table, row, wrong.field, wrong.code)]
        read.troubles.extend(troubles)
    return read


def _doubt(table: Table, row: Row, field: str) -> str:
    """Why the cell is not what it shows; "" where it is. A day of birth may be a date."""
    doubt = table.sheet.doubts.get((row.line, table.fields[field]), "") if table.sheet.doubts else ""
    if not doubt or (doubt == "date" and field in _DAYS):
        return ""
    return "class_is_date" if doubt == "date" and field in _CLASSES else _DOUBTS[doubt]


def _judged(kind: str, field: str, text: str) -> tuple[str, str]:
    """The cell as it is kept, and the code of what is wrong with it or ""."""
    if field in _CLASSES and any(map(classes.is_date, [text, *classes.several(text)])):
        return text, "class_is_date"
    if text.startswith("#") and text.rstrip("!?").isupper() and text.endswith(("!", "?", "#N/A", "#NV")):
        return text, "cell_error"
    if field in _NAMES and _LOST.search(text):
        return text, "letters_lost"
    if len(text) > _LONGEST.get(field, 1000 if field == "hosts" else 120 if kind == "families" else 200):
        return text, "too_long"
    return classes.tidied(text) if field in _WHOLE else text, ""


def _trouble(table: Table, row: Row, field: str, code: str) -> Trouble:
    index = table.fields.get(field)
    title = "" if index is None else table.columns[index].title or letters(index)
    return Trouble(code, row.line, title, "" if index is None else excerpt(row.cell(index)))


def _pupil(line: int, given: dict[str, str], known: Callable[[str], list[str]] = addresses) -> PupilRow:
    first, second = _addresses("email", given, known), _addresses("second_email", given, known)
    mails = list(dict.fromkeys([*first, *second]))
    if len(mails) > 2:
        raise _Wrong("too_many_addresses", "email" if len(first) > 2 else "second_email")
    row = PupilRow(line, **given)
    email = mails[0] if mails else ""
    row = replace(row, email=email, second_email=mails[1] if len(mails) > 1 else "")
    if not (row.name or row.child_surname or row.first_name or row.second_name):
        raise _Wrong("name_missing", "name")
    return row


def _host(line: int, given: dict[str, str]) -> HostRow:
    row = HostRow(line, **given)
    mails = _addresses("email", given)
    whole = row.display_name or " ".join(part for part in (row.first_name, row.surname) if part)
    return replace(row, email=mails[0] if mails else "", display_name=whole)


def _room(line: int, given: dict[str, str]) -> RoomRow:
    by_name = " ".join(part for part in (given.get("first_name", ""), given.get("surname", "")) if part)
    names = (given.get("user_id"), given.get("short"), given.get("email"), given.get("display_name"), by_name)
    host = next((name for name in names if name), "")
    if not host:
        raise _Wrong("host_missing", "user_id")
    return RoomRow(line, host, given.get("room", ""))


def _addresses(field: str, given: dict[str, str], known: Callable[[str], list[str]] = addresses) -> list[str]:
    try:
        return known(given.get(field, ""))
    except NoAddress as error:
        raise _Wrong("email_wrong", field) from error
