# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An idle app looks into its queues less often, and wakes up for a booking."""

import sqlite3
from contextlib import closing

from conftest import eventually
from sprechtag.sync import work
from town import Town, open_town


def looks_every(town: Town) -> set[float]:
    """Seconds, of the queues in which appointments wait."""
    with closing(sqlite3.connect(town.storage / "app" / "work.sqlite", timeout=30)) as database:
        rows = database.execute("SELECT polling_interval_sec FROM queues WHERE name IN ('bookings', 'mails', 'checks')")
        return {every for (every,) in rows}


def test_an_idle_app_rests_and_a_booking_wakes_it() -> None:
    with open_town(SPRECHTAG_SWEEP_SECONDS="0.3") as town:
        event = town.conference(["t04"])
        family = event.family("Aydın")
        eventually(lambda: looks_every(town) == {0.3}, what="it rests")
        family.send(family.slots(0)[0])
        eventually(lambda: looks_every(town) == {work.BUSY_POLL}, what="it is awake")
        eventually(lambda: town.world.mails, what="the family has its mail")
