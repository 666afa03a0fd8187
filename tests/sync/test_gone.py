# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A user whom Nextcloud knows no more is offered to nobody, and the office is told; one who is renamed is renamed."""

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import eventually
from town import Event, Town, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town(SPRECHTAG_PACE="0.001") as town:  # an hour is four seconds
        yield town


def listed(event: Event) -> str:
    return str(event.family("look").browser.get(event.family("look").start).text)


def host(town: Town, event: Event, user: str) -> dict[str, Any]:
    found = town.api("orga", "GET", f"{event.path}/hosts")
    return next(one for one in found if one["user_id"] == user)


def test_who_is_disabled_is_offered_no_more_until_it_is_back(town: Town) -> None:
    event = town.conference(["t30", "t31"])
    name = host(town, event, "t30")["display_name"]
    assert name in listed(event)
    town.world.users["t30"].disabled = True
    eventually(lambda: name not in listed(event), what="offered no more")
    assert host(town, event, "t30")["gone"] and not host(town, event, "t31")["gone"]
    eventually(lambda: any(name in one.subject for one in town.world.notices("orga")), what="the office is told")
    town.world.users["t30"].disabled = False
    eventually(lambda: name in listed(event), what="offered again")


def test_who_is_renamed_is_renamed_unless_the_school_says_otherwise(town: Town) -> None:
    event, other = town.conference(["t32", "t33"]), town.conference(["t32"])
    town.api("orga", "POST", f"{event.path}/hosts", [{"user_id": "t33", "display_name": "Frau Drei"}])
    for user in ("t32", "t33"):
        eventually(lambda user=user: bool(host(town, event, user)), what="looked at")  # type: ignore[misc]
    town.world.users["t32"].display_name = "Ada Neuname"
    town.world.users["t33"].display_name = "Bea Neuname"
    eventually(lambda: host(town, event, "t32")["display_name"] == "Ada Neuname", what="renamed")
    assert host(town, other, "t32")["display_name"] == "Ada Neuname", "in every conference"
    assert host(town, event, "t33")["display_name"] == "Frau Drei"
