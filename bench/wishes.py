# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How good and how fast everybody's wishes are assigned: 600 families x 4 wishes x 70 hosts x 24 slots, and with
`--large` 1,500 x 6 x 120 x 36. Quality depends on the wishes and the seed alone; seconds on the machine."""

import argparse
import random
import resource
import time
import zlib

from sprechtag.planning.assignment import Assignment, HostWanted, Opening, Problem, assign, check, reasons


def invented_school(families: int, wishes: int, hosts: int, slots: int, seed: int) -> Problem:
    """Families of which a third cannot come all the time; class teachers are wanted more than others."""
    draw = random.Random(seed)
    openings = [
        Opening(host * 1000 + number, host, 0, 900 + 10 * number, 910 + 10 * number)
        for host in range(hosts)
        for number in range(slots)
    ]
    popular = [3 if host % 3 == 0 else 1 for host in range(hosts)]
    found = []
    for family in range(families):
        wanted: set[int] = set()
        while len(wanted) < wishes:
            wanted |= set(draw.choices(range(hosts), popular, k=wishes - len(wanted)))
        first = draw.choice([0, 0, 0, 0, slots // 3, slots // 2])
        last = draw.choice([slots, slots, slots, slots, slots - slots // 3])
        video = draw.random() < 0.3
        for number, host in enumerate(sorted(wanted)):
            times = tuple(host * 1000 + at for at in range(first, max(last, first + 4)) if at < slots)
            found.append(HostWanted(family * 10 + number, family, host, not video, times))
    return Problem(openings, found, dict.fromkeys(range(families), 5))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--large", action="store_true", help="1,500 families instead of 600")
    options.add_argument("--effort", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--quiet", action="store_true", help="no progress")
    given = options.parse_args()
    size = (1500, 6, 120, 36) if given.large else (600, 4, 70, 24)
    problem = invented_school(*size, seed=2020)
    began, clock = time.monotonic(), time.process_time()

    def watch(phase: str, best: Assignment) -> None:
        if not given.quiet:
            print(
                f"{time.monotonic() - began:6.1f} s  {phase:8} served {best.score.served} without {best.score.without} "
                f"stay {best.score.cost} min, at least {best.least_cost}",
                flush=True,
            )

    best = assign(problem, given.seed, given.effort, watch=watch)
    took, worked = time.monotonic() - began, time.process_time() - clock
    check(problem, best.chosen)
    why = list(reasons(problem, best.chosen).values())
    print(f"{size[0]} families x {size[1]} wishes x {size[2]} hosts x {size[3]} slots")
    print(
        f"served {best.score.served} of at most {best.most_served}; families without any {best.score.without}, "
        f"at least {best.least_without}"
    )
    print(f"stay of all {best.score.cost} min, at least {best.least_cost}: gap {best.gap:.1%}")
    print("not served: " + ", ".join(f"{reason} {why.count(reason)}" for reason in sorted(set(why))))
    print(f"took {took:.1f} s, {worked:.1f} s of one core; stopped by the clock: {best.stopped_by_clock}")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    print(f"fingerprint {zlib.crc32(repr(sorted(best.chosen.items())).encode()):08x}: the same on every machine")


if __name__ == "__main__":
    main()
