# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office enters a family with two children, corrects it and adds its second household."""

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import at_desk, check_axe, keep, one
from town import Town

pytestmark = pytest.mark.browser


def check_dialog(page: Page, where: str, name: str) -> None:
    # While it fades in its colours are others.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => true)")
    check_axe(page, where, "[role=dialog]")
    keep(page, name)


def test_a_family_is_entered_corrected_and_gets_its_second_household(town: Town, browser: Browser) -> None:
    event = town.conference(["t33"], name="Sprechtag der Geschwister", booking_by="invited")
    with at_desk(town, browser, "orga", one(event, "/families")) as page:
        dialog, row = page.get_by_role("dialog"), page.get_by_role("row").filter(has_text="Derya Gökdal")
        page.get_by_role("button", name="Eine Familie eintragen").click()
        dialog.get_by_label("Familie", exact=True).fill("Derya Gökdal")
        dialog.get_by_role("button", name="Noch ein Kind").click()
        for at, (child, school_class) in enumerate((("Elif", "5b"), ("Levent", "8c"))):
            dialog.get_by_label("Kind", exact=True).nth(at).fill(child)
            dialog.get_by_label("Klasse", exact=True).nth(at).fill(school_class)
        check_dialog(page, "entering a family", "nextcloud-family-new")
        dialog.get_by_role("button", name="Speichern").click()
        expect(row).to_contain_text("Levent")
        row.get_by_role("button", name="Aktionen für Derya Gökdal").click()
        page.get_by_role("menuitem", name="Berichtigen").click()
        dialog.get_by_label("Klasse", exact=True).first.fill("5c")
        dialog.get_by_role("button", name="Entfernen").last.click()
        check_dialog(page, "correcting a family", "nextcloud-family-correct")
        dialog.get_by_role("button", name="Speichern").click()
        expect(row).to_contain_text("5c")
        expect(row).not_to_contain_text("Levent")
        row.get_by_role("button", name="Aktionen für Derya Gökdal").click()
        page.get_by_role("menuitem", name="Zweiten Haushalt hinzufügen").click()
        dialog.get_by_label("Familie", exact=True).fill("Paul Oberau")
        dialog.get_by_label("E-Mail", exact=True).fill("oberau@post.example")
        check_dialog(page, "a second household", "nextcloud-family-second")
        dialog.get_by_role("button", name="Speichern").click()
        expect(row.first).to_contain_text("Paul Oberau")
