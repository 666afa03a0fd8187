# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The day is watched: readings, the pace, alarms and who is told."""

from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from conftest import notices
from sprechtag.conference.tables import Alarm
from sprechtag.day import noted, readings, turns
from sprechtag.day.media import setup_of
from sprechtag.day.observer import note_alarms, servers_now
from underway import MEDIA, Day


def alarms(day: Day) -> list[tuple[str, str, bool]]:
    with day.database.read() as session:
        rows = session.execute(select(Alarm).order_by(col(Alarm.id))).scalars()
        return [(one.kind, one.about, one.ended_at is None) for one in rows]


def told(day: Day) -> list[str]:
    return [user_id for user_id, _ in notices(day.database, "alarm")]


def go_on(day: Day, seconds: float, every: float = 5.0) -> None:
    for _ in range(int(seconds / every)):
        day.school.clock.now += timedelta(seconds=every)
        day.observer.look()


def test_while_no_conference_is_on_nobody_is_asked(day: Day) -> None:
    day.servers.silent = {"hpb1", "hpb2"}
    assert not day.observer.look()
    assert alarms(day) == []


def test_a_silent_server_is_an_alarm_within_fifteen_seconds_told_once_and_over_when_it_is_back(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=1)
    go_on(day, 10)
    assert alarms(day) == []
    day.servers.silent = {"hpb2"}
    go_on(day, 10)
    assert alarms(day) == [("server_silent", "hpb2", True)]
    assert told(day) == ["orga"]
    go_on(day, 60)
    assert len(told(day)) == 1
    day.servers.silent = set()
    go_on(day, 40)
    assert alarms(day) == [("server_silent", "hpb2", False)]
    day.servers.silent = {"hpb2"}
    go_on(day, 10)
    assert alarms(day) == [("server_silent", "hpb2", True)] and len(told(day)) == 1


def test_calls_that_do_not_come_up_are_an_alarm(day: Day) -> None:
    views = [day.call(0, host) for host in ("t01", "t02")]
    day.at(views[0], seconds=-30)
    for view in views:
        day.arrive(view)
    day.at(views[0], seconds=50)
    go_on(day, 5)
    assert alarms(day) == []
    go_on(day, 15)
    assert alarms(day) == [("calls_not_up", "", True)]
    for view in views:
        day.goes_up(view)
    go_on(day, 40)
    assert alarms(day) == [("calls_not_up", "", False)]


def test_a_full_pool_halves_the_pace_and_its_end_restores_it(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=1)
    day.servers.says["hpb1"] = (
        '# TYPE signaling_http_client_pool_connections gauge\nsignaling_http_client_pool_connections{host="x"} 8\n'
    )
    go_on(day, 10)
    with day.database.read() as session:
        shares = [turns.share_at(session, name, day.school.clock.now) for name in ("hpb1", "hpb2")]
    assert shares == [0.5, 1.0]
    day.servers.says = {}
    go_on(day, 60)
    with day.database.read() as session:
        assert turns.share_at(session, "hpb1", day.school.clock.now) == 1.0


def test_where_a_room_is_seen_there_its_families_wait(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=1)
    day.servers.says["hpb2"] = '# TYPE signaling_room_sessions gauge\nsignaling_room_sessions{room="roomt010"} 1\n'
    go_on(day, 5)
    with day.database.write() as session:
        turns.arrive(session, view, view.starts_at, day.school.clock.now, setup_of(MEDIA))
        assert noted.of_booking(session, view.id).server == "hpb2"
    day.servers.says = {"hpb1": day.servers.says["hpb2"]}
    day.at(view, minutes=1, seconds=5)
    go_on(day, 5)
    with day.database.read() as session:
        assert noted.of_booking(session, view.id).server == "hpb1"


def test_readings_are_kept_for_an_hour_and_a_bit(day: Day) -> None:
    view, _ = day.call(0), day.call(8)
    day.at(view, minutes=1)
    day.observer.look()
    first = day.school.clock.now
    day.at(view, minutes=80)
    day.observer.look()
    with day.database.read() as session:
        assert all(one.at > first for some in readings.readings(session, first).values() for one in some)


def test_a_second_source_adds_to_the_first(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=1)
    day.observer.look()
    with day.database.read() as session:
        second = servers_now(readings.readings(session, view.starts_at), MEDIA, day.school.clock.now)[1]
    assert second.reading == {"rooms": 0, "node_load": 0.5}
    with day.database.write() as session:
        assert not note_alarms(session, day.school.conference(), [], day.school.clock.now)
