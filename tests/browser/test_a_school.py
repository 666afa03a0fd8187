# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A school of 70 teachers and 1,000 families, from its files to its running day: as the office, as a teacher and as a
family."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import at_desk, check_axe, lead_on, one, open_page
from conftest import PATIENCE, eventually
from sprechtag.sandbox.demo import SEED, under_way
from sprechtag.sandbox.school import Teacher, teachers
from town import Event, Town, links

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("SPRECHTAG_LARGE"), reason="a whole school takes a machine of its own"),
]
CLASSES = [f"{year}{letter}" for year in range(5, 11) for letter in "abcd"]
PUPILS = 1000


def hosts_file(people: list[Teacher]) -> bytes:
    lines = ["Benutzer;Name;Fächer;Klassen;Raum"]
    lines += [f"{one.user_id};{one.name};{one.subject};{one.classes};{one.room}" for one in people]
    return "\r\n".join(lines).encode("cp1252")


def families_file() -> bytes:
    """A line for each pupil; every tenth has a sister in the line after."""
    lines = ["Familienname;Vorname;E-Mail;Kind;Klasse"]
    for number in range(PUPILS):
        family = number - 1 if number % 10 == 1 else number
        child, school_class = f"Kind{number} Müller{family}", CLASSES[number % len(CLASSES)]
        lines.append(f"Müller{family};Ada;fam{family}@post.example;{child};{school_class}")
    return "\r\n".join(lines).encode()


def imports(page: Page, name: str, content: bytes) -> None:
    page.get_by_role("button", name="Liste importieren").click()
    page.get_by_label("Datei").first.set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    press = page.get_by_role("button", name="Importieren", exact=True)
    expect(press).to_be_enabled(timeout=PATIENCE * 1000)
    press.click()


def test_from_its_files_to_its_running_day(town: Town, browser: Browser) -> None:
    people = teachers(70, SEED)
    made = town.api("orga", "POST", "conferences", {"name": "Sprechtag der ganzen Schule", **under_way(3)})
    event = Event(town, f"conferences/{made['id']}", "")
    with at_desk(town, browser, "orga", one(event, "/hosts")) as page:
        imports(page, "lehrer.csv", hosts_file(people))
        expect(page.get_by_text("70 Lehrkräfte, 0 nehmen teil")).to_be_visible(timeout=PATIENCE * 1000)
    with at_desk(town, browser, "orga", one(event, "/families")) as page:
        imports(page, "schueler.csv", families_file())
        expect(page.get_by_text("900 Familien")).to_be_visible(timeout=3 * PATIENCE * 1000)
        page.get_by_label("Nach Name, Kind").fill("Mueller10")
        expect(page.get_by_role("row").filter(has_text="Müller10").first).to_contain_text(
            "Kind11", timeout=PATIENCE * 1000
        )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda person: town.api(person.user_id, "POST", f"{event.path}/join"), people))

    # Two class teachers together; booking is opened.
    with at_desk(town, browser, "orga", one(event, "/hosts")) as page:
        for person in people[:2]:
            page.get_by_role("row").filter(has_text=person.name).locator(".checkbox-radio-switch").first.click()
        page.get_by_role("button", name="Familien gemeinsam empfangen").click()
        expect(page.get_by_role("row").filter(has_text="Gemeinsam")).to_contain_text(
            "nimmt teil", timeout=PATIENCE * 1000
        )
    with at_desk(town, browser, "orga", one(event)) as page:
        page.get_by_role("button", name="Buchung öffnen").click()
        expect(page.get_by_text("Familien können jetzt buchen.")).to_be_visible(timeout=PATIENCE * 1000)

    # A family of two children, on its phone without script, by its own link: each child's teacher in one go.
    listed = town.api("orga", "GET", f"{event.path}/families")
    links_of = {family["name"]: family["link"] for family in listed}
    phone = open_page(browser, 360)
    phone.goto(links_of["Ada Müller10"])
    lead_on(phone, phone.locator("a[href$='/book'], a[href*='/book?']").first)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    expect(phone.locator("input[name^='h-']").first).to_be_attached()
    phone.context.close()

    # Many others book meanwhile.
    def books(number: int) -> bool:
        with httpx.Client(timeout=30) as browser_at_home:
            start = browser_at_home.get(f"{links_of[f'Ada Müller{10 * number + 2}']}/book")
            hosts = links(start, "/h/")
            times = links(browser_at_home.get(hosts[number % len(hosts)]), "/t/")
            form = {"key": f"{number}", "place": "video" if number % 2 else "on_site", "child": f"Kind{number}"}
            return browser_at_home.post(times[number % 3], data=form).status_code == 200

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(books, range(40)))
    assert sum(done) >= 30, "two who want one time are refused, the others are not"
    eventually(lambda: town.in_step(event), seconds=3 * PATIENCE, what="Nextcloud has followed")

    # Somebody is ill: one dialog, and the families are with somebody else.
    received = Counter(booking["host_user_id"] for booking in town.bookings(event))
    ill = max(people, key=lambda person: received[person.user_id])
    substitute = next(person for person in reversed(people) if person.user_id != ill.user_id)
    with at_desk(town, browser, "orga", one(event, "/hosts")) as page:
        page.get_by_label(f"Aktionen für {ill.name}", exact=True).click()
        page.get_by_role("menuitem", name="Kommt nicht …").click()
        page.get_by_label("Wer übernimmt?").select_option(substitute.user_id)
        check_axe(page, "the dialog about somebody who is ill", "[role=dialog]")
        page.get_by_role("button", name="Gespräche übergeben").click()
    eventually(
        lambda: all(b["host_user_id"] != ill.user_id for b in town.bookings(event) if b["state"] == "active"),
        what="handed over",
    )
    with at_desk(town, browser, substitute.user_id, one(event, "/mine")) as page:
        expect(page.get_by_role("heading", name="Meine Termine")).to_be_visible()
    with at_desk(town, browser, "orga", one(event, "/board")) as page:
        expect(page.get_by_text(substitute.name).first).to_be_visible(timeout=PATIENCE * 1000)
