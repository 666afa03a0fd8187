# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The capacity plan of a conference, from what the admin has entered."""

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conftest import DAY, RULES, School
from house import PROXY, open_stage
from sprechtag.conference import administration, organise
from sprechtag.conference.errors import HasBookings
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Conference
from sprechtag.conference.windows import stagger
from sprechtag.day.media import relay_hosts
from sprechtag.hosts.capacity import MediaData, answer


def spans(calls: int) -> list[tuple[int, int]]:
    return [(900, 910)] * calls


def test_the_servers_that_calls_ask_are_named_once() -> None:
    urls = [
        "stun:stun.nextcloud.com:443",
        "turn:turn.schule.example:3478?transport=udp",
        "turns:turn.schule.example:443",
    ]
    assert relay_hosts({"servers": [{"urls": urls[:1]}, {"urls": urls[1:]}]}) == [
        "stun.nextcloud.com",
        "turn.schule.example",
    ]
    assert relay_hosts({}) == []


def test_without_anything_entered_it_says_so_and_nothing_else() -> None:
    found = answer(spans(3), MediaData(), booked=True)
    assert not found.entered and (found.calls, found.starts) == (3, 3)


def test_a_turn_server_alone_can_be_too_little() -> None:
    found = answer(spans(80), MediaData(turn_mbit=20, backend_seconds=0.05, php_workers=100), booked=True)
    assert found.entered and [one.kind for one in found.findings if not one.fits] == ["turn"]


def test_the_school_of_2020() -> None:
    media = MediaData.model_validate(
        {
            "servers": [{"name": f"hpb{number}", "cores": 8, "calls": 20} for number in range(6)],
            "lines": [{"name": f"VDSL {number}", "up": 40, "down": 250} for number in range(6)],
            "participants": 2.0,
        }
    )
    found = answer(spans(80), media, booked=False)
    assert found.entered and not found.fits
    assert {one.kind for one in found.findings if not one.fits} == {"server_calls", "school_line"}
    assert any(one.help == "fewer_calls" and one.fits for one in found.advice)


def test_what_would_help_says_what_it_changes() -> None:
    lines = [{"name": "DSL", "up": 40}]
    found = answer(
        spans(40), MediaData.model_validate({"lines": lines, "backend_seconds": 2.4}), booked=True, hosts=range(40)
    )
    assert found.bears is not None and found.bears < 40
    help_ = {one.help: one for one in found.advice}
    assert help_["fewer_calls"].value <= found.bears
    lower = help_["lower_bit_rate"].bears if "lower_bit_rate" in help_ else None
    assert lower is None or lower > found.bears
    groups = help_["stagger"]
    assert [people for _, people in found.joining] == [100.0]
    assert [people for _, people in groups.joining] == [100.0 / groups.value] * int(groups.value)
    assert max(calls for _, calls in groups.over_time) == 20, "ten minutes, four groups five minutes apart"


def test_hundreds_of_calls_on_dozens_of_servers() -> None:
    """What took minutes before: the fullest of many servers is looked for by halving."""
    servers = [{"name": f"hpb{number}", "calls": 8} for number in range(38)]
    found = answer(spans(500), MediaData.model_validate({"servers": servers}), booked=True)
    assert not found.fits and found.bears == next(one.value for one in found.advice if one.help == "fewer_calls")


async def test_it_follows_the_bookings_and_staggering_spreads_the_starts(tmp_path: Path) -> None:
    async with open_stage(tmp_path, hosts=("t01", "t02", "t03")) as stage:
        path = f"{PROXY}sprechtag/api/v1/conferences/{stage.school.conference().public_id}"
        with stage.house.database.write() as session:
            administration.write(session, {"media": {"lines": [{"name": "DSL", "up": 1}]}})
        orga = stage.as_user("orga")

        async def plan(calls: str) -> dict[str, Any]:
            return dict((await orga.get(f"{path}/capacity?calls={calls}")).json())

        assert (await plan("booked"))["calls"] == 0 and (await plan("all"))["starts"] == 3
        headers = {"X-Requested-With": "x"}
        body = {"groups": 3, "minutes": 5}
        staggered = (await orga.post(f"{path}/stagger", json=body, headers=headers)).json()
        assert staggered["starts"] < 3
        begins = [stage.school.slots(host)[0].starts_at for host in ("t01", "t02", "t03")]
        assert [(one - begins[0]).total_seconds() / 60 for one in begins] == [0, 5, 10]
        await orga.post(f"{path}/stagger", json=body, headers=headers)
        assert [stage.school.slots(host)[0].starts_at for host in ("t01", "t02", "t03")] == begins, "not twice"
        stage.school.book(stage.school.slots("t01")[0], "a", "video")
        booked = await plan("booked")
        assert booked["calls"] == 1 and not booked["fits"] and booked["findings"][-1]["kind"] == "school_line"


def test_a_window_that_begins_minutes_before_midnight_does_not_go_on_in_the_morning(school: School) -> None:
    late = [TimeWindow(DAY, time(22), time(0)), TimeWindow(DAY + timedelta(days=1), time(23, 50), time(0))]
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        organise.edit(session, conference, replace(RULES, windows=late))
        stagger(session, conference, 2, 15)
    starts = [
        [slot.starts_at.astimezone(ZoneInfo("Europe/Berlin")) for slot in school.slots(host)] for host in ("t01", "t02")
    ]
    assert [start.time() for start in (starts[0][0], starts[0][-1])] == [time(22), time(23, 50)]
    assert starts[1][0].time() == time(22, 15) and {start.date() for start in starts[1]} == {DAY}


def test_staggering_never_takes_a_booked_time_away(school: School) -> None:
    school.book(school.slots("t02")[0], "a")
    with pytest.raises(HasBookings), school.database.write() as session:
        stagger(session, session.get_one(Conference, school.conference_id), 2, 5)
    assert school.slots("t02")[0].starts_at == school.slots("t01")[0].starts_at


def test_people_named_to_calls_come_on_top() -> None:
    media = MediaData(servers=[{"name": "hpb", "cores": 8, "calls": 20}], participants=2.0)  # type: ignore[list-item]
    alone, named = answer(spans(4), media, booked=True), answer(spans(4), media, booked=True, named=4)
    assert (named.joining[0][1], alone.joining[0][1]) == (12, 8)
