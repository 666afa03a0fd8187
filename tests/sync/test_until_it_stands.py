# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What AppAPI is asked for when the app is switched on is asked for until it stands."""

import asyncio
import time

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import open_town


def test_menu_entry_and_bot_are_asked_for_again_until_they_stand() -> None:
    with open_town() as town:
        eventually(lambda: bool(town.world.app.menu) and bool(town.world.bots), what="they stand")
        town.world.app.menu.clear()
        town.world.bots.clear()
        town.world.faults += [Fault("(top-menu|talk_bot)", "status", 503), Fault("capabilities", "login")]
        for on in (False, True):
            asyncio.run_coroutine_threadsafe(town.sandbox.enable(on), town.loop).result(30)
        time.sleep(5)
        assert not town.world.app.menu and not town.world.bots
        town.kill()
        town.start(register=False)
        town.world.faults.clear()
        eventually(lambda: bool(town.world.app.menu) and bool(town.world.bots), what="they stand again")
