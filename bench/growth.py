# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens by itself, and what a request causes, with one conference in the database (70 hosts, 1,680 times, 1,000
bookings) and with a hundred, of which 90 are over and 9 far away: CPU of this process and of PostgreSQL's, medians of
rounds, and the ratio of the two. `make bench-growth` on SQLite, ARGS=--postgresql on PostgreSQL."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from conftest import NOW, Clock
from grown import NEAR, fill
from postgres import Postgres
from schema import lay_down
from sprechtag.bootstrap import House
from sprechtag.conference import follow, host_cards, taken
from sprechtag.conference.booking import Pick
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Conference, Guest, Host, Slot
from sprechtag.database import Database
from sprechtag.day import evening
from sprechtag.errands import queue
from sprechtag.errands.queue import Put
from sprechtag.errands.table import Errand
from sprechtag.settings import Settings

ROUNDS = 5
EACH = 10
"""Times that one round does it."""
ROWS_OF_ONE = 1680 + 1000 * (1 + 10 + 3 + 1 + 1) + 400 * 3 + 70
HOUR = timedelta(hours=1)
HOLDER = "bench"
Work = Callable[["Grown"], None]


@dataclass
class Grown:
    """A house with so many conferences; `server` is where PostgreSQL runs."""

    house: House
    server: Postgres | None
    _at: int = 0
    booked: list[int] = field(default_factory=list)
    free: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.house.database

    def cpu(self) -> float:
        """Seconds so far."""
        return time.process_time() + (_cpu_of(self.server) if self.server else 0.0)

    def next(self) -> int:
        self._at += 1
        return self._at

    @contextmanager
    def tried(self) -> Iterator[Session]:
        """A transaction that is taken back, so that it can be done again."""
        with self.database.write() as session:
            yield session
            session.rollback()

    def at(self, moment: datetime) -> None:
        self.house.clock.now = moment  # type: ignore[attr-defined]


def _cpu_of(server: Postgres) -> float:
    """Seconds of CPU of the processes that serve us."""
    parent = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(int(Path(f"/proc/{child}/schedstat").read_text().split()[0]) for child in children) / 1e9


# -- what happens by itself ---------------------------------------------------------------------------------------


def wind(grown: Grown) -> None:
    with grown.database.write() as session:
        grown.house.later._hands().wind(session, grown.house.clock())  # noqa: SLF001


def level(grown: Grown) -> None:
    with grown.database.write() as session:
        follow.level(session, grown.house.clock())


def release(grown: Grown) -> None:
    grown.house.later.release()


def remind(grown: Grown) -> None:
    grown.house.later.remind()


def tidy(grown: Grown) -> None:
    grown.house.later.tidy()


def watch(grown: Grown) -> None:
    grown.house.later.watch()


def look_at_evening(grown: Grown) -> None:
    with grown.database.write() as session:
        evening.tell_organisers(session, grown.house.clock())


def remind_day_before(grown: Grown) -> None:
    """All that is due is written already."""
    grown.at(NEAR - timedelta(hours=12))
    grown.house.later.remind()
    grown.at(NOW)


def ask_day_after(grown: Grown) -> None:
    """All who were there are asked already."""
    grown.at(NEAR + timedelta(hours=12))
    grown.house.later.remind()
    grown.at(NOW)


def claim(grown: Grown) -> None:
    kinds = list(grown.house.later.kinds())
    with grown.tried() as session:
        found = queue.claim(session, kinds, lambda _: True, HOLDER, NOW + HOUR, NOW, [])
        assert len(found) == len({errand.lane for errand in found})


def next_due(grown: Grown) -> None:
    with grown.database.read() as session:
        queue.next_due(session, list(grown.house.later.kinds()))


# -- what a request causes ----------------------------------------------------------------------------------------


def book(grown: Grown) -> None:
    number = grown.next()
    pick = Pick(grown.free[number], "on_site", "Child", "5b", f"form{number}")
    person = Person("Family", f"new{number}@post.example", "en")
    grown.booked.append(grown.house.desk.book(1, person, pick, visitor="203.0.113.1").booking_id)


def move(grown: Grown) -> None:
    """The last times of a host's are free."""
    booking_id = grown.booked[grown.next() % len(grown.booked)]
    with grown.database.read() as session:
        host = session.get_one(Booking, booking_id).host_id
        _, public_id = taken.free_starts(session, host, NOW)[-1]
    grown.house.desk.move(booking_id, public_id)


def cancel(grown: Grown) -> None:
    grown.house.desk.cancel(grown.booked.pop())


def times_of_host(grown: Grown) -> None:
    with grown.database.read() as session:
        kept = grown.house.desk.keeper.of(session, 1)
        taken.free_of(session, kept.conference, kept.hosts[7], NOW)


def free_counts(grown: Grown) -> None:
    with grown.database.read() as session:
        host_cards.free_counts(session, grown.house.desk.keeper.of(session, 1), NOW)


def delete_slots(grown: Grown) -> None:
    _delete(grown, Slot, range(1600, 1600 + EACH))


def delete_guests(grown: Grown) -> None:
    with grown.tried() as session:
        for guest in range(1, 1 + EACH):
            session.execute(delete(Booking).where(col(Booking.guest_id) == guest))
            session.execute(delete(Guest).where(col(Guest.id) == guest))


def delete_hosts(grown: Grown) -> None:
    with grown.tried() as session:
        for host in (69, 70):
            session.execute(delete(Booking).where(col(Booking.host_id) == host))
            session.execute(delete(Host).where(col(Host.id) == host))


def delete_conference(grown: Grown) -> None:
    with grown.tried() as session:
        session.execute(delete(Booking).where(col(Booking.conference_id) == 1))
        session.execute(delete(Conference).where(col(Conference.id) == 1))


def _delete(grown: Grown, table: type[Slot], ids: range) -> None:
    with grown.tried() as session:
        for one in ids:
            session.execute(delete(table).where(col(table.id) == one))


@dataclass(frozen=True)
class Measure:
    """`does` is so many things at once."""

    name: str
    work: Work
    each: int = EACH
    does: int = 1
    rounds: int = ROUNDS


MEASURES = (
    Measure("claim, nothing due", claim),
    Measure("next due", next_due),
    Measure("clock: all that comes again is there", wind),
    Measure("what is behind and was forgotten (level)", level),
    Measure("offers, held times, unconfirmed", release),
    Measure("reminders, none near", remind),
    Measure("reminders, 12 h before, all written", remind_day_before, 1),
    Measure("feedback, 12 h after, all written", ask_day_after, 1),
    Measure("evening", look_at_evening),
    Measure("retention, nothing is over", tidy, each=3),
    Measure("the day, none is on", watch),
    Measure("a booking", book),
    Measure("a move", move),
    Measure("a cancellation", cancel),
    Measure("a host's times", times_of_host),
    Measure("free counts of a conference", free_counts),
    Measure("deleting a time", delete_slots, 1, EACH),
    Measure("deleting a family", delete_guests, 1, EACH),
    Measure("deleting a host", delete_hosts, 1, 2),
    Measure("deleting a conference, a row", delete_conference, 1, ROWS_OF_ONE, 1),
)
OF_QUEUE = (Measure("claim, 1,000 due", claim), Measure("next due, 1,000 due", next_due))


def make(conferences: int, url: str, server: Postgres | None) -> Grown:
    lay_down(url)
    given = {"database_url": url, "link_key": "k" * 32, "app_secret": "s" * 64}
    storage = Path(tempfile.mkdtemp())
    house = House(Settings(persistent_storage=storage, sync=False, **given), Clock(NOW))  # type: ignore[arg-type]
    house.database.migrate()
    began = time.perf_counter()
    fill(house.database, conferences)
    grown = Grown(house, server)
    with house.database.read() as session:
        free = select(col(Slot.public_id)).where(col(Slot.conference_id) == 1, col(Slot.blocked).is_(False))
        free = free.where(col(Slot.id).not_in(select(col(Booking.slot_id)))).order_by(col(Slot.id))
        grown.free = list(session.execute(free).scalars())
    wind(grown)
    level(grown)
    _all_later(grown)
    print(f"{conferences} conferences filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return grown


def _all_later(grown: Grown) -> None:
    """As if each had just run."""
    with grown.database.write() as session:
        session.execute(update(Errand).values(due_at=NOW + HOUR))


def put_thousand(grown: Grown) -> None:
    with grown.database.write() as session:
        lanes = (Put(follow.BOOKING, f"b{number}", NOW, f"host:{number % 70}") for number in range(1000))
        queue.put(session, *lanes)


def per_call(grown: Grown, measure: Measure) -> float:
    """Milliseconds."""
    began = grown.cpu()
    for _ in range(measure.each):
        measure.work(grown)
    return (grown.cpu() - began) / measure.each / measure.does * 1000


def compare(measure: Measure, small: Grown, large: Grown) -> None:
    found: tuple[list[float], list[float]] = ([], [])
    if measure.rounds > 1:
        for grown in (small, large):
            per_call(grown, measure)
    for _ in range(measure.rounds):
        for costs, grown in zip(found, (small, large), strict=True):
            costs.append(per_call(grown, measure))
    one, hundred = (statistics.median(costs) for costs in found)
    print(f"| {measure.name} | {one:.3f} | {hundred:.3f} | {hundred / one:.1f} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--postgresql", action="store_true")
    options.add_argument("--conferences", type=int, default=100)
    options.add_argument("--only", default="", help="part of a measure's name")
    given = options.parse_args()
    server = Postgres.start_or_none() if given.postgresql else None

    def url() -> str:
        return server.new_database() if server else f"sqlite:///{Path(tempfile.mkdtemp()) / 'one.sqlite'}"

    try:
        small, large = make(1, url(), server), make(given.conferences, url(), server)
        name = "PostgreSQL" if server else "SQLite"
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print(f"| {name}, ms of CPU | 1 | {given.conferences} | ratio |\n|---|---|---|---|")
        for measure in MEASURES:
            if given.only in measure.name:
                compare(measure, small, large)
        for grown in (small, large):
            _all_later(grown)
            put_thousand(grown)
        for measure in OF_QUEUE:
            if given.only in measure.name:
                compare(measure, small, large)
    finally:
        if server:
            server.stop()


if __name__ == "__main__":
    main()
