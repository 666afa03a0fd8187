# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Few times left: host and office are told once, and more can be given with one press."""

import pytest

from conftest import School, notices
from sprechtag.conference import few
from sprechtag.conference.errors import Invalid
from sprechtag.conference.lookup import find_host
from sprechtag.conference.tables import Conference


def told(school: School) -> tuple[list[str], list[str]]:
    """Who is told as a host and as an organiser, in all so far."""
    with school.database.write() as session:
        few.tell(session, school.clock())
    return [user for user, _ in notices(school.database, "few_left")], [
        user for user, _ in notices(school.database, "few_left_of")
    ]


def extend(school: School, minutes: int) -> int:
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        return few.extend(session, conference, find_host(session, school.conference_id, "t01"), minutes)


def test_who_has_few_left_is_told_once_and_so_is_the_office(school: School) -> None:
    slots = school.slots()
    for number, slot in enumerate(slots[:-3]):
        school.book(slot, f"f{number}")
    assert told(school) == ([], [])
    school.book(slots[-3], "last")
    assert told(school) == (["t01"], ["orga"])
    assert told(school) == (["t01"], ["orga"])


def test_nobody_is_told_while_nothing_can_be_booked(school: School) -> None:
    for number, slot in enumerate(school.slots()[:-1]):
        school.book(slot, f"f{number}")
    school.change(state="closed")
    assert told(school) == ([], [])


def test_a_host_receives_longer_and_what_is_booked_stays(school: School) -> None:
    view = school.book(school.slots()[-1])
    before = len(school.slots())
    assert extend(school, 30) == 3
    assert len(school.slots()) == before + 3
    assert len(school.slots("t02")) == before
    assert view.slot_public_id in {slot.public_id for slot in school.slots()}


@pytest.mark.parametrize("minutes", [0, 1, 241, 100000])
def test_what_makes_no_time_is_refused_and_changes_nothing(school: School, minutes: int) -> None:
    before = [slot.starts_at for slot in school.slots()]
    with pytest.raises(Invalid):
        extend(school, minutes)
    assert [slot.starts_at for slot in school.slots()] == before


def test_a_day_ends_at_midnight_at_the_latest(school: School) -> None:
    for _ in range(8):
        try:
            extend(school, 120)
        except Invalid as refused:
            assert refused.args or str(refused)
            return
    raise AssertionError("it went on after midnight")
