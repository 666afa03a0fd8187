# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that reads a file: `python -m sprechtag.imports.reading` takes bytes and writes JSON, `{"sheets": …}` or
`{"trouble": …}`.

A workbook of 30 kB can unpack to gigabytes, and calamine makes room for every cell up to the last one. So this runs by
itself, without the app's environment, and may use little memory and time. It loads nothing of the app but this room."""

import json
import resource
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

from .. import signs
from . import delimited, workbook
from .encodings import decoded
from .sheets import Row, Sheet
from .troubles import Unreadable

MEMORY = 512 * 2**20
CPU_SECONDS = 3
LONGEST_CELL = 2000
MOST_SIGNS = 5_000_000
"""Of all cells together."""
_NO_TABLES = (b"%PDF", b"{\\rtf", b"<", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"BEGIN")
"""How other kinds of files begin: PDF, RTF, web pages and XML, pictures, packed files, calendars and address cards."""


def read(content: bytes) -> list[Sheet]:
    """What a file holds, by its content and not its name: the sheets of a workbook, or the one of a text with
    delimiters. Cells are one line each, without needless spaces and signs that nobody sees. Raises `Unreadable`, and
    anything else for a workbook that is broken."""
    if not content.strip():
        return []
    if content.lstrip()[:5].startswith(_NO_TABLES):
        raise Unreadable("file_unreadable")
    if workbook.is_workbook(content):
        return [_sheet_of(found) for found in workbook.sheets(content)]
    rows = tuple(_bounded(delimited.rows(decoded(content))))
    return [Sheet("", rows)] if rows else []


def _sheet_of(found: workbook.Found) -> Sheet:
    rows = tuple(_bounded(enumerate(found.rows, 1)))
    doubts = {(row + 1, column): why for (row, column), why in found.doubts.items()}
    return Sheet(found.name, rows, doubts)


def _bounded(lines: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    """The rows that hold something. Raises `Unreadable` for more than a school has."""
    signs_of_all = count = 0
    one_line = cache(signs.one_line)  # a list says the same again and again
    for number, cells in lines:
        row = [one_line(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            continue
        count += 1
        signs_of_all += sum(map(len, row))
        if count > workbook.MOST_ROWS:
            raise Unreadable("too_many_rows")
        if len(row) > workbook.MOST_COLUMNS:
            raise Unreadable("too_many_columns", number)
        if max(map(len, row)) > LONGEST_CELL:
            raise Unreadable("cell_too_long", number)
        if signs_of_all > MOST_SIGNS:
            raise Unreadable("table_too_large")
        yield Row(number, tuple(row))


def _bind_hands() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def main() -> None:
    _bind_hands()
    answer: dict[str, Any]
    try:
        answer = {"sheets": [sheet.packed() for sheet in read(sys.stdin.buffer.read())]}
    except Unreadable as unreadable:
        answer = {"trouble": asdict(unreadable.trouble)}
    except MemoryError:
        answer = {"trouble": {"code": "table_too_large"}}
    except BaseException:  # noqa: BLE001 - whatever a broken file makes its reader say (calamine's panics too)
        answer = {"trouble": {"code": "file_unreadable"}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
