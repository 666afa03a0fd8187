# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that assigns everybody's wishes: `python -m sprechtag.planning.process` reads a task and writes a line of
JSON for everything that is better. It loads nothing of the app but this room: it is small and starts at once."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from .assignment import Assignment, assign
from .problem import HostWanted, Opening, Problem, check, reasons

NICER = 10
"""By how much the process steps back behind those that answer families."""


def work(task: bytes, say: Callable[[str], None]) -> None:
    """`task` is what is open (`conference.wishes.Open`) with a seed and an effort, as JSON."""
    given = json.loads(task)
    problem = _problem(given)

    def watch(phase: str, best: Assignment) -> None:
        check(problem, best.chosen)
        unserved = {str(wish): reason for wish, reason in reasons(problem, best.chosen).items()}
        chosen = {str(wish): slot for wish, slot in best.chosen.items()}
        say(json.dumps({"progress": _progress(problem, phase, best), "chosen": chosen, "unserved": unserved}))

    assign(problem, given["seed"], given["effort"], watch=watch)


def _problem(given: dict[str, Any]) -> Problem:
    return Problem(
        [Opening(one["id"], one["host_id"], one["day"], one["starts"], one["ends"]) for one in given["slots"]],
        [
            HostWanted(one["id"], one["guest_id"], one["host_id"], one["place"] == "on_site", tuple(one["slots"]))
            for one in given["wishes"]
        ],
        {int(guest_id): minutes for guest_id, minutes in given["walk"].items()},
    )


def _progress(problem: Problem, phase: str, best: Assignment) -> dict[str, Any]:
    return {
        "phase": phase,
        "served": best.score.served,
        "wishes": len(problem.wishes),
        "families": len(problem.of_family),
        "without": best.score.without,
        "most_served": best.most_served,
        "stay": best.score.cost,
        "least_stay": best.least_cost,
        "gap": round(best.gap, 4),
        "stopped_by_clock": best.stopped_by_clock,
    }


def main() -> None:
    os.nice(NICER)
    work(sys.stdin.buffer.read(), lambda line: print(line, flush=True))  # noqa: T201 - whoever started it reads it


if __name__ == "__main__":
    main()
