# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each kind of letter says what it is about, or that it is over."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from conftest import KEY, NOW, School
from sprechtag.conference import families, households, lookup, named
from sprechtag.conference.families import Family
from sprechtag.conference.tables import Booking, Guest, LetterKind
from sprechtag.conference.views import BookingView, guest_view
from sprechtag.letters.kinds import KINDS, appointments
from sprechtag.letters.letter import Letter
from sprechtag.letters.sending import fingerprint_of
from sprechtag.letters.writer import Writer

BASE = "https://nc.example/app"


def write(
    school: School, kind: str, guest_id: int, about: dict[str, Any] | None = None, base: str = BASE
) -> Letter | None:
    with school.database.read() as session:
        to = guest_view(session, guest_id).outward()
        return KINDS[kind](session, about or {}, to, Writer(KEY, base, school.clock()))


def host_id(school: School, user_id: str = "t01") -> str:
    with school.database.read() as session:
        return lookup.find_host(session, school.conference_id, user_id).public_id


@pytest.fixture
def view(school: School) -> BookingView:
    return school.book(school.slots()[0], "a")


def test_every_kind_that_can_be_owed_is_there() -> None:
    assert set(get_args(LetterKind)) | {"announcement", "invitation"} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "about", "subject"),
    [
        ("announcement", {"subject": "Hall B", "text": "We meet in hall B."}, "Hall B – Elternsprechtag"),
        ("invitation", {}, "Invitation – Elternsprechtag"),
        ("reminder", {"day": "2027-01-13"}, "Reminder: Wed 13 Jan, 15:00 – Elternsprechtag"),
        ("feedback", {}, "How was it? – Elternsprechtag"),
        ("unserved", {"lines": ["Teacher t01 · Child a"]}, "We could not meet your requests – Elternsprechtag"),
        ("link", {}, "Your link – Elternsprechtag"),
        ("new_link", {}, "Your new link – Elternsprechtag"),
        ("not_done", {"code": "wishes_before"}, "Nothing was changed – Elternsprechtag"),
    ],
)
def test_what_a_letter_is_called(
    school: School, view: BookingView, kind: str, about: dict[str, Any], subject: str
) -> None:
    letter = write(school, kind, view.guest_id, about)
    assert letter and letter.subject == subject and letter.to == ("Family a", "a@post.example")
    assert BASE in letter.text and BASE in letter.html


def test_only_what_brings_appointments_into_a_calendar_has_events(school: School, view: BookingView) -> None:
    def events(kind: str, about: dict[str, Any]) -> int:
        letter = write(school, kind, view.guest_id, about)
        assert letter
        return len(letter.events)

    assert events("reminder", {"day": "2027-01-13"}) == events("new_link", {}) == 1
    assert events("announcement", {"subject": "S", "text": "T"}) == 1
    assert events("invitation", {}) == events("not_done", {}) == 0


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("reminder", {"day": "2027-01-14"}),
        ("waiting", {"host": "gone"}),
        ("offer", {"slot": "gone"}),
        ("asked", {"host": "gone"}),
        ("late", {"host": "gone", "minutes": 10}),
        ("rehearsal", {}),
        ("wishes", {}),
    ],
)
def test_what_is_over_is_not_written(school: School, view: BookingView, kind: str, about: dict[str, Any]) -> None:
    assert write(school, kind, view.guest_id, about) is None


def test_an_offer_of_a_time_that_is_not_held_any_more_is_over(school: School, view: BookingView) -> None:
    slot = school.slots("t02")[0]
    assert write(school, "offer", view.guest_id, {"slot": slot.public_id}) is None
    with school.database.write() as session:
        held = session.merge(slot)
        held.held_for, held.held_until = view.guest_id, NOW + timedelta(hours=1)
    letter = write(school, "offer", view.guest_id, {"slot": slot.public_id})
    assert letter and letter.subject.startswith("A time is free: ")


def test_a_question_that_was_taken_back_is_over(school: School, view: BookingView) -> None:
    about = {"host": host_id(school)}
    assert write(school, "asked", view.guest_id, about) is None
    with school.database.write() as session:
        host = lookup.find_host(session, school.conference_id, "t01")
        named.name_host(session, session.get_one(Guest, view.guest_id), host, asked=True)
    letter = write(school, "asked", view.guest_id, about)
    assert letter and letter.subject.startswith("Teacher t01 would like to talk to you")


def test_a_delay_that_has_changed_is_over(school: School, view: BookingView) -> None:
    with school.database.write() as session:
        lookup.find_host(session, school.conference_id, "t01").delay_minutes = 10
    assert write(school, "late", view.guest_id, {"host": host_id(school), "minutes": 5}) is None
    letter = write(school, "late", view.guest_id, {"host": host_id(school), "minutes": 10})
    assert letter and "15:10" in letter.text
    school.clock.now = view.starts_at + timedelta(hours=2)
    assert write(school, "late", view.guest_id, {"host": host_id(school), "minutes": 10}) is None


def test_the_same_news_make_the_same_message_id(school: School, view: BookingView) -> None:
    before = appointments.fingerprint([(view, False)])
    assert before == appointments.fingerprint([(school.view(view.id), True)])
    school.desk.cancel(view.id)
    assert before != appointments.fingerprint([(school.view(view.id), True)])
    assert fingerprint_of("letter-a") == fingerprint_of("letter-a") != fingerprint_of("letter-b")


def test_the_other_household_reads_host_time_place_and_child_and_no_more(school: School) -> None:
    view = school.book(school.slots()[0], "a", place="video")
    with school.database.write() as session:
        session.get_one(Booking, view.id).screen = ""
        ada = session.get_one(Guest, view.guest_id)
        other = Family("Family b", "b@post.example", language="en")
        bea, _ = families.invite(session, school.conference(), other, KEY)
        households.link(session, ada, bea, school.clock(), shared=True)
        bea_id = bea.id or 0
    letter = write(school, "household", bea_id)
    assert letter and letter.to == ("Family b", "b@post.example")
    assert "Teacher t01" in letter.text and "Child a" in letter.text and "15:00" in letter.text
    for secret in ("a@post.example", "Family a", view.code, view.public_id, "/call/"):
        assert secret not in letter.text and secret not in letter.html
    assert not letter.events
    school.desk.cancel(view.id)
    after = write(school, "household", bea_id)
    assert after and "no appointment for them now" in after.text
