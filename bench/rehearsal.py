# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The conference day in accelerated time, without the app's help and with it, side by side: `make rehearsal`.

`--calls 500` or `--calls 2000` plays a larger one, with as many more media servers and PHP workers. `--plot FILE` draws
it."""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path

import structlog

from sprechtag.sandbox.rehearsal import JOINS, WEAK_JOINS, Outcome, Plan, play


def overrun(one: Outcome) -> str:
    if len(one.overloaded) > 3:
        return f"{len(one.overloaded)}"
    return ", ".join(one.overloaded) or "none"


ROWS = (
    ("peak joins a second at the busiest server", lambda one: max(one.peaks.values())),
    ("media servers that lost somebody", overrun),
    ("joins lost and tried again", lambda one: one.lost),
    ("calls up within 10 s", lambda one: f"{one.up_within(10):.1%}"),
    ("calls up within 30 s", lambda one: f"{one.up_within(30):.1%}"),
    ("calls up within 60 s", lambda one: f"{one.up_within(60):.1%}"),
    ("median wait", lambda one: f"{one.median_wait:.1f} s"),
    ("longest wait of a family", lambda one: f"{one.longest_wait:.1f} s"),
    ("alarm after a server fell silent", lambda one: "nobody watches" if one.alarm is None else f"{one.alarm:.0f} s"),
)


def plot(outcomes: list[Outcome], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    names = list(outcomes[0].peaks)
    many = len(names) > 12
    for one, colour in zip(outcomes, ("#b3261e", "#1e6b4f"), strict=True):
        name = "with join page and groups" if one.plan.helped else "straight to Talk"
        right.plot(*zip(*one.curve(), strict=True), label=name, color=colour)
        if many:
            left.step(range(1, len(names) + 1), sorted(one.peaks.values(), reverse=True), label=name, color=colour)
        else:
            shift = 0.2 if one.plan.helped else -0.2
            left.bar([n + shift for n in range(len(names))], list(one.peaks.values()), 0.4, label=name, color=colour)
    left.axhline(JOINS, color="#555", linestyle="--", linewidth=1)
    which = f"{len(names)} media servers, the busiest first" if many else "media server"
    left.set(
        title="Most joins in one second",
        xlabel=f"{which} (bears {JOINS} a second, hpb3 {WEAK_JOINS})",
        ylabel="joins",
        ylim=(0, None),
    )
    if not many:
        left.set_xticks(range(len(names)), names)
    right.set(title="Calls up after their family was ready", xlabel="seconds", ylabel="calls")
    for axis in (left, right):
        axis.legend(fontsize=8)
    figure.suptitle(f"{outcomes[0].plan.calls} hosts, {outcomes[0].plan.families} families")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    print(f"Drawn: {file}")


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--calls", type=int, default=80)
    read.add_argument("--seed", type=int, default=2020)
    read.add_argument("--plot", type=Path)
    given = read.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    outcomes = []
    for helped in (False, True):
        with tempfile.TemporaryDirectory(prefix="sprechtag-rehearsal-") as folder:
            outcomes.append(asyncio.run(play(Plan(given.calls, helped, seed=given.seed), Path(folder))))
    without, helped_one = outcomes
    plan = without.plan
    print(f"{plan.calls} hosts, {plan.families} families, {plan.servers} media servers (one weaker), seed {plan.seed}")
    print(f"{'':45}{'straight to Talk':>20}{'join page, groups':>20}")
    for name, value in ROWS:
        print(f"{name:45}{value(without)!s:>20}{value(helped_one)!s:>20}")
    minutes = (max(call.ends for call in helped_one.calls) + 360) / 60
    print(
        f"the app: {helped_one.requests} requests, {helped_one.polls} of them polls, {helped_one.cpu:.0f} s of "
        f"processor in {minutes:.0f} min of the day ({helped_one.cpu / minutes / 60:.1%} of a core, "
        f"{helped_one.cpu_of_busiest_minute / 60:.0%} in the busiest minute), {helped_one.memory_mb} MB with the play"
    )
    if given.plot:
        plot(outcomes, given.plot)


main()
