# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that assigns: a task in, lines of JSON out."""

import json
import subprocess
import sys
from dataclasses import asdict

from sprechtag.conference.wishes import Open, OpenSlot, OpenWish

ALONE = [sys.executable, "-m", "sprechtag.planning.process"]


def test_a_task_is_answered_line_by_line() -> None:
    slots = [OpenSlot(at, 1, 737000, 10 * at, 10 * at + 10) for at in range(2)]
    wishes = [OpenWish(at, at, 1, "on_site", (0, 1)) for at in range(3)] + [OpenWish(3, 3, 1, "video", ())]
    task = {"seed": 1, "effort": 0.1, **asdict(Open(slots, wishes, {0: 5}))}
    done = subprocess.run(ALONE, input=json.dumps(task).encode(), capture_output=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    phases = [line["progress"]["phase"] for line in lines]
    # Where both cores are taken, the first answer may not be the best one yet.
    assert [phase for phase in phases if phase != "shorten"] == ["start", "serve", "done"]
    progress = lines[-1]["progress"]
    assert (progress["served"], progress["wishes"], progress["most_served"]) == (2, 4, 2)
    assert (progress["without"], progress["families"], progress["stay"], progress["least_stay"]) == (2, 4, 20, 20)
    assert sorted(lines[-1]["chosen"].values()) == [0, 1]
    assert sorted(lines[-1]["unserved"].values()) == ["full", "no_time"]
    assert not progress["stopped_by_clock"]


def test_it_loads_little() -> None:
    said = "import sys, sprechtag.planning.process; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not {"sqlalchemy", "sqlmodel", "pydantic", "structlog", "ortools", "pandas"} & set(loaded)
