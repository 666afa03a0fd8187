# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a booking takes while the office imports 2,000 pupils, or 150 hosts, beside the same app with nothing else
to do: `make bench-import`, `ARGS=--postgresql`.

Bookings come at a steady pace, whether those before are answered or not. Medians of the rounds, as multiples of the
quiet phase of the same round."""

import argparse
import asyncio
import base64
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator

from served import SECRET, Answer, Connection, Postgres, Served, booking_form, request, served
from sqlalchemy import select
from sqlmodel import col

from conftest import School
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Slot
from sprechtag.database import utc_now
from sprechtag.paper.sheets import write_xlsx

ROUNDS, PACE, QUIET_SECONDS, LONGEST = 3, 6.0, 10.0, 90.0
PUPILS, HOSTS = 2000, 150


def pupils(turn: int) -> tuple[str, bytes]:
    header = ["Nachname", "Vorname", "Klasse", "E-Mail", "Lehrkräfte"]
    rows = [
        [
            f"Müller{turn}{n // 2}",
            f"Kind{n}",
            f"{5 + n % 6}{'abcd'[n % 4]}",
            f"f{turn}-{n // 2}@post.example",
            f"t{n % 80 + 1:03}",
        ]
        for n in range(PUPILS)
    ]
    return "families", write_xlsx("Liste", header, rows)


def hosts(turn: int) -> tuple[str, bytes]:
    rows = [[f"n{turn}x{n}", f"Neu {n}", f"N{turn}{n}", "Deutsch", f"R {n}"] for n in range(HOSTS)]
    return "hosts", write_xlsx("Liste", ["Benutzer", "Name", "Kürzel", "Fach", "Raum"], rows)


def enable(school: School) -> None:
    """The app works in the background; Nextcloud is away."""
    with school.database.write() as session:
        learn(session, "enabled", {"on": True}, utc_now())


def as_organiser(method: str, path: str, body: object = None) -> bytes:
    data = json.dumps(body).encode() if body is not None else b""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: app",
        f"authorization-app-api: {base64.b64encode(f'orga:{SECRET}'.encode()).decode()}",
        "ex-app-id: sprechtag",
        "x-origin-ip: 203.0.113.9",
        "x-requested-with: XMLHttpRequest",
        "content-type: application/json",
        f"content-length: {len(data)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


def import_list(app: Served, kind: str, content: bytes) -> None:
    """As the page does it: looked at, entered, and waited for."""
    path = f"/api/v1/conferences/{app.school.conference().public_id}"
    body = {"name": "liste.xlsx", "content_base64": base64.b64encode(content).decode()}

    def answer(method: str, path: str, body: object = None) -> Answer:
        return asyncio.run(Connection(app.port).send(as_organiser(method, path, body)))

    for step in (f"{kind}-import-preview", f"{kind}-import"):
        found = answer("POST", f"{path}/{step}", body)
        assert found.status == 200, (step, found.status, found.body[:300])
    assert json.loads(found.body)["applied"], found.body[:300]
    end = time.perf_counter() + LONGEST
    while any(not job["finished_at"] for job in json.loads(answer("GET", f"{path}/jobs").body)):
        assert time.perf_counter() < end, "the list is not entered"
        time.sleep(0.3)


async def book(
    app: Served, slots: Iterator[str], numbers: Iterator[int], goes_on: Callable[[], bool]
) -> tuple[list[float], int]:
    """Times of the answers, in ms; those that were refused because the app was busy count as such."""

    async def one(whole: bytes) -> float:
        connection = Connection(app.port)
        answer = await connection.send(whole)
        connection.close()
        assert answer.status in (200, 503), answer.status
        refused[0] += answer.status == 503
        return answer.seconds * 1000

    refused = [0]
    began, sent = time.perf_counter(), list[asyncio.Task[float]]()
    while goes_on():
        await asyncio.sleep(max(0.0, began + len(sent) / PACE - time.perf_counter()))
        number = next(numbers)
        whole = request("POST", f"{app.share}/t/{next(slots)}", f"203.0.{number // 250}.{number % 250}", booking_form())
        sent.append(asyncio.create_task(one(whole)))
    times = list(await asyncio.gather(*sent))
    return times, refused[0]


def until(end: float) -> Callable[[], bool]:
    return lambda: time.perf_counter() < end


def quantiles(booked: tuple[list[float], int]) -> tuple[float, float, float, int]:
    """Median, 95th percentile and slowest; how many were refused."""
    times, refused = booked
    ordered = sorted(times)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1], refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    server = Postgres.start_or_none() if parser.parse_args().postgresql else None
    found: dict[str, list[tuple[float, float, float, int]]] = {"quiet": [], "2,000 pupils": [], "150 hosts": []}
    took: dict[str, list[float]] = {name: [] for name in found}
    with served(80, 40, server, enable, SPRECHTAG_SYNC="true") as app:
        with app.school.database.read() as session:
            slots = iter(session.execute(select(col(Slot.public_id)).order_by(col(Slot.starts_at))).scalars().all())
        numbers = iter(range(100_000))
        time.sleep(6)  # what a start brings with it
        for turn in range(ROUNDS):
            quiet = book(app, slots, numbers, until(time.perf_counter() + QUIET_SECONDS))
            found["quiet"].append(quantiles(asyncio.run(quiet)))
            for name, (kind, content) in (("2,000 pupils", pupils(turn)), ("150 hosts", hosts(turn))):
                began = time.perf_counter()
                work = threading.Thread(target=import_list, args=(app, kind, content))
                work.start()
                found[name].append(quantiles(asyncio.run(book(app, slots, numbers, work.is_alive))))
                took[name].append(time.perf_counter() - began)
    for name, rounds in found.items():
        ratios = [
            statistics.median(one[at] / quiet[at] for one, quiet in zip(rounds, found["quiet"], strict=True))
            for at in range(3)
        ]
        here = [statistics.median(one[at] for one in rounds) for at in range(3)]
        seconds = f", {statistics.median(took[name]):.0f} s" if took[name] else ""
        print(
            f"{name:14} median {ratios[0]:5.1f} x  p95 {ratios[1]:5.1f} x  slowest {ratios[2]:5.1f} x  "
            f"({here[0]:.0f}, {here[1]:.0f}, {here[2]:.0f} ms here{seconds}; {sum(one[3] for one in rounds)} refused)"
        )
    if server:
        server.stop()


if __name__ == "__main__":
    main()
