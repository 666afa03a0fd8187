# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How often the office clicks for what it does most often: counted in a browser, as docs/office.md says."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import at_desk, one, settled
from conftest import eventually
from town import Event, Town

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("SPRECHTAG_LARGE"), reason="counts what changes seldom"),
]
COUNTS = Path(__file__).parents[2] / "docs" / "office.md"
COUNTER = "addEventListener('pointerdown', () => { window.clicks += 1 }, true)"
"""Not `click`: a label makes two of one."""


def written() -> list[int]:
    """The last column of the table."""
    rows = re.findall(r"^\| \d+ \|.*\| (\d+) \|$", COUNTS.read_text(), re.MULTILINE)
    return [int(one) for one in rows]


@contextmanager
def counted(page: Page, event: Event, counts: list[int]) -> Iterator[None]:
    """Every task begins on the conference's overview. A list to choose from is one click, a file as well."""
    page.goto(page.url.partition("#")[0] + f"#/{one(event)}")
    settled(page)
    page.evaluate("window.clicks = 0")
    yield
    counts.append(page.evaluate("window.clicks"))


def go(page: Page, part: str) -> None:
    page.get_by_role("link", name=part, exact=True).click()
    settled(page)


def row(page: Page, text: str) -> None:
    page.get_by_role("row").filter(has_text=text).get_by_role("button").last.click()


def test_the_ten_most_frequent_tasks(town: Town, browser: Browser) -> None:
    event = town.conference(["t50", "t51", "t52"], name="Sprechtag der Klicks")
    for number in range(3):
        event.family(f"klick{number}").book(host=number)
    eventually(lambda: town.in_step(event), what="all is written")
    entry = {"name": "Kaya", "email": "falsch@post.example", "children": [{"name": "Can", "school_class": "7b"}]}
    town.api("orga", "POST", f"{event.path}/families", [entry])
    counts: list[int] = []
    with at_desk(town, browser, "orga", one(event)) as page:
        page.evaluate(COUNTER)
        with counted(page, event, counts):  # 1: book for a family on the phone
            go(page, "Termine")
            page.locator("[data-cell='2-2']").click()
            page.get_by_label("Kind", exact=True).fill("Kind am Telefon")
            page.get_by_role("dialog").get_by_label("Familie").fill("Oma Yılmaz")
            page.get_by_role("button", name="Buchen", exact=True).click()
            expect(page.locator("[data-cell='2-2']")).to_contain_text("Kind am Telefon")
        with counted(page, event, counts):  # 2: to another time
            go(page, "Termine")
            page.locator("[data-cell='2-2']").drag_to(page.locator("[data-cell='2-3']"))
            page.get_by_role("dialog").get_by_role("button", name="Verschieben").click()
            expect(page.locator("[data-cell='2-3']")).to_contain_text("Kind am Telefon")
        with counted(page, event, counts):  # 3: one appointment by video
            go(page, "Termine")
            page.locator("[data-cell='2-3']").click()
            page.get_by_role("button", name="Auf Video wechseln").click()
            expect(page.locator("[data-cell='2-3']")).to_contain_text("Video")
        with counted(page, event, counts):  # 4: cancel
            go(page, "Termine")
            page.locator("[data-cell='2-3']").click()
            page.get_by_role("button", name="Termin absagen").click()
            page.get_by_role("button", name="Wirklich absagen").click()
            expect(page.locator("[data-cell='2-3']")).not_to_contain_text("Kind am Telefon")
        with counted(page, event, counts):  # 5: a wrong address, and its link goes to the right one
            go(page, "Familien")
            row(page, "Kaya")
            page.get_by_role("menuitem", name="Berichtigen").click()
            page.get_by_role("dialog").get_by_label("E-Mail").fill("kaya@post.example")
            page.get_by_role("button", name="Speichern").click()
            expect(page.get_by_role("row").filter(has_text="kaya@post.example")).to_be_visible()
        with counted(page, event, counts):  # 6: a list of families
            go(page, "Familien")
            page.get_by_role("button", name="Liste importieren").click()
            table = b"Familie;E-Mail;Kind;Klasse\nNowak;nowak@post.example;Ola;5a\n"
            page.get_by_label("Datei").set_input_files({"name": "f.csv", "mimeType": "text/csv", "buffer": table})
            page.get_by_role("button", name="Importieren", exact=True).click()
            expect(page.get_by_role("row").filter(has_text="Nowak")).to_be_visible()
        counts[-1] += 1
        with counted(page, event, counts):  # 7: invitations by mail
            go(page, "Familien")
            page.get_by_role("button", name="Einladungen per Mail").click()
            page.get_by_role("dialog").get_by_role("button", name="Senden").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
        with counted(page, event, counts):  # 8: the room of many hosts
            go(page, "Lehrkräfte")
            page.locator("thead .checkbox-radio-switch").click()
            page.get_by_role("button", name="Zeiten, Raum oder Orte").click()
            page.get_by_role("dialog").get_by_text("Raum", exact=True).click()
            page.get_by_role("dialog").get_by_role("textbox", name="Raum").fill("Aula")
            page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
            expect(page.get_by_role("cell", name="Aula")).to_have_count(3)
        with counted(page, event, counts):  # 9: a teacher is ill, somebody takes over
            go(page, "Lehrkräfte")
            row(page, town.world.users["t50"].display_name)
            page.get_by_role("menuitem", name="Kommt nicht …").click()
            page.get_by_label("Wer übernimmt?").select_option("t51")
            page.get_by_role("button", name="Gespräche übergeben").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
        counts[-1] += 1
        with counted(page, event, counts):  # 10: everything by video
            page.get_by_role("button", name="Ort wechseln").click()
            page.get_by_role("button", name="Auf Video wechseln").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
    assert counts == written()
