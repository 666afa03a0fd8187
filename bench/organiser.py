# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an organiser's page costs on a big day: the list of 2,000 bookings, the board's polls: `make bench-organiser`.

Each number is the processor time of the app for one answer, as a multiple of what an answer takes that does next to
nothing (`/api/v1/me`), and in ms here: medians, with the smallest and the largest."""

import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from served import Served, request, served
from sqlalchemy import insert, select
from sqlmodel import Session, col

from conftest import School
from sprechtag.conference.tables import Booking, Effect, Guest, LiveCall, MediaSample, Slot
from sprechtag.database import utc_now
from sprechtag.hosts.boards import KEPT_FOR

HOSTS, SLOTS, BOOKINGS, ROUNDS = 100, 24, 2000, 9
CHARTED = 700
"""Readings of the last hour, one in five seconds."""


def fill(school: School) -> None:
    """2,000 families, each with one appointment on the same day, half by video, followed by everything; a third has
    arrived. The board's chart goes back an hour."""
    with school.database.write(60) as session:
        slots = select(Slot).order_by(col(Slot.starts_at), col(Slot.host_id)).limit(BOOKINGS)
        for number, slot in enumerate(session.execute(slots).scalars().all()):
            _book(session, school.conference_id, slot, number)
        now, chart = utc_now(), f"/{school.conference().public_id}"
        rows = [
            {"server": chart, "at": now - timedelta(seconds=5 * number), "reading": {"up": number % 90, "planned": 90}}
            for number in range(CHARTED)
        ]
        session.execute(insert(MediaSample), rows)


def _book(session: Session, conference_id: int, slot: Slot, number: int) -> None:
    name, email = f"Familie {number}", f"f{number}@post.example"
    guest = Guest(conference_id=conference_id, name=name, email=email, email_fingerprint=email)
    session.add(guest)
    session.flush()
    booking = Booking(
        conference_id=conference_id,
        host_id=slot.host_id,
        slot_id=slot.id or 0,
        guest_id=guest.id or 0,
        place="video" if number % 2 else "on_site",
        child=f"Kind {number}",
        school_class=f"{5 + number % 6}{'abcd'[number % 4]}",
    )
    session.add(booking)
    session.flush()
    number_of = booking.id or 0
    for kind in ("calendar", "mail", *(("talk",) if number % 2 else ())):
        remote = {"link": f"http://nc.example/call/room{number}"} if kind == "talk" else {}
        session.add(Effect(booking_id=number_of, kind=kind, applied_revision=1, remote=remote))
    if number % 3 == 0:
        session.add(LiveCall(booking_id=number_of, arrived_at=slot.starts_at, present=["x"]))


class Measured:
    """Answers to the organiser, and what they take."""

    def __init__(self, app: Served) -> None:
        self._app = app
        self._base = 0.0

    def answer(self, path: str) -> bytes:
        return self._app.load([request("GET", path, user="orga")]).answers[0].body

    def row(self, name: str, path: str, times: int, before: Callable[[], object] = lambda: None) -> None:
        """`before` each of the rounds something may be done that is not counted."""
        took: list[float] = []
        for _ in range(ROUNDS):
            before()
            took.append(self._app.load([request("GET", path, user="orga")] * times).cpu_ms)
        median = statistics.median(took)
        self._base = self._base or median
        spread = f"{median:.1f} ms here ({min(took):.1f} to {max(took):.1f})"
        print(f"{name:44}{median / self._base:6.1f}  {len(self.answer(path)) / 1000:7.1f} kB  {spread}")


def main() -> None:
    with served(HOSTS, SLOTS, prepare=fill) as app:
        one = f"/api/v1/conferences/{app.school.conference().public_id}"
        board, measured = f"{one}/board", Measured(app)
        measured.answer(f"{one}/bookings")
        print(f"{BOOKINGS} bookings with {HOSTS} hosts on one day")
        measured.row("an answer that does next to nothing", "/api/v1/me", 40)
        measured.row("list of all bookings", f"{one}/bookings", 10)
        seen = json.loads(measured.answer(board))["version"]
        measured.row("board, first poll, made anew", board, 1, grow_old)
        measured.row("board, first poll, kept", board, 20)
        _changes(app.school, 10)
        measured.row("board, next poll, made anew, ten changes", f"{board}?since={seen}", 1, grow_old)
        measured.row("board, next poll, kept", f"{board}?since={seen}", 20)


def grow_old() -> None:
    """So that no kept answer is young enough."""
    time.sleep(KEPT_FOR.total_seconds() + 0.1)


def _changes(school: School, count: int) -> None:
    with school.database.write(60) as session:
        for call in session.execute(select(LiveCall).limit(count)).scalars():
            call.mark = "skipped"


if __name__ == "__main__":
    main()
