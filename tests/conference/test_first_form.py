# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import pytest

from conftest import School
from sprechtag.conference.booking import Pick
from sprechtag.conference.errors import LimitReached
from sprechtag.conference.person import Person


def test_a_new_familys_first_form_keeps_to_the_limit_of_the_family(school: School) -> None:
    school.change(max_bookings_per_guest=1)
    picks = [
        Pick(school.slots("t01")[0].public_id, "on_site", "Kim", "5b", "k"),
        Pick(school.slots("t02")[3].public_id, "on_site", "Kim", "5b", "k"),
    ]
    with pytest.raises(LimitReached):
        school.desk.book_all(school.conference_id, Person("F", "new@post.example", "de"), picks, visitor="192.0.2.1")


def test_a_new_familys_first_form_keeps_to_the_limit_of_one_host(school: School) -> None:
    slots = school.slots("t01")
    picks = [Pick(slot.public_id, "on_site", "Kim", "5b", "k") for slot in slots[:8]]
    with pytest.raises(LimitReached):
        school.desk.book_all(school.conference_id, Person("F", "new@post.example", "de"), picks, visitor="192.0.2.1")
