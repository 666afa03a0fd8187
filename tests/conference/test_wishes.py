# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes instead of a race: entered until a deadline, assigned at once, looked at, then published."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from conftest import DAY, KEY, NOW, School
from sprechtag.conference import households, jobs, wishes
from sprechtag.conference.errors import Invalid, WishesFirst
from sprechtag.conference.families import Family, invite
from sprechtag.conference.lookup import find_host
from sprechtag.conference.person import Person
from sprechtag.conference.proof import OWN, Door
from sprechtag.conference.tables import Booking, Conference, Effect, Guest, GuestLetter, HostWish, WishRun

UNTIL = NOW + timedelta(days=2)
ALL_DAY = {DAY: (15 * 60, 17 * 60)}


@pytest.fixture
def wishing(school: School) -> School:
    school.change(booking_mode="wishes", wishes_until=UNTIL)
    return school


def enter(
    school: School, who: str, *hosts: str, available: wishes.Available = ALL_DAY, own: bool = True, child: str = ""
) -> int:
    with school.database.read() as session:
        found = [find_host(session, school.conference_id, host) for host in hosts]
    wished = wishes.Wished(found, child or f"Child {who}", "5b", available, "on_site", 5)

    def note(session: Session, conference: Conference, guest: Guest, door: Door) -> None:
        wishes.enter(session, conference, guest, wished, school.clock(), OWN if own else door)

    person = Person(f"Family {who}", f"{who}@post.example", "en")
    return school.desk.note(school.conference_id, person, note).guest_id


def run_of(school: School) -> tuple[int, wishes.Open]:
    school.clock.now = UNTIL
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        run = wishes.start_run(session, conference, 1, 0.1, school.clock())
        return run.id or 0, wishes.open_wishes(session, conference)


def ready(school: School, run_id: int, chosen: dict[str, int], unserved: dict[str, str]) -> None:
    with school.database.write() as session:
        run = session.get_one(WishRun, run_id)
        run.chosen, run.unserved, run.state = chosen, unserved, "ready"


def published(school: School, run_id: int) -> None:
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        job_id = wishes.publish(session, conference, session.get_one(WishRun, run_id), school.clock()).id
    jobs.run(school.database, job_id or 0, school.clock)


def test_nothing_is_booked_before_the_run_is_published(wishing: School) -> None:
    with pytest.raises(WishesFirst) as refused:
        wishing.book(wishing.slots()[0])
    assert not refused.value.over
    wishing.clock.now = UNTIL
    with pytest.raises(WishesFirst) as refused:
        wishing.book(wishing.slots()[0])
    assert refused.value.over


def test_wishes_are_taken_until_the_deadline(wishing: School) -> None:
    enter(wishing, "a", "t01")
    wishing.clock.now = UNTIL
    with pytest.raises(WishesFirst):
        enter(wishing, "b", "t01")


def test_entering_again_replaces_the_wishes_of_that_child_only(wishing: School) -> None:
    guest = enter(wishing, "a", "t01", "t02", child="Emre")
    enter(wishing, "a", "t02", child="Elif")
    enter(wishing, "a", "t02", child="emre")
    with wishing.database.read() as session:
        found = [(wish.child, host.user_id) for wish, host in wishes.of_guest(session, guest)]
    assert sorted(found) == [("Elif", "t02"), ("emre", "t02")]


def test_somebody_who_only_knows_the_address_changes_nothing(wishing: School) -> None:
    enter(wishing, "a", "t01", own=False)
    with pytest.raises(wishes.WishesBefore):
        enter(wishing, "a", "t02", own=False)


def test_only_times_when_the_family_can_come_are_open_to_it(wishing: School) -> None:
    enter(wishing, "a", "t01", available={DAY: (15 * 60 + 30, 16 * 60)})
    enter(wishing, "b", "t01", available={DAY + timedelta(days=1): (0, 1440)})
    _, found = run_of(wishing)
    assert [len(wish.slots) for wish in found.wishes] == [3, 0]


def test_a_run_needs_the_deadline_and_wishes(wishing: School) -> None:
    with wishing.database.write() as session:
        conference = session.get_one(Conference, wishing.conference_id)
        with pytest.raises(Invalid, match="wishes_still_open"):
            wishes.start_run(session, conference, 1, 1, wishing.clock())
        with pytest.raises(Invalid, match="no_wishes"):
            wishes.start_run(session, conference, 1, 1, UNTIL)


def test_publishing_books_everything_and_says_what_was_not_possible(wishing: School) -> None:
    first, second = enter(wishing, "a", "t01", "t02"), enter(wishing, "b", "t02")
    run_id, found = run_of(wishing)
    with wishing.database.read() as session:
        ids = {(wish.guest_id, wish.host_id): str(wish.id) for wish in session.exec(select(HostWish))}
    slot = found.slots[0].id
    ready(wishing, run_id, {ids[first, 1]: slot}, {ids[first, 2]: "clash", ids[second, 2]: "no_time"})
    published(wishing, run_id)
    view = wishing.view(1)
    assert (view.guest_id, view.child) == (first, "Child a")
    assert "Teacher t02: the remaining times overlapped" in view.message
    with wishing.database.read() as session:
        letters = [one for one in session.exec(select(GuestLetter)) if one.kind == "unserved"]
        assert [(one.guest_id, one.payload["lines"]) for one in letters] == [
            (second, ["Teacher t02: no free time when you can come"])
        ]
        assert {effect.kind for effect in session.exec(select(Effect))} == {"talk", "calendar", "mail"}
        assert session.get_one(Conference, wishing.conference_id).booking_mode == "assigned"
        assert session.get_one(WishRun, run_id).state == "published"
    # What is left is booked as usual.
    assert wishing.book(wishing.slots("t02")[5], "c").state == "active"


def test_a_time_that_was_lost_in_the_meantime_is_a_wish_not_served(wishing: School) -> None:
    guest = enter(wishing, "a", "t01")
    run_id, found = run_of(wishing)
    ready(wishing, run_id, {str(found.wishes[0].id): found.slots[0].id}, {})
    with wishing.database.write() as session:
        from sprechtag.conference.windows import block

        block(session, wishing.slots()[0], "host")
    published(wishing, run_id)
    with wishing.database.read() as session:
        assert session.exec(select(Booking)).all() == []
        assert [wish.outcome for wish, _ in wishes.of_guest(session, guest)] == ["gone"]


def test_a_result_can_be_thrown_away_and_made_anew(wishing: School) -> None:
    enter(wishing, "a", "t01")
    run_id, _ = run_of(wishing)
    with wishing.database.write() as session:
        conference = session.get_one(Conference, wishing.conference_id)
        with pytest.raises(wishes.RunIsOn):
            wishes.start_run(session, conference, 2, 1, wishing.clock())
        wishes.discard(session, session.get_one(WishRun, run_id))
        assert wishes.start_run(session, conference, 2, 1, wishing.clock()).seed == 2


def test_a_run_can_be_stopped_and_its_best_kept(wishing: School) -> None:
    enter(wishing, "a", "t01")
    run_id, found = run_of(wishing)
    with wishing.database.write() as session:
        run = session.get_one(WishRun, run_id)
        with pytest.raises(wishes.RunIsOn):
            wishes.stop(session, run, wishing.clock())
        run.chosen, run.progress = {str(found.wishes[0].id): found.slots[0].id}, {"phase": "start"}
        wishes.stop(session, run, wishing.clock())
    published(wishing, run_id)
    assert wishing.view(1).state == "active"


def test_what_was_entered_goes_with_the_family(wishing: School) -> None:
    guest = enter(wishing, "a", "t01")
    with wishing.database.write() as session:
        session.delete(session.get_one(Guest, guest))
    with wishing.database.read() as session:
        assert session.exec(select(HostWish)).all() == []


def test_of_two_households_the_first_to_wish_sees_the_childs_teacher(wishing: School) -> None:
    wishing.change(limit_per="child")
    with wishing.database.write() as session:
        ada, bea = (
            invite(session, wishing.conference(), Family(f"Family {who}", f"{who}@post.example", "Mia"), KEY)[0]
            for who in "ab"
        )
        households.link(session, ada, bea, NOW, shared=False)
    first = enter(wishing, "a", "t01", child="Mia")
    second = enter(wishing, "b", "t01", "t02", child="Mia")
    run_id, found = run_of(wishing)
    assert [one.guest_id for one in found.wishes] == [first, second], "the second one's t02 is left"
    chosen, unserved = {str(one.id): one.slots[0] for one in found.wishes}, dict[str, str]()
    wishes.serve_later(found, chosen, unserved)
    ready(wishing, run_id, chosen, unserved)
    published(wishing, run_id)
    with wishing.database.read() as session:
        outcomes = {wish.outcome for wish, host in wishes.of_guest(session, second) if host.user_id == "t01"}
        assert outcomes == {wishes.OF_OTHER}
        booking = session.exec(select(Booking).where(Booking.guest_id == second)).one()
        assert "der andere Haushalt Ihrer Familie" in booking.message


def of_two_households(school: School, available: wishes.Available = ALL_DAY) -> tuple[int, int]:
    """Both wish for t01 and the same child; the first can come then."""
    school.change(limit_per="child")
    with school.database.write() as session:
        ada, bea = (
            invite(session, school.conference(), Family(f"Family {who}", f"{who}@post.example", "Mia"), KEY)[0]
            for who in "ab"
        )
        households.link(session, ada, bea, NOW, shared=False)
    return enter(school, "a", "t01", child="Mia", available=available), enter(school, "b", "t01", child="Mia")


def test_where_the_first_household_cannot_come_the_second_ones_wish_is_one_like_all(wishing: School) -> None:
    both = of_two_households(wishing, {DAY: (8 * 60, 9 * 60)})
    _, found = run_of(wishing)
    assert tuple(one.guest_id for one in found.wishes) == both and found.later == []


def test_where_the_run_does_not_serve_the_first_household_the_second_one_gets_what_is_left(wishing: School) -> None:
    of_two_households(wishing)
    _, found = run_of(wishing)
    (later,) = found.later
    (first,) = found.wishes
    chosen: dict[str, int] = {}
    wishes.serve_later(found, chosen, {})
    assert chosen == {str(later.wish.id): later.wish.slots[0]}
    for slots, expected in ((later.wish.slots[:1], later.wish.slots[1]), (later.wish.slots, None)):
        chosen = {str(900 + number): slot for number, slot in enumerate(slots)}
        unserved: dict[str, str] = {}
        wishes.serve_later(found, chosen, unserved)
        assert chosen.get(str(later.wish.id)) == expected
        assert unserved == ({} if expected else {str(later.wish.id): "full"})
    chosen, unserved = {str(first.id): first.slots[3]}, {}
    wishes.serve_later(found, chosen, unserved)
    assert unserved == {str(later.wish.id): wishes.OF_OTHER}
