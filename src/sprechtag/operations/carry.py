# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All rows of one database into another of the same schema: the way from SQLite to PostgreSQL."""

from sqlalchemy import Integer, text
from sqlmodel import SQLModel

from ..database import PATIENCE, Database

AT_ONCE = 500


def carry(of: Database, into: Database) -> None:
    """In one transaction. `into` has the tables and no row; ids that were given once are not given again."""
    with of.read() as source, into.write(PATIENCE) as target:
        for table in SQLModel.metadata.sorted_tables:
            rows = source.execute(table.select()).mappings()
            while some := rows.fetchmany(AT_ONCE):
                target.execute(table.insert(), [dict(row) for row in some])
        last = dict(source.execute(text("SELECT name, seq FROM sqlite_sequence")).tuples().all())
        for table in SQLModel.metadata.sorted_tables:
            if last.get(table.name) and isinstance(table.c["id"].type, Integer):
                name = {"table": table.name, "last": last[table.name]}
                target.execute(text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"), name)
