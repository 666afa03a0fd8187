# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a process loads when it starts, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from conftest import PATIENCE, eventually
from sprechtag.sandbox.smtp import free_port

SELDOM = {
    "weasyprint": "only who prints needs it",
    "ortools": "a process of its own needs it",
    "numpy": "only who plans a conference needs it",
    "pandas": "ortools brings it",
    "python_calamine": "only who imports a spreadsheet needs it",
    "xlsxwriter": "only who exports one needs it",
    "segno": "only who prints needs it",
    "prometheus_client": "only on the day",
    "alembic": "only where there is something to migrate",
    "psycopg": "not with SQLite",
    "nc_py_api": "with the first call of Nextcloud: no family waits for it",
    "niquests": "nc_py_api brings it",
    "radicale": "the demo's",
    "aiosmtpd": "the demo's",
    "matplotlib": "a benchmark's",
}
APP = ("fastapi", "uvicorn", "sqlalchemy", "sprechtag.app", "sprechtag.bootstrap", "sprechtag.database")
START = "import sprechtag.cli, sprechtag.server, sprechtag.app, sprechtag.bootstrap, sprechtag.operations.running"
SUPERVISE = """
from sprechtag import cli, supervisor
from sprechtag.settings import Settings
supervisor.look_after = lambda *_: 0
url = "postgresql://nobody@127.0.0.1:9/none"
cli.serve(Settings(app_secret="s", app_port=0, workers=2, database_url=url))
"""


def loaded(program: str, names: tuple[str, ...]) -> list[str]:
    """Which of these modules are there after the program."""
    ask = f"\nimport sys\nprint(*[name for name in {names!r} if name in sys.modules])"
    made = subprocess.run([sys.executable, "-c", program + ask], check=True, capture_output=True, text=True)
    return made.stdout.split()


def test_a_start_loads_nothing_that_is_seldom_needed() -> None:
    assert loaded(START, tuple(SELDOM)) == []


def test_the_supervisor_loads_nothing_of_the_app() -> None:
    assert loaded(SUPERVISE, APP) == []


def test_a_process_that_is_told_to_ends_at_once_and_its_answers_bear_the_time(tmp_path: Path) -> None:
    port = free_port()
    environment = {"APP_SECRET": "s" * 64, "APP_PORT": str(port), "APP_PERSISTENT_STORAGE": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "sprechtag", "serve"], env=os.environ | environment)
    address = f"http://127.0.0.1:{port}/healthz"

    def answers() -> bool:
        try:
            return httpx.get(address, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, what="the app is up")
    time.sleep(1.5)
    said = parsedate_to_datetime(httpx.get(address, timeout=PATIENCE).headers["date"])
    assert abs(said.timestamp() - time.time()) < 1.5
    process.send_signal(signal.SIGTERM)
    # By itself it would look at what is due in a minute.
    assert process.wait(timeout=20) == -signal.SIGTERM
