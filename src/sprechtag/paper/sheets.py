# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spreadsheets: reading what a school has, writing what it takes along. CSV and XLSX."""

import csv
import io
from collections.abc import Iterable, Sequence
from zipfile import BadZipFile

import xlsxwriter
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MOST_ROWS = 5000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Unreadable(Exception):
    """The file is no CSV and no XLSX that can be read; the text says what to do."""


def read(name: str, content: bytes) -> list[list[str]]:
    """All rows as trimmed text, empty ones too, so that a row's number is its line. Raises `Unreadable`."""
    rows = _read_xlsx(content) if name.lower().endswith(".xlsx") or content[:2] == b"PK" else _read_csv(content)
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"The file has more than {MOST_ROWS} lines. Split it.")
    return rows


def _read_xlsx(content: bytes) -> list[list[str]]:
    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        return [
            ["" if cell is None else str(cell).strip() for cell in row]
            for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 1)
        ]
    except (BadZipFile, InvalidFileException, KeyError, IndexError, ValueError) as error:
        raise Unreadable("This is no XLSX file that can be read. Save it as CSV and try again.") from error


def _read_csv(content: bytes) -> list[list[str]]:
    """UTF-8, with or without a byte order mark, else what Excel writes in Western Europe; the delimiter is found."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Unreadable("This is no text. Save the table as CSV or XLSX and try again.")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise Unreadable("This is no CSV file that can be read. Save the table as CSV and try again.") from error


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a byte order mark and semicolons, as Excel in Germany opens it.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def write_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Every cell is text: nothing is a formula, a link or a number."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    sheet = book.add_worksheet("".join(letter for letter in title if letter not in "[]:*?/\\'")[:31] or "Sprechtag")
    bold = book.add_format({"bold": True})
    for column, text in enumerate(header):
        sheet.write_string(0, column, text, bold)
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    sheet.freeze_panes(1, 0)
    sheet.autofit()
    book.close()
    return content.getvalue()
