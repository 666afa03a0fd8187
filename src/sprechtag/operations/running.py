# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the app runs on a database, so that nothing is changed under it.

With SQLite every process of the app holds a file beside the database locked (`flock`: the kernel lets go of it when the
process dies, however it does). With PostgreSQL each of its connections holds a shared advisory lock, also one that is
made anew after the server was away."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import make_url

from ..database import Database
from ..settings import Settings
from .errors import NotDone

if TYPE_CHECKING:
    import psycopg

LOCK = 7772673
"""PostgreSQL's number for it."""
PATIENCE = 2.0
RUNS = "Sprechtag runs on this database. Stop it first; nothing was changed."
UNDER_WAY = "sprechtag_restoring"
"""PostgreSQL's schema with the tables that were there before, until those of a backup are in."""
BROKEN_OFF = "Restoring a backup was broken off: the database is not whole. Restore again, then start."
RESTORING = "A backup is being restored just now. Start again when that is done."


def announce(settings: Settings, database: Database) -> object:
    """Says that the app runs, as long as what it returns is kept. Raises `NotDone` while a backup is restored."""
    if settings.database_file is None:
        event.listen(database.engine, "connect", _hold)
        with _connected(settings) as connection:
            _wait(lambda: _shared(connection.cursor()), RESTORING)
            if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (UNDER_WAY,)).fetchone():
                raise NotDone(BROKEN_OFF)
        return database
    file = _lock_file(settings.database_file)
    _wait(lambda: _flock(file, fcntl.LOCK_SH), RESTORING)
    return file


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keeps the app from running. Raises `NotDone` where it does."""
    if settings.database_file is None:
        with _connected(settings) as connection:
            if not _exclusive(connection):
                raise NotDone(RUNS)
            yield
        return
    with _lock_file(settings.database_file) as file:
        if not _flock(file, fcntl.LOCK_EX):
            raise NotDone(RUNS)
        yield


def is_running(settings: Settings) -> bool:
    """Whether the app runs on this database. Raises `NotDone` where the database cannot be asked."""
    try:
        with alone(settings):
            return False
    except NotDone as error:
        if str(error) == RUNS:
            return True
        raise


def plain_url(settings: Settings) -> str:
    """PostgreSQL's own form of the address."""
    return make_url(settings.database).set(drivername="postgresql").render_as_string(hide_password=False)


def _wait(ready: Any, otherwise: str) -> None:
    """`is_running` holds it for a moment."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise NotDone(otherwise)
        time.sleep(0.05)


def _lock_file(database: Path) -> Any:
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(database.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _flock(file: Any, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _connected(settings: Settings) -> Iterator["psycopg.Connection[Any]"]:
    import psycopg  # not where the database is SQLite

    try:
        connection = psycopg.connect(plain_url(settings), autocommit=True, connect_timeout=5)
    except psycopg.Error as error:
        raise NotDone("The database does not answer; nothing was changed.") from error
    with connection:
        yield connection


def _exclusive(connection: "psycopg.Connection[Any]") -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
    return bool(row and row[0])


def _shared(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", (LOCK,))
    return bool(cursor.fetchone()[0])


def _hold(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        held = _shared(cursor)
    connection.commit()
    if not held:
        import psycopg

        raise psycopg.OperationalError("a backup is being restored")
