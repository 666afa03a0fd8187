# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The evening before, the organiser is asked to look once more whether the calls fit."""

from datetime import UTC, datetime

from conftest import School, notices
from sprechtag.day.evening import tell_organisers


def told(school: School, now: datetime) -> list[tuple[str, str]]:
    """Whom a process that has just started tells at this moment, in all so far."""
    with school.database.write() as session:
        tell_organisers(session, now)
    return notices(school.database, "evening")


def test_the_organiser_is_told_once_at_six_in_the_evening_there(school: School) -> None:
    """The conference is on 13 January in Berlin, an hour before UTC."""
    assert told(school, datetime(2027, 1, 11, 19, 0, tzinfo=UTC)) == []
    assert told(school, datetime(2027, 1, 12, 16, 59, tzinfo=UTC)) == []
    assert told(school, datetime(2027, 1, 12, 17, 0, tzinfo=UTC)) == [("orga", "2027-01-13")]
    assert told(school, datetime(2027, 1, 12, 18, 0, tzinfo=UTC)) == [("orga", "2027-01-13")]
    assert told(school, datetime(2027, 1, 13, 18, 0, tzinfo=UTC)) == [("orga", "2027-01-13")]
