# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The day: the join page on a phone with fake camera and microphone, the board, the screen in the hall."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import KEEP, at_desk, check_axe, keep, launch, one, open_page
from conftest import eventually
from sprechtag.sandbox.stun import Stun
from town import Event, Town

pytestmark = pytest.mark.browser
MEDIA = {
    "servers": [{"name": f"hpb{n}", "cores": 4, "calls": 20, "metrics": f"http://127.0.0.1:9/hpb{n}"} for n in (1, 2)],
    "lines": [{"name": "VDSL 1", "up": 40, "down": 250}, {"name": "VDSL 2", "up": 40, "down": 250}],
}


@pytest.fixture(scope="module")
def camera(browser: Browser) -> Iterator[Browser]:
    """A browser with a camera and a microphone that show and say something, and whose user allows them."""
    fake = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--allow-loopback-in-peer-connection",
    ]
    other = launch(browser.browser_type, *fake)
    yield other
    other.close()


@pytest.fixture(scope="module")
def event(town: Town) -> Iterator[Event]:
    stun = Stun()
    town.world.stun_servers = [f"127.0.0.1:{stun.start()}"]
    yield town.under_way(["t10", "t11", "t12"], name="Elternsprechtag", contact="Sekretariat, 02521 1234")
    stun.stop()


def booked(event: Event, name: str, host: int = 0) -> tuple[str, str]:
    """A family's video call: the booking's id and the link of its mail, once the room is there."""
    town = event.town
    event.family(name, language="de").book(place="video", host=host)

    def link() -> str:
        mail = next((mail for mail in town.world.mails if f"{name}@" in mail.to), None)
        return next(iter(re.findall(r"http\S+/j/\S+", mail.text)), "") if mail else ""

    eventually(lambda: bool(link()), what="the mail with the link")
    booking = re.findall(r"/j/([^/]+)/", link())[0]
    town.begins_in(booking, 300)  # not while the page is looked at
    return booking, link()


def phone(browser: Browser, link: str, script: bool = True) -> Page:
    page = open_page(browser, 360, script=script)
    page.set_default_timeout(20_000)
    page.goto(link)
    return page


def test_the_device_check_sees_hears_and_finds_its_way(town: Town, camera: Browser, event: Event) -> None:
    booking, link = booked(event, "Kaya")
    page = phone(camera, link)
    eventually(lambda: page.reload() is not None and "stun:" in page.content(), what="Talk's relays are known")
    page.get_by_role("button", name="Kamera und Mikrofon prüfen").click()
    for test in ("webrtc", "camera", "microphone", "connection"):
        expect(page.locator(f'[data-test="{test}"]')).to_contain_text("geht", timeout=15_000)
        expect(page.locator(f'[data-test="{test}"]')).to_have_class("fine")
    eventually(lambda: bool(page.evaluate("document.getElementById('picture').videoWidth > 0")), 20, "a picture")
    eventually(lambda: bool(page.evaluate("document.getElementById('level').value > 0")), 20, "a sound")
    keep(page, "join-check")
    check_axe(page, "join page")
    families = town.api("orga", "GET", f"{event.path}/rehearsal")["families"]
    assert [one["result"] for one in families if one["name"] == "Kaya"] == ["fine"]
    page.context.close()
    assert booking


def test_a_device_that_cannot_is_told_what_to_do(town: Town, browser: Browser, event: Event) -> None:
    _, link = booked(event, "Demir", host=1)
    page = phone(browser, link)
    page.evaluate("document.getElementById('join').dataset.relays = '[]'")
    page.get_by_role("button", name="Kamera und Mikrofon prüfen").click()
    expect(page.locator('[data-test="camera"]')).to_contain_text("Erlauben Sie dieser Seite die Kamera")
    expect(page.locator('[data-test="connection"]')).to_be_hidden()
    page.evaluate("document.getElementById('join').dataset.relays = '[{\"urls\":[\"stun:127.0.0.1:9\"]}]'")
    page.get_by_role("button", name="Kamera und Mikrofon prüfen").click()
    expect(page.locator('[data-test="connection"]')).to_contain_text("Ihr Netz lässt kein Video durch", timeout=15_000)
    expect(page.locator('[data-test="camera"]')).to_contain_text("Erlauben Sie dieser Seite die Kamera")
    keep(page, "join-check-fails")
    page.get_by_text("Mein Videogespräch funktioniert nicht").click()
    expect(page.get_by_text("Sekretariat, 02521 1234").first).to_be_visible()
    page.get_by_label("Ein paar Worte an").fill("Meine Kamera geht nicht, ich rufe an.")
    page.get_by_role("button", name="Senden").click()
    expect(page.get_by_text("wurde an")).to_be_visible()
    page.get_by_text("Mein Videogespräch funktioniert nicht").click()
    keep(page, "join-trouble")
    page.get_by_role("button", name="Stattdessen in die Schule kommen").click()
    expect(page.get_by_text("Ihr Termin findet jetzt vor Ort statt")).to_be_visible()
    page.context.close()


def test_at_its_time_the_page_leads_on_by_itself(town: Town, browser: Browser, event: Event) -> None:
    booking, link = booked(event, "Sommer", host=2)
    town.begins_in(booking, 12)
    page = phone(browser, link)
    expect(page.locator("#clock")).to_contain_text(re.compile(r"0:\d\d"))
    keep(page, "join-countdown")
    page.wait_for_url(re.compile("/call/"))
    page.context.close()


def test_without_an_answer_of_ours_it_leads_on_all_the_same(town: Town, browser: Browser, event: Event) -> None:
    booking, link = booked(event, "Winter", host=2)
    town.begins_in(booking, 3)
    page = open_page(browser, 360, script=True)
    page.set_default_timeout(20_000)
    page.route(re.compile(r"/(enter|state)$"), lambda route: route.abort())
    page.goto(link)
    page.wait_for_url(re.compile("/call/"))
    page.context.close()


def test_without_script_there_is_a_button(town: Town, browser: Browser, event: Event) -> None:
    booking, link = booked(event, "Herbst", host=1)
    town.begins_in(booking, 2)
    page = phone(browser, link, script=False)
    page.get_by_role("button", name="Zum Videogespräch gehen").click()
    page.wait_for_url(re.compile("/call/"))
    page.context.close()


@pytest.mark.parametrize("language", ["tr", "ar"])
def test_it_speaks_the_family_s_language(town: Town, browser: Browser, event: Event, language: str) -> None:
    _, link = booked(event, f"Family-{language}")
    page = open_page(browser, 360, script=True)
    page.goto(f"{link}?lang={language}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    check_axe(page, language)
    keep(page, f"join-{language}")
    page.context.close()


def fuller(event: Event) -> None:
    """More families and what became of them: for the picture only."""
    for number in range(12):
        event.family(f"family{number}").book(place="on_site" if number % 3 else "video", host=number % 3)
    marks = itertools.cycle(("done", "no_show", "done", "skipped", "started"))
    for host in event.town.board(event)["hosts"]:
        for one_of in host["appointments"][:3]:
            booking = event.town.behind(event, one_of)["id"]
            event.town.api("orga", "POST", f"bookings/{booking}/mark", {"mark": next(marks)})


def test_the_board_shows_the_day_and_its_buttons_work(town: Town, browser: Browser, event: Event) -> None:
    eventually(lambda: bool(town.api("admin", "GET", "me")["admin"]))
    settings = town.api("admin", "GET", "admin/settings")["settings"]
    town.api("admin", "PUT", "admin/settings", settings | {"media": MEDIA})
    # A host whose others do not begin in the same minute: the board has one cell for it.
    booking, _ = booked(event, "Engel", host=2)
    if KEEP:
        fuller(event)

    def alarms() -> list[str]:
        return [one["kind"] for one in board()["alarms"]]

    def board() -> Any:
        return town.board(event)

    eventually(lambda: alarms().count("server_silent") == 2, what="two silent servers are an alarm")

    def told() -> list[str]:
        return [one.subject for one in town.world.notices("orga")]

    eventually(lambda: any("hpb1" in subject for subject in told()), what="the organiser is told")
    with at_desk(town, browser, "orga", one(event, "/board")) as page:
        expect(page.get_by_text("Der Medienserver hpb1 antwortet nicht")).to_be_visible()
        expect(page.get_by_role("region", name="Lehrkräfte im Zeitverlauf").get_by_role("button")).not_to_have_count(0)
        page.set_viewport_size({"width": 1280, "height": 1900})
        keep(page, "nextcloud-board")
        check_axe(page, "board", "#content-vue")
        page.get_by_role("button", name=re.compile("Child of Engel")).click()
        page.get_by_role("button", name="Als nicht gekommen markieren", exact=True).click()
        expect(page.get_by_text("Notiert.")).to_be_visible()
        # Silent servers have slowed the pace down by themselves.
        expect(page.get_by_text("das Tempo dort von selbst gesenkt")).to_be_visible()
        page.get_by_role("button", name="Tempo senken").first.click()
        expect(page.get_by_text("Das Tempo ist gesenkt")).to_be_visible()
        page.get_by_role("button", name="Tempo wie geplant").click()
        expect(page.get_by_text("das Tempo dort von selbst gesenkt")).to_be_visible()
        page.get_by_role("button", name="Lehrkräfte später beginnen lassen").first.click()
        page.get_by_label("Lehrkraft", exact=True).select_option(index=0)
        page.get_by_role("button", name="Verspätung mitteilen").click()
        expect(page.get_by_text(re.compile("Angekündigt"))).to_be_visible()
        expect(page.get_by_text("10 Minuten später").first).to_be_visible()
        keep(page, "nextcloud-board-delay")
    states = {town.behind(event, one)["id"]: one["state"] for host in board()["hosts"] for one in host["appointments"]}
    assert states[booking] == "no_show"
    with at_desk(town, browser, "orga", one(event, "/board"), dark=True) as page:
        expect(page.get_by_text("Der Medienserver hpb1 antwortet nicht")).to_be_visible()
        check_axe(page, "board, dark", "#content-vue")
        page.set_viewport_size({"width": 1280, "height": 1900})
        keep(page, "nextcloud-board-dark")


def test_a_host_follows_the_own_day(town: Town, browser: Browser, event: Event) -> None:
    booked(event, "Jansen")
    host = next(
        host["user_id"]
        for host in town.board(event)["hosts"]
        if any("Jansen" in one["child"] for one in host["appointments"])
    )
    with at_desk(town, browser, host, one(event, "/mine")) as page:
        expect(page.get_by_role("heading", name="Jetzt")).to_be_visible()
        check_axe(page, "mine on the day", "#content-vue")
        keep(page, "nextcloud-mine-now")


def test_the_screen_in_the_hall_can_be_read_from_afar_and_names_nobody(
    town: Town, browser: Browser, event: Event
) -> None:
    event.family("Kowalski", language="de").book(place="on_site", host=1)
    link = town.api("orga", "GET", f"{event.path}/display")["link"]
    page = open_page(browser, 1920, script=True)
    page.goto(link)
    expect(page.locator("table")).to_be_visible()
    assert "Kowalski" not in page.content() and "Child of" not in page.content()
    size = page.locator("td.next").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 48, "about 2.5 cm on a screen of one metre"
    check_axe(page, "screen")
    keep(page, "display")
    page.context.close()
