# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference day under way, in the database."""

from dataclasses import dataclass, field
from datetime import timedelta

from conftest import School
from sprechtag.conference.views import BookingView
from sprechtag.database import Database
from sprechtag.day import noted, presence, turns
from sprechtag.day.observer import Observer, Unanswered
from sprechtag.planning.capacity import Setup

MEDIA = {
    "servers": [
        {"name": "hpb1", "metrics": "http://hpb1:8080/metrics", "calls": 20},
        {"name": "hpb2", "metrics": "http://hpb2:8080/metrics http://hpb2:9100/metrics", "calls": 20},
    ],
    "lines": [{"name": "DSL 1", "up": 40}, {"name": "DSL 2", "up": 40}],
}


@dataclass
class Servers:
    """Media servers that say what they are told to; `silent` ones do not answer."""

    says: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def __call__(self, address: str) -> str:
        name = address.split("/")[2].split(":", maxsplit=1)[0]
        if name in self.silent:
            raise Unanswered("ConnectionError")
        if ":9100" in address:
            return "# TYPE node_load1 gauge\nnode_load1 0.5\n"
        return self.says.get(name, "# TYPE signaling_hub_rooms gauge\nsignaling_hub_rooms 0\n")


@dataclass
class Day:
    school: School
    servers: Servers
    observer: Observer

    @property
    def database(self) -> Database:
        return self.school.database

    def at(self, view: BookingView, **after: float) -> None:
        """Sets the clock relative to the appointment's start."""
        self.school.clock.now = view.starts_at + timedelta(**after)

    def call(self, number: int, host: str = "t01") -> BookingView:
        view = self.school.book(self.school.slots(host)[number], f"f{host}{number}", "video")
        with self.database.write() as session:
            noted.remember_room(session, view.id, f"room{host}{number}")
        return view

    def arrive(self, view: BookingView) -> None:
        with self.database.write() as session:
            turns.arrive(session, view, view.starts_at, self.school.clock.now, Setup())

    def heard(self, view: BookingView, what: str, actor: str) -> None:
        with self.database.write() as session:
            number = noted.of_booking(session, view.id).room
            presence.heard(session, number, what, actor, self.school.clock.now)

    def goes_up(self, view: BookingView) -> None:
        self.heard(view, "call_started", f"users/{view.host_user_id}")
        self.heard(view, "call_joined", "guests/abc")


def under_way(school: School) -> Day:
    servers = Servers()
    observer = Observer(school.database, lambda: MEDIA, lambda: school.clock.now, servers)
    return Day(school, servers, observer)
