# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A row in every table, whatever columns it has: for tests of migrations and of what is erased."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

MOMENT = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


def word(table: str, column: str) -> str:
    """What stands in a text, to be searched for later."""
    return f"Planted {table} {column} q7x"


def fill(
    connection: sa.Connection, metadata: sa.MetaData, given: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Inserts one row into every table, parents first; `given` values win. Returns the rows."""
    rows: dict[str, dict[str, Any]] = {}
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":
            continue
        values = {column.name: _value(column, rows) for column in table.columns if not _is_given_by_database(column)}
        values |= (given or {}).get(table.name, {})
        key = connection.execute(table.insert().values(**values)).inserted_primary_key
        numbered = {column.name: value for column, value in zip(table.primary_key.columns, key or (), strict=False)}
        rows[table.name] = values | numbered
    return rows


def _is_given_by_database(column: sa.Column[Any]) -> bool:
    return (
        column.table.primary_key.columns.keys() == [column.name]
        and isinstance(column.type, sa.Integer)
        and not column.foreign_keys
    )


def _value(column: sa.Column[Any], rows: Mapping[str, Mapping[str, Any]]) -> Any:
    for key in column.foreign_keys:
        return rows[key.column.table.name][key.column.name]
    kind = column.type
    kind = getattr(kind, "impl", kind)
    text = word(column.table.name, column.name)
    match kind:
        case sa.JSON():
            return {"text": text, "list": [text]}
        case sa.LargeBinary():
            return text.encode()
        case sa.Boolean():
            return True
        case sa.DateTime():
            return MOMENT
        case sa.Date():
            return date(2027, 1, 13)
        case sa.Time():
            return time(15)
        case sa.Float():
            return 1.0
        case sa.Integer():
            return 1
    return text
