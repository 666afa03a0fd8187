# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is hung up and handed out on the day: door signs, hosts' lists, the plan of rooms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference.entries import number_in
from ..conference.names import by_surname
from ..conference.tables import Conference, Host, Slot
from ..conference.views import BookingView, bookings_of_conference
from ..phrases import Speaker
from .pdf import page

Shown = Literal["times", "initials", "names"]


@dataclass(frozen=True)
class SlotLine:
    """One time of a host: free, closed, or with an appointment."""

    starts_at: datetime
    ends_at: datetime
    blocked: bool
    view: BookingView | None


@dataclass(frozen=True)
class HostSheet:
    host: Host
    lines: list[SlotLine]


def host_sheets(session: Session, conference: Conference, user_id: str = "") -> list[HostSheet]:
    """The hosts who take part, by name, with all their times; only one of them with `user_id`."""
    query = select(Host).where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
    if user_id:
        query = query.where(col(Host.user_id) == user_id)
    hosts = sorted(session.execute(query).scalars(), key=lambda host: by_surname(host.display_name))
    booked = {
        (view.host_id, view.starts_at): view
        for view in bookings_of_conference(session, conference.id or 0)
        if view.active and view.confirm_by is None
    }
    slots: dict[int, list[Slot]] = {}
    for slot in session.execute(
        select(Slot).where(col(Slot.conference_id) == conference.id).order_by(col(Slot.starts_at))
    ).scalars():
        slots.setdefault(slot.host_id, []).append(slot)
    return [
        HostSheet(
            host,
            [
                SlotLine(slot.starts_at, slot.ends_at, slot.blocked, booked.get((host.id or 0, slot.starts_at)))
                for slot in _without_covered(slots.get(host.id or 0, []))
            ],
        )
        for host in hosts
    ]


def _without_covered(slots: Sequence[Slot]) -> Iterator[Slot]:
    """Of times in their order those that are no part of a longer appointment."""
    edge = None
    for slot in slots:
        if edge is None or slot.starts_at >= edge or not slot.blocked:
            yield slot
            edge = slot.ends_at


def initials(name: str) -> str:
    """ "E. Y." of "Emre Yılmaz": enough for whom it is about, and for nobody else."""
    return " ".join(f"{part[0].upper()}." for part in name.split() if part[0].isalpha())


def door_signs(sheets: Sequence[HostSheet], conference: Conference, say: Speaker, shown: Shown = "initials") -> str:
    """One page a host and day, to be read from a step away. `shown` is what stands beside a taken time."""

    def label(line: SlotLine) -> str:
        if line.view is None:
            return "" if line.blocked else say("free")
        if shown == "names":
            return line.view.child
        return initials(line.view.child) if shown == "initials" else say("taken")

    signs = [
        {
            "host": sheet.host,
            "day": say.day(lines[0].starts_at),
            "lines": [{"time": say.time(line.starts_at), "label": label(line), "view": line.view} for line in lines],
        }
        for sheet in sheets
        for lines in _by_day(sheet, say)
    ]
    return page("door_signs.html", say("Door signs"), say, conference=conference, signs=signs)


def host_lists(sheets: Sequence[HostSheet], conference: Conference, say: Speaker) -> str:
    """One page a host and day with everything about the appointments, and room to write."""
    lists = [
        {"host": sheet.host, "day": say.day(lines[0].starts_at), "lines": lines}
        for sheet in sheets
        for lines in _by_day(sheet, say)
    ]
    return page("host_lists.html", say("Lists of appointments"), say, conference=conference, lists=lists)


def room_plan(sheets: Sequence[HostSheet], conference: Conference, say: Speaker) -> str:
    """Who is where, by name and by room."""
    by_name = [sheet.host for sheet in sheets]
    by_room: list[dict[str, Any]] = [
        {"room": room, "hosts": list(hosts)}
        for room, hosts in groupby(sorted(by_name, key=lambda host: _by_room(host.room)), key=lambda host: host.room)
    ]
    days = sorted({say.date(line.starts_at): say.day(line.starts_at) for one in sheets for line in one.lines}.items())
    return page(
        "room_plan.html",
        say("Plan of rooms"),
        say,
        conference=conference,
        by_name=by_name,
        by_room=[group for group in by_room if group["room"]],
        days=[name for _, name in days],
    )


def _by_day(sheet: HostSheet, say: Speaker) -> list[list[SlotLine]]:
    """Without days on which the host has closed everything: nobody wants a sheet of nothing."""
    days = (list(lines) for _, lines in groupby(sheet.lines, key=lambda line: say.date(line.starts_at)))
    return [lines for lines in days if any(line.view or not line.blocked for line in lines)]


def _by_room(room: str) -> tuple[str, int, str]:
    """A 2 before A 10."""
    return ("".join(filter(str.isalpha, room)).casefold(), number_in(room) or 0, room)
