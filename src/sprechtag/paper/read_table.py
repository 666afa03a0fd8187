# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that reads a spreadsheet: bytes in, `{"rows": …}` or `{"wrong": reason}` as JSON out.

A workbook of 30 kB can unpack to gigabytes, and calamine makes room for every cell up to the last one. So this runs by
itself, without the app's environment, and may use little memory and time. It imports nothing of the app."""

import csv
import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

MEMORY = 512 * 2**20
CPU_SECONDS = 2
MOST_ROWS = 5000
MOST_COLUMNS = 50
LONGEST_CELL = 2000
MOST_SIGNS = 5_000_000
"""Of all cells together."""
MOST_PARTS = 1000
UNPACKED = 20 * 2**20
MOST_PACKED = 200
"""A part that is larger than a megabyte and packed better than this is made to fill memory."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class Wrong(Exception):
    """The message is a key of the sentence that says what to do."""


def table(content: bytes) -> list[list[str]]:
    """All rows as trimmed text, empty ones too, so that a row's number is its line. Raises `Wrong`."""
    is_book = content[:2] == b"PK" or content[:4] == _OLD_EXCEL
    return list(_bounded(_of_book(content) if is_book else _of_csv(content)))


def _bounded(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    signs = 0
    for number, cells in enumerate(rows):
        row = [cell.strip() for cell in cells]
        while row and not row[-1]:
            row.pop()
        signs += sum(map(len, row))
        if number >= MOST_ROWS:
            raise Wrong("too_many_rows")
        if len(row) > MOST_COLUMNS:
            raise Wrong("too_many_columns")
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise Wrong("cell_too_long")
        if signs > MOST_SIGNS:
            raise Wrong("table_too_large")
        yield row


def _of_book(content: bytes) -> Iterator[list[str]]:
    if content[:2] == b"PK":
        _check_archive(content)
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    for row in sheet.to_python(skip_empty_area=False, nrows=MOST_ROWS + 1):
        yield [_text(cell) for cell in row]


def _check_archive(content: bytes) -> None:
    """By the archive's own list, without unpacking anything. What lies there meets the limit of memory."""
    parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    bombs = (part.file_size > max(2**20, MOST_PACKED * part.compress_size) for part in parts)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED or any(bombs):
        raise Wrong("table_too_large")


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return date.isoformat(cell)
    return str(cell)


def _of_csv(content: bytes) -> Iterator[list[str]]:
    """UTF-8 or UTF-16 with its mark, else what Excel writes in Western Europe; the delimiter is found."""
    text = _decoded(content)
    if "\0" in text:
        raise Wrong("file_unreadable")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


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
        answer = {"rows": table(sys.stdin.buffer.read())}
    except Wrong as wrong:
        answer = {"wrong": str(wrong)}
    except MemoryError:
        answer = {"wrong": "table_too_large"}
    except BaseException:  # noqa: BLE001 - whatever a broken file makes its reader say (calamine's panics too)
        answer = {"wrong": "file_unreadable"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
