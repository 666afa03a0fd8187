# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family with a phone, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page

from browser.conftest import check_axe, keep, lead_on, open_page
from town import Event, Town

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    return town.conference(
        [f"t{number:02}" for number in range(10, 22)],
        description="Bitte wählen Sie eine Lehrkraft und eine freie Zeit.",
        contact="Sekretariat, sekretariat@schule.example",
    )


def fits(page: Page, width: int) -> bool:
    """No sideways scrolling."""
    box = page.locator("main .card").bounding_box()
    return bool(box and box["x"] >= 0 and box["x"] + box["width"] <= width)


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, False), (320, True)])
def test_a_family_books_without_script(town: Town, event: Event, browser: Browser, width: int, dark: bool) -> None:
    page = open_page(browser, width, dark=dark)
    town.world.proxied.clear()
    shade = "-dark" if dark else ""
    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    assert fits(page, width)
    keep(page, f"hosts-{width}{shade}")
    page.locator(".hosts a").nth(width % 7).click()
    assert fits(page, width)
    keep(page, f"times-{width}{shade}")
    page.locator(".times a").nth(3).click()
    assert fits(page, width)
    page.get_by_text("Per Video").click()
    page.get_by_label("Name des Kindes").fill("Emre Yılmaz")
    page.get_by_label("Klasse").fill("5b")
    page.get_by_label("Ihr Name").fill("Ayşe Yılmaz")
    page.get_by_label("Ihre E-Mail-Adresse").fill(f"ayse{width}@post.example")
    keep(page, f"booking-{width}{shade}")
    page.get_by_role("button", name="Diesen Termin buchen").click()
    assert page.locator("h1").inner_text() == "Ihr Termin ist gebucht"
    assert fits(page, width)
    assert len(town.world.proxied) <= 5, town.world.proxied
    keep(page, f"booked-{width}{shade}")
    page.get_by_role("link", name="Ändern oder absagen").click()
    page.locator(".hosts a").first.click()
    page.get_by_role("button", name="Doch vor Ort sprechen").click()
    assert "Der Ort ist geändert" in page.locator("[role=status]").inner_text()
    assert fits(page, width)
    keep(page, f"change-{width}{shade}")


def test_mistakes_are_listed_and_lead_to_their_fields(town: Town, event: Event, browser: Browser) -> None:
    page = open_page(browser, 360)
    page.goto(f"{town.url}/exapps/sprechtag/s/{event.token}")
    page.locator(".hosts a").first.click()
    page.locator(".times a").last.click()
    page.get_by_label("Ihre E-Mail-Adresse").fill("nonsense")
    page.get_by_role("button", name="Diesen Termin buchen").click()
    assert page.locator("[role=alert] li").count() == 4
    keep(page, "errors-360")
    page.locator("[role=alert] a[href='#email']").click()
    assert page.locator("#email:focus").count() == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["de-DE", "en-GB"])
def test_axe_finds_nothing(town: Town, event: Event, browser: Browser, language: str, dark: bool) -> None:
    """WCAG 2.2 A and AA and axe's own best practices, on every public page and on a refusal."""
    page = open_page(browser, 360, script=True, dark=dark, language=language)

    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    check_axe(page, "hosts")
    lead_on(page, page.locator(".hosts a").nth(9))
    check_axe(page, "times")
    lead_on(page, page.locator(".times a").last)
    check_axe(page, "form")
    lead_on(page, page.locator("form[method=post] button"))
    page.wait_for_selector("[role=alert]")
    check_axe(page, "mistakes")
    page.locator("input[name=place]").first.check()
    for field, value in (("child", "Kind"), ("name", "Familie"), ("email", f"axe-{language}-{dark}@post.example")):
        page.locator(f"#{field}").fill(value)
    lead_on(page, page.locator("form[method=post] button"))
    page.wait_for_selector(".tick")
    check_axe(page, "booked")
    manage = page.locator("a[href*='m/']").first.get_attribute("href") or ""
    page.goto(page.url.split("/s/")[0] + "/m/" + manage.split("m/", 1)[1].split("/")[0].split("?")[0])
    check_axe(page, "manage")
    lead_on(page, page.locator(".hosts a").first)
    check_axe(page, "appointment")
    one = page.url.split("?")[0]
    for step in ("move", "cancel"):
        page.goto(f"{one}/{step}")
        check_axe(page, step)


def test_everything_can_be_done_with_the_keyboard(town: Town, event: Event, browser: Browser) -> None:
    page = open_page(browser, 1280, script=True)
    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Zum Inhalt springen"
    page.locator(".hosts a").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".times a")
    page.locator(".times a").nth(8).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("form[method=post]")
    page.locator("input[name=place]").first.focus()
    page.keyboard.press("Space")
    for text in ("Kind", "7a", "Mutter", "taste@post.example"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_selector(".tick")


def test_targets_are_large_enough(town: Town, event: Event, browser: Browser) -> None:
    page = open_page(browser, 360)
    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    page.locator(".hosts a").first.click()
    for target in page.locator(".times a, .langs summary").all():
        box = target.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 40
