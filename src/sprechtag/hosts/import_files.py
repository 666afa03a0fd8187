# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What importing hosts and families has in common: the file, what its columns hold, what would become of each line."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ..conference.entries import Wrong, base64_bytes
from ..conference.errors import Invalid
from ..conference.tables import Host
from ..database import Database
from ..gate import Caller
from ..imports import columns
from ..imports.sheets import Sheet
from ..imports.teachers import Teacher
from ..imports.troubles import Trouble, Unreadable
from ..paper import sheets
from . import import_sentences
from .access import organised
from .fields import Line
from .schemas import JobAnswer, Strict

MOST_BYTES = 2_000_000
Outcome = Literal["new", "changed", "same", "error"]
Choice = Annotated[str, Field(max_length=40)]
ColumnIndex = Annotated[int, Field(ge=0, le=1000)]
Word = Annotated[str, Field(max_length=300)]


class TableFile(Strict):
    """A CSV, TXT, DAT, XLSX, XLS or ODS file, at most 2 MB. Its content says what it is, not its name."""

    name: Annotated[Line, Field(max_length=200)]
    content_base64: Annotated[str, Field(max_length=3_000_000)]


class ImportData(TableFile):
    """`mapping` says of columns (by index from 0) what they hold: one of the answer's `fields`, or "" for nothing.
    Other columns are read as proposed. `answers` says who is meant by a word that names several hosts or nobody: word
    -> user id, "" for nobody. `more` are further files about the same: who teaches what, the parents, the teachers'
    Kürzel."""

    mapping: Annotated[dict[ColumnIndex, Choice], Field(max_length=200, default_factory=dict)]
    answers: Annotated[dict[Word, Word], Field(max_length=500, default_factory=dict)]
    more: Annotated[list[TableFile], Field(max_length=4, default_factory=list)]


class TroubleAnswer(BaseModel):
    """Why a cell cannot be taken: `message` in English, `text` and `values` for who translates it."""

    code: str
    column: str
    cell: str
    message: str
    text: str
    values: dict[str, str]


class ImportLine(BaseModel):
    """One line of the file, or several of one family (`lines`): what would become of it. `user_id` names whom it is
    about, `changes` holds field -> [before, after]. With an error `problem` says the first of the `troubles`."""

    line: int
    user_id: str
    outcome: Outcome
    changes: dict[str, tuple[str, str]] = {}
    problem: str = ""
    lines: list[int] = []
    troubles: list[TroubleAnswer] = []


class ColumnAnswer(BaseModel):
    """`field` is what the column is read as, "" for not at all."""

    title: str
    field: str
    samples: list[str]


class MissingAnswer(BaseModel):
    """Somebody who is known here and not in the file; nothing happens to them."""

    id: str
    name: str


class UnclearAnswer(BaseModel):
    """A word that names several hosts (`candidates`) or none, and the lines in which it stands."""

    word: str
    lines: list[int]
    candidates: list[MissingAnswer]


class ImportAnswer(BaseModel):
    """`applied` says whether it was done; it is done only without any error. `format` names the program's format that
    the file has, `key` is what a choice of columns is remembered under, `fields` what a column can hold. `missing` are
    those who are no longer in the file, `unclear` words of which somebody has to say who is meant, `unknown_teachers`
    those of a file of lessons who are no hosts here. With a `job` the list is being entered."""

    lines: list[ImportLine]
    new: int
    changed: int
    same: int
    errors: int
    unknown_columns: list[str]
    applied: bool
    format: str
    sheet: str
    key: str
    columns: list[ColumnAnswer]
    fields: list[str]
    missing: list[MissingAnswer]
    unclear: list[UnclearAnswer]
    unknown_teachers: list[str]
    job: JobAnswer | None = None


def sheets_for(database: Database, conference_id: str, files: Sequence[TableFile], user: Caller) -> list[list[Sheet]]:
    """The files' sheets, read outside of any transaction, for the conference's organiser only. Raises `Invalid`."""
    with database.read() as session:
        organised(session, conference_id, user)
    with ThreadPoolExecutor(sheets.AT_ONCE) as pool:  # each is read by a process of its own
        return list(pool.map(_sheets_of, files))


def _sheets_of(data: TableFile) -> list[Sheet]:
    try:
        return sheets.read(base64_bytes(data.content_base64, MOST_BYTES))
    except Wrong as error:
        raise Invalid("file", error.reason) from error
    except Unreadable as error:
        raise refused(error) from error


def refused(unreadable: Unreadable) -> Invalid:
    trouble = unreadable.trouble
    return Invalid("file", trouble.code, import_sentences.values(trouble) if trouble.line or trouble.cell else {})


def table_of(
    found: list[Sheet], kind: columns.Kind, name: str, mapping: Mapping[int, str] | None = None
) -> columns.Table:
    """The table with its columns as proposed and chosen; `name` is the file's. Raises `Invalid`."""
    try:
        return columns.chosen(columns.proposed(found, kind, name), mapping or {})
    except Unreadable as error:
        raise refused(error) from error


def staff_of(hosts: Iterable[Host]) -> list[Teacher]:
    """Whom a list can name; a tandem is called like its hosts, and none of them."""
    return [Teacher(host.user_id, host.display_name, host.short) for host in hosts if not host.tandem]


def error_line(line: int, name: str, troubles: Sequence[Trouble]) -> ImportLine:
    answers = [_trouble(trouble) for trouble in troubles]
    problem = answers[0].message
    return ImportLine(line=line, user_id=name, outcome="error", problem=problem, lines=[line], troubles=answers)


def _trouble(trouble: Trouble) -> TroubleAnswer:
    text, given = import_sentences.OF_LINE[trouble.code], import_sentences.values(trouble)
    return TroubleAnswer(
        code=trouble.code,
        column=trouble.column,
        cell=trouble.cell,
        message=import_sentences.said(text, given),
        text=text,
        values=given,
    )


def by_line(troubles: Iterable[Trouble]) -> dict[int, list[Trouble]]:
    found: dict[int, list[Trouble]] = {}
    for trouble in troubles:
        found.setdefault(trouble.line, []).append(trouble)
    return found


def unclear_of(words: Mapping[str, tuple[list[int], Sequence[str]]], hosts: Iterable[Host]) -> list[UnclearAnswer]:
    names = {host.user_id: host.display_name for host in hosts}
    return [
        UnclearAnswer(
            word=word,
            lines=lines[:50],
            candidates=[MissingAnswer(id=user_id, name=names.get(user_id, user_id)) for user_id in meant],
        )
        for word, (lines, meant) in words.items()
    ]


def import_answer(
    table: columns.Table,
    lines: list[ImportLine],
    missing: list[MissingAnswer],
    unclear: list[UnclearAnswer],
    unknown_teachers: Sequence[str] = (),
    *,
    applied: bool = False,
) -> ImportAnswer:
    def count(outcome: str) -> int:
        return sum(line.outcome == outcome for line in lines)

    return ImportAnswer(
        lines=sorted(lines, key=lambda line: line.line),
        new=count("new"),
        changed=count("changed"),
        same=count("same"),
        errors=count("error"),
        unknown_columns=table.unread,
        applied=applied,
        format=table.format,
        sheet=table.sheet.name,
        key=table.key,
        columns=[
            ColumnAnswer(title=column.title, field=column.field, samples=list(column.samples))
            for column in table.columns
        ],
        fields=list(columns.FIELDS[table.kind]),
        missing=missing,
        unclear=unclear,
        unknown_teachers=list(unknown_teachers),
    )
