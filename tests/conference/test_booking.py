# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from conftest import KEY, NOW, School, make_school
from sprechtag.conference import organise, rules, ruleset
from sprechtag.conference.booking import Desk, Pick
from sprechtag.conference.errors import (
    AlreadyCancelled,
    BookingClosed,
    BookingNotOpen,
    GuestBusy,
    HasBookings,
    Invalid,
    LimitReached,
    NotFound,
    PlaceNotOffered,
    SlotBlocked,
    SlotTaken,
    TooLate,
)
from sprechtag.conference.kept import Keeper
from sprechtag.conference.person import Person
from sprechtag.conference.proof import by_token
from sprechtag.conference.slots import TimeSpan
from sprechtag.conference.tables import Booking, Effect, Guest, GuestMinute, Host
from sprechtag.database import Database
from sprechtag.errands import queue
from sprechtag.errands.testing import open_errands


def test_it_works(school: School) -> None:
    view = school.book(school.slots()[0])
    assert (view.state, view.place, view.revision, view.host_user_id) == ("active", "on_site", 1, "t01")
    assert view.starts_at == datetime(2027, 1, 13, 14, tzinfo=UTC)


def test_every_effect_is_due_after_booking(school: School) -> None:
    view = school.book(school.slots()[0])
    with school.database.read() as session:
        effects = session.execute(select(Effect).where(col(Effect.booking_id) == view.id)).scalars().all()
    assert {effect.kind for effect in effects} == {"calendar", "talk", "mail"}
    assert all(effect.applied_revision == 0 for effect in effects)


def test_a_taken_slot_names_the_nearest_free_ones(school: School) -> None:
    slots = school.slots()
    for number in (2, 3):
        school.book(slots[number], f"x{number}")
    with pytest.raises(SlotTaken) as refused:
        school.book(slots[2], "b")
    assert refused.value.free_next == [slots[number].starts_at for number in (4, 5, 6)]


def test_the_database_itself_refuses_two_active_bookings_of_a_slot(school: School) -> None:
    view = school.book(school.slots()[0])
    with pytest.raises(IntegrityError), school.database.write() as session:
        booking = session.get_one(Booking, view.id)
        twin = Booking(**booking.model_dump(exclude={"id", "public_id", "code"}))
        session.add(twin)


def test_the_database_itself_refuses_a_minute_given_twice(school: School) -> None:
    view = school.book(school.slots()[0])
    minute = int(view.starts_at.timestamp()) // 60
    with pytest.raises(IntegrityError), school.database.write() as session:
        session.add(GuestMinute(guest_id=view.guest_id, minute=minute, booking_id=view.id))


def test_a_guest_cannot_be_with_two_hosts_at_once(school: School) -> None:
    school.book(school.slots("t01")[0])
    with pytest.raises(GuestBusy):
        school.book(school.slots("t02")[0])
    school.book(school.slots("t02")[1])


def test_the_same_form_twice_books_once(school: School) -> None:
    slot = school.slots()[0]
    assert school.book(slot, key="form-1").id == school.book(slot, key="form-1").id


def test_the_same_form_overtaking_itself_books_once(school: School) -> None:
    """The first answer took too long, the form was sent again, and both copies are at work (seen in the race)."""
    slot = school.slots()[0]
    person, pick = Person("Family a", "a@post.example", "en"), Pick(slot.public_id, "on_site", "Child", "5b", "form-1")
    first: list[datetime | int] = []

    def overtaken() -> datetime:
        # The desk asks for the time after it has looked for the form's key.
        if not first:
            first[:] = [NOW]
            first.append(school.desk.book(school.conference_id, person, pick).booking_id)
        return NOW

    second = Desk(school.database, KEY, clock=overtaken).book(school.conference_id, person, pick)
    assert (second.booking_id, second.repeated) == (first[1], True)


def test_the_same_address_is_one_guest_however_it_is_written(school: School) -> None:
    slots = school.slots()
    first = school.book(slots[0], "Ana")
    school.change(max_bookings_per_guest_and_host=5)
    second = school.desk.book(
        school.conference_id,
        Person("Other", "ANA@post.example", "de"),
        Pick(slots[1].public_id, "video", "Kid", "", ""),
    )
    assert second.guest_id == first.guest_id
    assert not second.new_guest


def test_limits_are_kept(school: School) -> None:
    school.book(school.slots("t01")[0])
    with pytest.raises(LimitReached) as refused:
        school.book(school.slots("t01")[5])
    assert refused.value.per_host
    school.change(max_bookings_per_guest=1)
    with pytest.raises(LimitReached) as refused:
        school.book(school.slots("t02")[5])
    assert not refused.value.per_host


def test_booking_opens_and_closes(school: School) -> None:
    slot = school.slots()[0]
    school.change(opens_at=NOW + timedelta(hours=1))
    with pytest.raises(BookingNotOpen):
        school.book(slot)
    school.change(opens_at=None, closes_at=NOW)
    with pytest.raises(BookingClosed):
        school.book(slot)
    school.change(closes_at=None, state="draft")
    with pytest.raises(BookingNotOpen):
        school.book(slot)
    school.change(state="closed")
    with pytest.raises(BookingClosed):
        school.book(slot)


def test_lead_time_is_kept(school: School) -> None:
    slot = school.slots()[0]
    school.clock.now = slot.starts_at - timedelta(minutes=59)
    with pytest.raises(TooLate):
        school.book(slot)
    school.clock.now = slot.starts_at - timedelta(minutes=60)
    school.book(slot)


def test_only_what_is_offered_can_be_booked(school: School) -> None:
    with school.database.write() as session:
        session.execute(select(Host).where(col(Host.user_id) == "t01")).scalar_one().can_video = False
    with pytest.raises(PlaceNotOffered) as refused:
        school.book(school.slots()[0], place="video")
    assert refused.value.offered == ["on_site"]


def test_nothing_with_a_host_who_has_not_joined(school: School) -> None:
    with school.database.write() as session:
        session.execute(select(Host).where(col(Host.user_id) == "t01")).scalar_one().state = "invited"
    with pytest.raises(SlotBlocked):
        school.book(school.slots()[0])


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (Person("", "a@post.example", "de"), "name"),
        (Person("A", "", "de"), "email"),
        (Person("A", "a@", "de"), "email"),
        (Person("A" * 200, "a@post.example", "de"), "name"),
    ],
)
def test_bad_input_names_its_field(school: School, person: Person, field: str) -> None:
    pick = Pick(school.slots()[0].public_id, "on_site", "Kid", "", "")
    with pytest.raises(Invalid) as refused:
        school.desk.book(school.conference_id, person, pick)
    assert refused.value.field == field


def test_moving_frees_the_old_slot_and_raises_the_revision(school: School) -> None:
    slots = school.slots()
    view = school.book(slots[0])
    school.desk.move(view.id, slots[3].public_id)
    moved = school.view(view.id)
    assert (moved.starts_at, moved.revision) == (slots[3].starts_at, 2)
    school.book(slots[0], "b")
    with pytest.raises(SlotTaken):
        school.desk.move(view.id, slots[0].public_id)
    assert school.view(view.id).starts_at == slots[3].starts_at


def test_moving_to_where_it_is_changes_nothing(school: School) -> None:
    view = school.book(school.slots()[0])
    school.desk.move(view.id, school.slots()[0].public_id)
    assert school.view(view.id).revision == 1


def test_moving_cannot_overlap_another_appointment_and_loses_nothing(school: School) -> None:
    school.change(max_bookings_per_guest_and_host=5)
    first = school.book(school.slots("t01")[0])
    school.book(school.slots("t02")[1])
    with pytest.raises(GuestBusy):
        school.desk.move(first.id, school.slots("t01")[1].public_id)
    assert school.view(first.id).starts_at == first.starts_at
    with pytest.raises(GuestBusy):
        school.book(school.slots("t02")[0])


def test_moving_to_another_host_is_not_possible(school: School) -> None:
    view = school.book(school.slots("t01")[0])
    with pytest.raises(NotFound):
        school.desk.move(view.id, school.slots("t02")[3].public_id)


def test_changing_place_and_cancelling(school: School) -> None:
    view = school.book(school.slots()[0])
    school.desk.change_place(view.id, "video")
    assert (school.view(view.id).place, school.view(view.id).revision) == ("video", 2)
    school.desk.change_place(view.id, "video")
    assert school.view(view.id).revision == 2
    school.desk.cancel(view.id)
    school.desk.cancel(view.id)
    assert (school.view(view.id).state, school.view(view.id).revision) == ("cancelled", 3)
    school.book(school.slots()[0], "b")
    school.book(school.slots("t02")[0], "a")


def test_after_the_change_deadline_only_the_organiser_cancels(school: School) -> None:
    view = school.book(school.slots()[0])
    school.clock.now = view.starts_at - timedelta(minutes=120)
    for change in (
        lambda: school.desk.cancel(view.id),
        lambda: school.desk.change_place(view.id, "video"),
        lambda: school.desk.move(view.id, school.slots()[5].public_id),
    ):
        with pytest.raises(TooLate):
            change()
    school.desk.cancel(view.id, by_guest=False)
    assert school.view(view.id).state == "cancelled"


def test_every_change_has_its_errands_in_the_same_transaction(school: School) -> None:
    pick = Pick(school.slots()[0].public_id, "on_site", "Kid", "", "")
    booked = school.desk.book(school.conference_id, Person("A", "a@post.example", "de"), pick)
    view = school.view(booked.booking_id)
    assert due(school) == {("booking", str(view.id)), ("mail", str(view.guest_id))}
    with pytest.raises(SlotTaken):
        school.desk.book(school.conference_id, Person("B", "b@post.example", "de"), pick)
    assert due(school) == {("booking", str(view.id)), ("mail", str(view.guest_id))}
    with school.database.write() as session:
        queue.forget(session, "booking", [str(view.id)])
        queue.forget(session, "mail", [str(view.guest_id)])
    school.desk.cancel(booked.booking_id)
    assert due(school) == {("booking", str(view.id)), ("mail", str(view.guest_id))}


def test_who_is_cancelled_hears_it_before_those_who_have_just_booked(school: School) -> None:
    """Where an account takes five mails in 100 s, 560 bookings would have a cancellation wait for hours."""
    views = [school.book(slot, f"f{number}") for number, slot in enumerate(school.slots()[:5])]
    school.desk.cancel(views[3].id, by_guest=False)
    with school.database.read() as session:
        mails = sorted(open_errands(session, "mail"), key=lambda one: (one.rank, one.due_at))
    assert mails[0].key == str(views[3].guest_id) and mails[0].rank < mails[1].rank


def due(school: School) -> set[tuple[str, str]]:
    with school.database.read() as session:
        return {(one.kind, one.key) for one in open_errands(session) if one.kind in ("booking", "mail")}


def test_tokens_are_stored_hashed_and_open_their_own_door_only(school: School) -> None:
    view = school.book(school.slots()[0])
    manage = KEY.token("manage", view.guest_public_id, view.guest_generation)
    share = organise.share_token(school.conference(), KEY)
    with school.database.read() as session:
        stored = session.get_one(Guest, view.guest_id).manage_token_hash
        assert by_token(session, manage).guest.id == view.guest_id
        assert Keeper().by_share_token(session, share).conference.id == school.conference_id
        with pytest.raises(NotFound):
            by_token(session, share)
        with pytest.raises(NotFound):
            Keeper().by_share_token(session, manage)
    assert manage not in stored
    assert len(manage) * 6 >= 128


def test_a_renewed_share_link_kills_the_old_one(school: School) -> None:
    old = organise.share_token(school.conference(), KEY)
    with school.database.write() as session:
        organise.renew_share_link(session.get_one(type(school.conference()), school.conference_id), KEY)
    with school.database.read() as session, pytest.raises(NotFound):
        Keeper().by_share_token(session, old)


def test_shorter_windows_keep_booked_slots_from_going(school: School) -> None:
    late = school.slots()[-1]
    school.book(late)
    from conftest import RULES

    shorter = ruleset.Rules(
        name=RULES.name,
        windows=[
            type(RULES.windows[0])(
                RULES.windows[0].day, RULES.windows[0].starts, RULES.windows[0].ends.replace(hour=16)
            )
        ],
    )
    with pytest.raises(HasBookings), school.database.write() as session:
        organise.edit(session, session.get_one(type(school.conference()), school.conference_id), shorter)
    assert len(school.slots()) == 12


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    school = make_school(database)
    slot = school.slots()[0]
    school.book(slot, "a")
    with pytest.raises(SlotTaken):
        school.book(slot, "b")
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(Guest)).scalar_one() == 1


def test_a_slot_that_is_not_confirmed_in_time_is_free_again(school: School) -> None:
    school.change(booking_by="confirmed")
    slot = school.slots()[0]
    booked = school.book(slot)
    assert booked.confirm_by == NOW + rules.CONFIRM_WITHIN
    with pytest.raises(SlotTaken):
        school.book(slot, "b")
    school.clock.now = NOW + rules.CONFIRM_WITHIN + timedelta(seconds=1)
    assert school.desk.release_unconfirmed() == 1
    assert not school.view(booked.id).active
    with pytest.raises(AlreadyCancelled):
        school.desk.confirm(booked.id)
    assert school.book(slot, "b").active
    assert school.desk.release_unconfirmed() == 0


def test_a_confirmed_booking_stays(school: School) -> None:
    school.change(booking_by="confirmed")
    booked = school.book(school.slots()[0])
    school.desk.confirm(booked.id)
    school.desk.confirm(booked.id)
    school.clock.now = NOW + 2 * rules.CONFIRM_WITHIN
    assert school.desk.release_unconfirmed() == 0
    assert school.view(booked.id).active and school.view(booked.id).revision == 2


def span(start: int, minutes: int = 10) -> TimeSpan:
    begins = datetime(2027, 1, 13, 14, 0, tzinfo=UTC) + timedelta(minutes=start)
    return TimeSpan(begins, begins + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("pause", "row", "booked", "wanted", "allowed"),
    [
        (0, 0, [0, 10, 20], 30, True),
        (5, 0, [0], 10, False),
        (5, 0, [0], 15, True),
        (5, 0, [20], 10, False),
        (0, 3, [0, 10], 20, True),
        (0, 3, [0, 10, 20], 30, False),
        (0, 3, [0, 10, 30], 20, False),
        (0, 3, [0, 10, 20], 40, True),
        (0, 1, [0], 10, False),
        (10, 1, [0], 20, True),
    ],
)
def test_the_hosts_own_limits(pause: int, row: int, booked: list[int], wanted: int, allowed: bool) -> None:
    host = Host(conference_id=1, user_id="t01", display_name="T", min_pause_minutes=pause, max_in_a_row=row)
    assert rules.own_limits_allow(host, 0, [span(start) for start in booked], span(wanted)) is allowed
