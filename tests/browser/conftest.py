# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real browser. `make screenshots` keeps what it saw."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserType, Locator, Page, expect, sync_playwright

from conftest import eventually
from sprechtag.sandbox.server import EMBEDDED, SESSION
from town import Event, Town, open_town

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
    # A person tries again when the app says it is busy; a browser test does not, and shares its cores with others.
    with open_town(SPRECHTAG_PAGE_SECONDS="10") as town:
        yield town


def launch(kind: BrowserType, *flags: str, keeps_pages: bool = False) -> Browser:
    """`keeps_pages`: for the way back, as every browser does that nobody drives."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    left_out = ["--disable-back-forward-cache"] if keeps_pages else []
    return kind.launch(executable_path=found, args=[*FLAGS, *flags], ignore_default_args=left_out)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


def keep(page: Page, name: str) -> None:
    if KEEP:
        Path(KEEP).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(500)  # a dialog fades in
        page.screenshot(path=f"{KEEP}/{name}.png", full_page=True)


def open_page(browser: Browser, width: int, script: bool = False, dark: bool = False, language: str = "de-DE") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 780},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        locale=language,
    )
    return context.new_page()


@contextmanager
def at_desk(
    town: Town, browser: Browser, user: str, path: str = "", dark: bool = False, falls: bool = False
) -> Iterator[Page]:
    """The page as this user, who reads German; fails on anything the browser complains of, but for an app that
    `falls` over in between."""
    if user == "admin":
        # An admin's groups are asked for anew once they are a minute old, and the page is answered a moment later.
        eventually(lambda: bool(town.api(user, "GET", "me")["admin"]), what="known as an admin")
        town.api(user, "GET", "admin/settings")
    page = open_page(browser, 1280, script=True, dark=dark)
    page.set_default_timeout(8000)
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.context.add_cookies([{"name": SESSION, "value": town.world.log_in(user), "url": town.url}])
    page.goto(f"{town.url}{EMBEDDED}sprechtag/conferences#/{path}")
    page.locator("h2").first.wait_for()
    yield page
    page.context.close()
    # A refusal (409, 422) is an answer that the page shows in words; the browser logs it all the same.
    expected = ("status of 4", "status of 5") if falls else ("status of 4",)
    assert not [text for text in complaints if not any(status in text for status in expected)]


def one(event: Event, part: str = "") -> str:
    return f"c/{event.path.split('/')[1]}{part}"


def lead_on(page: Page, link: Locator) -> None:
    """Clicks what leads to another page, and waits until that one is there."""
    with page.expect_navigation():
        link.click()


def settled(page: Page) -> None:
    """Waits until nothing of a view is being loaded any more; a busy machine takes its time."""
    expect(page.locator("#content-vue .skeleton")).to_have_count(0, timeout=60_000)


def check_axe(page: Page, where: str, part: str = "html") -> None:
    """WCAG 2.2 A and AA and axe's own best practices, in a part of the page that is ours."""
    page.wait_for_load_state()
    found = Axe().run(page, context=part).response["violations"]
    assert not found, f"{where}: " + "; ".join(f"{one['id']} {one['nodes'][0]['html'][:160]}" for one in found)
