# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process is killed at random moments while families book and Nextcloud is being followed."""

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

import httpx
import pytest

from conftest import eventually
from town import Family, Town, links, open_town

KILLS, BOOKINGS = (60, 200) if os.environ.get("SPRECHTAG_LARGE") else (9, 24)
PROCESSES = 3


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_what_was_answered_as_booked_survives_and_stands_in_nextcloud_once(
    backend: str, request: pytest.FixtureRequest
) -> None:
    """SQLite with one process, which is killed; PostgreSQL with three, of which one or the other is."""
    several = backend == "postgresql"
    url = request.getfixturevalue("postgres").new_database() if several else ""
    more = {"SPRECHTAG_WORKERS": str(PROCESSES)} if several else {}
    with open_town(url, **more) as town:
        hosts = [f"t{number:02}" for number in range(4, 4 + BOOKINGS // 20 + 2)]
        event = town.conference(hosts)
        draw = random.Random(11)
        promised: dict[str, str] = {}
        stop = threading.Event()
        killer = threading.Thread(target=_kill_again_and_again, args=(town, stop, draw))
        families = [event.family(f"family{number}") for number in range(BOOKINGS)]
        slots = [slot for host in range(len(hosts)) for slot in families[0].slots(host)][:BOOKINGS]
        killer.start()
        workers = [
            threading.Thread(target=_book_all, args=(families[part::8], slots[part::8], promised)) for part in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stop.set()
        killer.join()

        eventually(lambda: town.in_step(event), what="all effects arrived")
        bookings = town.bookings(event)
        by_name = {booking["guest_name"]: booking for booking in bookings}
        for name, place in promised.items():
            assert by_name[name]["state"] == "active" and by_name[name]["place"] == place
        assert len(promised) == BOOKINGS
        _check_nextcloud(town, hosts, bookings)


def _check_nextcloud(town: Town, hosts: list[str], bookings: list[dict[str, str]]) -> None:
    for host in hosts:
        mine = [booking for booking in bookings if booking["host_user_id"] == host]
        summaries = Counter(str(entry["SUMMARY"]) for entry in town.events(host))
        assert summaries == Counter(f"{booking['child']} (5b)" for booking in mine)
        video = [booking for booking in mine if booking["place"] == "video"]
        assert sorted(room.name.rsplit(" ", 1)[1] for room in town.world.rooms_of(host)) == sorted(
            booking["code"] for booking in video
        )
    mails = Counter(mail.message_id for mail in town.world.mails)
    for booking in bookings:
        mine = {mail.message_id for mail in town.world.mails if booking["guest_name"] in mail.to.split(" <")[0].split()}
        assert len(mine) == 1, booking["guest_name"]
    twice = sum(count - 1 for count in mails.values())
    assert twice <= KILLS, f"{twice} mails too many of {KILLS} kills"


def _book_all(families: list[Family], slots: list[str], promised: dict[str, str]) -> None:
    for number, (family, slot) in enumerate(zip(families, slots, strict=True)):
        place = "video" if number % 2 else "on_site"
        # A phone that got no answer sends the same form again.
        for _ in range(3000):
            try:
                answer = family.send(slot, place, key=f"form-{family.name}")
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200 and links(answer, "/m/"):
                promised[family.name] = place
                break
            assert answer.status_code in (500, 502, 503), answer.text
            time.sleep(0.2)


def _kill_again_and_again(town: Town, stop: threading.Event, draw: random.Random) -> None:
    for _ in range(KILLS):
        time.sleep(draw.uniform(0.3, 1.5))
        if children := town.processes():
            with suppress(ProcessLookupError):
                os.kill(draw.choice(children), signal.SIGKILL)
        else:
            town.kill()
            town.start(register=False)
    stop.wait()
