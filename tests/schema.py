# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Empty databases in the newest schema, copied: to make one takes longer than most tests do."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from postgres import Postgres
from sprechtag.database import Database

SQLITE = "sqlite:///"


@cache
def _folder() -> "TemporaryDirectory[str]":
    """Holds the one that is copied; gone with the process."""
    folder = TemporaryDirectory(prefix="sprechtag-schema-")
    database = Database(f"{SQLITE}{folder.name}/empty.sqlite")
    database.migrate()
    database.close()
    return folder


@cache
def _template(server: Postgres) -> str:
    url = server.new_database()
    database = Database(url)
    database.migrate()
    database.close()
    return url.rpartition("/")[2]


def new_database(server: Postgres) -> str:
    """The address of one in the newest schema."""
    return server.new_database(_template(server))


def lay_down(url: str) -> None:
    """Puts the schema where a SQLite file is to be; on PostgreSQL `new_database` has done so."""
    path = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not path.exists():
        shutil.copyfile(Path(_folder().name) / "empty.sqlite", path)
