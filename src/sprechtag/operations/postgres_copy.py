# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a PostgreSQL database, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from ..settings import Settings
from .errors import NotDone
from .running import UNDER_WAY, plain_url
from .sqlite_copy import COUNTED

KEPT = "before_restore_"
MISSING = (
    "{program} is not on the PATH. Install PostgreSQL's client programs of the server's version or newer (Debian: "
    "apt-get install postgresql-client), or run the command where they are."
)


def dump(settings: Settings, target: Path) -> tuple[str, dict[str, int]]:
    """Writes it to `target`; returns the schema's revision and what is in it, of the same moment. Raises `NotDone`."""
    try:
        with psycopg.connect(plain_url(settings), connect_timeout=5) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            snapshot = _one(connection, "SELECT pg_export_snapshot()")
            revision = str(_one(connection, "SELECT version_num FROM alembic_version"))
            counts = {
                name: int(_one(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))))
                for name, table in COUNTED.items()
            }
            options = ["--format=custom", "--no-owner", "--no-privileges", "--schema=public"]
            _run(settings, "pg_dump", *options, f"--snapshot={snapshot}", f"--file={target}")
    except psycopg.errors.UndefinedTable as error:
        raise NotDone("There are no tables of Sprechtag in this database. Has the app been started?") from error
    except psycopg.Error as error:
        raise NotDone("The database does not answer; nothing was written.") from error
    target.chmod(0o600)
    _run(settings, "pg_restore", "--list", str(target), connect=False)
    return revision, counts


@contextmanager
def put_aside(settings: Settings) -> Iterator[None]:
    """Puts what is in the database aside while something else is put in its place, and back where that fails; `keep`
    ends it. A process that is killed in between leaves it marked: the app does not start then, and the next restore
    begins anew."""
    with psycopg.connect(plain_url(settings), connect_timeout=5) as connection:
        if is_under_way(connection):
            _drop_tables(connection)
        else:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(UNDER_WAY)))
            _move(connection, "public", UNDER_WAY)
    try:
        yield
    except BaseException:
        with psycopg.connect(plain_url(settings), connect_timeout=5) as connection:
            _drop_tables(connection)
            _move(connection, UNDER_WAY, "public")
            connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(UNDER_WAY)))
        raise


def load(settings: Settings, source: Path) -> None:
    """The dump into a database without tables, whole or not at all. Raises `NotDone`."""
    rows = _run(settings, "pg_restore", "--list", str(source), connect=False).splitlines()
    listed = source.with_suffix(".list")
    # The schema itself stands already.
    listed.write_text("\n".join(row for row in rows if " SCHEMA - " not in row and " SCHEMA public " not in row))
    _run(
        settings,
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
        f"--use-list={listed}",
        str(source),
    )


def keep(settings: Settings, stamp: str) -> str:
    """Keeps what was there before as a schema until the next restore; returns its name, empty where nothing was."""
    name = f"{KEPT}{stamp.lower()}"
    with psycopg.connect(plain_url(settings), connect_timeout=5) as connection:
        for (older,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (f"{KEPT}%",)):
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(older)))
        if not _tables(connection, UNDER_WAY):
            connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(UNDER_WAY)))
            return ""
        connection.execute(
            sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(UNDER_WAY), sql.Identifier(name))
        )
    return name


def is_under_way(connection: "psycopg.Connection[Any]") -> bool:
    """Whether a restore was broken off."""
    found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (UNDER_WAY,)).fetchone()
    return found is not None


def _tables(connection: "psycopg.Connection[Any]", schema: str) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
    return [str(row[0]) for row in rows]


def _move(connection: "psycopg.Connection[Any]", here: str, there: str) -> None:
    """All tables with what hangs on them: indexes, constraints, sequences of their own, and what triggers call."""
    for table in _tables(connection, here):
        connection.execute(
            sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(here, table), sql.Identifier(there))
        )
    for function in _trigger_functions(connection, here):
        connection.execute(
            sql.SQL("ALTER FUNCTION {}() SET SCHEMA {}").format(sql.Identifier(here, function), sql.Identifier(there))
        )


def _trigger_functions(connection: "psycopg.Connection[Any]", schema: str) -> list[str]:
    """Ours; not those of an extension."""
    rows = connection.execute(
        "SELECT proname FROM pg_proc p WHERE pronamespace = %s::regnamespace AND prorettype = 'trigger'::regtype "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
        (schema,),
    )
    return [str(row[0]) for row in rows]


def _drop_tables(connection: "psycopg.Connection[Any]") -> None:
    for table in _tables(connection, "public"):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier("public", table)))
    for function in _trigger_functions(connection, "public"):
        connection.execute(sql.SQL("DROP FUNCTION {}() CASCADE").format(sql.Identifier("public", function)))


def _one(connection: "psycopg.Connection[Any]", query: Any) -> Any:
    row = connection.execute(query).fetchone()
    if row is None:
        raise NotDone("The database holds nothing of Sprechtag.")
    return row[0]


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise NotDone(MISSING.format(program=program))
    return found


def _without_password(settings: Settings) -> str:
    """What may stand in the list of processes."""
    return make_url(settings.database).set(drivername="postgresql", password=None).render_as_string()


def _run(settings: Settings, program: str, *arguments: str, connect: bool = True) -> str:
    """Its output. Raises `NotDone` with what it says."""
    command = [_find(program), *([f"--dbname={_without_password(settings)}"] if connect else []), *arguments]
    password = make_url(settings.database).password
    more = {"PGPASSWORD": str(password)} if password else {}
    done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:300])
        raise NotDone(f"{program} could not do it: {said}")
    return done.stdout
