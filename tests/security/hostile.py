# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What nobody would enter, and a stage to enter it on."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import delete, select
from sqlmodel import col

from conftest import KEY, School, make_school
from house import Stage, open_stage
from sprechtag.conference import organise
from sprechtag.conference.families import Family, invite, manage_token
from sprechtag.conference.holding import hold
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Booking, Conference, Guest, Host, Slot, WaitingEntry
from sprechtag.conference.tokens import display_path, feed_path, feedback_path, join_path
from sprechtag.database import utc_now

ATTACK = bool(os.environ.get("SPRECHTAG_ATTACK"))
STRINGS = (
    "",
    " ",
    "\0",
    "a\0b",
    "²",
    "5²",
    "٣",
    "\u200b",
    "\u3164",
    "\u202eabc\u2066",
    "\ud800",
    "\ufffe",
    "a\r\nBcc: b@c.example",
    "\u2028",
    "e\u0301" * 50,
    "\ufb2c" * 200,
    "👩\u200d👧" * 30,
    "a" * 5001,
    "9" * 5000,
    "-1",
    "NaN",
    "1e999",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
    "24:00",
    "Europe",
    "../../etc/passwd",
    "%s%n%(x)s{0.__class__}{{7*7}}",
    "'; DROP TABLE guest; --",
    "<script>alert(1)</script>",
    "=HYPERLINK()",
    "on_site",
    "ä@ü.example",
    "a@b",
    "\"\\'",
    ",;,/;",
)
NUMBERS: tuple[Any, ...] = (
    -1, 0, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, 0.5, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[[[]]]], {"a": {"b": []}}, ["\0"] * 50)
DATES = (
    "0001-01-01", "0001-01-01T00:00:00+14:00", "1899-12-31", "1970-01-01T00:00:00Z", "2101-01-01",
    "9999-12-31", "9999-12-31T23:59:59.999999-14:00", "2027-02-29", "2027-01-13T15:00", "00:00", "23:59:59.999999",
    "15:00+14:00", "24:00:00",
)  # fmt: skip
RAW = (
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe\x00",
    b'"\\ud800"',
    b'{"name": 1, "name": "\\u0000"}',
    b"9" * 6000,
    b"NaN",
    b"\xef\xbb\xbf{}",
    b"a=b&" * 2000,
)
KINDS = (
    "application/json",
    "application/json; charset=bogus",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=bogus",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "\t;;",
    "",
)
LANGUAGES = ("", "de", "xx", "*", "de;q=9", ",".join(["a"] * 5000), "ä", "de-\0", "q=0.0.0;;", "a" * 20_000)


def examples(few: int, many: int) -> Any:
    """So many examples in every run, the same each time; `many` others for who attacks."""
    return settings(
        max_examples=int(os.environ.get("SPRECHTAG_EXAMPLES", str(many))) if ATTACK else few,
        deadline=None,
        database=None,
        derandomize=not ATTACK,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


@dataclass
class Target:
    """A school in which something of everything is there, and a way to ask it. `ids` are real ones by what they are."""

    stage: Stage
    runner: asyncio.Runner
    school: School
    ids: dict[str, list[str]]
    paths: dict[str, str]

    def ask(self, method: str, path: str, *, user: str = "", **request: Any) -> httpx.Response:
        """Never an error of ours, never more time than a page has."""
        headers = self.stage.app_api_headers(user) | {"x-requested-with": "x"} | request.pop("headers", {})
        with structlog.testing.capture_logs() as logs:
            answer = self.runner.run(self.stage.direct.request(method, path, headers=headers, **request))
        wrong = [entry for entry in logs if entry["log_level"] == "error"]
        assert answer.status_code < 500 and not wrong, (method, path[:200], answer.status_code, wrong, request)
        return answer

    def slots(self, host: str) -> list[Slot]:
        """The school's newest conference's."""
        mine = col(Slot.conference_id) == self.school.conference_id
        with self.stage.house.database.read() as session:
            rows = select(Slot).join(Host, col(Host.id) == col(Slot.host_id)).where(col(Host.user_id) == host, mine)
            return list(session.execute(rows.order_by(col(Slot.starts_at))).scalars())

    def begin_again(self) -> None:
        """A new school: the one before may be deleted, closed, or full."""
        database = self.stage.house.database
        with database.write() as session:
            # What was booked or held in an earlier example takes the same hosts' time.
            session.execute(delete(Booking))
            session.execute(delete(Conference))
        self.school = make_school(database, ("t01", "t02"))
        self.school.clock = self.stage.house.clock  # type: ignore[assignment]
        self.school.change(feedback=True, languages="de,en,tr,ar")
        view = self.school.book(self.slots("t01")[0], "a", "video")
        self.school.book(self.slots("t02")[3], "b")
        with database.write() as session:
            conference = self.school.conference()
            family = Family("Familie Öz", "oez@post.example", "Emre", "5b")
            guest, _ = invite(session, conference, family, KEY)
            hold(session, session.get_one(Slot, self.slots("t01")[4].id), guest)
            host = session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars().first()
            if host:
                session.add(
                    WaitingEntry(
                        conference_id=conference.id or 0, host_id=host.id or 0, guest_id=guest.id or 0, child="E"
                    )
                )
        with database.read() as session:
            in_school = conference.id
            booked = session.execute(select(Booking).where(col(Booking.conference_id) == in_school)).scalars().all()
            hosts = session.execute(select(Host).where(col(Host.conference_id) == in_school)).scalars().all()
            waits = session.execute(select(WaitingEntry).where(col(WaitingEntry.conference_id) == in_school)).scalars()
            self.ids = {
                "conference_id": [conference.public_id],
                "booking_id": [one.public_id for one in booked],
                "slot_id": [one.public_id for one in self.slots("t01")[:6]],
                "host_id": [one.public_id for one in hosts],
                "user_id": ["t01", "t02"],
                "family_id": [guest.public_id],
                "guest_id": [guest.public_id],
                "entry_id": [one.public_id for one in waits],
                "name": ["bookings.csv", "bookings.xlsx", "bookings.ics"],
            }
            owner = session.execute(select(Guest).where(col(Guest.public_id) == view.guest_public_id)).scalar_one()
        share = organise.share_token(conference, KEY)
        self.paths = {
            "s": f"/s/{share}",
            "m": f"/m/{manage_token(owner, KEY)}",
            "m2": f"/m/{manage_token(guest, KEY)}",
            "j": f"/{join_path(KEY, view.public_id, view.guest_generation)}",
            "c": f"/{feed_path(KEY, owner.public_id, owner.manage_generation)}",
            "f": f"/{feedback_path(KEY, conference.public_id)}",
            "d": f"/{display_path(KEY, conference.public_id, conference.display_generation)}",
        }


@contextmanager
def open_target(folder: Path, database_url: str) -> Iterator[Target]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        stage = runner.run(stack.enter_async_context(open_stage(folder, database_url=database_url, page_seconds=10)))
        with stage.house.database.write() as session:
            learn(session, "person:admin", {"groups": ["admin"]}, utc_now())
            learn(session, "person:orga", {"groups": []}, utc_now())
        target = Target(stage, runner, stage.school, {}, {})
        target.begin_again()
        yield target
        runner.run(stack.aclose())


def all_routes(target: Target) -> list[tuple[str, str]]:
    """Method and template of everything that the application answers."""
    app: Any = target.stage.direct._transport.app  # type: ignore[attr-defined]
    while not hasattr(app, "routes"):
        app = app._app
    routes = [
        one for route in app.routes for one in getattr(getattr(route, "original_router", None), "routes", [route])
    ]
    return [(method, route.path) for route in routes for method in getattr(route, "methods", ())]
