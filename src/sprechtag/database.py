# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One database, read and written in transactions. SQLite (WAL) or PostgreSQL."""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, DateTime, Engine, Table, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel, create_engine

from . import deadline
from .logs import OnceAMinute

T = TypeVar("T")
log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_SECONDS = 1.5
PATIENCE = 30.0
"""Seconds the work in the background waits for its turn to write, while families book."""
TELLING_SECONDS = 0.2
MOST_TOGETHER = 32
"""Jobs that are committed together."""


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
    except (PoolTimeout, deadline.Late) as error:
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


@dataclass(eq=False)
class _Asked(Generic[T]):
    """A job that waits for its turn to write, and what came of it."""

    job: Callable[[Session], T]
    deadline: deadline.Deadline | None
    finished: threading.Event = field(default_factory=threading.Event)
    result: list[T] = field(default_factory=list)
    error: BaseException | None = None
    told: set[str] = field(default_factory=set)

    def outcome(self) -> T:
        if self.error:
            raise self.error
        return self.result[0]


class Database:
    """Sessions for reading and for writing.

    On SQLite all writers of a process queue at one lock (its own busy handler is not fair and starves
    some under load) and begin with `BEGIN IMMEDIATE`, so that no transaction fails half-way. A write waits at
    most 1.5 s for its turn and raises `Busy` then. What many want to write at the same moment (`do`) is committed
    together: the disk is waited for once.

    Nothing is committed for a request that was given up (`deadline`)."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = self._sqlite(url) if self.is_sqlite else self._postgres(url)
        self._abroad = None if self.is_sqlite else _Abroad(self.engine)
        self.writes = 0
        """How often this process has committed: while it stays the same, nothing was changed here."""
        plain = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._reading = self.engine.execution_options(**plain)
        self._writing = self.engine.execution_options(sprechtag_write=True)
        self.heard: dict[str, Callable[[], None]] = {}
        """What is called when a transaction that has told of something (`tell`) is through, by its name."""
        self._write_lock = threading.Lock()
        self._asked: deque[_Asked[Any]] = deque()
        self._asked_lock = threading.Lock()

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
        engine = create_engine(
            url,
            connect_args=zone,
            pool_size=12,
            max_overflow=4,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,
        )
        event.listen(engine, "checkin", _note_the_time)
        event.listen(engine, "checkout", _ping_if_rested)
        return engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing. On SQLite all of it sees one moment; on PostgreSQL each statement sees its
        own, as it would in a transaction there, too, which would only be two more ways to the server."""
        with _in_words(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, wait_seconds: float = WAIT_SECONDS) -> Iterator[Session]:
        """A session whose transaction is committed at the end, whole or not at all.

        Raises `Busy` when the database cannot be had in `wait_seconds`: little for a page that somebody waits for,
        more for work in the background."""
        if self.is_sqlite and not self._write_lock.acquire(timeout=wait_seconds):
            raise Busy
        until = deadline.current.get()
        try:
            with _in_words(), Session(self._writing, expire_on_commit=False) as session:
                with session.begin():
                    if until:
                        until.check()
                    yield session
                    if until:
                        until.commit()
                self._hear(session.info.get(_TOLD, ()))
        finally:
            if self.is_sqlite:
                self._write_lock.release()

    def do(self, job: Callable[[Session], T], wait_seconds: float = WAIT_SECONDS) -> T:
        """Runs the job in a transaction and returns what it returns, as with `write`. What is asked for while another
        job is being committed is done and committed together; each is still whole or not at all, by itself. The job may
        run in another thread. Raises what the job raises, and `Busy`."""
        if not self.is_sqlite:
            with self.write(wait_seconds) as session:
                return job(session)
        asked = _Asked(job, deadline.current.get())
        with self._asked_lock:
            self._asked.append(asked)
        if self._write_lock.acquire(timeout=wait_seconds):
            try:
                while not asked.finished.is_set():
                    self._do_together()
            finally:
                self._write_lock.release()
        elif self._withdrawn(asked):
            raise Busy
        asked.finished.wait()
        return asked.outcome()

    def _withdrawn(self, asked: _Asked[Any]) -> bool:
        """Takes the job back; False where somebody has it in hand already."""
        with self._asked_lock:
            if asked in self._asked:
                self._asked.remove(asked)
                return True
        return False

    def _do_together(self) -> None:
        """All jobs that wait, in one transaction with a savepoint for each. The caller holds the lock."""
        with self._asked_lock:
            together = [self._asked.popleft() for _ in range(min(len(self._asked), MOST_TOGETHER))]
        if len(together) == 1:
            self._do_alone(together[0])
            return
        try:
            with _in_words(), self._writing.connect() as connection, connection.begin():
                for asked in together:
                    _do_one(connection, asked)
                    _check_goes_on(connection, asked.error)
        except BaseException as error:  # noqa: BLE001 - whoever asked hears of it in its own thread
            for asked in together:
                asked.error = asked.error or error
        for asked in together:
            asked.finished.set()
        self._hear({name for asked in together if not asked.error for name in asked.told})

    def _do_alone(self, asked: _Asked[Any]) -> None:
        """Nobody else waits: no savepoint is needed."""
        told: set[str] = set()
        try:
            with _in_words(), Session(self._writing, expire_on_commit=False) as session:
                with session.begin():
                    _run(asked, session)
                told = session.info.get(_TOLD, set())
        except BaseException as error:  # noqa: BLE001 - whoever asked hears of it in its own thread
            asked.error = error
        asked.finished.set()
        self._hear(told)

    def _hear(self, told: Iterable[str]) -> None:
        """After a commit."""
        self.writes += 1
        for name in told:
            if name in self.heard:
                self.heard[name]()
            if self._abroad:
                self._abroad.tell(name)

    def check_writable(self) -> None:
        """Writes something that changes nothing. Raises `Away` where the database cannot be written, and `Busy`."""
        with self.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def migrate(self) -> None:
        """Brings the schema to the newest version. On SQLite what older versions have deleted is overwritten then."""
        with self._writing.connect() as connection:
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
        if self._abroad:
            self._abroad.close()
        self.engine.dispose()


def _check_goes_on(connection: Connection, error: BaseException | None) -> None:
    """Raises the job's error where it has ended the transaction of all: SQLite does so when the disk is full or
    broken."""
    driver = connection.connection.dbapi_connection
    if error and isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        raise error


def _do_one(connection: Connection, asked: _Asked[Any]) -> None:
    """One job between a savepoint and its release; what it raises is kept for whoever asked."""
    session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    try:
        with _in_words(), session, session.begin(), _kept_for(asked), _in_words():
            _run(asked, session)
        asked.told = session.info.get(_TOLD, set())
    except BaseException as error:  # noqa: BLE001
        asked.error = asked.error or error


def _run(asked: _Asked[Any], session: Session) -> None:
    if asked.deadline:
        asked.deadline.check()
    asked.result.append(asked.job(session))
    if asked.deadline:
        session.flush()
        asked.deadline.commit()


@contextmanager
def _kept_for(asked: _Asked[Any]) -> Iterator[None]:
    """Keeps what went wrong first: where the transaction has ended, taking the job back goes wrong, too."""
    try:
        yield
    except BaseException as error:
        asked.error = error
        raise


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
    session.info.setdefault(_TOLD, set()).add(name)


class _Abroad:
    """Tells other processes, a few times a second at most and not inside of transactions: PostgreSQL lets only one at a
    time commit that has a NOTIFY in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lock = threading.Lock()
        self._told_at: dict[str, float] = {}
        self._waiting: dict[str, threading.Timer] = {}

    def tell(self, name: str) -> None:
        with self._lock:
            rest = self._told_at.get(name, 0.0) + TELLING_SECONDS - time.monotonic()
            if name in self._waiting:
                return
            if rest > 0:
                self._waiting[name] = timer = threading.Timer(rest, self._notify, [name])
                timer.daemon = True
                timer.start()
                return
        self._notify(name)

    def _notify(self, name: str) -> None:
        with self._lock:
            self._waiting.pop(name, None)
            self._told_at[name] = time.monotonic()
        # Who is not told looks by itself, a little later.
        with suppress(Busy, DBAPIError), _in_words(), self._engine.connect() as connection:
            connection.exec_driver_sql(f'NOTIFY "{name}"')

    def close(self) -> None:
        with self._lock:
            for timer in self._waiting.values():
                timer.cancel()


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
    return insert_for(session.get_bind().dialect.name, table)


def table_of(model: type[SQLModel]) -> Table:
    """A model's table, for statements that are built once and give columns instead of objects."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def insert_for(dialect: str, table: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """The same by the database's name, for statements that are built once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


RESTED_SECONDS = 2.0


def _note_the_time(_connection: Any, record: Any) -> None:
    record.info["at"] = time.monotonic()


def _ping_if_rested(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that has rested may have died with its server; asking each time would be a way to it for nothing."""
    if time.monotonic() - record.info.get("at", 0.0) < RESTED_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


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
    statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        return
    try:
        # By the driver itself: SQLAlchemy needs longer for it than SQLite.
        driver.execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error
