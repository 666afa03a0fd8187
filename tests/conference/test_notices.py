# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host is told once, whoever asks for it how often."""

from datetime import timedelta

from conftest import NOW, School
from sprechtag.conference import telling
from sprechtag.conference.lookup import find_host


def test_two_calls_for_the_same_try_of_a_notification_send_it_once(school: School) -> None:
    with school.database.write() as session:
        telling.tell_host(session, find_host(session, school.conference_id, "t01"), "reminded", NOW)
    with school.database.read() as session:
        ((notice, due),) = [one for one in telling.due_notices(session, NOW) if one[1] == int(NOW.timestamp() * 1000)]
    with school.database.write() as session:
        assert telling.claim_notice(session, notice, due, NOW)
    with school.database.write() as session:
        assert telling.claim_notice(session, notice, due, NOW) is None


def test_what_a_dead_process_had_claimed_is_due_again_after_a_minute(school: School) -> None:
    with school.database.write() as session:
        telling.tell_host(session, find_host(session, school.conference_id, "t01"), "reminded", NOW)
        ((notice, due),) = [one for one in telling.due_notices(session, NOW) if one[1] == int(NOW.timestamp() * 1000)]
        telling.claim_notice(session, notice, due, NOW)
        assert notice not in [one for one, _ in telling.due_notices(session, NOW + timedelta(seconds=59))]
        assert notice in [one for one, _ in telling.due_notices(session, NOW + timedelta(seconds=60))]
