# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many calls of Nextcloud one booking costs, of the stand-in or of a real one (as test_contract): one on site, three
by video. Each of them is a PHP process for a fifth of a second, so they are what a booking costs a school's server."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import School, make_school
from schema import lay_down
from sprechtag.bootstrap import House
from sprechtag.conference import ruleset
from sprechtag.conference.booking import Pick
from sprechtag.conference.person import Person
from sprechtag.conference.slots import TimeWindow
from sprechtag.errands.testing import run_due
from sprechtag.nextcloud.session import UserSession
from sprechtag.settings import Settings
from town import open_town

REAL = os.environ.get("NEXTCLOUD_URL", "")
USER = os.environ.get("CONTRACT_USER", "t50")


@pytest.fixture(scope="module")
def nextcloud() -> Iterator[dict[str, str]]:
    """How a real one is reached, or the stand-in with the app in it, which has registered its bot."""
    if REAL:
        yield {name: os.environ[name] for name in ("NEXTCLOUD_URL", "APP_ID", "APP_VERSION", "APP_SECRET")}
        return
    with open_town() as town:
        app = town.world.app
        yield {"NEXTCLOUD_URL": town.url, "APP_ID": app.id, "APP_VERSION": app.version, "APP_SECRET": app.secret}


@pytest.fixture
def house(nextcloud: dict[str, str], tmp_path: Path) -> Iterator[House]:
    """With a relay, so that no calendar server writes mails; none is sent here."""
    settings = Settings(
        persistent_storage=tmp_path,
        link_key="k" * 32,
        sync=False,
        smtp_host="127.0.0.1",
        smtp_security="none",
        public_url=f"{nextcloud['NEXTCLOUD_URL']}/index.php/apps/app_api/proxy/sprechtag",
        **{name.lower(): value for name, value in nextcloud.items() if name != "APP_VERSION"},
        app_version=nextcloud["APP_VERSION"],
    )
    house = House(settings)
    lay_down(settings.database)
    house.database.migrate()
    yield house
    house.database.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    send = UserSession._send_once

    async def counted(self: UserSession, adapter: str, method: str, path: str, **more: Any) -> Any:
        made.append(f"{method} {path.split('?', maxsplit=1)[0]}")
        return await send(self, adapter, method, path, **more)

    monkeypatch.setattr(UserSession, "_send_once", counted)
    return made


def book(house: House, school: School, number: int, place: str) -> int:
    slot = school.slots(USER)[number]
    person = Person(f"Family {number}", f"family{number}@post.example", "en")
    pick = Pick(slot.public_id, place, "Child", "5b", "")
    return house.desk.book(school.conference_id, person, pick).booking_id


def followed(house: House, calls: list[str]) -> list[str]:
    """What is called for the bookings that are due."""
    calls.clear()
    run_due(house.worker, ["booking"])
    return list(calls)


def test_a_booking_costs_one_call_on_site_and_three_by_video(house: House, calls: list[str]) -> None:
    day = datetime.now(UTC).date() + timedelta(days=23)
    rules = ruleset.Rules(name="Contract", windows=[TimeWindow(day, time(15), time(17))])
    school = make_school(house.database, (USER,), rules)
    # The first ones ask what everybody's later bookings then know.
    made = [book(house, school, 0, "on_site"), book(house, school, 1, "video")]
    followed(house, calls)
    made.append(book(house, school, 2, "on_site"))
    on_site = followed(house, calls)
    made.append(book(house, school, 3, "video"))
    by_video = followed(house, calls)
    for booking_id in made:
        house.desk.cancel(booking_id, by_guest=False)
    cancelled = followed(house, calls)
    assert [call.split()[0] for call in on_site] == ["PUT"], on_site
    assert [call.split()[0] for call in by_video] == ["POST", "POST", "PUT"], by_video
    assert "/room" in by_video[0] and "/bot/" in by_video[1] and "/calendars/" in by_video[2]
    assert sum(call.startswith("DELETE") for call in cancelled) == len(made) + 2, "events and rooms are gone again"
    states = [house.ledger.state(booking_id, "calendar") for booking_id in made]
    assert all(state and not state.behind for state in states)
