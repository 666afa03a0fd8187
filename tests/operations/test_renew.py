# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A restored database is brought to today: no flood of reminders, no lease of a process that is gone."""

from datetime import timedelta

import pytest

from conftest import School
from sprechtag.conference import letters
from sprechtag.conference.strays import Restored
from sprechtag.errands.testing import open_errands
from sprechtag.operations.renew import renew


@pytest.mark.parametrize(("due_before", "written"), [(timedelta(hours=3), 0), (timedelta(minutes=10), 1)])
def test_reminders_of_long_ago_are_not_sent(school: School, due_before: timedelta, written: int) -> None:
    view = school.book(school.slots()[0])
    now = view.starts_at - timedelta(minutes=1440) + due_before
    with school.database.write() as session:
        for errand in open_errands(session):
            errand.holder, errand.leased_until = "gone", now + timedelta(days=1)
        assert renew(session, Restored(1, now, now - timedelta(days=2))) == 1
    with school.database.write() as session:
        assert {errand.leased_until for errand in open_errands(session)} == {None}
        assert letters.write_reminders(session, now) == written
    assert {slot.blocked_by for slot in school.slots()[1:]} == {"calendar"}
