# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of what is due, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import literal, select, union_all

from sprechtag.database import Database
from sprechtag.errands import queue
from sprechtag.errands.queue import Put, due_of
from sprechtag.errands.table import Errand
from sprechtag.errands.testing import open_errands

NOW = datetime(2027, 1, 13, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def put(database: Database, *errands: Put) -> None:
    with database.write() as session:
        queue.put(session, *errands)


def claim(database: Database, now: datetime = NOW, seats: int = 100, holder: str = "one") -> list[Errand]:
    left = [seats]

    def sit(_kind: str) -> bool:
        left[0] -= 1
        return left[0] >= 0

    with database.write() as session:
        return queue.claim(session, ["booking", "mail"], sit, holder, now + MINUTE, now, [])


def done(database: Database, errand: Errand, again_at: datetime | None = None) -> None:
    with database.write() as session:
        queue.done(session, errand, NOW, again_at)


def opened(database: Database) -> list[str]:
    with database.read() as session:
        return [one.key for one in open_errands(session)]


def test_what_is_put_is_claimed_once_and_gone_when_it_is_done(database: Database) -> None:
    put(database, Put("booking", "1", NOW))
    (errand,) = claim(database)
    assert (errand.kind, errand.key, errand.attempts) == ("booking", "1", 1)
    assert claim(database) == []
    done(database, errand)
    assert opened(database) == []


def test_nothing_is_claimed_before_it_is_due(database: Database) -> None:
    put(database, Put("booking", "1", NOW + MINUTE))
    assert claim(database) == []
    assert len(claim(database, NOW + MINUTE)) == 1


def test_putting_what_is_open_only_makes_it_due_earlier(database: Database) -> None:
    put(database, Put("booking", "1", NOW + MINUTE))
    put(database, Put("booking", "1", NOW + 2 * MINUTE), Put("booking", "1", NOW))
    with database.read() as session:
        assert due_of(session, "booking", "1") == NOW
        assert len(open_errands(session)) == 1


def test_what_is_put_while_it_runs_runs_once_more(database: Database) -> None:
    put(database, Put("booking", "1", NOW))
    (errand,) = claim(database)
    put(database, Put("booking", "1", NOW))
    done(database, errand)
    (again,) = claim(database)
    done(database, again)
    assert opened(database) == []


def test_what_is_rolled_back_was_never_put(database: Database) -> None:
    with database.write() as session:
        queue.put(session, Put("booking", "1", NOW))
        session.rollback()
    assert opened(database) == []


def test_one_of_a_lane_runs_at_a_time(database: Database) -> None:
    put(database, *(Put("booking", str(number), NOW, "host:1") for number in range(3)), Put("booking", "9", NOW))
    first, beside = claim(database)
    assert {first.lane, beside.lane} == {"host:1", "booking:9"}
    assert claim(database, holder="another") == []
    done(database, first)
    (second,) = claim(database)
    assert second.lane == "host:1"


def test_a_lane_with_many_before_it_holds_nobody_up(database: Database) -> None:
    put(database, *(Put("booking", str(number), NOW, "host:1") for number in range(700)))
    put(database, Put("mail", "last", NOW + timedelta(seconds=1)))
    now = NOW + MINUTE
    first = claim(database, now)
    assert len(first) == 1
    assert [one.key for one in claim(database, now)] == ["last"]


def test_the_lowest_rank_comes_first(database: Database) -> None:
    put(database, Put("mail", "new", NOW, "a", rank=1), Put("mail", "letter", NOW, "b", rank=2))
    put(database, Put("mail", "cancelled", NOW + timedelta(seconds=5), "c", rank=0))
    assert [one.key for one in claim(database, NOW + MINUTE, seats=2)] == ["cancelled", "new"]


def test_a_lease_that_has_run_out_is_anybodys_and_its_former_holder_settles_nothing(database: Database) -> None:
    put(database, Put("booking", "1", NOW))
    (dead,) = claim(database)
    (taken,) = claim(database, NOW + 2 * MINUTE, holder="another")
    assert taken.attempts == 2
    done(database, dead)
    assert opened(database) == ["1"]
    done(database, taken)
    assert opened(database) == []


def test_who_says_that_it_lives_keeps_its_lease(database: Database) -> None:
    put(database, Put("booking", "1", NOW))
    (errand,) = claim(database)
    with database.write() as session:
        queue.keep(session, [errand.id or 0], "one", NOW + 10 * MINUTE)
    assert claim(database, NOW + 5 * MINUTE, holder="another") == []


def test_a_trouble_is_noted_in_words_and_pushes_its_own_time_only(database: Database) -> None:
    put(database, Put("booking", "1", NOW), Put("booking", "2", NOW))
    first, second = claim(database)
    with database.write() as session:
        queue.later(session, first, NOW + MINUTE, NOW, "Nextcloud does not answer.")
        queue.done(session, second, NOW)
        (trouble,) = queue.troubles(session)
    assert (trouble.kind, trouble.problem, trouble.count, trouble.since) == (
        "booking",
        "Nextcloud does not answer.",
        1,
        NOW,
    )
    assert claim(database) == []
    (again,) = claim(database, NOW + MINUTE)
    assert again.attempts == 2


def test_not_yet_is_no_try(database: Database) -> None:
    put(database, Put("mail", "1", NOW))
    (errand,) = claim(database)
    with database.write() as session:
        queue.later(session, errand, NOW + MINUTE, NOW, counts=False)
    (again,) = claim(database, NOW + MINUTE)
    assert again.attempts == 1 and again.problem == ""


def test_a_whole_lane_waits_with_the_one_that_found_it_full(database: Database) -> None:
    put(database, Put("mail", "1", NOW, "family:1"), Put("mail", "2", NOW, "slow"), Put("mail", "3", NOW, "fast"))
    found = {one.key: one for one in claim(database)}
    with database.write() as session:
        queue.later(session, found["2"], NOW, NOW, counts=False)
        queue.later(session, found["1"], NOW + MINUTE, NOW, counts=False)
        queue.into_lane(session, found["1"], "slow", NOW + MINUTE, all_of_lane=True)
    assert claim(database) == []
    assert [one.lane for one in claim(database, NOW + MINUTE) if one.lane == "slow"] == ["slow"]


def test_many_are_put_by_one_statement_and_what_is_open_stays(database: Database) -> None:
    put(database, Put("mail", "2", NOW + MINUTE, "mine"))
    rows = union_all(*(select(literal(n).label("key"), literal(f"l{n}").label("lane")) for n in (1, 2, 3))).subquery()
    with database.write() as session:
        assert queue.put_missing(session, "mail", select(rows), NOW) == 2
        assert queue.put_missing(session, "mail", select(rows), NOW) == 0
        assert due_of(session, "mail", "2") == NOW + MINUTE
    assert sorted(opened(database)) == ["1", "2", "3"]


def test_what_makes_no_sense_any_more_goes(database: Database) -> None:
    put(database, Put("mail", "1", NOW, expires_at=NOW + MINUTE), Put("mail", "2", NOW))
    with database.write() as session:
        assert queue.forget_expired(session, NOW + 2 * MINUTE) == 1
    assert opened(database) == ["2"]


def test_a_clock_that_was_set_back_lets_nobody_wait_an_hour(database: Database) -> None:
    put(database, Put("mail", "1", NOW), Put("mail", "2", NOW), Put("mail", "tomorrow", NOW + timedelta(days=1)))
    assert len(claim(database)) == 2
    earlier = NOW - timedelta(hours=1)
    with database.write() as session:
        queue.clock_went_back(session, NOW, earlier)
    assert len(claim(database, earlier, holder="another")) == 2
    with database.read() as session:
        assert due_of(session, "mail", "tomorrow") == NOW + timedelta(days=1)


def test_when_the_next_one_is_due(database: Database) -> None:
    with database.read() as session:
        assert queue.next_due(session, ["mail"]) is None
    put(database, Put("mail", "1", NOW + MINUTE), Put("booking", "1", NOW))
    with database.read() as session:
        assert queue.next_due(session, ["mail"]) == NOW + MINUTE
    claim(database)
    with database.read() as session:
        assert queue.next_due(session, ["booking"]) == NOW + MINUTE, "when its lease ends"
