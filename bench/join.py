# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""2,000 join pages that poll for a minute: `make bench-join`. The app is a process of its own, called as AppAPI's proxy
calls it; what the proxy would take of PHP is the requests a second of the 95 that two cores carry (measured)."""

import asyncio
import base64
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from sprechtag.conference import organise, ruleset
from sprechtag.conference.hosts import HostEntry, enrol, join
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Booking, Effect, Guest, Slot
from sprechtag.conference.tokens import LinkKey, join_path
from sprechtag.database import Database
from sprechtag.day import noted
from sprechtag.sandbox.demo import start_app
from sprechtag.sandbox.smtp import free_port

PAGES, SECONDS, PHP_CARRIES = 2000, 60, 95
SECRET = "s" * 64
KEY = "k" * 64


def families(folder: Path) -> list[str]:
    """The paths of the join pages of 2,000 video calls that begin in eight minutes."""
    database, links = Database(f"sqlite:///{folder / 'sprechtag.sqlite'}"), LinkKey(KEY.encode())
    database.migrate()
    begins = datetime.now(UTC) + timedelta(minutes=8)
    paths = []
    with database.write(60) as session:
        window = TimeWindow(begins.date() + timedelta(days=30), begins.time(), (begins + timedelta(minutes=1)).time())
        rules = ruleset.Rules(name="Day", windows=[window], time_zone="UTC", slot_minutes=1)
        conference = organise.create(session, "orga", rules, links)
        for n in range(PAGES):
            host = enrol(session, conference, HostEntry(f"h{n}", f"Host {n}"))
            join(session, host)
            guest = Guest(conference_id=conference.id, name=f"F{n}", email=f"f{n}@x.example", email_fingerprint=f"{n}")
            slot = Slot(
                conference_id=conference.id, host_id=host.id, starts_at=begins, ends_at=begins + timedelta(minutes=10)
            )
            session.add_all((guest, slot))
            session.flush()
            booking = Booking(
                conference_id=conference.id, host_id=host.id, slot_id=slot.id, guest_id=guest.id, place="video"
            )
            session.add(booking)
            session.flush()
            session.add(Effect(booking_id=booking.id, kind="talk", remote={"link": f"http://nc.example/call/r{n}"}))
            noted.remember_room(session, booking.id or 0, f"r{n}")
            paths.append("/" + join_path(links, booking.public_id, guest.manage_generation))
        conference.state = "published"
    database.close()
    return paths


def processor(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of processor a process has taken (Linux, proc(5))."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process: "subprocess.Popen[bytes]") -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


async def visitor(client: httpx.AsyncClient, path: str, comes: float, until: float, counts: dict[str, int]) -> None:
    """As join.js: the page, its turn, then how it stands, no sooner than it is told."""
    await asyncio.sleep(comes)
    tag = ""

    async def ask(method: str, what: str) -> httpx.Response:
        counts["requests"] += 1
        headers = {"Accept": "application/json"} | ({"If-None-Match": tag} if tag and method == "GET" else {})
        answer = await client.request(method, path + what, headers=headers)
        counts[str(answer.status_code)] = counts.get(str(answer.status_code), 0) + 1
        return answer

    await ask("GET", "")
    answer = await ask("POST", "/enter")
    again = 10.0
    while time.monotonic() < until:
        if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
            again, tag = float(answer.json()["again"]), answer.headers.get("etag", "")
        await asyncio.sleep(min(again, max(0.1, until - time.monotonic())))
        if time.monotonic() < until:
            answer = await ask("GET", "/state")
            counts["polls"] += 1


async def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sprechtag-bench-"))
    paths = families(folder)
    port = free_port()
    environment = {
        "APP_SECRET": SECRET,
        "APP_PORT": str(port),
        "APP_PERSISTENT_STORAGE": str(folder),
        "NEXTCLOUD_URL": "http://127.0.0.1:9",
        "SPRECHTAG_LINK_KEY": KEY,
        "SPRECHTAG_SYNC": "false",
    }
    process = start_app(environment)
    headers = {
        "authorization-app-api": base64.b64encode(f":{SECRET}".encode()).decode(),
        "ex-app-id": "sprechtag",
        "x-origin-ip": "203.0.113.1",
    }
    limits = httpx.Limits(max_connections=40)
    counts = {"requests": 0, "polls": 0}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, limits=limits
        ) as client:
            for _ in range(100):
                try:
                    if (await client.get("/healthz", headers={"x-origin-ip": ""})).status_code:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
            draw = random.Random(1)
            until, before, began = time.monotonic() + 3 * SECONDS, processor(process), time.monotonic()
            arriving = [
                asyncio.ensure_future(visitor(client, path, draw.uniform(0, SECONDS), until, counts)) for path in paths
            ]
            await asyncio.sleep(2 * SECONDS)
            seen, cpu, at = dict(counts), processor(process), time.monotonic()
            await asyncio.gather(*arriving)
            polling = (counts["polls"] - seen["polls"]) / (time.monotonic() - at)
            share = (processor(process) - cpu) / (time.monotonic() - at)
        arrivals = seen["requests"] / (at - began)
        print(f"{PAGES} join pages, arriving within {SECONDS} s")
        of_php = f"of PHP's {PHP_CARRIES}/s"
        print(f"while they come and after: {arrivals:6.1f} requests/s = {arrivals / PHP_CARRIES:.0%} {of_php}")
        print(f"  the app: {(cpu - before) / (at - began):.0%} of a core")
        print(f"while they only poll:      {polling:6.1f} requests/s = {polling / PHP_CARRIES:.0%} {of_php}")
        print(f"  the app: {share:.0%} of a core, {memory_mb(process)} MB at most")
        print("answers by status: " + ", ".join(f"{k}: {v}" for k, v in sorted(counts.items()) if k.isdigit()))
    finally:
        process.terminate()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
