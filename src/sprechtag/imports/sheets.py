# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was read of a file: sheets of rows of text, which remember where they stood."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """`line` counts from 1 as an editor or a spreadsheet does. Cells at the end may be missing: ask by `cell`."""

    line: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    """Rows that hold something. `doubts` say of cells (line, and column from 0) why what stands there cannot be taken:
    "formula" (never worked out), "error" or "date". `name` is empty for a text with delimiters."""

    name: str
    rows: tuple[Row, ...]
    doubts: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return max((len(row.cells) for row in self.rows), default=0)

    def packed(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "name": self.name,
            "rows": [[row.line, row.cells] for row in self.rows],
            "doubts": [[*place, why] for place, why in self.doubts.items()],
        }

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> "Sheet":
        rows = tuple(Row(line, tuple(cells)) for line, cells in packed["rows"])
        return cls(packed["name"], rows, {(line, column): why for line, column, why in packed["doubts"]})
