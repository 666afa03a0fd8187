# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Several hosts at once: all or nothing."""

import pytest

from conftest import NOW, School, timedelta
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import BookingNotOpen, GuestBusy, LimitReached, SlotTaken
from sprechtag.conference.families import Family, invite
from sprechtag.conference.lookup import find_host
from sprechtag.conference.named import name_host
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Conference, Guest, Slot

WHO = Person("Family a", "a@post.example", "en")


def picks(*slots: Slot, child: str = "Child", key: str = "k") -> list[Pick]:
    return [Pick(slot.public_id, "on_site", child, "5b", key) for slot in slots]


def test_it_works(school: School) -> None:
    first, second = school.slots("t01")[0], school.slots("t02")[3]
    booked = school.desk.book_all(school.conference_id, WHO, picks(second, first))
    assert [school.view(one.booking_id).host_user_id for one in booked] == ["t02", "t01"]
    assert {one.new_guest for one in booked} == {True} and len({one.guest_id for one in booked}) == 1


def test_one_lost_time_books_nothing(school: School) -> None:
    first, second = school.slots("t01")[0], school.slots("t02")[3]
    school.book(second, "faster")
    with pytest.raises(SlotTaken):
        school.desk.book_all(school.conference_id, WHO, picks(first, second))
    assert school.book(first, "b").state == "active"
    with school.database.read() as session:
        assert session.query(Guest).filter_by(name="Family a").count() == 0


def test_two_at_the_same_time_book_nothing(school: School) -> None:
    with pytest.raises(GuestBusy):
        school.desk.book_all(school.conference_id, WHO, picks(school.slots("t01")[2], school.slots("t02")[2]))
    assert school.book(school.slots("t01")[2], "b").state == "active"


def test_the_same_form_again_books_once(school: School) -> None:
    both = picks(school.slots("t01")[0], school.slots("t02")[3], key="form")
    first = school.desk.book_all(school.conference_id, WHO, both)
    again = school.desk.book_all(school.conference_id, WHO, both)
    assert [one.booking_id for one in again] == [one.booking_id for one in first]
    assert all(one.repeated for one in again)


def test_several_children_see_the_same_host(school: School) -> None:
    """The limit with one host holds for each child; a family with two children in one class needs two talks."""
    slots = school.slots("t01")
    guest = school.desk.book_all(school.conference_id, WHO, picks(slots[0], child="Emre", key="1"))[0].guest_id
    school.desk.book_all_again(guest, picks(slots[2], child="Elif", key="2"))
    with pytest.raises(LimitReached):
        school.desk.book_all_again(guest, picks(slots[4], child="emre", key="3"))


def test_a_family_that_a_host_asks_for_books_early(school: School) -> None:
    school.change(opens_at=NOW + timedelta(days=3), priority_from=NOW + timedelta(days=1))
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        guest, _ = invite(session, conference, Family("Kaya", "k@post.example"), school.desk.links)
        name_host(session, guest, find_host(session, school.conference_id, "t01"), asked=True)
        guest_id = guest.id or 0
    first, other = school.slots("t01")[0], school.slots("t02")[4]
    with pytest.raises(BookingNotOpen) as refused:
        school.desk.book_all_again(guest_id, picks(first))
    assert refused.value.opens_at == NOW + timedelta(days=1)
    school.clock.now = NOW + timedelta(days=2)
    assert school.desk.book_all_again(guest_id, picks(first, key="early"))
    with pytest.raises(BookingNotOpen):
        school.desk.book_all_again(guest_id, picks(other, key="other"))
