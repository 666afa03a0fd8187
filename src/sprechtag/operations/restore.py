# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag restore`: a backup in the place of what is there, which is kept beside it.

Everything is made ready and checked before anything that is there is touched; then it is put in its place in one
step."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.script import ScriptDirectory

from ..conference import organise, strays
from ..conference.strays import Restored
from ..conference.tokens import LinkKey
from ..database import MIGRATIONS, PATIENCE, Database
from ..settings import Settings
from . import archive, postgres_copy, sqlite_copy
from .archive import LINK_KEY, Manifest
from .carry import carry
from .errors import NotDone, in_words
from .renew import renew
from .running import alone

MARK = ".before-restore-"
NEWER = "{path} was made by a newer Sprechtag ({app}, schema {schema}). Update the app first; nothing was changed."
OTHER_DATABASE = (
    "{path} holds a database of PostgreSQL, and this app uses SQLite. Set SPRECHTAG_DATABASE_URL; there is no way back "
    "to SQLite. Nothing was changed."
)
KEY_IN_ENVIRONMENT = (
    "The links of this backup were made with SPRECHTAG_LINK_KEY. Set it as it was then, and restore again; nothing was "
    "changed."
)
OTHER_KEY = (
    "SPRECHTAG_LINK_KEY is not the key that the links of this backup were made with. Set the one of then, or unset it "
    "where the backup has its own; nothing was changed."
)


@dataclass(frozen=True)
class Done:
    """`kept` names what was there before; `looked_at` appointments are compared with Nextcloud at the next start."""

    manifest: Manifest
    generation: int
    looked_at: int
    kept: list[str]


def restore(path: Path, settings: Settings, now: datetime) -> Done:
    """Raises `NotDone`, and has changed nothing then. `now` is UTC."""
    settings.close_to_others()
    beside = settings.database_file or settings.link_key_file
    with in_words("The backup was not restored"), alone(settings), archive.work_folder(beside.absolute()) as folder:
        manifest = archive.unpack(path, folder)
        _check_schema(path, manifest)
        order = _Order(settings, manifest, folder, _key(settings, manifest, folder), _generation(settings), now)
        match manifest.database, "sqlite" if settings.database_file else "postgresql":
            case "sqlite", "sqlite":
                return _sqlite(order)
            case "sqlite", "postgresql":
                return _sqlite_into_postgres(order)
            case "postgresql", "postgresql":
                return _postgres(order)
    raise NotDone(OTHER_DATABASE.format(path=path))


@dataclass(frozen=True)
class _Order:
    """`generation` is that of the database which is there; 0 where it cannot be read."""

    settings: Settings
    manifest: Manifest
    folder: Path
    key: LinkKey
    generation: int
    now: datetime

    @property
    def part(self) -> Path:
        return self.folder / archive.DATABASES[self.manifest.database]

    @property
    def stamp(self) -> str:
        return f"{self.now:%Y%m%dT%H%M%SZ}"


def _check_schema(path: Path, manifest: Manifest) -> None:
    known = {one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if manifest.schema not in known:
        raise NotDone(NEWER.format(path=path, app=manifest.app, schema=manifest.schema or "none"))


def _key(settings: Settings, manifest: Manifest, folder: Path) -> LinkKey:
    if settings.link_key:
        return LinkKey(settings.link_key.encode())
    if manifest.link_key != "file":
        raise NotDone(KEY_IN_ENVIRONMENT)
    return LinkKey((folder / LINK_KEY).read_bytes())


def _generation(settings: Settings) -> int:
    if settings.database_file and not settings.database_file.is_file():
        return 0
    database = Database(settings.database)
    try:
        with database.read() as session:
            made = strays.restored(session)
            return made.generation if made else 0
    except Exception:  # noqa: BLE001 - it may be damaged or empty: that is why a backup is restored
        return 0
    finally:
        database.close()


def _make_ready(database: Database, order: _Order) -> tuple[int, int]:
    """Brings it to today's schema and to today; returns its generation and how many appointments are looked at."""
    database.migrate()
    with database.write(PATIENCE) as session:
        conference = organise.any_share_link(session)
        if conference and not organise.is_share_link_of(conference, order.key):
            raise NotDone(OTHER_KEY)
        before = strays.restored(session)
        generation = max(order.generation, before.generation if before else 0) + 1
        looked_at = renew(session, Restored(generation, order.now, order.manifest.at))
    database.wipe()
    return generation, looked_at


# -- SQLite --------------------------------------------------------------------------------------------------------


def _sqlite(order: _Order) -> Done:
    there, new = order.settings.database_file, order.part
    assert there is not None  # noqa: S101 - asked before
    generation, looked_at = _ready_file(order)
    older = list(there.parent.glob(f"{there.name}{MARK}*"))
    kept = [*_swap_key(order), *_swap(there, new, order.stamp)]
    for file in older:
        file.unlink(missing_ok=True)
    return Done(order.manifest, generation, looked_at, [str(file) for file in kept])


def _ready_file(order: _Order) -> tuple[int, int]:
    """Makes the unpacked file ready, without a log beside it."""
    sqlite_copy.check(order.part)
    database = Database(f"sqlite:///{order.part}")
    try:
        found = _make_ready(database, order)
    finally:
        database.close()
    with closing(sqlite3.connect(order.part)) as made:
        made.execute("PRAGMA journal_mode=DELETE")
    sqlite_copy.check(order.part)
    order.part.chmod(0o600)
    with order.part.open("rb") as stream:
        os.fsync(stream.fileno())
    return found


def _swap(there: Path, new: Path, stamp: str) -> list[Path]:
    """The new one in its place in one step; what was there has a second name before. Its log goes into it first: SQLite
    would play it into whatever stands under that name."""
    kept: list[Path] = []
    if there.exists():
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(there)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        for ending in ("", "-wal"):
            file = there.with_name(there.name + ending)
            if file.exists():
                kept.append(there.with_name(f"{there.name}{MARK}{stamp}{ending}"))
                os.link(file, kept[-1])
        for ending in ("-wal", "-shm", "-journal"):
            there.with_name(there.name + ending).unlink(missing_ok=True)
    new.replace(there)
    archive.sync_folder(there.parent)
    return kept


def _swap_key(order: _Order) -> list[Path]:
    """Puts the backup's key in its place; what was there is kept, also where it is the same."""
    there, new = order.settings.link_key_file, order.folder / LINK_KEY
    if order.settings.link_key or not new.exists():
        return []
    older, kept = list(there.parent.glob(f"{there.name}{MARK}*")), []
    if there.exists():
        kept.append(there.with_name(f"{there.name}{MARK}{order.stamp}"))
        os.link(there, kept[0])
    with archive.work_folder(there.absolute()) as beside:  # the database may be on another disk
        shutil.copy(new, beside / LINK_KEY)
        (beside / LINK_KEY).chmod(0o600)
        with (beside / LINK_KEY).open("rb") as stream:
            os.fsync(stream.fileno())
        (beside / LINK_KEY).replace(there)
    archive.sync_folder(there.parent)
    for file in older:
        file.unlink(missing_ok=True)
    return kept


# -- PostgreSQL ----------------------------------------------------------------------------------------------------


def _postgres(order: _Order) -> Done:
    settings = order.settings
    with postgres_copy.put_aside(settings):
        postgres_copy.load(settings, order.part)
        with _database(settings) as database:
            generation, looked_at = _make_ready(database, order)
    return _kept(order, generation, looked_at)


def _sqlite_into_postgres(order: _Order) -> Done:
    """The way from one to the other: made ready as a file, then carried over row by row."""
    generation, looked_at = _ready_file(order)
    with postgres_copy.put_aside(order.settings), _database(order.settings) as into:
        into.migrate()
        with closing(Database(f"sqlite:///{order.part}")) as of:
            carry(of, into)
    return _kept(order, generation, looked_at)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    with closing(Database(settings.database)) as database:
        yield database


def _kept(order: _Order, generation: int, looked_at: int) -> Done:
    kept = [str(file) for file in _swap_key(order)]
    before = postgres_copy.keep(order.settings, order.stamp)
    return Done(order.manifest, generation, looked_at, kept + ([f"schema {before}"] if before else []))
