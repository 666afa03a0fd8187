# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is free is kept while nothing is written here; a count from before a booking is not kept as one from
after it."""

from conftest import NOW, School
from sprechtag.conference.host_cards import Counted, FreeCounts
from sprechtag.conference.kept import Keeper


def counted(school: School, counts: FreeCounts, keeper: Keeper, between: bool = False) -> Counted:
    writes = school.database.writes
    with school.database.read() as session:
        kept = keeper.of(session, school.conference_id)  # from here on SQLite shows this moment
        if between:
            school.book(school.slots()[0])
        return counts.of(session, kept, NOW, writes)


def test_it_is_counted_once_while_nothing_is_written(school: School) -> None:
    counts, keeper = FreeCounts(), Keeper()
    first = counted(school, counts, keeper)
    assert counted(school, counts, keeper) is first
    school.book(school.slots()[0])
    assert sum(counted(school, counts, keeper).free.values()) == sum(first.free.values()) - 1


def test_a_booking_between_look_and_count_is_not_overlooked(school: School) -> None:
    counts, keeper = FreeCounts(), Keeper()
    before = sum(counted(school, counts, keeper).free.values())
    counted(school, counts, keeper, between=True)
    assert sum(counted(school, counts, keeper).free.values()) == before - 1
