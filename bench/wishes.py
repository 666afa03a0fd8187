# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How good and how fast everybody's wishes are assigned: 600 families x 4 wishes x 70 hosts x 24 slots."""

import argparse
import random
import resource
import time

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
    options.add_argument("--families", type=int, default=600)
    options.add_argument("--hosts", type=int, default=70)
    options.add_argument("--slots", type=int, default=24)
    options.add_argument("--effort", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    problem = invented_school(given.families, 4, given.hosts, given.slots, 2020)
    began = time.monotonic()

    def watch(phase: str, best: Assignment) -> None:
        score = best.score
        print(
            f"{time.monotonic() - began:6.1f} s  {phase:8} served {score.served} without {score.without} "
            f"stay {score.cost} min",
            flush=True,
        )

    best = assign(problem, given.seed, given.effort, watch=watch)
    took = time.monotonic() - began
    check(problem, best.chosen)
    why = reasons(problem, best.chosen)
    print(f"families {given.families}, wishes {len(problem.wishes)}, openings {len(problem.openings)}")
    print(
        f"served {best.score.served} of at most {best.most_served}; families without any {best.score.without}, "
        f"at least {best.least_without}"
    )
    print(f"stay of all {best.score.cost} min, at least {best.least_cost}: gap {best.gap:.1%}")
    start = best.trace[0][1]
    print(f"stay at the start {start.cost} min for {start.served} wishes; now {best.score.cost / start.cost:.2f} of it")
    print(
        "not served: "
        + ", ".join(f"{reason} {list(why.values()).count(reason)}" for reason in sorted(set(why.values())))
    )
    print(f"took {took:.1f} s of 120, stopped by the clock: {best.stopped_by_clock}")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
