# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Indexes that stay small, however much there is: what is done leaves them."""

from sqlalchemy import Index, text


def open_ones(name: str, column: str, condition: str, sqlite: str = "") -> Index:
    """An index of the rows that fulfil the `condition`, in SQLite's words where it has others."""
    return Index(name, column, sqlite_where=text(sqlite or condition), postgresql_where=text(condition))
