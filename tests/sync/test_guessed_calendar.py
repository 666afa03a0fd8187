# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A guessed calendar that was shared read-only meanwhile (403): the event is written nowhere, for ever."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from conftest import NOW, School
from sprechtag.conference.effects import Ledger
from sprechtag.nextcloud import calendar
from sprechtag.nextcloud.errors import NotAllowed
from sprechtag.sync.booking_event import BookingEvent, Writing
from sprechtag.sync.places import Guesses


class Door:
    @asynccontextmanager
    async def as_user(self, user_id: str):  # type: ignore[no-untyped-def]
        yield user_id


def test_a_guess_that_is_forbidden_is_asked_anew(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    writable, stored = {"shared", "personal"}, dict[tuple[str, str], str]()

    async def find_or_create(session: Any, wanted: str = "") -> str:
        return "shared" if "shared" in writable else "personal"

    async def get(session: Any, where: str, name: str) -> Any:
        text = stored.get((where, name))
        return calendar.StoredEvent(text, "") if text else None

    async def put(session: Any, where: str, name: str, text: str, **more: Any) -> None:
        if where not in writable:
            raise NotAllowed("write the event", 403)
        stored[where, name] = text

    for name, made in {"find_or_create": find_or_create, "get": get, "put": put}.items():
        monkeypatch.setattr(calendar, name, made)
    ledger, guesses = Ledger(school.database), Guesses()
    from types import SimpleNamespace

    writing = Writing(SimpleNamespace(name="smtp"), "", "de", SimpleNamespace(for_family=lambda v: v))  # type: ignore[arg-type]
    event = BookingEvent(Door(), ledger, writing, guesses)  # type: ignore[arg-type]

    def follow(booking_id: int) -> Any:
        state = ledger.state(booking_id, "calendar")
        assert state
        remote = asyncio.run(event.apply(state, NOW))
        ledger.applied(state, "calendar", remote, NOW)
        return remote

    first = follow(school.book(school.slots()[0], "a").id)
    assert first["calendar"] == "shared"
    writable.remove("shared")
    second = school.book(school.slots()[1], "b").id
    for _ in range(3):  # the errand is tried again for ever: RIGHTS is never given up
        try:
            assert follow(second)["calendar"] == "personal"
            return
        except NotAllowed:
            continue
    pytest.fail(f"nowhere, and it still stands for {ledger.state(second, 'calendar').remote}")  # type: ignore[union-attr]
