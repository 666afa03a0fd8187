# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office enters an interpreter, a family asks for one and names a grandmother; each sees what is theirs."""

import re

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import at_desk, check_axe, keep, one, open_page
from conftest import eventually
from town import Town

pytestmark = pytest.mark.browser


def test_from_the_interpreters_list_to_the_grandmothers_page(town: Town, browser: Browser) -> None:
    event = town.conference(["t40", "t41"], name="Sprechtag mit Dolmetschen", asks="interpreter")
    uncovered = event.family("yilmaz", "de")
    uncovered.send(uncovered.slots()[0], interpreter="Türkisch")
    with at_desk(town, browser, "orga", one(event)) as page:
        expect(page.get_by_text("Bei 1 Termin dolmetscht niemand")).to_be_visible()
        page.get_by_role("button", name="Jemanden zum Dolmetschen eintragen").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill("Aylin Demir")
        dialog.get_by_label("E-Mail", exact=True).fill("aylin@post.example")
        dialog.get_by_label("Sprachen, durch Kommas getrennt").fill("Türkisch, Kurdisch")
        check_axe(page, "interpreter", "[role=dialog]")
        keep(page, "nextcloud-interpreter")
        dialog.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Aylin Demir · Türkisch, Kurdisch · 1 Termin")).to_be_visible()
        expect(page.get_by_text("Bei 1 Termin dolmetscht niemand")).to_have_count(0)
        keep(page, "nextcloud-interpreters")

    def own(address: str, part: str) -> str:
        def found() -> list[str]:
            texts = [mail.text for mail in town.world.mails if address in mail.to]
            return [match[0] for text in texts if (match := re.search(rf"https?://\S+/{part}/\S+", text))]

        eventually(lambda: bool(found()), what=f"{address} got no mail")
        return found()[-1]

    phone = open_page(browser, 360, script=True)
    phone.goto(own("aylin@post.example", "i"))
    expect(phone.get_by_text("Türkisch")).to_be_visible()
    check_axe(phone, "interpreter's page")
    keep(phone, "interpreter-360")
    phone.goto(own("yilmaz", "m"))
    phone.locator(".hosts a").first.click()
    expect(phone.get_by_text("Aylin Demir")).to_be_visible()
    phone.get_by_role("link", name="Es kommt noch jemand").click()
    phone.get_by_label("Name", exact=True).fill("Oma Inge")
    phone.get_by_label("E-Mail-Adresse").fill("oma@post.example")
    phone.get_by_text("Großeltern oder Verwandte").click()
    check_axe(phone, "naming somebody")
    keep(phone, "people-360")
    phone.get_by_role("button", name="Eintragen").click()
    expect(phone.get_by_role("status")).to_contain_text("Oma Inge ist eingetragen")
    check_axe(phone, "the appointment")
    keep(phone, "people-named-360")
    phone.goto(own("oma@post.example", "w"))
    expect(phone.get_by_text("Es kommen auch:")).to_contain_text("Aylin Demir")
    check_axe(phone, "the grandmother's page")
