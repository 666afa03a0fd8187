# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a family's time table takes: 8 teachers x 24 slots, always the shortest stay, and larger ones."""

import random
import statistics
import time

from sprechtag.planning.timetable import Choice, Wanted, propose

TRIES = 60


def wanted(teachers: int, slots: int, days: int, draw: random.Random) -> list[Wanted]:
    """Some times are taken: between none and nine of ten."""
    found = []
    for teacher in range(teachers):
        free = draw.choice([1.0, 0.8, 0.5, 0.2, 0.1])
        choices = [
            Choice(f"{teacher}-{day}-{slot}", day, day * 1440 + 900 + 10 * slot, day * 1440 + 910 + 10 * slot)
            for day in range(days)
            for slot in range(slots)
            if draw.random() < free
        ]
        found.append(Wanted(str(teacher), draw.random() < 0.7, choices))
    return found


def noop() -> float:
    """A unit of this machine: sorting a thousand numbers."""
    numbers = [number * 7919 % 1000 for number in range(1000)]
    began = time.perf_counter()
    for _ in range(200):
        sorted(numbers)
    return (time.perf_counter() - began) / 200


def main() -> None:
    unit = statistics.median(noop() for _ in range(9))
    print("A proposal is always optimal (exact search; tests compare it with trying everything): gap 0.")
    print(f"1 unit = sorting 1,000 numbers ({unit * 1e6:.0f} us here)")
    for teachers, slots, days in ((3, 24, 1), (8, 24, 1), (8, 44, 2)):
        draw = random.Random(teachers * slots * days)
        took = []
        served = 0
        for _ in range(TRIES):
            some = wanted(teachers, slots, days, draw)
            began = time.perf_counter()
            table = propose(some, walk=5)
            took.append(time.perf_counter() - began)
            served += len(table.chosen)
        middle, worst = statistics.median(took), max(took)
        print(
            f"{teachers:2} teachers x {slots} slots x {days} day(s): median {middle / unit:6.0f} units "
            f"({middle * 1000:.0f} ms), slowest of {TRIES} {worst / unit:6.0f} units ({worst * 1000:.0f} ms), "
            f"{served / TRIES:.1f} served"
        )


if __name__ == "__main__":
    main()
