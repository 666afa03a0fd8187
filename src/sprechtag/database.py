# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One database, read and written in transactions. SQLite (WAL) or PostgreSQL."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, DateTime, Engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel, create_engine

from .logs import OnceAMinute

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_SECONDS = 1.5
PATIENCE = 30.0
"""Seconds the work in the background waits for its turn to write, while families book."""


class Busy(Exception):
    """The database was not free in time; nothing was changed, the same may be tried again in a second."""


class Away(Busy):
    """The database does not answer, is full, cannot be written or is broken; `reason` says it in words. Nothing was
    changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = (
    ("full", "The disk of the database is full."),
    ("no space", "The disk of the database is full."),
    ("readonly", "The database cannot be written: its disk or folder is read-only."),
    ("read-only", "The database cannot be written: its disk or folder is read-only."),
    ("malformed", "The database's file is damaged: restore a backup (docs/operations.md)."),
    ("not a database", "The database's file is damaged: restore a backup (docs/operations.md)."),
    ("i/o error", "The disk of the database has an error."),
    ("unable to open", "The database's file cannot be opened."),
)
NOT_REACHED = "The database does not answer."
WAITS = ("locked", "lock timeout", "deadlock", "busy")
CONNECT_SECONDS = 3
_said = OnceAMinute()


@contextmanager
def _in_words() -> Iterator[None]:
    """What a database does that is locked, away, full or broken is no error of ours: `Busy` or `Away`. It is written
    down once a minute, however many ask."""
    try:
        yield
    except PoolTimeout as error:
        raise Busy from error
    except DBAPIError as error:
        said = str(error.orig).casefold()
        if isinstance(error, IntegrityError | DataError | ProgrammingError | NotSupportedError) or "no such" in said:
            raise
        if any(word in said for word in WAITS):
            raise Busy from error
        away = Away(next((words for sign, words in REASONS if sign in said), NOT_REACHED))
        if _said.is_new(away.reason):
            log.error("database away", reason=away.reason, error=type(error.orig).__name__)
        raise away from error


NEVER_AGAIN = {"sqlite_autoincrement": True}
"""SQLite gives the ids of deleted rows out again unless it is told not to, and some ids are kept by value: what was
held for a family that is gone would be held for the next one."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime; a naive one is refused, because it would silently be an hour off."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive datetime was given; use an aware one in UTC.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


def when(nullable: bool = False, **more: Any) -> Any:
    """A column for an aware datetime."""
    return Field(sa_type=UtcDateTime, nullable=nullable, **more)


class Database:
    """Sessions for reading and for writing.

    On SQLite all writers of a process queue at one lock (its own busy handler is not fair and starves
    some under load) and begin with `BEGIN IMMEDIATE`, so that no transaction fails half-way. A write waits at
    most 1.5 s for its turn and raises `Busy` then."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = self._sqlite(url) if self.is_sqlite else self._postgres(url)
        self.heard: dict[str, Callable[[], None]] = {}
        """What is called when a transaction that has told of something (`tell`) is through, by its name."""
        self._write_lock = threading.Lock()

    def _sqlite(self, url: str) -> Engine:
        engine = create_engine(
            url,
            connect_args={"check_same_thread": False, "timeout": 5},
            pool_size=24,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgres(self, url: str) -> Engine:
        # In UTC: in a zone before it the last hours of 9999 are beyond what Python can read.
        zone = {"options": "-c timezone=utc", "connect_timeout": CONNECT_SECONDS}
        return create_engine(
            url,
            connect_args=zone,
            pool_size=12,
            max_overflow=4,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose transaction is rolled back at the end."""
        with _in_words(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, wait_seconds: float = WAIT_SECONDS) -> Iterator[Session]:
        """A session whose transaction is committed at the end, whole or not at all.

        Raises `Busy` when the database cannot be had in `wait_seconds`: little for a page that somebody waits for,
        more for work in the background."""
        if self.is_sqlite and not self._write_lock.acquire(timeout=wait_seconds):
            raise Busy
        try:
            engine = self.engine.execution_options(sprechtag_write=True)
            with _in_words(), Session(engine, expire_on_commit=False) as session:
                with session.begin():
                    yield session
                for name in session.info.get(_TOLD, ()):
                    if name in self.heard:
                        self.heard[name]()
        finally:
            if self.is_sqlite:
                self._write_lock.release()

    def check_writable(self) -> None:
        """Writes something that changes nothing. Raises `Away` where the database cannot be written, and `Busy`."""
        with self.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def migrate(self) -> None:
        """Brings the schema to the newest version. On SQLite what older versions have deleted is overwritten then."""
        with self.engine.execution_options(sprechtag_write=True).connect() as connection:
            driver = connection.connection.dbapi_connection
            if isinstance(driver, sqlite3.Connection):
                # Not possible inside a transaction. Were they on, dropping a table that is made anew would delete
                # whatever hangs on its rows.
                driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    changed = self._upgrade(connection)
            finally:
                if isinstance(driver, sqlite3.Connection):
                    driver.execute("PRAGMA foreign_keys=ON")
            if changed and isinstance(driver, sqlite3.Connection):
                # A full disk is no reason not to start.
                with suppress(sqlite3.OperationalError):
                    driver.execute("VACUUM")
        self.wipe()

    def _upgrade(self, connection: Connection) -> bool:
        """Whether there was anything to do. Raises `RuntimeError` where a row would be left that points nowhere."""
        if not self.is_sqlite:
            # Several processes may start at once; one migrates, the others wait and find it done.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7772671)")
        if _revision(connection) == newest_revision():
            return False
        # 7 MB and a fifth of a second: only who has something to migrate pays for it.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        lost_before = self._pointing_nowhere(connection)
        command.upgrade(config, "head")
        if self._pointing_nowhere(connection) > lost_before:
            raise RuntimeError("The migration would leave rows that point nowhere; nothing was changed.")
        return True

    def _pointing_nowhere(self, connection: Connection) -> int:
        """Rows whose foreign key has no row; PostgreSQL has none at any time."""
        return len(connection.exec_driver_sql("PRAGMA foreign_key_check").all()) if self.is_sqlite else 0

    def wipe(self) -> None:
        """Takes what was erased out of SQLite's write-ahead log too, where it would stay until it is overwritten. Not
        inside a transaction; while somebody reads, the next time does it."""
        if not self.is_sqlite:
            return
        with self._write_lock, self.engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            if isinstance(driver, sqlite3.Connection):
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    async def listen(self, name: str, heard: Callable[[], None]) -> None:
        """Calls `heard` whenever a transaction of another process has told of `name`, until it is cancelled or the
        database is away. PostgreSQL only."""
        from psycopg import AsyncConnection, sql  # not where the database is SQLite

        url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
            heard()
            while True:
                # psycopg's own waiting wakes ten times a second.
                await _readable(connection.fileno())
                async for _ in connection.notifies(timeout=1.0, stop_after=1):
                    heard()

    def close(self) -> None:
        self.engine.dispose()


def newest_revision() -> str:
    """That of the last migration; their files begin with their revision."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


def _revision(connection: Connection) -> str | None:
    """The schema's; None where there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


async def _readable(socket: int) -> None:
    """Waits until something has come."""
    loop = asyncio.get_running_loop()
    come = asyncio.Event()
    loop.add_reader(socket, come.set)
    try:
        await come.wait()
    finally:
        loop.remove_reader(socket)


_TOLD = "told"


def tell(session: Session, name: str) -> None:
    """Has `Database.heard` called, here and in other processes, once the transaction is through."""
    told = session.info.setdefault(_TOLD, set())
    if name not in told:
        told.add(name)
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text(f'NOTIFY "{name}"'))


@contextmanager
def apart(session: Session, what: str) -> Iterator[None]:
    """For one of many inside a transaction: what goes wrong with it is taken back and written down, and the others go
    on."""
    try:
        with session.begin_nested():
            yield
    except Exception as error:  # noqa: BLE001 - one's trouble is never another's
        log.error("left out", what=what, error=type(error).__name__)


def insert(session: Session, table: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what happens on a conflict, which SQL itself cannot and both databases can."""
    return sqlite.insert(table) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(table)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=1500",
        "secure_delete=ON",
        "temp_store=MEMORY",
        # KB of each of up to 24 connections; the kernel keeps the file's pages for all of them.
        "cache_size=-400",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sprechtag_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
