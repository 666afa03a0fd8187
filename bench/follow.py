# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What it costs to follow a booking to its end: CPU of the app for event, room and mail, calls of Nextcloud, bookings a
second and how long the last one waits. In the stand-in Nextcloud, which shares the cores: `make bench-sync`.

The cost of the bookings themselves is measured in the same run and taken off."""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from served import booking_form, cpu_of, family, hosts_named, postmaster, request, send, served
from sqlalchemy import func, select
from sqlmodel import col

from postgres import Postgres
from sprechtag.conference.tables import Booking, Effect, Host, Slot, still_to_follow
from sprechtag.database import Database
from town import Event, Town, open_town

HOSTS = [f"t{number:02}" for number in range(1, 13)]
LONGEST = 90.0


@dataclass
class Followed:
    bookings: int
    seconds: float
    cpu: float
    calls: Counter[str]
    lag: float

    def line(self, name: str) -> str:
        each = sum(self.calls.values()) / self.bookings
        kinds = ", ".join(f"{kind} {count / self.bookings:.2f}" for kind, count in self.calls.most_common(8))
        return (
            f"{name:22} {self.cpu / self.bookings * 1000:6.1f} ms of CPU  {self.bookings / self.seconds:5.1f}/s  "
            f"the last {self.lag:4.1f} s later  {each:.2f} calls ({kinds})"
        )


@dataclass(frozen=True)
class Bench:
    town: Town
    event: Event
    database: Database
    booking: float
    server: Postgres | None

    @property
    def port(self) -> int:
        return int(self.town.environment["APP_PORT"])

    def cpu(self) -> float:
        roots = {self.town.process.pid} if self.town.process else set()
        return sum(cpu_of(pid) for pid in family(roots | ({postmaster(self.server)} if self.server else set())))


def _behind(database: Database) -> int:
    with database.read() as session:
        return session.execute(
            select(func.count())
            .select_from(Effect)
            .join(Booking, col(Booking.id) == col(Effect.booking_id))
            .where(still_to_follow())
        ).scalar_one()


def follow(one: Bench, place: str, count: int, rate: float = 0) -> Followed:
    """Books `count` times, `rate` a second (0: as fast as it goes), and waits until all has followed."""
    with one.database.read() as session:
        booked = select(col(Booking.slot_id))
        slots = (
            select(col(Slot.public_id))
            .join(Host, col(Host.id) == col(Slot.host_id))
            .where(col(Slot.id).not_in(booked), col(Slot.blocked).is_(False), col(Host.can_video).is_(True))
        )
        free = list(session.execute(slots.order_by(col(Slot.starts_at)).limit(count)).scalars())
    secret = one.town.world.app.secret
    forms = [
        request("POST", f"/s/{one.event.token}/t/{slot}", form=booking_form() | {"place": place}, secret=secret)
        for slot in free
    ]
    calls, cpu, began = len(one.town.world.calls), one.cpu(), time.monotonic()
    answers = send(one.port, forms, 4, rate)
    assert {answer.status for answer in answers} == {200}, answers[0]
    sent = time.monotonic()
    while _behind(one.database) and time.monotonic() - began < LONGEST:
        time.sleep(0.05)
    done = time.monotonic()
    time.sleep(1.0)
    made = Counter(f"{method} {_kind(path)}" for method, path, _ in one.town.world.calls[calls:])
    return Followed(len(free), done - began, one.cpu() - cpu - one.booking * len(free), made, done - sent)


def _kind(path: str) -> str:
    for word in ("/bot", "/archive", "/lobby", "/room", "capabilities", "/calendars/", "/notif"):
        if word in path:
            return word.strip("/")
    return "other"


def _cost_of_booking() -> float:
    """Seconds of CPU, without anything that follows."""
    with served(12, 24) as app:
        slots = [slot.public_id for host in hosts_named(12) for slot in app.school.slots(host)]
        forms = [request("POST", f"{app.share}/t/{slot}", form=booking_form()) for slot in slots]
        app.load(forms[:50], 4)
        return app.load(forms[50:], 4).cpu_ms / 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bookings", type=int, default=150)
    options.add_argument("--postgresql", action="store_true")
    given = options.parse_args()
    server = Postgres.start_or_none() if given.postgresql else None
    url = server.new_database() if server else ""
    booking = _cost_of_booking()
    print(f"{'a booking':22} {booking * 1000:6.1f} ms of CPU, taken off below")
    with open_town(url, SPRECHTAG_PACE="1", SPRECHTAG_RETRY_SECONDS="5", SPRECHTAG_FAMILIES_PER_ADDRESS="9999") as town:
        event = town.conference(HOSTS, slot_minutes=5)
        database = Database(url or f"sqlite:///{Path(town.storage, 'app', 'sprechtag.sqlite')}")
        one = Bench(town, event, database, booking, server)
        follow(one, "on_site", 20)
        follow(one, "video", 10)
        print(follow(one, "on_site", given.bookings).line("on site"), flush=True)
        print(follow(one, "video", given.bookings // 2).line("by video"), flush=True)
        print(follow(one, "on_site", given.bookings, 15).line("on site, 15 a second"), flush=True)
        database.close()
    if server:
        server.stop()


if __name__ == "__main__":
    main()
