# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Empty databases in the newest schema, copied: to make one takes longer than most tests do."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

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


def lay_down(url: str) -> None:
    """Puts the schema where a SQLite file is to be; others are left to be migrated."""
    path = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not path.exists():
        shutil.copyfile(Path(_folder().name) / "empty.sqlite", path)
