# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An admin on a shell: the commands in processes of their own, in the app's environment."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from town import Town


def sprechtag(
    town: Town, *arguments: str | Path, check: bool = True, **more: Any
) -> "subprocess.CompletedProcess[str]":
    """Runs a command; with `check` it has to go well."""
    command = [sys.executable, "-m", "sprechtag", *map(str, arguments)]
    environment = {**os.environ, **town.environment, **more.pop("env", {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False, **more)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def app_folder(town: Town) -> Path:
    return town.storage / "app"


def standing(folder: Path) -> dict[str, bytes]:
    """What stands in a folder, but for what a database that is only asked may make."""
    passing = (".lock", "-shm", "-wal")
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and not path.name.endswith(passing)
    }
