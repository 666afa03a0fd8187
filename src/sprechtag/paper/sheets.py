# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spreadsheets: reading what a school has, writing what it takes along. CSV and XLSX."""

import csv
import io
import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence

from ..conference import entries
from ..database import Busy
from ..imports import reading
from ..imports.sheets import Sheet
from ..imports.troubles import Trouble, Unreadable

AT_ONCE = 2
WAIT_SECONDS = 0.3
READ_SECONDS = 1.5
"""Somebody waits for the page, which has two seconds."""
_turn = threading.BoundedSemaphore(AT_ONCE)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def read(content: bytes) -> list[Sheet]:
    """The sheets of a CSV, XLSX, XLS or ODS file. What kind of file it is, its content says, not its name.

    It is read by a process of its own with little memory and time; must not be called inside a transaction. Raises
    `Unreadable`, and `Busy` when too many are being read just now."""
    if not content.strip():
        return []
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise Busy
    before = _used()
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-I", "-m", reading.__name__],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        if _used() - before < READ_SECONDS / 2:
            raise Busy from error
        raise Unreadable("table_too_large") from error
    finally:
        _turn.release()
    if done.returncode != 0:  # it wanted more memory or time than it may have
        raise Unreadable("table_too_large")
    answer = json.loads(done.stdout)
    if "trouble" in answer:
        raise Unreadable.of(Trouble(**answer["trouble"]))
    return [Sheet.unpacked(packed) for packed in answer["sheets"]]


def _used() -> float:
    """Seconds that processes like this one have worked: one that got less than it was given met a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    # Seldom needed.
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    name = "".join(letter for letter in entries.line(title[:300]) if letter not in "[]:*?/\\'")[:31]
    sheet = book.add_worksheet(name or "Sprechtag")
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
