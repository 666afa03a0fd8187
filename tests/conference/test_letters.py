# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reminders and the question after the day: once, in time, to those they concern. And the school's own words."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from conftest import School
from sprechtag.conference import letters, organise, texts
from sprechtag.conference.errors import Invalid
from sprechtag.conference.tables import Booking, Conference, GuestLetter
from sprechtag.phrases import Speaker

FIRST = datetime(2027, 1, 13, 14, tzinfo=UTC)
"""The first slot: 15:00 in Berlin."""


def remind(school: School, now: datetime) -> int:
    with school.database.write() as session:
        return letters.write_reminders(session, now)


def written(school: School) -> list[tuple[str, str]]:
    with school.database.read() as session:
        return [(one.kind, one.name) for one in session.exec(select(GuestLetter))]


def booked_long_ago(school: School, *slots: int) -> None:
    for number in slots:
        school.book(school.slots(f"t0{1 + number % 2}")[number], "a", key=f"k{number}")
    with school.database.write() as session:
        for booking in session.exec(select(Booking)):
            booking.created_at = FIRST - timedelta(days=9)


def test_one_reminder_the_day_before_and_one_an_hour_before(school: School) -> None:
    booked_long_ago(school, 0, 3)
    assert remind(school, FIRST - timedelta(hours=25)) == 0
    assert remind(school, FIRST - timedelta(hours=24)) == 1
    assert remind(school, FIRST - timedelta(hours=23)) == 0
    assert remind(school, FIRST - timedelta(minutes=59)) == 1
    assert remind(school, FIRST - timedelta(minutes=1)) == 0
    assert written(school) == [("reminder", "2027-01-13-1440"), ("reminder", "2027-01-13-60")]


def test_after_a_long_break_only_the_last_one_is_sent(school: School) -> None:
    booked_long_ago(school, 0)
    assert remind(school, FIRST - timedelta(minutes=30)) == 1
    assert written(school) == [("reminder", "2027-01-13-60")]


def test_who_has_just_booked_is_not_reminded_of_it(school: School) -> None:
    booked_long_ago(school, 0)
    with school.database.write() as session:
        for booking in session.exec(select(Booking)):
            booking.created_at = FIRST - timedelta(hours=2)
    assert remind(school, FIRST - timedelta(hours=1, minutes=59)) == 0
    assert remind(school, FIRST - timedelta(minutes=50)) == 1


def test_nobody_is_reminded_of_what_is_cancelled_or_switched_off(school: School) -> None:
    booked_long_ago(school, 0)
    school.desk.cancel(1)
    assert remind(school, FIRST - timedelta(hours=20)) == 0
    school.change(reminders="")
    booked_long_ago(school, 1)
    assert remind(school, FIRST - timedelta(hours=20)) == 0


def test_the_question_comes_once_some_hours_after_the_last_appointment(school: School) -> None:
    booked_long_ago(school, 0, 3)
    school.change(feedback=True)
    last = school.view(2).ends_at

    def ask(now: datetime) -> int:
        with school.database.write() as session:
            return letters.write_feedback(session, now)

    assert ask(last + timedelta(hours=2)) == 0
    assert ask(last + letters.FEEDBACK_AFTER) == 1
    assert ask(last + letters.FEEDBACK_AFTER + timedelta(hours=1)) == 0
    assert ask(last + letters.FEEDBACK_UNTIL) == 0


def test_a_text_of_the_schools_stands_in_for_ours(school: School) -> None:
    say = Speaker("en")
    own = {"booked": {"en": "Dear {name}, see you.\n{contact}"}}
    values = {"name": "Ayşe", "contact": ""}
    assert texts.running_text(own, "booked", say, values) == "Dear Ayşe, see you."
    assert texts.running_text(own, "changed", say, values).startswith("Hello Ayşe,")
    assert texts.running_text(own, "booked", Speaker("de"), values).startswith("Guten Tag Ayşe,")


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"booked": {"de": "Hallo {nme}"}}, "placeholder_unknown"),
        ({"booked": {"de": "Hallo {when}"}}, "placeholder_unknown"),
        ({"booked": {"xx": "Hallo"}}, "language_unknown"),
        ({"hello": {"de": "Hallo"}}, "text_kind_unknown"),
        ({"booked": {"de": "x" * 4001}}, "too_long"),
    ],
)
def test_what_a_family_should_not_read_is_not_saved(school: School, own: texts.Texts, reason: str) -> None:
    with pytest.raises(Invalid) as refused, school.database.write() as session:
        organise.set_texts(session, session.get_one(Conference, school.conference_id), own)
    assert refused.value.reason == reason


def test_braces_that_are_no_placeholder_stay(school: School) -> None:
    assert texts.checked({"booked": {"de": "Raum {A 1} { }"}}) == {"booked": {"de": "Raum {A 1} { }"}}
    assert texts.running_text({"booked": {"en": "{a b}"}}, "booked", Speaker("en"), {}) == "{a b}"
