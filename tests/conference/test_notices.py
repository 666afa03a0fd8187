# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host is told once, whoever asks for it how often."""

from datetime import timedelta

from conftest import NOW, School, notices
from sprechtag.conference import follow, telling
from sprechtag.conference.lookup import find_host
from sprechtag.errands.testing import open_errands


def tell(school: School, about: str = "") -> None:
    with school.database.write() as session:
        telling.tell_host(session, find_host(session, school.conference_id, "t01"), "reminded", NOW, about)


def test_what_still_waits_to_go_out_is_not_said_twice(school: School) -> None:
    for _ in range(3):
        tell(school)
    tell(school, "another")
    assert sorted(notices(school.database, "reminded")) == [("t01", ""), ("t01", "another")]


def test_what_nobody_could_be_told_in_two_days_is_not_said_any_more(school: School) -> None:
    tell(school)
    with school.database.read() as session:
        (errand,) = [one for one in open_errands(session, "notice") if one.payload["kind"] == "reminded"]
    assert errand.expires_at == NOW + timedelta(days=2)


def test_what_it_was_about_is_erased_with_it(school: School) -> None:
    tell(school, "one")
    tell(school, "another")
    with school.database.write() as session:
        follow.forget_notices(session, ["one"])
    assert notices(school.database, "reminded") == [("t01", "another")]
