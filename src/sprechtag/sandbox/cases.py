# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every school has: siblings, two households, an appointment that is longer, a teacher who is ill."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .school import Teacher

Api = Callable[[str, str, Any], Awaitable[Any]]
"""`Client.api` of who organises."""


async def enter_cases(api: Api, conference: str, people: Sequence[Teacher], day: str) -> dict[str, str]:
    """Enters them with five teachers of whom nobody has an appointment yet. The first three teach the children; the
    fourth is ill on the `day` (ISO date), and the fifth takes over. Returns the families' own links, by what they are
    for."""
    first, second, third, ill, substitute = people
    siblings, parted = await _families(api, conference, first, second, third)
    times = await _times(api, conference)
    talks = [
        (first, siblings, 0, "video"),
        (second, siblings, 1, "on_site"),
        (third, parted, 0, "on_site"),
        (ill, siblings, 0, "on_site"),
        (ill, parted, 0, "video"),
    ]
    # One after the other with a time between them: a family is at one place at a time, and the second is longer.
    made = []
    for number, (teacher, family, child, place) in enumerate(talks):
        data = {
            "slot_id": times[teacher.user_id][2 * number],
            "place": place,
            "child": family["children"][child]["name"],
            "school_class": family["children"][child]["school_class"],
            "name": family["name"],
            "email": family["email"],
        }
        made.append((await api("POST", f"{conference}/bookings", data))["id"])
    await api("POST", f"bookings/{made[1]}/length", {"times": 2})
    for booking, person in ((made[0], _GRANDMOTHER), (made[2], _FRIEND)):
        await api("POST", f"bookings/{booking}/people", person)
    absence = {"host": ill.user_id, "day": day, "substitute": substitute.user_id, "message": "Gute Besserung!"}
    await api("POST", f"{conference}/absence", absence)
    return {"siblings": siblings["link"], "two households": parted["link"]}


_GRANDMOTHER = {"kind": "relative", "name": "Hatice Gökdal", "email": "oma.gokdal@post.example", "language": "tr"}
_FRIEND = {"kind": "other", "name": "Mira Castell", "email": "mira.castell@post.example", "language": "de"}


async def _families(
    api: Api, conference: str, first: Teacher, second: Teacher, third: Teacher
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One with two children in different classes, and one with two households that see each other's appointments."""
    siblings = {
        "name": "Derya Gökdal",
        "email": "gokdal@post.example",
        "language": "tr",
        "children": [
            {"name": "Elif Gökdal", "school_class": _class_of(first)},
            {"name": "Levent Gökdal", "school_class": _class_of(second, but=_class_of(first))},
        ],
    }
    parted = {
        "name": "Anna Morawek",
        "email": "anna.morawek@post.example",
        "children": [{"name": "Jonas Morawek", "school_class": _class_of(third)}],
    }
    await api("POST", f"{conference}/families", [siblings, parted])
    found = {one["email"]: one for one in await api("GET", f"{conference}/families", None)}
    one, other = found[str(siblings["email"])], found[str(parted["email"])]
    father = {"name": "Paul Oberau", "email": "paul.oberau@post.example", "shares": True}
    await api("POST", f"{conference}/families/{other['id']}/household", father)
    return one, other


async def _times(api: Api, conference: str) -> dict[str, list[str]]:
    """Ids of all times by teacher, in their order."""
    grid = await api("GET", f"{conference}/grid", None)
    return {
        host["user_id"]: [slot_id for slot_id, *_ in slots]
        for host, slots in zip(grid["hosts"], grid["slots"], strict=True)
    }


def _class_of(teacher: Teacher, but: str = "") -> str:
    return next(one for one in teacher.classes.split(", ") if one != but)
