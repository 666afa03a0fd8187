# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets out of a workbook (XLSX, XLS, ODS, read by calamine), with what calamine does not tell: a formula that was
never worked out, an error, a date, merged cells. For what is stored there is not what a reader of the sheet sees."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

from .troubles import Unreadable

MOST_ROWS = 40_000
MOST_COLUMNS = 200
MOST_SHEETS = 20
MOST_PARTS = 1000
UNPACKED = 20 * 2**20
MOST_PACKED = 200
"""A part that is larger than a megabyte and packed better than this is made to fill memory."""
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
UNSAID = "="
"""Stands for a formula without a value, so that its line is not taken for an empty one."""
Place = tuple[int, int]
"""Row and column, both from 0."""
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>])([^>]*)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_AT = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_KIND = re.compile(rb'\bt="(\w+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>[^<]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Found:
    """One sheet: `rows` are all rows from the first on, `doubts` say why a cell cannot be taken as it is: "formula",
    "error" or "date"."""

    name: str
    rows: list[list[str]]
    doubts: dict[Place, str] = field(default_factory=dict)


def is_workbook(content: bytes) -> bool:
    return content[:2] == b"PK" or content[:4] == OLD_EXCEL


def sheets(content: bytes) -> list[Found]:
    """The visible sheets that hold anything, in their order. Raises `Unreadable`, and whatever calamine raises for a
    broken workbook."""
    from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

    doubts, merged = _of_archive(content) if content[:2] == b"PK" else ({}, {})
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise Unreadable("file_locked") from error
    found, too_wide = [], False
    for sheet in book.sheets_metadata[:MOST_SHEETS]:
        if sheet.visible != SheetVisibleEnum.Visible:
            continue
        grid = book.get_sheet_by_name(sheet.name)
        if grid.total_width > MOST_COLUMNS:
            too_wide = True
            continue
        cells = grid.to_python(skip_empty_area=False, nrows=MOST_ROWS + 1)
        read = _found(sheet.name, cells, doubts.get(sheet.name, {}))
        spans = [(top, left, bottom) for (top, left), (bottom, _) in grid.merged_cell_ranges or []]
        _fill_down(read, spans + merged.get(sheet.name, []))
        if any(map(any, read.rows)):
            found.append(read)
    if too_wide and not found:
        raise Unreadable("too_many_columns")
    return found


def _found(name: str, cells: Sequence[Sequence[Any]], doubts: Mapping[Place, str]) -> Found:
    read = Found(name, [[_text(cell) for cell in row] for row in cells], dict(doubts))
    for number, row_of_cells in enumerate(cells):
        read.doubts.update({(number, at): "date" for at, cell in enumerate(row_of_cells) if isinstance(cell, date)})
    for row, column in doubts:
        read.rows.extend([] for _ in range(row + 1 - len(read.rows)))
        read.rows[row].extend("" for _ in range(column + 1 - len(read.rows[row])))
        read.rows[row][column] = read.rows[row][column] or UNSAID
    return read


def _text(cell: Any) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if not (cell.hour or cell.minute or cell.second):
            return date.isoformat(cell)
        case time():
            return cell.isoformat("minutes")
        case timedelta():
            hours, rest = divmod(int(cell.total_seconds()), 3600)
            return f"{hours:02}:{rest // 60:02}"
        case _:
            return str(cell)


def _fill_down(sheet: Found, spans: list[tuple[int, int, int]]) -> None:
    """Who merges cells over several rows means all of them."""
    for top, left, bottom in spans:
        for row in range(top + 1, min(bottom + 1, len(sheet.rows))):
            if left < len(sheet.rows[row]) and left < len(sheet.rows[top]) and not sheet.rows[row][left]:
                sheet.rows[row][left] = sheet.rows[top][left]
                if (top, left) in sheet.doubts:
                    sheet.doubts[row, left] = sheet.doubts[top, left]


def _of_archive(content: bytes) -> tuple[dict[str, dict[Place, str]], dict[str, list[tuple[int, int, int]]]]:
    """Of each sheet by its name: cells in doubt, and (ODS) the top, left and bottom of those merged downwards."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check(archive)
        names = set(archive.namelist())
        if "content.xml" in names:
            return _of_open_document(archive.read("content.xml"))
        parts = _parts(archive) if "xl/workbook.xml" in names else {}
        doubts = {name: _unsaid(archive.read(part)) for name, part in parts.items() if part in names}
        return doubts, {}


def _check(archive: zipfile.ZipFile) -> None:
    """By the archive's own list, without unpacking anything. What lies there meets the limit of memory."""
    parts = archive.infolist()
    bombs = (part.file_size > max(2**20, MOST_PACKED * part.compress_size) for part in parts)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED or any(bombs):
        raise Unreadable("table_too_large")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("file_locked")


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet's name -> its part of the archive (ECMA-376 part 1, 18.2.20 and part 2, 9.3)."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - memory is limited
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - memory is limited
    return {sheet.get("name", ""): _path(targets.get(sheet.get(_RELATION), "")) for sheet in book.iter(_SHEETS)}


def _path(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _unsaid(part: bytes) -> dict[Place, str]:
    """Formulas without a value and errors of a sheet of XLSX. calamine gives both as nothing."""
    if not (_FORMULA.search(part) or b't="e"' in part):
        return {}
    doubts = {}
    for attributes, inside in _CELL.findall(part):
        kind = _KIND.search(attributes)
        said = kind[1] if kind else b"n"
        if attributes.endswith(b"/") or not (said == b"e" or _FORMULA.search(inside)):
            continue
        if said == b"e":
            doubts[_place(attributes)] = "error"
        elif said != b"str" and not _VALUE.search(inside):
            doubts[_place(attributes)] = "formula"
    return doubts


def _place(attributes: bytes) -> Place:
    at = _AT.search(attributes)
    if at is None:
        raise Unreadable("formula_without_value")
    column = 0
    for letter in at[1]:
        column = column * 26 + letter - ord("A") + 1
    row = int(at[2]) - 1
    if not (0 <= row <= MOST_ROWS and column <= MOST_COLUMNS):
        raise Unreadable("table_too_large")
    return row, column - 1


def _of_open_document(
    content: bytes,
) -> tuple[dict[str, dict[Place, str]], dict[str, list[tuple[int, int, int]]]]:
    """OpenDocument 1.3 part 3, 9.1: rows and cells may stand for many of their kind."""
    doubts: dict[str, dict[Place, str]] = {}
    merged: dict[str, list[tuple[int, int, int]]] = {}
    for table in ElementTree.fromstring(content).iter(f"{_TABLE}table"):  # noqa: S314 - memory is limited
        name = table.get(f"{_TABLE}name", "")
        doubts[name], merged[name] = {}, []
        for place, cell in _cells(table):
            down = _number(cell.attrib, "number-rows-spanned")
            if down > 1:
                merged[name].append((*place, place[0] + down - 1))
            if cell.get(f"{_TABLE}formula") and not cell.get(f"{_OFFICE}value-type"):
                doubts[name][place] = "formula"
    return doubts, merged


def _cells(table: ElementTree.Element) -> Iterator[tuple[Place, ElementTree.Element]]:
    row = 0
    for line in table.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in line:
            yield (row, column), cell
            column += _number(cell.attrib, "number-columns-repeated")
        if row > MOST_ROWS:
            return
        row += _number(line.attrib, "number-rows-repeated")


def _number(attributes: Mapping[str, str], name: str) -> int:
    value = attributes.get(f"{_TABLE}{name}", "1")
    return int(value) if value.isascii() and value.isdigit() else 1
