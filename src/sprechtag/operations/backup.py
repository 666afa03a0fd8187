# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag backup`: one file with everything that cannot be had again, made while families book."""

from datetime import datetime
from pathlib import Path

from .. import __version__
from ..settings import Settings
from . import archive, postgres_copy, sqlite_copy
from .archive import FORMAT, LINK_KEY, Manifest
from .errors import NotDone, in_words


def make(path: Path, settings: Settings, now: datetime, *, force: bool = False) -> Manifest:
    """Writes the backup to `path`; `now` is UTC. Raises `NotDone`, and leaves nothing half behind."""
    if path.exists() and not force:
        raise NotDone(f"{path} is there already. Name another file, or say --force to replace it.")
    if not path.absolute().parent.is_dir():
        raise NotDone(f"There is no folder {path.absolute().parent}.")
    with in_words("The backup was not made"), archive.work_folder(path.absolute()) as folder:
        parts = _key(settings, folder)
        made = _sqlite(settings.database_file, folder) if settings.database_file else _postgres(settings, folder)
        name, schema, counts = made
        parts = {archive.DATABASES[name]: folder / archive.DATABASES[name], **parts}
        where = "file" if LINK_KEY in parts else "environment"
        manifest = Manifest(FORMAT, __version__, name, schema, now, counts, where)
        return archive.write(path.absolute(), folder, manifest, parts)


def _key(settings: Settings, folder: Path) -> dict[str, Path]:
    if settings.link_key:
        return {}
    try:
        key = settings.link_key_file.read_bytes()
    except FileNotFoundError:
        raise NotDone(
            f"{settings.link_key_file} is missing: all links of families are made with it, so a backup without it is "
            "none. Has the app been started, and is APP_PERSISTENT_STORAGE set as it is for the app?"
        ) from None
    copied = folder / LINK_KEY
    copied.touch(0o600)
    copied.write_bytes(key)
    return {LINK_KEY: copied}


def _sqlite(database: Path, folder: Path) -> tuple[str, str, dict[str, int]]:
    if not database.is_file():
        raise NotDone(f"There is no database {database}. Is APP_PERSISTENT_STORAGE set as it is for the app?")
    copied = folder / archive.DATABASES["sqlite"]
    sqlite_copy.copy(database, copied)
    sqlite_copy.check(copied)
    return "sqlite", sqlite_copy.schema(copied), sqlite_copy.counts(copied)


def _postgres(settings: Settings, folder: Path) -> tuple[str, str, dict[str, int]]:
    schema, counts = postgres_copy.dump(settings, folder / archive.DATABASES["postgresql"])
    return "postgresql", schema, counts
