# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two households of one family: the children are theirs in common, and a limit for a child holds whoever books."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from conftest import KEY, School
from sprechtag.conference import children, families, households
from sprechtag.conference.booking import Pick
from sprechtag.conference.children import Pupil
from sprechtag.conference.errors import LimitReached, OtherFamily, Refused
from sprechtag.conference.families import Family
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Child, Guest, GuestLetter, Kin, Slot
from sprechtag.conference.views import bookings_of_other_household
from sprechtag.errands.table import Errand
from sprechtag.privacy.family import ChildCorrection, Correction, correct, erase, export

MIA, BEN = Pupil("Mia", "5b"), Pupil("Ben", "8c")


def enter(session: Session, school: School, name: str, *pupils: Pupil) -> Guest:
    family = Family(name, f"{name}@post.example", siblings=pupils)
    return families.invite(session, school.conference(), family, KEY)[0]


def two_households(school: School, *, shared: bool = True) -> tuple[int, int]:
    with school.database.write() as session:
        ada, bea = enter(session, school, "ada", MIA, BEN), enter(session, school, "bea")
        households.link(session, ada, bea, school.clock(), shared=shared)
        return ada.id or 0, bea.id or 0


def book(school: School, guest_id: int, slot: Slot, child: str = "Mia") -> int:
    return school.desk.book_again(guest_id, Pick(slot.public_id, "on_site", child, "5b", "")).booking_id


def letters_to(school: School, guest_id: int) -> int:
    with school.database.read() as session:
        mine = (col(GuestLetter.guest_id) == guest_id, col(GuestLetter.kind) == "household")
        return session.execute(select(func.count()).select_from(GuestLetter).where(*mine)).scalar_one()


def seen_by(school: School, guest_id: int) -> list[tuple[str, str]]:
    with school.database.read() as session:
        views = bookings_of_other_household(session, session.get_one(Guest, guest_id))
    secrets = [view.guest_name + view.guest_email + view.guest_phone + view.topic + view.code for view in views]
    assert not any(secrets)
    return [(view.host_user_id, view.child) for view in views]


def test_each_household_may_book_where_the_limit_is_its_own(school: School) -> None:
    ada, bea = two_households(school)
    book(school, ada, school.slots()[0])
    book(school, bea, school.slots()[1])


def test_a_limit_for_the_child_holds_whichever_household_books(school: School) -> None:
    school.change(limit_per="child")
    ada, bea = two_households(school)
    booked = book(school, ada, school.slots()[0])
    with pytest.raises(LimitReached) as refused:
        book(school, bea, school.slots()[1], "mia")
    assert refused.value.by_other
    book(school, bea, school.slots()[1], "Ben")
    book(school, bea, school.slots("t02")[0])
    school.desk.cancel(booked)
    book(school, bea, school.slots()[2])


def test_two_households_at_the_same_moment_cannot_both_win(school: School) -> None:
    school.change(limit_per="child")
    both = two_households(school)
    slots = school.slots()

    def press(number: int) -> bool:
        try:
            book(school, both[number % 2], slots[number])
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(press, range(4))) == 1


def test_one_sees_and_is_written_what_the_other_books_for_their_children(school: School) -> None:
    ada, bea = two_households(school)
    booked = book(school, ada, school.slots()[0])
    book(school, ada, school.slots("t02")[4], "Kim")
    assert seen_by(school, bea) == [("t01", "Mia")] and seen_by(school, ada) == []
    assert (letters_to(school, bea), letters_to(school, ada)) == (1, 0)
    school.clock.now += timedelta(minutes=1)
    school.desk.cancel(booked)
    assert seen_by(school, bea) == [] and letters_to(school, bea) == 2


def test_a_cancellation_that_may_be_taken_back_is_told_when_it_stands(school: School) -> None:
    school.change(mails_wait=True)
    ada, bea = two_households(school)
    booked = book(school, ada, school.slots()[0])
    school.clock.now += timedelta(minutes=1)
    school.desk.cancel(booked, by_guest=False)
    with school.database.read() as session:
        letter = (
            select(col(GuestLetter.id)).where(col(GuestLetter.guest_id) == bea).order_by(col(GuestLetter.id).desc())
        )
        key = str(session.execute(letter).scalars().first())
        due = session.execute(select(col(Errand.due_at)).where(col(Errand.kind) == "letter", col(Errand.key) == key))
        assert due.scalar_one() == school.clock.now + timedelta(minutes=10)


def test_what_is_taken_back_in_time_the_other_household_never_hears_of(school: School) -> None:
    school.change(mails_wait=True)
    ada, bea = two_households(school)
    booked = [book(school, ada, school.slots()[0]), book(school, ada, school.slots("t02")[4])]
    told = letters_to(school, bea)
    school.clock.now += timedelta(minutes=1)
    school.desk.cancel(booked[0], by_guest=False)
    with school.database.read() as session:
        guest = session.get_one(Guest, bea)
        letter = session.execute(select(GuestLetter).order_by(col(GuestLetter.id).desc())).scalars().first()
        cancelled_at = datetime.fromisoformat(letter.payload["cancelled_at"])
        assert not households.is_taken_back(session, guest, cancelled_at)
    school.clock.now += timedelta(minutes=1)
    school.desk.restore(booked[0])
    with school.database.read() as session:
        assert households.is_taken_back(session, session.get_one(Guest, bea), cancelled_at)
    assert letters_to(school, bea) == told + 1, "the one that is not needed any more"


def test_an_offer_to_the_other_household_ends_with_the_limit(school: School) -> None:
    school.change(limit_per="child", waiting_list=True)
    ada, bea = two_households(school)
    mine, theirs = school.slots("t01")[:2]
    others = [school.book(slot, f"x{slot.id}").id for slot in school.slots("t01")]
    school.desk.wait(school.conference_id, mine.host_id, bea, "Mia", "5b")
    school.desk.cancel(others[1])
    assert school.slots("t01")[1].held_for == bea
    school.desk.cancel(others[0])
    book(school, ada, mine)
    assert school.slots("t01")[1].held_for is None and not school.slots("t01")[1].blocked
    book(school, bea, theirs, "Ben")


def test_nothing_is_told_where_nobody_has_said_so(school: School) -> None:
    ada, bea = two_households(school, shared=False)
    book(school, ada, school.slots()[0])
    assert seen_by(school, bea) == [] and letters_to(school, bea) == 0


def test_what_a_stranger_books_with_an_address_touches_the_other_household_in_nothing(school: School) -> None:
    school.change(limit_per="child")
    _, bea = two_households(school)
    pick = Pick(school.slots()[0].public_id, "on_site", "Mia", "5b", "")
    school.desk.book(school.conference_id, Person("Ada", "ada@post.example", "de"), pick, visitor="192.0.2.1")
    assert seen_by(school, bea) == [] and letters_to(school, bea) == 0
    book(school, bea, school.slots()[1])


def test_only_what_belongs_together_is_linked_and_parted_again(school: School) -> None:
    ada, bea = two_households(school)
    with school.database.write() as session:
        first, second = session.get_one(Guest, ada), session.get_one(Guest, bea)
        third, fourth = enter(session, school, "cem"), enter(session, school, "dua", Pupil("Kim"))
        with pytest.raises(OtherFamily):
            households.link(session, first, third, school.clock(), shared=True)
        with pytest.raises(OtherFamily):
            households.link(session, enter(session, school, "eva", MIA), fourth, school.clock(), shared=True)
        households.part(session, second, school.clock())
        assert [child.name for child in children.of_guest(session, second)] == ["Mia", "Ben"]
        assert households.other_of(session, first) is None and first.kin_id != second.kin_id


def test_a_child_is_corrected_for_both_and_goes_with_the_last_of_them(school: School) -> None:
    ada, bea = two_households(school)
    book(school, ada, school.slots()[0])
    book(school, bea, school.slots("t02")[0])
    with school.database.write() as session:
        guest = session.get_one(Guest, bea)
        wanted = Correction(guest.name, guest.email, children=(ChildCorrection("Mia", "Mia Lena", "6b"),))
        correct(session, guest, wanted, KEY, school.clock())
        rows = session.execute(select(col(Booking.child), col(Booking.school_class))).tuples()
        assert list(rows) == [("Mia Lena", "6b")] * 2
        assert {"name": "Mia Lena", "school_class": "6b"} in [
            row for part in export(session, guest)["kept"] for row in part["rows"]
        ]
        erase(session, guest, school.clock(), "school")
        assert session.execute(select(func.count()).select_from(Child)).scalar_one() == 2
        erase(session, session.get_one(Guest, ada), school.clock(), "school")
        assert not session.execute(select(Child)).all() and not session.execute(select(Kin)).all()


def test_another_child_of_the_other_household_keeps_its_name(school: School) -> None:
    """Ben is the other household's alone; this one has typed a Ben of its own once."""
    with school.database.write() as session:
        ada, bea = enter(session, school, "ada", Pupil("Mia", "5b")), enter(session, school, "bea")
        households.link(session, ada, bea, school.clock(), shared=False)
        theirs, mine = bea.id or 0, ada.id or 0
    pick = Pick(school.slots()[1].public_id, "on_site", "Ben", "1a", "")
    made = school.desk.book_again(theirs, pick).booking_id
    with school.database.write() as session:
        guest = session.get_one(Guest, mine)
        wanted = Correction(guest.name, guest.email, "", (ChildCorrection("Ben", "Xaver", "9z"),))
        correct(session, guest, wanted, KEY, school.clock(), rewrite_events=False)
    assert school.view(made).child == "Ben"
