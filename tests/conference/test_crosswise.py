# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two families that want two hosts with limits of their own, the one in the other's order: nobody may wait crosswise."""

import threading
from time import sleep
from typing import Any

import pytest
from sqlmodel import select

from conftest import School
from sprechtag.conference import making
from sprechtag.conference.booking import Pick
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Host


def test_two_families_in_the_others_order(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    with school.database.write() as session:
        for host in session.exec(select(Host)):
            host.min_pause_minutes = 5
    add = making.add_booking

    def slowly(*what: Any) -> None:
        add(*what)
        sleep(0.5)

    monkeypatch.setattr(making, "add_booking", slowly)
    one, two = school.slots("t01"), school.slots("t02")
    desk, errors = school.desk, list[Exception]()

    def book(who: str, *slots: Any) -> None:
        picks = [Pick(slot.public_id, "on_site", "Kim", "5b", who) for slot in slots]
        try:
            desk.book_all(school.conference_id, Person(who, f"{who}@post.example", "de"), picks)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [
        threading.Thread(target=book, args=("a", one[0], two[4])),
        threading.Thread(target=book, args=("b", two[0], one[4])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, [(type(error).__name__, str(error.__cause__)[:60]) for error in errors]
