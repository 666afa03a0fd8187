# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of a conference's bookings: columns, because a school has thousands and each is read in a glance."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from pydantic_core import to_json
from sqlmodel import Session

from ..conference import listed, lookup, persons, team
from ..conference.asked import Need, needs_of
from ..conference.listed import Steps
from ..conference.tables import Conference
from .access import REFUSALS, User, visible
from .needs import House

COLUMNS = ("id", "code", "host", "start", "place", "child", "school_class", "guest_name", "guest_email")


class ListedHost(BaseModel):
    user_id: str
    name: str
    room: str


class More(BaseModel):
    """What is not as usual; what is as usual is left out. `steps` are effects that are not done and `said` why, both by
    kind; `until` is the end of one that is longer than the others, in seconds since the epoch; `people` come beside
    family and host; `note`, `topic` and `video_link` are for the booking's host only."""

    state: Literal["cancelled"] | None = None
    unconfirmed: Literal[True] | None = None
    steps: dict[str, Literal["waiting", "failing", "gave_up"]] | None = None
    said: dict[str, str] | None = None
    until: int | None = None
    needs: list[Need] | None = None
    interpreter: str | None = None
    people: list[str] | None = None
    note: str | None = None
    topic: str | None = None
    video_link: str | None = None


class ListAnswer(BaseModel):
    """Each row has a value for each of the `columns`, and a last one (`More`) where something is not as usual. `host`
    is a place in `hosts`, counted from 0; `start` is in seconds since the epoch; `guest_email` is empty where it may
    not be seen. `GET /bookings/{id}` tells everything of one."""

    columns: list[str]
    hosts: list[ListedHost]
    rows: list[list[str | int | More]]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/bookings", response_model=ListAnswer)
def bookings(house: House, conference_id: str, user: User, mine: bool = False) -> Response:
    """By time: all for the organiser; the own for a host, and with `mine` for an organiser who is one."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        organises = team.role_of(session, conference, user.user_id) is not None
        mine_only = None
        if mine or not organises:
            lookup.find_host(session, conference.id or 0, user.user_id)
            mine_only = [host.id or 0 for host in persons.hosts_of_user(session, conference.id or 0, user.user_id)]
        answer = _answer(session, conference, mine_only, with_email=organises or conference.contact_for_hosts)
    # Not through the model: it would look at every value of every row.
    return Response(to_json(answer), media_type="application/json")


def _answer(
    session: Session, conference: Conference, of_hosts: list[int] | None, *, with_email: bool
) -> dict[str, Any]:
    conference_id = conference.id or 0
    steps = listed.unusual_steps(session, conference_id)
    own: dict[int, dict[str, Any]] = {}
    if of_hosts is not None:
        own.update(listed.own_details(session, of_hosts))
    for booking_id, names in listed.companions(session, conference_id).items():
        own.setdefault(booking_id, {})["people"] = names
    rows = listed.listed(session, conference_id, of_hosts)
    # After the rows: whom one of them names was there then, or is gone with all that was booked.
    hosts = [host for host in listed.hosts(session, conference_id) if of_hosts is None or host.id in of_hosts]
    places = {host.id: place for place, host in enumerate(hosts)}
    return {
        "columns": COLUMNS,
        "hosts": [{"user_id": host.user_id, "name": host.display_name, "room": host.room} for host in hosts],
        "rows": [_row(row, places, with_email) + _more(row, steps, own) for row in rows if row[3] in places],
    }


def _row(row: tuple[Any, ...], places: dict[int, int], with_email: bool) -> list[Any]:
    _, public_id, code, host_id, starts_at, place, child, school_class, name, email, *_ = row
    start = int(starts_at.timestamp())
    return [public_id, code, places[host_id], start, place, child, school_class, name, email if with_email else ""]


def _more(row: tuple[Any, ...], steps: dict[int, Steps], own: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    booking_id, state, confirm_by, until, needs, interpreter = row[0], *row[10:15]
    found: dict[str, Any] = dict(own.get(booking_id, {}))
    if state != "active":
        found["state"] = state
    if confirm_by is not None:
        found["unconfirmed"] = True
    if until is not None:
        found["until"] = int(until.timestamp())
    if needs:
        found["needs"] = needs_of(needs)
    if interpreter:
        found["interpreter"] = interpreter
    if unusual := steps.get(booking_id):
        found |= {name: values for name, values in (("steps", unusual.steps), ("said", unusual.said)) if values}
    return [found] if found else []
