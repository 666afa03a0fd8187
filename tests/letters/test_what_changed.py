# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail about a change says what was before, and looks like the school."""

import pytest

from conftest import KEY, NOW, School
from sprechtag.conference import effects
from sprechtag.conference.effects import Ledger, State
from sprechtag.conference.tables import Host
from sprechtag.conference.views import Told
from sprechtag.letters.kinds import appointments
from sprechtag.letters.letter import Letter
from sprechtag.letters.owed import _with_before
from sprechtag.letters.writer import Writer
from sprechtag.look import Look, contrast
from sprechtag.phrases import Speaker

LOOK = Look.of({"name": " Gesamtschule  am Sandberg ", "color": "#FFDD00"})
TALK = {"link": "https://cloud.example/call/" + "x" * 80}


def write(school: School, guest_id: int) -> tuple[Letter, list[State]]:
    states = [found["mail"] for found in Ledger(school.database).of_guest(guest_id)]
    news = [state for state in states if state.behind]
    told = [(_with_before(state), state.applied > 0) for state in news]
    with school.database.read() as session:
        writer = Writer(KEY, "https://cloud.example/app", NOW, LOOK)
        return appointments.write(session, told, [state.view for state in states], writer), news


def tell(school: School, guest_id: int) -> Letter:
    letter, news = write(school, guest_id)
    with school.database.write() as session:
        effects.told(session, news, "")
    return letter


def test_what_was_before_is_said_once_it_is_known(school: School) -> None:
    view = school.book(school.slots()[0])
    say = Speaker("en", view.zone)
    first = tell(school, view.guest_id)
    assert "Until now" not in first.text + first.html and first.subject.startswith("Your appointment: ")
    school.desk.move(view.id, school.slots()[4].public_id)
    school.desk.move(view.id, school.slots()[5].public_id)
    school.desk.change_place(view.id, "video")
    changed = tell(school, view.guest_id)
    before = f"Until now: {say.when(view.starts_at)}, At the school"
    assert before in changed.text and f"<s>{before}</s>" in changed.html, (
        "what the family knew, not what it never heard"
    )
    school.desk.change_place(view.id, "on_site")
    assert "Until now: By video" in tell(school, view.guest_id).text
    school.desk.cancel(view.id)
    assert "Until now" not in tell(school, view.guest_id).text


def test_several_new_ones_are_booked_and_no_news(school: School) -> None:
    views = [school.book(slot, "a") for slot in (school.slots()[0], school.slots("t02")[3])]
    assert tell(school, views[0].guest_id).subject.startswith("Your appointments are booked")
    for view in views:
        school.desk.change_place(view.id, "video")
    assert write(school, views[0].guest_id)[0].subject.startswith("Changes to your appointments")


def test_a_mail_looks_like_the_school_and_can_be_read(school: School) -> None:
    letter = tell(school, school.book(school.slots()[0]).guest_id)
    assert ">Gesamtschule am Sandberg</p>" in letter.html and f"background:{LOOK.colour}" in letter.html
    assert contrast(LOOK.colour, "#ffffff") >= 4.5 and contrast(LOOK.colour, LOOK.on_colour) >= 4.5
    assert "#00679e" not in letter.html
    assert Look.of({"color": "red", "name": None}) == Look()


def test_what_is_still_to_be_confirmed_has_not_changed(school: School) -> None:
    school.change(booking_by="confirmed")
    view = school.book(school.slots()[0])
    tell(school, view.guest_id)
    school.desk.move(view.id, school.slots()[4].public_id)
    school.desk.confirm(view.id)
    booked = tell(school, view.guest_id)
    assert booked.subject.startswith("Your appointment: ") and "Until now" not in booked.text


def test_a_host_who_is_called_otherwise_is_no_other_host(school: School) -> None:
    view = school.book(school.slots()[0])
    tell(school, view.guest_id)
    with school.database.write() as session:
        session.get_one(Host, view.host_id).display_name = "Jana Weiß-Neu"
    school.desk.change_place(view.id, "video")
    assert "Until now: At the school\n" in tell(school, view.guest_id).text


@pytest.mark.parametrize(
    "kept", [{}, {"starts_at": None}, {"starts_at": "gone", "place": "x", "host": "y", "host_name": 1}]
)
def test_what_cannot_be_read_was_not_told(kept: dict[str, object]) -> None:
    assert Told.read(kept) is None
