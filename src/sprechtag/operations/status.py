# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag status`: what is wrong, for an admin on a shell. Nothing of a family stands in it."""

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from ..conference import strays
from ..conference.instance import fact
from ..conference.tables import Booking, Effect
from ..database import MIGRATIONS, Away, Busy, Database
from ..errands import clock, queue
from ..errands.table import Errand
from ..settings import Settings
from . import running
from .errors import NotDone
from .restore import MARK

LEAST_FREE = 200_000_000
LATE = timedelta(minutes=5)
NOT_RUNNING = "The app does not run on this database."


@dataclass
class Report:
    """`lines` say how it is, `problems` what is wrong."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def note(self, what: str, words: str, *, wrong: bool = False) -> None:
        self.lines.append((what, words))
        if wrong:
            self.problems.append(f"{what}: {words}")


def report(settings: Settings, now: datetime) -> Report:
    """Looks at everything; `now` is UTC."""
    said = Report()
    _storage(said, settings)
    _key(said, settings)
    there = settings.database_file
    if there and not there.is_file():
        said.note("database", f"There is no {there}. Is APP_PERSISTENT_STORAGE set as it is for the app?", wrong=True)
        return said
    _app(said, settings)
    with closing(Database(settings.database)) as database:
        try:
            if _database(said, database, there):
                with database.read() as session:
                    _errands(said, session, now)
                    _given_up(said, session)
                    _restored(said, session, settings)
        except Away as away:
            said.note("database", away.reason, wrong=True)
        except Busy:
            said.note("database", "It was busy and could not be asked. Ask again.", wrong=True)
        except SQLAlchemyError as error:
            said.note("database", f"It cannot be read ({type(error).__name__}).", wrong=True)
    return said


def _storage(said: Report, settings: Settings) -> None:
    folder = settings.persistent_storage
    if not folder.is_dir():
        said.note("storage", f"There is no folder {folder}.", wrong=True)
        return
    free = shutil.disk_usage(folder).free
    needed = max(LEAST_FREE, 3 * _size(settings.database_file))
    said.note("storage", f"{free // 1_000_000} MB free in {folder}", wrong=free < needed)


def _size(file: Path | None) -> int:
    return file.stat().st_size if file and file.is_file() else 0


def _key(said: Report, settings: Settings) -> None:
    if settings.link_key:
        said.note("links' key", "from SPRECHTAG_LINK_KEY")
    elif settings.link_key_file.is_file() and settings.link_key_file.stat().st_size:
        said.note("links' key", str(settings.link_key_file))
    else:
        said.note("links' key", f"{settings.link_key_file} is missing or empty.", wrong=True)


def _app(said: Report, settings: Settings) -> None:
    try:
        runs = running.is_running(settings)
    except NotDone:
        return  # what is wrong with the database is said below
    said.note("app", "It runs." if runs else NOT_RUNNING, wrong=not runs)


def _database(said: Report, database: Database, file: Path | None) -> bool:
    """Whether its tables are those of today, so that more can be asked."""
    with database.read() as session:
        revision = MigrationContext.configure(session.connection()).get_current_revision() or "none"
    script = ScriptDirectory(str(MIGRATIONS))
    head, known = script.get_current_head(), {one.revision for one in script.walk_revisions()}
    if revision == head:
        said.note("schema", revision)
    elif revision in known or revision == "none":
        said.note("schema", f"{revision}; the app brings it to {head} when it starts.", wrong=True)
    else:
        said.note("schema", f"{revision} is newer than this program knows ({head}): update it.", wrong=True)
    damage = _damage(file) if file else ""
    if damage:
        said.note("database", f"It is damaged ({damage}): restore a backup.", wrong=True)
    else:
        database.check_writable()
        said.note("database", f"SQLite, {_size(file) // 1000} kB" if file else "PostgreSQL, it answers")
    return revision == head


def _damage(file: Path) -> str:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found


def _errands(said: Report, session: Session, now: datetime) -> None:
    rows = session.execute(
        select(col(Errand.kind), func.count()).where(col(Errand.due_at) <= now).group_by(col(Errand.kind))
    )
    due = {str(kind): int(count) for kind, count in rows}
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(due.items()))
    said.note("due now", listed or "nothing")
    _last_look(said, session, now)
    if not fact(session, "enabled").get("on"):
        said.note("Nextcloud", "The app is disabled there (or was never enabled): nothing of Nextcloud's is done.")
    for trouble in queue.troubles(session):
        since = f" since {trouble.since:%Y-%m-%d %H:%M} UTC" if trouble.since else ""
        said.note(trouble.kind, f"{trouble.count} × {trouble.problem}{since}", wrong=True)


def _last_look(said: Report, session: Session, now: datetime) -> None:
    """Its clock is wound every five minutes, whatever else there is."""
    winds = select(col(Errand.due_at), col(Errand.leased_until)).where(col(Errand.kind) == clock.KIND)
    row = session.execute(winds).first()
    if row is None:
        said.note("worker", "It has not looked yet.")
        return
    late = row.due_at < now - LATE and (row.leased_until is None or row.leased_until < now)
    since = f"{row.due_at:%Y-%m-%d %H:%M} UTC"
    words = f"Nothing is worked off since {since}: restart the app." if late else "It looks."
    said.note("worker", words, wrong=late)


def _given_up(said: Report, session: Session) -> None:
    rows = session.execute(
        select(col(Effect.kind), col(Effect.last_error))
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(
            col(Effect.gave_up_revision) >= col(Booking.revision), col(Effect.applied_revision) < col(Booking.revision)
        )
    ).tuples()
    for (kind, reason), count in Counter(rows).most_common(20):
        said.note(kind, f"{count} × given up: {reason} The conference's overview can have it tried again.", wrong=True)


def _restored(said: Report, session: Session, settings: Settings) -> None:
    made = strays.restored(session)
    if made:
        said.note("restored", f"at {made.at:%Y-%m-%d %H:%M} UTC from a backup of {made.of:%Y-%m-%d %H:%M} UTC")
    kept = sorted(settings.persistent_storage.glob(f"*{MARK}*"))
    if kept:
        names = ", ".join(file.name for file in kept)
        said.note("kept", f"{names}: personal data from before the restore; delete it when all is well.")
