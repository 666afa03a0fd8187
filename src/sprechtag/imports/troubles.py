# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What keeps a file, or a cell of it, from being read, and where it stands."""

from dataclasses import dataclass

_LONGEST = 60


@dataclass(frozen=True)
class Trouble:
    """`code` is the key of the sentence that says what to do. `line` counts from 1 as an editor or a spreadsheet does;
    0 is the whole file. `column` is the column's title, or its letter where it has none, `cell` what stands there."""

    code: str
    line: int = 0
    column: str = ""
    cell: str = ""


class Unreadable(Exception):
    """The file is no table that can be read."""

    def __init__(self, code: str, line: int = 0, cell: str = "") -> None:
        super().__init__(code)
        self.trouble = Trouble(code, line, cell=excerpt(cell))

    @classmethod
    def of(cls, trouble: Trouble) -> "Unreadable":
        return cls(trouble.code, trouble.line, trouble.cell)

    @property
    def reason(self) -> str:
        return self.trouble.code


def excerpt(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def letters(column: int) -> str:
    """What a spreadsheet calls the column with this index, from 0: A, B, … Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
