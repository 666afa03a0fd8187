# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Talk's bot tells and what a look at a room shows, on both databases."""

from datetime import timedelta

from sprechtag.conference.tables import Host
from sprechtag.conference.views import BookingView
from sprechtag.day import live, noted, pace, presence, timeline, turns
from sprechtag.planning.capacity import Setup
from underway import Day


def state(day: Day, view: BookingView) -> str:
    with day.database.read() as session:
        conference = day.school.conference()
        of_day = timeline.appointments(session, conference, timeline.today_of(conference, view.starts_at))
    return live.state(next(one for one in of_day if one.booking_id == view.id), day.school.clock.now)


def test_a_call_as_talk_tells_it(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=-1)
    day.arrive(view)
    assert state(day, view) == "waiting"
    day.at(view, seconds=10)
    day.heard(view, "call_started", "guests/abc")
    assert state(day, view) == "waiting"
    day.heard(view, "call_joined", f"users/{view.host_user_id}")
    assert state(day, view) == "in_call"
    day.at(view, minutes=8)
    day.heard(view, "call_left", "guests/abc")
    day.heard(view, "call_left", f"users/{view.host_user_id}")
    day.heard(view, "call_ended", "guests/abc")
    day.at(view, minutes=10)
    assert state(day, view) == "ended"


def test_doubled_events_and_those_in_the_wrong_order_change_nothing(day: Day) -> None:
    view = day.call(0)
    day.at(view, seconds=5)
    for what in ("call_joined", "call_started", "call_joined", "call_started"):
        day.heard(view, what, "guests/abc")
    assert state(day, view) == "waiting"
    day.goes_up(view)
    day.heard(view, "call_left", "guests/never-there")
    assert state(day, view) == "in_call"


def test_other_rooms_and_other_events_are_let_be(day: Day) -> None:
    view = day.call(0)
    day.at(view, seconds=5)
    with day.database.write() as session:
        assert not presence.heard(session, "unknown", "call_started", "guests/a", day.school.clock.now)
        assert presence.heard(session, "roomt010", "call_recording", "guests/a", day.school.clock.now)
    assert state(day, view) == "expected"


def test_nobody_is_named_in_what_is_kept(day: Day) -> None:
    view = day.call(0)
    day.at(view, seconds=5)
    day.goes_up(view)
    with day.database.read() as session:
        present = noted.of_booking(session, view.id).present
    assert "host" in present and not any("abc" in one or "guest" in one for one in present)


def test_a_lost_event_is_made_good_by_a_look_within_a_minute(day: Day) -> None:
    view, other = day.call(0), day.call(0, "t02")
    day.at(view, seconds=5)
    day.goes_up(view)
    with day.database.read() as session:
        assert presence.rooms_to_check(session, day.school.clock.now) == [other.id], "nothing was heard of it yet"
    with day.database.write() as session:
        presence.seen(session, other.id, [], day.school.clock.now)
        assert presence.rooms_to_check(session, day.school.clock.now) == []
    day.at(view, seconds=46)
    with day.database.write() as session:
        assert set(presence.rooms_to_check(session, day.school.clock.now)) == {view.id, other.id}
        presence.seen(session, view.id, [], day.school.clock.now)
    day.at(view, minutes=10)
    assert state(day, view) == "ended"


def test_few_rooms_are_looked_at_at_once_and_none_that_is_over(day: Day) -> None:
    views = [day.call(number) for number in range(12)]
    day.at(views[11], seconds=30)
    with day.database.write() as session:
        for view in views[:11]:
            presence.seen(session, view.id, [], view.ends_at)
        found = presence.rooms_to_check(session, day.school.clock.now)
    assert found == [views[11].id]
    assert len(found) <= presence.CHECKS_AT_ONCE


def test_a_media_server_that_counts_as_many_saves_the_look(day: Day) -> None:
    view = day.call(0)
    day.at(view, seconds=5)
    day.goes_up(view)
    day.at(view, minutes=2)
    with day.database.write() as session:
        presence.agree(noted.calls_in(session, ["roomt010"]), {"roomt010": 1}, day.school.clock.now)
        assert presence.rooms_to_check(session, day.school.clock.now) == [view.id]
        presence.agree(noted.calls_in(session, ["roomt010"]), {"roomt010": 2}, day.school.clock.now)
        assert presence.rooms_to_check(session, day.school.clock.now) == []


def test_turns_are_given_out_one_after_the_other_and_kept(day: Day) -> None:
    one, other = day.call(0), day.call(0, "t02")
    day.at(one, minutes=-1)
    setup = Setup(php_workers=1, backend_seconds=0.5)  # one a second
    with day.database.write() as session:
        given = [turns.arrive(session, view, view.starts_at, day.school.clock.now, setup) for view in (one, other, one)]
    assert [(turn - one.starts_at).total_seconds() for turn in given] == [0, 1, 0]


def test_slowing_down_spreads_those_who_have_a_turn(day: Day) -> None:
    views = [day.call(0, host) for host in ("t01", "t02")]
    day.at(views[0], minutes=-1)
    setup = Setup(php_workers=4, backend_seconds=0.5)  # four a second
    with day.database.write() as session:
        for view in views:
            turns.arrive(session, view, view.starts_at, day.school.clock.now, setup)
        turns.slow_down(session, "video", 0.25, day.school.clock.now, setup)
        given = [noted.of_booking(session, view.id).let_in_at for view in views]
    assert [(turn - views[0].starts_at).total_seconds() for turn in given] == [0, 1]


def test_however_often_it_is_slowed_down_nobody_waits_longer_than_twenty_seconds(day: Day) -> None:
    views = [day.call(number, host) for number in range(3) for host in ("t01", "t02")]
    begins, until = views[0].starts_at, views[-1].starts_at
    day.at(views[0], seconds=-10)
    setup = Setup(php_workers=1, backend_seconds=2)
    for _ in range(6):
        with day.database.write() as session:
            for view in views:
                turns.arrive(session, view, begins, day.school.clock.now, setup)
            for share in (0.5, 0.25, 1.0, 0.25):
                turns.slow_down(session, "video", share, day.school.clock.now, setup)
                turns.ask_pace(session, "video", share, day.school.clock.now, until, setup)
            given = [noted.of_booking(session, view.id).let_in_at for view in views]
        assert max(given) <= begins + pace.LONGEST
        day.school.clock.now += timedelta(seconds=4)


def test_what_a_person_asks_for_outlasts_a_server_s_trouble(day: Day) -> None:
    view = day.call(0)
    day.at(view, minutes=0)
    now = day.school.clock.now
    with day.database.write() as session:
        turns.ask_pace(session, "video", 0.5, now, now + timedelta(minutes=15), Setup())
        turns.slow_down(session, "video", 0.25, now + timedelta(seconds=5), Setup())
        shares = [turns.share_at(session, "video", now + timedelta(seconds=after)) for after in (10, 60, 901)]
    assert shares == [0.25, 0.5, 1.0]


def test_a_host_s_delay_is_for_that_day(day: Day) -> None:
    view = day.call(3)
    today = timeline.today_of(day.school.conference(), view.starts_at)
    with day.database.write() as session:
        host = session.get_one(Host, view.host_id)
        timeline.delay(session, host, today, 15)
        (one,) = timeline.appointments(session, day.school.conference(), today)
        assert one.begins == view.starts_at + timedelta(minutes=15)
        timeline.delay(session, host, today - timedelta(days=1), 15)
        (one,) = timeline.appointments(session, day.school.conference(), today)
        assert one.begins == view.starts_at
