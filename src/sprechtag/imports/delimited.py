# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows out of text with delimiters (RFC 4180, and what programs make of it): the delimiter is found, quotes may hold
delimiters and line ends, and each row keeps the number of the line in which it begins."""

import re
from collections import Counter
from collections.abc import Iterator

from .troubles import Unreadable

DELIMITERS = ";\t|,"
"""The likelier one first."""
_LOOKED_AT = 60
_SEP = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = re.compile('"[^"]*"')
Line = tuple[int, list[str]]


def rows(text: str) -> Iterator[Line]:
    """The number of the line and the cells, as they are, of each line that holds something. Raises `Unreadable` for a
    quote that is opened and not closed, and for one that swallows other lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    said = _SEP.fullmatch(lines[first])
    start = first + 1 if said else first
    delimiter = said[1] if said else delimiter_of(lines[start:])
    return _rows(lines, start, delimiter)


def delimiter_of(lines: list[str]) -> str:
    """The one that divides most lines into equally many cells; of several the one that makes more cells."""
    seen = [_QUOTED.sub("", line) for line in lines[: _LOOKED_AT * 5] if line.strip()][:_LOOKED_AT]
    best = max(DELIMITERS, key=lambda delimiter: _evenness(seen, delimiter))
    return best


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int, int]:
    counts = Counter(line.count(delimiter) for line in lines)
    counts.pop(0, None)
    if not counts:
        return 0.0, 0, 0
    most, times = max(counts.items(), key=lambda item: (item[1], item[0]))
    return round(times / len(lines), 1), most, -DELIMITERS.index(delimiter)


def _rows(lines: list[str], start: int, delimiter: str) -> Iterator[Line]:
    index = start
    width = 0
    while index < len(lines):
        line = lines[index]
        if '"' not in line or delimiter == "|":
            cells, after = [_unquoted(cell) for cell in line.split(delimiter)], index + 1
        else:
            cells, after = _quoted_row(lines, index, delimiter)
            if after > index + 1:
                _check_swallowed(cells, index, delimiter, max(width, len(cells)))
        if any(cell.strip() for cell in cells):
            width = max(width, len(cells))
            yield index + 1, cells
        index = after


def _unquoted(cell: str) -> str:
    """SchILD writes pipes and no quotes: there they are only taken off where they stand around a cell."""
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1] else cell


def _quoted_row(lines: list[str], index: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of the row that begins in this line, and the index of the line after it."""
    cells: list[str] = []
    line, at = lines[index], 0
    while True:
        if not line.startswith('"', at):
            end = line.find(delimiter, at)
            if end < 0:
                return [*cells, line[at:]], index + 1
            cells.append(line[at:end])
            at = end + len(delimiter)
            continue
        cell, index, at = _quoted_cell(lines, index, at + 1, delimiter)
        line = lines[index]
        cells.append(cell)
        if at >= len(line):
            return cells, index + 1
        at += len(delimiter)


def _quoted_cell(lines: list[str], index: int, at: int, delimiter: str) -> tuple[str, int, int]:
    """The cell whose quote was opened just before `at`, and where it ends."""
    opened, parts = index, list[str]()
    while True:
        line = lines[index]
        end = line.find('"', at)
        if end < 0:
            parts += [line[at:], "\n"]
            index, at = index + 1, 0
            if index >= len(lines):
                raise Unreadable("quote_open", opened + 1, lines[opened])
        elif line.startswith('"', end + 1):
            parts.append(line[at : end + 1])
            at = end + 2
        else:
            parts.append(line[at:end])
            rest = line[end + 1 :]
            after = end + 1 + len(rest) - len(rest.lstrip(" "))
            if after < len(line) and not line.startswith(delimiter, after):
                raise Unreadable("quote_open", opened + 1, lines[opened])
            return "".join(parts), index, after


def _check_swallowed(cells: list[str], index: int, delimiter: str, width: int) -> None:
    """A quote that was not closed is closed by the next one, and all lines between are one cell."""
    for cell in cells:
        if "\n" in cell and cell.count(delimiter) >= max(2, width - 2):
            raise Unreadable("quote_open", index + 1, cell.split("\n", 1)[0])
