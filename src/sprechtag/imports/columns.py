# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each column of a table holds: proposed by its title, by the format or by its cells, or chosen by a person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from . import classes, formats
from .sheets import Row, Sheet
from .titles import Meaning, key, meaning
from .troubles import Unreadable, letters

Kind = Literal["families", "hosts", "rooms", "teaches"]
FIELDS: dict[str, tuple[str, ...]] = {
    "families": (
        "name",
        "first_name",
        "email",
        "phone",
        "second_name",
        "second_first_name",
        "second_email",
        "second_phone",
        "child",
        "child_surname",
        "school_class",
        "second_child",
        "second_school_class",
        "third_child",
        "third_school_class",
        "language",
        "hosts",
        "pupil_id",
        "family_id",
        "birth_date",
        "street",
        "town",
    ),
    "hosts": (
        "user_id",
        "display_name",
        "first_name",
        "surname",
        "title",
        "short",
        "email",
        "subject",
        "classes",
        "room",
    ),
    "rooms": ("user_id", "display_name", "first_name", "surname", "short", "email", "room"),
    "teaches": (
        "school_class",
        "teacher",
        "second_teacher",
        "subject",
        "child",
        "child_surname",
        "birth_date",
        "pupil_id",
        "lesson",
    ),
}
"""What a column can hold, of each kind of table."""
_LOOKED_AT = 15
_SAMPLES, _SAMPLED = 3, 200
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+|.*<[^\s@]+@[^\s@]+>")
_DAY = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[12][0-9]{7}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{5,}")
_USER = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)+|[a-z]{1,4}[0-9]{1,4}|[a-z]{3,}", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """`field` is one of `FIELDS`, or "" for a column that is not read; `samples` are some of its cells."""

    title: str
    field: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One sheet with the meaning of its columns. `rows` are those below the titles; `format` is the name of a program's
    format, "" for none; `key` is what a choice of columns is remembered under."""

    kind: str
    sheet: Sheet
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    format: str
    key: str

    @cached_property
    def fields(self) -> dict[str, int]:
        """Field -> index of its column."""
        return {column.field: index for index, column in enumerate(self.columns) if column.field}

    @property
    def unread(self) -> list[str]:
        """Titles of the columns that are not read."""
        return [column.title for column in self.columns if column.title and not column.field]


def proposed(sheets: Sequence[Sheet], kind: Kind, file_name: str = "") -> Table:
    """The table of a file, the sheet whose titles are known best, with a field for each column that can be told.
    Raises `Unreadable` for a file without any row, and for a list that goes on on further sheets with the same titles.
    """
    if not sheets:
        raise Unreadable("file_empty")
    tables = [_table(sheet, kind, file_name) for sheet in sheets]
    best = max(tables, key=lambda table: (bool(table.format), len(table.fields)))
    alike = [table.sheet.name for table in tables if table.key == best.key and table.rows and table.fields]
    if len(alike) > 1:
        raise Unreadable("several_sheets", cell=", ".join(alike))
    return best


def chosen(table: Table, mapping: Mapping[int, str]) -> Table:
    """The table as a person has mapped it: index of the column -> field, "" for one that is not read. Columns that are
    not named keep what was proposed. Raises `Unreadable` for a field or column that is not there."""
    for index, field in mapping.items():
        if not 0 <= index < len(table.columns) or (field and field not in FIELDS[table.kind]):
            raise Unreadable("mapping_wrong")
    taken = {field for field in mapping.values() if field}
    columns = [
        replace(column, field=mapping.get(index, "" if column.field in taken else column.field))
        for index, column in enumerate(table.columns)
    ]
    if len(taken) < sum(map(bool, mapping.values())):
        raise Unreadable("mapping_twice")
    return replace(table, columns=tuple(columns))


def _table(sheet: Sheet, kind: Kind, file_name: str) -> Table:
    head = _head(sheet)
    if head is None:
        shaped = formats.by_shape(sheet.rows, kind, file_name)
        if shaped:
            fields = [shaped.columns.get(index, "") for index in range(sheet.width)]
            return _made(sheet, kind, None, fields, shaped.name)
        return _made(sheet, kind, None, _by_cells(sheet.rows, sheet.width, kind), "")
    titles = [sheet.rows[head].cell(index) for index in range(sheet.width)]
    known = formats.by_titles(titles, kind)
    fields = _by_titles(titles, kind, known)
    return _made(sheet, kind, head, _mended(fields, sheet.rows[head + 1 :], kind), known.name if known else "")


def _made(sheet: Sheet, kind: str, head: int | None, fields: Sequence[str], name: str) -> Table:
    rows = sheet.rows if head is None else sheet.rows[head + 1 :]
    titles = ["" if head is None else sheet.rows[head].cell(index) for index in range(sheet.width)]
    columns = tuple(
        Column(title or letters(index), field, _samples(rows, index))
        for index, (title, field) in enumerate(zip(titles, fields, strict=True))
    )
    return Table(kind, sheet, rows, columns, name, key(titles) if head is not None else f"{name}:{sheet.width}")


def _samples(rows: Sequence[Row], index: int) -> tuple[str, ...]:
    found: list[str] = []
    for row in rows[:_SAMPLED]:
        if row.cell(index) and row.cell(index) not in found:
            found.append(row.cell(index))
        if len(found) == _SAMPLES:
            break
    return tuple(found)


def _head(sheet: Sheet) -> int | None:
    """The index of the row that holds the titles; above it stand a heading and blank lines at most."""
    best, most = None, 0
    for index, row in enumerate(sheet.rows[:_LOOKED_AT]):
        known = sum(meaning(cell) is not None for cell in row.cells)
        if known > most and (known >= 2 or _is_all_titles(row, sheet.width)):
            if any(map(_MAIL.fullmatch, row.cells)):
                continue
            best, most = index, known
    return best


def _is_all_titles(row: Row, width: int) -> bool:
    """Of a row with one known title: each column has one, and none is a number or a class."""
    return len(row.cells) == width and all(row.cells) and not any(map(str.isdigit, "".join(row.cells)))


def _by_titles(titles: Sequence[str], kind: Kind, known: formats.Format | None) -> list[str]:
    means = [meaning(title) for title in titles]
    seen = _Seen.of([one for one in means if one])
    fields: list[str] = []
    for title, one in zip(titles, means, strict=True):
        said = known.field_of(title) if known else None
        if said is None:
            said = _FIELD_OF[kind](one, seen) if one else ""
        if said in fields and kind == "families" and f"second_{said}" in FIELDS[kind] and one and one.who != "child":
            said = f"second_{said}"
        fields.append("" if said in fields else said)
    return fields


@dataclass(frozen=True)
class _Seen:
    """What the other titles say: whether a column names the child, one its first name, one a first name without saying
    whose; and which parent comes first."""

    child: bool
    child_forename: bool
    forename: bool
    first_parent: str

    @classmethod
    def of(cls, means: Sequence[Meaning]) -> "_Seen":
        return cls(
            any(one.who == "child" and one.what in ("", "name", "forename") for one in means),
            any(one.who == "child" and one.what == "forename" for one in means),
            any(one.what == "forename" and not one.who for one in means),
            next((one.who for one in means if one.who in ("father", "mother")), ""),
        )


def _family_field(one: Meaning, seen: _Seen) -> str:
    second = one.second or (one.who in ("father", "mother") and one.who != seen.first_parent)
    parent = one.who in ("parent", "father", "mother")
    if one.third and (parent or one.what not in ("", "name", "forename", "class")):
        return ""
    match one.what:
        case "class":
            return _of_sibling("school_class", one)
        case "" | "name" | "forename" if one.who == "child" and (one.second or one.third):
            return _of_sibling("child", one)
        case "street" | "town" | "language":
            return one.what
        case "birth":
            return "" if parent else "birth_date"
        case "number":
            return "family_id" if parent else "pupil_id"
        case "email" | "phone":
            return "" if one.who in ("child", "teacher") or one.school else _of_second(one.what, second)
        case _ if one.who == "teacher" or one.what == "short":
            return "hosts"
        case "forename" if parent or (seen.child and one.who != "child"):
            return _of_second("first_name", second)
        case "forename":
            return "child"
        case "surname" if parent or (seen.child and one.who != "child"):
            return _of_second("name", second)
        case "surname":
            return "child_surname"
        case "name" if (one.who == "child" and seen.child_forename) or (
            not one.who and seen.forename and not seen.child
        ):
            return "child_surname"
        case "name" | "":
            return "child" if one.who == "child" else _of_second("name", second)
    return ""


def _of_sibling(field: str, one: Meaning) -> str:
    return f"third_{field}" if one.third else _of_second(field, one.second)


def _of_second(field: str, second: bool) -> str:
    return f"second_{field}" if second else field


def _host_field(one: Meaning, seen: _Seen) -> str:
    if one.who not in ("", "teacher"):
        return ""
    match one.what:
        case "user":
            return "user_id"
        case "forename":
            return "first_name"
        case "name" if seen.forename:
            return "surname"
        case "name" | "":
            return "display_name"
        case "class":
            return "classes"
        case "surname" | "title" | "short" | "email" | "subject" | "room":
            return one.what
    return ""


def _room_field(one: Meaning, seen: _Seen) -> str:
    field = _host_field(one, seen)
    return field if field in FIELDS["rooms"] else ""


def _teaching_field(one: Meaning, _seen: _Seen) -> str:
    match one.what:
        case "class":
            return "school_class"
        case "subject":
            return "subject"
        case "birth":
            return "birth_date"
        case "short" | "user" | "email":
            return "teacher" if one.who in ("", "teacher") else ""
        case "forename" if one.who != "teacher":
            return "child"
        case "surname" if one.who != "teacher":
            return "child_surname"
        case "name" | "":
            return "teacher" if one.who in ("", "teacher") else "child"
    return ""


_FIELD_OF = {"families": _family_field, "hosts": _host_field, "rooms": _room_field, "teaches": _teaching_field}


def _mended(fields: list[str], rows: Sequence[Row], kind: Kind) -> list[str]:
    """What the cells say better than the titles: an "Adresse" of mail addresses is no street, and where no title speaks
    of mail, a column of addresses is it."""
    if "email" in fields or kind not in ("families", "hosts"):
        return fields
    for index, field in enumerate(fields):
        if field in ("", "street", "town") and _share(rows, index, _MAIL) > 0.5:
            return [*fields[:index], "email", *fields[index + 1 :]]
    return fields


def _share(rows: Sequence[Row], index: int, pattern: re.Pattern[str]) -> float:
    cells = [row.cell(index) for row in rows[:_SAMPLED] if row.cell(index)]
    return sum(pattern.fullmatch(cell) is not None for cell in cells) / len(cells) if cells else 0.0


def _by_cells(rows: Sequence[Row], width: int, kind: Kind) -> list[str]:
    """Without titles: what the cells look like. Only what is told by its form is proposed, and names in their usual
    order (the surname first)."""
    forms = [_form(rows, index) for index in range(width)]
    if kind == "rooms":
        return _rooms_by_cells(forms)
    by_form: dict[str, dict[str, tuple[str, ...]]] = {
        "families": {
            "mail": ("email", "second_email"),
            "class": ("school_class",),
            "day": ("birth_date",),
            "phone": ("phone",),
        },
        "hosts": {"mail": ("email",), "user": ("user_id",), "class": ("classes",)},
        "teaches": {"class": ("school_class",), "day": ("birth_date",)},
    }
    names = {
        "families": ("child_surname", "child") if forms.count("text") > 1 else ("name",),
        "hosts": ("display_name",),
        "teaches": ("teacher", "subject"),
    }[kind]
    left: dict[str, list[str]] = {form: list(given) for form, given in by_form[kind].items()} | {"text": list(names)}
    if kind == "teaches":
        left["user"] = left["text"]
    return [left[form].pop(0) if left.get(form) else "" for form in forms]


def _rooms_by_cells(forms: Sequence[str]) -> list[str]:
    """Who comes first, by whatever sign; what stands behind it is the room: "ACK;204", "Jana Weiß;B 7"."""
    who = next((index for index, form in enumerate(forms) if form in ("mail", "user", "text")), None)
    room = next((index for index, form in enumerate(forms) if form and who is not None and index > who), None)
    names = {"mail": "email", "user": "user_id", "text": "display_name"}
    return [names[form] if index == who else "room" if index == room else "" for index, form in enumerate(forms)]


def _form(rows: Sequence[Row], index: int) -> str:
    for form, pattern in (("mail", _MAIL), ("day", _DAY)):
        if _share(rows, index, pattern) > 0.5:
            return form
    cells = [row.cell(index) for row in rows[:_SAMPLED] if row.cell(index)]
    if not cells:
        return ""
    if sum(map(classes.looks_like_class, cells)) / len(cells) > 0.7 and any(cell[0].isdigit() for cell in cells):
        return "class"
    if _share(rows, index, _PHONE) > 0.5:
        return "phone"
    if _share(rows, index, re.compile(r"[0-9.,]+")) > 0.5:
        return "number"
    return "user" if _share(rows, index, _USER) > 0.9 and all(cell == cell.lower() for cell in cells) else "text"
