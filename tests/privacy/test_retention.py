# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from conftest import School
from sprechtag.conference.tables import Booking, Conference, Effect, Guest, GuestMinute, IdempotencyKey
from sprechtag.day import readings
from sprechtag.privacy.retention import erase_expired, tidy


@pytest.mark.parametrize(("after", "left"), [(timedelta(days=30, seconds=-1), 1), (timedelta(days=30), 0)])
def test_families_are_erased_when_the_retention_time_is_over(school: School, after: timedelta, left: int) -> None:
    school.book(school.slots()[0], key="form")
    end = max(slot.ends_at for slot in school.slots())
    with school.database.write() as session:
        assert erase_expired(session, end + after) == 1 - left
    with school.database.read() as session:
        for table in (Guest, Booking, Effect, GuestMinute, IdempotencyKey):
            rows = session.execute(select(func.count()).select_from(table)).scalar_one()
            assert (rows > 0) == bool(left), table


def test_what_only_the_day_needed_goes_with_the_day(school: School) -> None:
    end = max(slot.ends_at for slot in school.slots())
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        conference.rehearsal = "on"
        readings.keep_reading(session, "hpb1", end, {"rooms": 3.0})
        tidy(session, end - timedelta(seconds=1))
        assert conference.rehearsal == "on" and readings.readings(session, end)
        tidy(session, end + timedelta(hours=2))
        assert conference.rehearsal == "ending" and not readings.readings(session, end)
