# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands and what they print."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import Settings
from .errors import NotDone

if TYPE_CHECKING:
    from .archive import Manifest

PERSONAL = "It holds personal data of families: keep it where only who runs the app can read it."


def add(commands: Any) -> None:
    """Says to argparse which there are."""
    backup = commands.add_parser("backup", help="write everything into one file, also while the app runs")
    backup.add_argument("file", type=Path)
    backup.add_argument("--force", action="store_true", help="replace the file")
    backup.add_argument("--check", action="store_true", help="look whether this backup is whole; write nothing")
    restore = commands.add_parser("restore", help="put a backup in the place of what is there; the app is stopped")
    restore.add_argument("file", type=Path)
    commands.add_parser("status", help="say what is wrong; 1 where something is")
    commands.add_parser("new-key", help="make a new links' key: all links are void, families get new ones by mail")


def run(options: argparse.Namespace) -> int | None:
    """None where it is another's command."""
    does = {"backup": _backup, "restore": _restore, "status": _status, "new-key": _new_key}.get(options.command)
    if does is None:
        return None
    from ..database import Away, Busy  # not where processes are only looked after

    os.umask(0o077)
    # Told to stop, it leaves nothing half behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return does(options, Settings())
    except NotDone as error:
        print(error, file=sys.stderr)
    except Away as error:
        print(error.reason, file=sys.stderr)
    except Busy:
        print("The database is busy. Nothing was changed; try again.", file=sys.stderr)
    return 1


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from . import archive, backup

    if options.check:
        print(f"{options.file} is whole: {_words(archive.check(options.file))}")
        return 0
    made = backup.make(options.file, settings, datetime.now(UTC), force=options.force)
    print(f"{options.file}: {_words(made)}")
    if made.link_key == "environment":
        print("The links' key is not in it: it comes from SPRECHTAG_LINK_KEY. Keep that too.")
    print(PERSONAL)
    return 0


def _words(made: "Manifest") -> str:
    counts = ", ".join(f"{count} {name}" for name, count in made.counts.items())
    return f"{counts}; {made.database}, schema {made.schema}, Sprechtag {made.app}, of {_utc(made.at)}."


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    from . import restore

    done = restore.restore(options.file, settings, datetime.now(UTC))
    print(f"Restored: {_words(done.manifest)}")
    print(f"{done.looked_at} appointments are compared with calendars and rooms at the next start.")
    for kept in done.kept:
        print(f"What was there before: {kept} (personal data, until the next restore; delete it when all is well)")
    print(
        "Families that were erased one by one since that backup are there again: erase them once more. The overview of "
        "each conference says what stands otherwise in calendars."
    )
    return 0


def _status(_options: argparse.Namespace, settings: Settings) -> int:
    from . import status

    said = status.report(settings, datetime.now(UTC))
    for what, words in said.lines:
        mark = "!" if f"{what}: {words}" in said.problems else " "
        print(f"{mark} {what}: {words}")
    print("Something is wrong; docs/operations.md says what each line means." if said.problems else "All is well.")
    return 1 if said.problems else 0


def _new_key(_options: argparse.Namespace, settings: Settings) -> int:
    from . import new_key

    made = new_key.make(settings, datetime.now(UTC))
    print(f"All links of {made.conferences} conferences are new, and the old ones void.")
    print(f"{made.mailed} families get theirs by mail when the app runs; {made.without_mail} have no address.")
    print("Put the new share links and QR codes where the old ones were, and print letters and signs anew.")
    return 0


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
