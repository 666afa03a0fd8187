# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family's calendar gets of a mail."""

from dataclasses import replace

import pytest
from icalendar import Calendar

from conftest import School
from sprechtag.letters.channels.calendar_files import CalendarFile, calendar_files
from sprechtag.letters.compose import compose
from sprechtag.letters.mime import message

SENDER = "schule@schule.example"


def only_event(file: CalendarFile) -> dict[str, str]:
    calendar = Calendar.from_ical(file.content)
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == file.method and "ATTENDEE" not in event
    return {name: str(event[name]) for name in ("UID", "SEQUENCE", "STATUS", "ORGANIZER")}


@pytest.fixture
def files(school: School) -> list[CalendarFile]:
    """One appointment is moved, another is cancelled."""
    first, second = (school.book(school.slots(host)[number], "a") for number, host in enumerate(("t01", "t02")))
    school.desk.cancel(second.id)
    news = [(school.view(first.id), True), (school.view(second.id), True)]
    return calendar_files(compose(news, [], "http://nc.example/m/x").events, SENDER)


def test_what_is_moved_and_what_is_cancelled_are_two_files(files: list[CalendarFile]) -> None:
    assert [(file.name, file.method) for file in files] == [("appointment.ics", "PUBLISH"), ("cancelled.ics", "CANCEL")]
    there, gone = map(only_event, files)
    assert there["STATUS"] == "CONFIRMED" and gone["STATUS"] == "CANCELLED" and there["UID"] != gone["UID"]
    assert there["ORGANIZER"] == gone["ORGANIZER"] == f"mailto:{SENDER}"


def test_a_cancellation_is_newer_than_what_it_cancels(school: School) -> None:
    view = school.book(school.slots()[0], "a")
    (before,) = calendar_files([view], SENDER)
    school.desk.cancel(view.id)
    (after,) = calendar_files([school.view(view.id)], SENDER)
    assert (before.method, after.method) == ("PUBLISH", "CANCEL")
    assert only_event(before)["UID"] == only_event(after)["UID"]
    assert int(only_event(before)["SEQUENCE"]) < int(only_event(after)["SEQUENCE"])


def test_both_stand_in_the_mail(school: School) -> None:
    view = school.book(school.slots()[1], "a")
    gone = replace(view, state="cancelled", id=view.id + 1)
    letter = compose([(view, True), (gone, True)], [], "http://nc.example/m/x")
    mail = message(letter, "schule@schüle.example", "Schule", "<1@x.example>")
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in parts] == ["PUBLISH", "CANCEL"]
    assert all("mailto:schule@xn--schle-mva.example" in part.get_content().replace("\r\n ", "") for part in parts)


def test_what_has_to_be_confirmed_first_is_in_no_calendar(school: School) -> None:
    view = replace(school.book(school.slots()[0], "a"), confirm_by=school.clock())
    assert compose([(view, False)], [view], "http://nc.example/m/x").events == ()


def test_nothing_in_a_name_ends_the_organizer(school: School) -> None:
    view = replace(school.book(school.slots()[0], "a"), conference_name='Tag "der\r\nATTENDEE:mailto:x@y.example')
    (file,) = calendar_files([view], SENDER)
    assert only_event(file)["ORGANIZER"] == f"mailto:{SENDER}"
