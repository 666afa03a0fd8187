# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family with a phone and a teacher at a desk, in a real browser. `make screenshots` keeps what it saw."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from conftest import eventually
from sprechtag.sandbox.server import EMBEDDED, SESSION
from town import Event, Town, open_town

pytestmark = pytest.mark.browser
KEEP = os.environ.get("SPRECHTAG_SCREENSHOTS", "")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    return town.conference(
        [f"t{number:02}" for number in range(10, 22)],
        description="Bitte wählen Sie eine Lehrkraft und eine freie Zeit.",
        contact="Sekretariat, sekretariat@schule.example",
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def keep(page: Page, name: str) -> None:
    if KEEP:
        Path(KEEP).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{KEEP}/{name}.png", full_page=True)


def open_page(browser: Browser, width: int, script: bool = False, dark: bool = False, language: str = "de-DE") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 780},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        locale=language,
    )
    return context.new_page()


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
    page.get_by_role("button", name="Auf vor Ort wechseln").click()
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

    def check(where: str) -> None:
        found = Axe().run(page).response["violations"]
        assert not found, f"{where}: " + "; ".join(f"{one['id']} {one['nodes'][0]['html'][:120]}" for one in found)

    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    check("hosts")
    page.locator(".hosts a").nth(9).click()
    check("times")
    page.locator(".times a").last.click()
    check("form")
    page.locator("form[method=post] button").click()
    page.wait_for_selector("[role=alert]")
    check("mistakes")
    page.locator("input[name=place]").first.check()
    for field, value in (("child", "Kind"), ("name", "Familie"), ("email", f"axe-{language}-{dark}@post.example")):
        page.locator(f"#{field}").fill(value)
    page.locator("form[method=post] button").click()
    page.wait_for_selector(".tick")
    check("booked")
    manage = page.locator("a[href*='m/']").first.get_attribute("href") or ""
    page.goto(page.url.split("/s/")[0] + "/m/" + manage.split("m/", 1)[1].split("/")[0].split("?")[0])
    check("manage")
    page.locator(".hosts a").first.click()
    check("appointment")
    one = page.url.split("?")[0]
    for step in ("move", "cancel"):
        page.goto(f"{one}/{step}")
        check(step)


def test_everything_can_be_done_with_the_keyboard(town: Town, event: Event, browser: Browser) -> None:
    page = open_page(browser, 1280, script=True)
    page.goto(f"{town.url}/index.php/apps/app_api/proxy/sprechtag/s/{event.token}")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Zum Inhalt"
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
    for target in page.locator(".times a, .langs a").all():
        box = target.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 40


def test_a_teacher_joins_and_sees_own_appointments(town: Town, browser: Browser) -> None:
    event = town.conference(["t30"])
    town.api("orga", "POST", f"{event.path}/hosts", [{"user_id": "t31"}])
    event.family("opal").book()
    eventually(lambda: town.in_step(event))
    for user, width in (("t31", 1280), ("t30", 1280), ("orga", 1280)):
        page = open_page(browser, width, script=True)
        page.context.add_cookies([{"name": SESSION, "value": town.world.log_in(user), "url": town.url}])
        errors: list[str] = []
        page.on(
            "console", lambda message, errors=errors: errors.append(message.text) if message.type == "error" else None
        )
        page.goto(f"{town.url}{EMBEDDED}sprechtag/conferences")
        page.wait_for_selector("#sprechtag section")
        if user == "t31":
            page.get_by_role("button", name="Teilnehmen", exact=True).click()
            page.get_by_text("Sie nehmen teil.").wait_for()
        else:
            page.get_by_text("Child of opal").first.wait_for()
        keep(page, f"nextcloud-{user}")
        assert not errors
