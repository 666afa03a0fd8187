# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When Talk has another bot of ours (Nextcloud's address has changed), the former one stays behind and can still be
taken into a room: whoever guessed it would take the one that is not heard."""

from pathlib import Path

import pytest

from house import open_stage
from sprechtag.conference.effects import State
from sprechtag.nextcloud import talk
from sprechtag.sync.bookings import Bookings


async def test_the_former_bot_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    async def take(_session: object, _token: str, bot: int) -> None:
        taken.append(bot)

    async def listed(_session: object, _token: str, _name: str) -> int:
        taken.append(listed.number)
        return listed.number

    async def make(*_: object) -> talk.Room:
        return talk.Room("token", 0)

    monkeypatch.setattr(talk, "take_bot", take)
    monkeypatch.setattr(talk, "enable_bot", listed)
    monkeypatch.setattr(talk, "create", make)
    monkeypatch.setattr(talk, "ability", _able)
    monkeypatch.setattr(talk, "set_lobby", _nothing)
    async with open_stage(tmp_path) as stage:
        house = stage.house
        for number, (secret, slot) in enumerate([("first", 0), ("first", 1), ("second", 2)]):
            listed.number = 1 if secret == "first" else 2
            house.call_rooms._note_bot({"at": "a", "secret": secret})
            view = stage.school.book(stage.school.slots()[slot], f"f{number}", place="video")
            await _follow(house.bookings, house.ledger.state(view.id, "talk"))
    assert taken == [1, 1, 2]


async def _follow(bookings: Bookings, state: State | None) -> None:
    from sprechtag.errands.table import Errand

    assert state is not None
    errand = Errand(kind="booking", key=str(state.view.id), lane="host", due_at=state.view.starts_at)
    await bookings._talk(errand, state)


async def _able(_session: object) -> talk.TalkAbility:
    return talk.TalkAbility(True, "", True, True, True)


async def _nothing(*_: object) -> None:
    return None
