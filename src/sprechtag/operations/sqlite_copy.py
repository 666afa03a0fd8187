# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a SQLite database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import NotDone

COUNTED = {"conferences": "conference", "families": "guest", "bookings": "booking"}
DAMAGED = "The database is damaged ({why}). No backup was made of it; see docs/operations.md, “A damaged database”."


def copy(source: Path, target: Path) -> None:
    """A consistent copy of a database that is in use, in one file without a log beside it. Writers are not held up.
    Raises `sqlite3.DatabaseError`."""
    with _open(source) as of, closing(sqlite3.connect(target)) as made:
        # All pages at once: in smaller steps every booking in between would have it begin again.
        of.backup(made, pages=-1)
        made.execute("PRAGMA journal_mode=DELETE")
        made.execute("PRAGMA synchronous=FULL")


def check(database: Path) -> None:
    """Raises `NotDone` for a damaged one."""
    try:
        with closing(sqlite3.connect(database)) as of:
            said = [row[0] for row in of.execute("PRAGMA integrity_check(3)")]
            lost = of.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise NotDone(DAMAGED.format(why=error)) from error
    if said != ["ok"]:
        raise NotDone(DAMAGED.format(why="; ".join(said)))
    if lost:
        raise NotDone(DAMAGED.format(why=f"{len(lost)} rows point nowhere"))


def schema(database: Path) -> str:
    """The revision of its tables; empty for what is no database of ours."""
    try:
        with _open(database) as of:
            row = of.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return ""
    return str(row[0]) if row else ""


def counts(database: Path) -> dict[str, int]:
    with _open(database) as of:
        return {
            name: int(of.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names
            for name, table in COUNTED.items()
        }


@contextmanager
def _open(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        yield connection
