# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which alarms stand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sprechtag.day.alarms import ServerNow, lines_used, standing
from sprechtag.day.metrics import Rates
from sprechtag.planning.capacity import Line

from .test_live import BOTH, START, appointment, at


def kinds(servers: list[ServerNow] | None = None, lines: list[Line] | None = None) -> list[tuple[str, str]]:
    return [(one.kind, one.about) for one in standing([], servers or [], lines or [], at(1))]


def test_when_all_is_well_there_is_none() -> None:
    grown = {"answers": 100, "slow_answers": 5, "offers_asked": 40, "joins": 20, "ice_failed": 2}
    fine = ServerNow("one", [{"sessions": 10, "seated": 10, "pool": 2}] * 2, Rates(out_mbit=20, load=0.4, grown=grown))
    assert kinds([fine], [Line("a", 40, 250)]) == []


def test_calls_that_are_not_up_a_minute_after_their_start() -> None:
    up = [appointment(0, host_id=n, arrived_at=at(0), present=BOTH, up_at=at(0)) for n in range(8)]
    waiting = [appointment(0, host_id=10 + n, arrived_at=at(0)) for n in range(3)]
    assert standing(up + waiting, [], [], START + timedelta(seconds=59)) == []
    (alarm,) = standing(up + waiting, [], [], START + timedelta(seconds=60))
    assert alarm.kind == "calls_not_up"
    assert alarm.facts == {"missing": 3, "due": 11, "without_host": 3}
    assert standing(up + waiting[:1], [], [], at(1)) == []
    absent = [appointment(0) for _ in range(5)]
    assert standing(up + absent, [], [], at(1)) == []


def test_hosts_who_are_still_in_another_appointment_are_late_and_no_alarm() -> None:
    running = [appointment(0, host_id=n, arrived_at=at(0), present=BOTH, up_at=at(0)) for n in range(6)]
    after = [appointment(1, host_id=n, arrived_at=at(9)) for n in range(6)]
    assert standing(running + after, [], [], at(12)) == []
    over = [replace(one, present=[], left_at=at(10)) for one in running]
    assert [one.kind for one in standing(over + after, [], [], at(12))] == ["calls_not_up"]


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (ServerNow("one", [{}, {}]), "server_silent"),
        (ServerNow("one", [{"rooms": 19}], limit=20), "server_full"),
        (ServerNow("one", [{"rooms": 1}], Rates(load=0.95)), "server_full"),
        (ServerNow("one", [{"pool": 8}, {"pool": 8}]), "joining_stuck"),
        (ServerNow("one", [{"sessions": 20, "seated": 4}]), "joining_stuck"),
        (ServerNow("one", [{"rooms": 1}], Rates(grown={"answers": 40, "slow_answers": 3})), "joining_stuck"),
        (ServerNow("one", [{"rooms": 1}], Rates(grown={"timeouts": 1})), "joining_stuck"),
        (ServerNow("one", [{"rooms": 1}], Rates(grown={"offers_asked": 70, "joins": 10})), "joining_stuck"),
        (ServerNow("one", [{"rooms": 1}], Rates(grown={"ice_failed": 2, "dtls_failed": 1})), "ice_failing"),
    ],
)
def test_a_server_in_trouble(server: ServerNow, kind: str) -> None:
    assert kinds([server]) == [(kind, "one")]


def test_one_lost_answer_is_no_alarm() -> None:
    assert kinds([ServerNow("one", [{"rooms": 1}, {}])]) == []
    assert kinds([ServerNow("one", [{"pool": 2}, {"pool": 8}])]) == []


def test_a_line_is_its_servers_where_one_stands_behind_each() -> None:
    servers = [ServerNow(str(n), [{"rooms": 1}], Rates(out_mbit=used)) for n, used in enumerate((33.0, 10.0))]
    lines = [Line("DSL 1", 40, 250), Line("DSL 2", 40, 250)]
    assert kinds(servers, lines) == [("line_full", "DSL 1")]
    assert lines_used(servers, lines[:1]) == [("DSL 1", 43.0, 40)]
    assert kinds(servers, [Line("Fibre", 100, 100)]) == []
