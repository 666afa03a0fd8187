# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Attacks the app at length and prints the table of docs/security.md: `make attack MINUTES=10`.

Everything runs on this machine: the app as a process of its own behind the stand-in Nextcloud, bounded in count and
time."""

import argparse
import asyncio
import os
import resource
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from security.test_files import BOMBS, memory_of_reading  # noqa: E402
from security.test_outside import packs_a_bomb, sends_much, sends_without_end, server  # noqa: E402
from sprechtag.day import metrics  # noqa: E402
from sprechtag.day.fetch import Unanswered, fetch  # noqa: E402
from sprechtag.sandbox.fronts import PROXY  # noqa: E402
from town import Event, Town, open_town  # noqa: E402

rows: list[tuple[str, str, str]] = []


def note(attack: str, what: str, result: str) -> None:
    rows.append((attack, what, result))
    print(f"{attack:28} {what:58} {result}", flush=True)


# -- floods ---------------------------------------------------------------------------------------


async def flood(
    town: Town, slots: list[str], attempts: int, addresses: list[str], email: Callable[[int], str]
) -> Counter[int]:
    """So many bookings straight to the app, as the proxy would send them."""
    import base64

    app = town.world.app
    own = {"authorization-app-api": base64.b64encode(f":{app.secret}".encode()).decode(), "ex-app-id": app.id}
    answers: Counter[int] = Counter()
    numbers = iter(range(attempts))
    limits = httpx.Limits(max_connections=32)
    base = f"http://127.0.0.1:{town.environment['APP_PORT']}"
    async with httpx.AsyncClient(base_url=base, timeout=30, limits=limits) as client:

        async def work() -> None:
            for number in numbers:
                name = secrets.token_hex(6)
                form = {"key": name, "place": "on_site", "child": "Kid", "name": name, "email": email(number)}
                headers = own | {"x-origin-ip": addresses[number % len(addresses)]}
                answer = await client.post(slots[number % len(slots)], data=form, headers=headers)
                answers[answer.status_code] += 1

        await asyncio.gather(*(work() for _ in range(32)))
    return answers


def large(town: Town, hosts: int) -> tuple[Event, list[str]]:
    """A conference with 48 times for each of so many hosts."""
    day = datetime.now(UTC).date() + timedelta(days=14)
    windows = [
        {"day": (day + timedelta(days=number)).isoformat(), "starts": "15:00", "ends": "19:00"} for number in (0, 1)
    ]
    event = town.conference([f"t{number:02}" for number in range(1, hosts + 1)], windows=windows, looked_at=False)
    family = event.family("attacker")
    slots = [slot for host in range(hosts) for slot in family.slots(host)]
    return event, [slot.split(PROXY + "sprechtag")[1] for slot in slots]


def budget_flood() -> None:
    with open_town() as town:
        event, slots = large(town, 57)
        began = time.monotonic()
        answers = asyncio.run(flood(town, slots, 2000, ["203.0.113.9"], lambda n: f"x{n}@flood{n}.example"))
        seconds = time.monotonic() - began
        taken = len([one for one in town.bookings(event) if one["state"] == "active"])
        what = f"2,000 bookings of one address, {len(slots)} times, {seconds:.0f} s"
        note(
            "budget flood",
            what,
            f"{taken} taken, {answers[429]} refused, {answers[503]} told to come again, {answers[500]} errors",
        )
        honest = event.family("honest")
        note("", "an honest family meanwhile", "books" if honest.book().status_code == 200 else "IS LOCKED OUT")
        seen = town.api("orga", "GET", f"{event.path}/visitors")
        chosen = [one["id"] for group in seen["visitors"] for one in group["bookings"]]
        town.api("orga", "POST", f"{event.path}/undo", {"bookings": chosen})
        while not all(job["finished_at"] for job in town.api("orga", "GET", f"{event.path}/jobs")):
            time.sleep(0.5)
        left = len([one for one in town.bookings(event) if one["state"] == "active"])
        note("", "undone by the organiser in one step", f"{len(chosen)} chosen, {left} left")


def share_flood() -> None:
    with open_town() as town:
        event, slots = large(town, 20)
        addresses = [f"2001:db8:{number:x}::1" for number in range(200)]
        answers = asyncio.run(flood(town, slots, len(slots), addresses, lambda n: f"x{n}@flood{n}.example"))
        bookings = [one for one in town.bookings(event) if one["state"] == "active"]
        waiting = sum(one["unconfirmed"] for one in bookings)
        what = f"{len(slots)} bookings of 200 networks, {len(slots)} times"
        note("distributed flood", what, f"{len(bookings) - waiting} taken, {waiting} wait an hour for a confirmation")
        assert sum(answers.values()) == len(slots)


def mail_flood() -> None:
    with open_town() as town:
        event, slots = large(town, 20)
        addresses = [f"198.51.100.{number}" for number in range(1, 140)]
        variants = ["stranger", "s.tranger", "STRANGER", "str.anger"]
        asyncio.run(flood(town, slots, 140, addresses, lambda n: f"{variants[n % 4]}+{n}@post.example"))
        for _ in range(30):
            family = event.family("stranger")
            family.get(family.start)
        time.sleep(20)
        mails = [mail for mail in town.world.mails if "post.example" in mail.to]
        note("mail flood", "140 bookings with spellings of one mailbox", f"{len(mails)} mails within the hour")
        name = "Your account is blocked: https://evil.example/x"
        answer = event.family("a").send(f"{town.url}{PROXY}sprechtag{slots[-1]}", name=name, child=name)
        assert answer.status_code == 200
        time.sleep(8)
        mails = town.world.mails
        told = [mail for mail in mails if "evil.example" in mail.text + mail.html + mail.to + mail.calendar]
        note("", "a link as a name, in mails to the unproven", f"{len(told)} mails hold it")


# -- what comes from outside ------------------------------------------------------------------------------


def file_bombs() -> None:
    for bomb in BOMBS:
        content = bomb()
        began = time.monotonic()
        memory = memory_of_reading(content)
        what = f"{bomb.__name__}, {len(content) // 1000} kB"
        note("XLSX bomb", what, f"{memory} MB in the child, {time.monotonic() - began:.2f} s, refused")


def metrics_bombs() -> None:
    for broken in (sends_much, sends_without_end, packs_a_bomb):
        with server(broken) as address:
            began = time.monotonic()
            ended = threading.Event()

            def ask(address: str = address, ended: threading.Event = ended) -> None:
                try:
                    fetch(address)
                except Unanswered:
                    ended.set()

            thread = threading.Thread(target=ask, daemon=True)
            thread.start()
            thread.join(30)
            what = broken.__name__.replace("_", " ")
            note(
                "media server",
                what,
                f"{'cut off' if ended.is_set() else 'TAKEN'} after {time.monotonic() - began:.1f} s",
            )
    text = "".join(f'signaling_room_sessions{{room="{number}",x="{"y" * 40}"}} 1\n' for number in range(50_000))
    began = time.process_time()
    try:
        metrics.read(text)
        said = "read"
    except metrics.Unreadable:
        said = "refused"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    note(
        "",
        f"{len(text) // 1_000_000} MB of labels",
        f"{said}, {time.process_time() - began:.1f} s of CPU, {peak} MB in all",
    )


# -- fuzzers ---------------------------------------------------------------------------------------


def fuzz(name: str, target: str, minutes: float) -> None:
    """The same test with another seed each time, until the time is over."""
    ends = time.monotonic() + minutes * 60
    runs = failed = 0
    while time.monotonic() < ends:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                str(TESTS / target),
                f"--hypothesis-seed={secrets.randbits(32)}",
            ],
            env=os.environ | {"SPRECHTAG_ATTACK": "1", "SPRECHTAG_EXAMPLES": "40"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=TESTS.parent,
            check=False,
        )
        runs += 1
        failed += done.returncode != 0
        if done.returncode:
            Path("attack-failed.txt").write_bytes(done.stdout)
    note("fuzzer", f"{name}, {minutes:g} minutes", f"{runs} runs, {failed} failed")


FUZZERS = {
    "the API as organiser, host, admin": "security/test_api_fuzz.py",
    "all public pages in all modes": "security/test_forms_fuzz.py",
    "the booking rules in any order": "conference/test_every_order.py",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", default="", help="floods, bombs or fuzzers")
    chosen = parser.parse_args()
    if chosen.only in ("", "floods"):
        budget_flood()
        share_flood()
        mail_flood()
    if chosen.only in ("", "bombs"):
        file_bombs()
        metrics_bombs()
    if chosen.only in ("", "fuzzers"):
        for name, target in FUZZERS.items():
            fuzz(name, target, chosen.minutes)
    print("\n| attack | what | result |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
