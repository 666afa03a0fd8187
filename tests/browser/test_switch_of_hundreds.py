# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The evening before, 48 appointments (300 by `make test-large`) are turned to video with one button, and the app is
killed on the way."""

import os
from collections import Counter

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import at_desk, one
from conftest import PATIENCE, eventually
from town import Town

pytestmark = pytest.mark.browser
HOSTS = [f"t{number:02}" for number in range(20, 35)]
FAMILIES = 300 if os.environ.get("SPRECHTAG_LARGE") else 48


def test_hundreds_of_appointments_change_to_video(town: Town, browser: Browser) -> None:
    event = town.conference(HOSTS, name="Elternsprechtag")
    free = [slot[0] for slots in town.api("orga", "GET", f"{event.path}/grid")["slots"] for slot in slots[:20]]
    for number, slot in enumerate(free[:FAMILIES]):
        phone = {"slot_id": slot, "place": "on_site", "child": f"Kind {number}", "name": f"Familie {number}"}
        town.api("orga", "POST", f"{event.path}/bookings", phone | {"email": f"f{number}@post.example"})
    with at_desk(town, browser, "orga", one(event), falls=True) as page:
        page.get_by_role("button", name="Ort wechseln").click()
        seen = page.get_by_text(f"{FAMILIES} Termine wechseln den Ort. {FAMILIES} Familien bekommen je eine Mail.")
        expect(seen).to_be_visible()
        page.get_by_label("Nachricht an die Familien").fill("Neue Regeln ab morgen.")
        page.get_by_role("button", name="Auf Video wechseln").click()
        expect(page.get_by_text(f"von {FAMILIES} Familien")).to_be_visible()
        town.kill()
        town.start(register=False)
        done = page.get_by_text(f"{FAMILIES} von {FAMILIES} Familien · fertig")
        expect(done).to_be_visible(timeout=PATIENCE * 1000)
    eventually(lambda: {booking["place"] for booking in town.bookings(event)} == {"video"})
    eventually(lambda: town.in_step(event), seconds=3 * PATIENCE, what="Nextcloud has followed")
    assert sum(len(town.world.rooms_of(host)) for host in HOSTS) == FAMILIES
    written = [mail for mail in town.world.mails if "Neue Regeln ab morgen." in mail.text]
    # A kill between "sent" and "noted" sends again with the same Message-ID; a mailbox shows it once.
    assert Counter(Counter(mail.to for mail in {mail.message_id: mail for mail in written}.values()).values()) == {
        1: FAMILIES
    }
