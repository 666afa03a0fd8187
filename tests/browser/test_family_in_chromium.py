# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The family's whole journey on a phone: with script and without, in German and in Arabic, and axe in every language."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import at_desk, check_axe, keep, launch, lead_on, one, open_page, settled
from conftest import eventually
from sprechtag.phrases import LANGUAGES, Speaker
from town import Event, Town

pytestmark = pytest.mark.browser
FRONT = "/index.php/apps/app_api/proxy/sprechtag"
HOSTS = ["t40", "t41", "t42", "t43", "t44", "t45"]
WAYS = [
    pytest.param(script, language, id=f"{'script' if script else 'plain'}-{language}")
    for language in ("de", "ar")
    for script in (False, True)
]
LOCALES = {"de": "de-DE", "ar": "ar"}


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    # Each look at a proposal holds its times for two minutes.
    more = {"slot_minutes": 5, "contact": "Sekretariat, sekretariat@schule.example"}
    event = town.conference(HOSTS, name="Elternsprechtag", **more)
    table = [{"user_id": host, "classes": "5b, 6a" if number < 4 else "7c"} for number, host in enumerate(HOSTS)]
    town.api("orga", "POST", f"{event.path}/hosts", table)
    return event


class Phone:
    """A family's phone, 360 px wide. `say` finds what the page says in its language."""

    def __init__(self, town: Town, browser: Browser, script: bool, language: str, dark: bool = False) -> None:
        self.page = open_page(browser, 360, script=script, dark=dark, language=LOCALES.get(language, language))
        self.page.set_default_timeout(8000)
        self.say = Speaker(language)
        self.town = town
        self.name = f"{language}{'-script' if script else ''}"

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.town.url}{FRONT}/{path}")
        return self.page

    def propose(self) -> None:
        """With script the button says how many are chosen."""
        self.page.locator("#next").click()

    def press(self, text: str) -> None:
        self.page.get_by_role("button", name=self.say(text), exact=True).click()

    def follow(self, text: str) -> None:
        self.page.get_by_role("link", name=self.say(text), exact=True).click()

    def heading(self, text: str) -> None:
        expect(self.page.locator("h1")).to_have_text(self.say(text))

    def fill(self, who: str, child: str = "Emre Yılmaz", place: str = "on_site") -> None:
        """All that a form asks for."""
        choice = self.page.locator(f"input[name=place][value={place}]")
        if choice.count() and choice.is_visible():
            choice.check()
        self.page.locator("#child").fill(child)
        if self.page.locator("#name").count():
            self.page.locator("#name").fill("Ayşe Yılmaz")
            self.page.locator("#email").fill(f"{who}@post.example")

    def fits(self) -> None:
        """Nothing makes the page scroll sideways, at 360 px and at 320 px (400 % of 1,280)."""
        for width in (360, 320):
            self.page.set_viewport_size({"width": width, "height": 780})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        self.page.set_viewport_size({"width": 360, "height": 780})


@pytest.mark.parametrize(("script", "language"), WAYS)
def test_several_teachers_in_one_go(town: Town, event: Event, browser: Browser, script: bool, language: str) -> None:
    phone = Phone(town, browser, script, language)
    page = phone.open(f"s/{event.token}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    page.locator("select[name=class]").select_option("6a")
    if not script:  # with it the list follows the choice
        phone.press("Show")
    expect(page.locator("input[name^='h-']:checked")).to_have_count(4)
    phone.fits()
    town.world.proxied.clear()
    phone.propose()
    phone.heading("Our proposal")
    phone.fits()
    keep(page, f"family-plan-{phone.name}")
    page.locator("details.more summary").click()
    page.locator("input[name=prefer][value=latest]").check()
    phone.press("New proposal")
    expect(page.locator(".table li").last).to_contain_text("18:")
    phone.fill(f"plan-{phone.name}")
    page.locator("button[name=do][value=book]").click()
    phone.heading("Your appointments are booked")
    assert len(town.world.proxied) <= 5, town.world.proxied
    keep(page, f"family-booked-{phone.name}")
    phone.follow("Change or cancel")
    phone.heading("My appointments")
    assert page.locator(".hosts a").count() == 4
    phone.fits()
    keep(page, f"family-manage-{phone.name}")
    page.locator("details.more summary").click()
    phone.follow("Page for the printer")
    expect(page.locator("table tr")).to_have_count(5)


NOTHING_COVERS_THE_BAR = """() => {
    const bar = document.querySelector('.chosen').getBoundingClientRect()
    return [bar.left + 8, bar.right - 8].every((x) => document.elementFromPoint(x, bar.top + 8).closest('.chosen'))
}"""


@pytest.mark.parametrize(("script", "language"), WAYS)
def test_each_time_by_hand_in_a_grid(town: Town, event: Event, browser: Browser, script: bool, language: str) -> None:
    phone = Phone(town, browser, script, language)
    page = phone.open(f"s/{event.token}?class=7c")
    phone.propose()
    page.locator("details.more summary").click()
    phone.press("Choose each time by hand")
    columns = sorted(set(re.findall(r'name="(pick-[^"]+)"', page.content())))
    starts = [
        set(re.findall(rf'name="{column}" value="[^"]+" data-from="(\d+)"', page.content())) for column in columns
    ]
    both = sorted(starts[0] & starts[1])

    def pick(column: str, start: str) -> None:
        page.locator(f"input[name='{column}'][data-from='{start}']").check(force=True)

    for column in columns:
        pick(column, both[5])
    if script:
        expect(page.locator("label.clash").first).to_be_visible()
        expect(page.locator(".chosen")).to_be_visible()
        assert page.evaluate(NOTHING_COVERS_THE_BAR)
    phone.press("Next")
    expect(page.get_by_role("alert")).to_be_visible()
    keep(page, f"family-grid-{phone.name}")
    pick(columns[1], both[9])
    phone.press("Next")
    phone.heading("Your time table")
    phone.fill(f"grid-{phone.name}")
    page.locator("button[name=do][value=book]").click()
    phone.heading("Your appointments are booked")


@pytest.mark.parametrize(("script", "language"), WAYS)
def test_a_waiting_list_from_joining_to_the_appointment(
    town: Town, browser: Browser, script: bool, language: str
) -> None:
    day = (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    # A host of its own each time: appointments of before stand in the calendar and close the time.
    host = f"t{60 + 2 * (language == 'ar') + script}"
    event = town.conference([host], windows=[{"day": day, "starts": "15:00", "ends": "15:10"}])
    first = event.family("zuerst", "de")
    first.book()
    phone = Phone(town, browser, script, language)
    page = phone.open(f"s/{event.token}")
    page.locator(".hosts a").click()
    phone.heading("Waiting list")
    phone.fill(f"wait-{phone.name}")
    phone.press("Put me on the waiting list")
    expect(page.locator("h1")).to_contain_text(town.world.users[host].display_name)
    town.world.mails.clear()
    first.change("cancel")
    address = f"wait-{phone.name}@post.example"
    eventually(
        lambda: any(address in mail.to and "/m/" in mail.text for mail in town.world.mails), what="the offer was sent"
    )
    mail = next(mail for mail in town.world.mails if address in mail.to)
    found = re.search(r"/m/[A-Za-z0-9_-]+", mail.text)
    assert found
    page = phone.open(found[0].lstrip("/"))
    keep(page, f"family-offer-{phone.name}")
    phone.follow("Take this time")
    page.locator("input[name=place][value=on_site]").check()
    phone.fill("")
    phone.press("Book this appointment")
    phone.heading("Your appointment is booked")


@pytest.mark.parametrize(("script", "language"), WAYS)
def test_wishes_are_entered_and_changed(town: Town, browser: Browser, script: bool, language: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    event = town.conference(["t47", "t48"], booking_mode="wishes", wishes_until=until, looked_at=False)
    phone = Phone(town, browser, script, language)
    page = phone.open(f"s/{event.token}")
    for box in page.locator("input[name^='h-']").all():
        box.check()
    phone.propose()
    phone.heading("Your wishes")
    phone.fits()
    keep(page, f"family-wishes-{phone.name}")
    phone.fill(f"wish-{phone.name}")
    phone.press("Send my wishes")
    expect(page.locator("[role=status]")).to_contain_text(phone.say("Your wishes are noted"))
    phone.follow("Change my wishes")
    page.locator("input[name^='h-']").first.uncheck()
    page.locator("input[name^='h-']").last.check()
    phone.propose()
    phone.press("Send my wishes")
    expect(page.locator(".hosts li")).to_have_count(1)


def test_the_code_of_a_printed_letter(town: Town, event: Event, browser: Browser) -> None:
    (family,) = [
        one
        for one in town.api(
            "orga", "POST", f"{event.path}/families", [{"name": "Brief", "child": "Can", "language": "de"}]
        )
        if one["name"] == "Brief"
    ]
    phone = Phone(town, browser, False, "de")
    page = phone.open(f"s/{event.token}")
    page.get_by_label("Code aus Ihrem Brief").fill("XXXX XXXX")
    page.get_by_role("button", name="Öffnen").click()
    expect(page.get_by_role("alert")).to_contain_text("Dieser Code ist nicht bekannt")
    page.locator("#code").fill(family["code"])
    phone.press("Open")
    expect(page.get_by_role("status")).to_contain_text("Ihr Code stimmt")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_axe_finds_nothing_in_any_language(
    town: Town, event: Event, browser: Browser, language: str, dark: bool
) -> None:
    """The list, a proposal with a mistake, the grid, the privacy notice, the family's own page."""
    phone = Phone(town, browser, True, "de", dark)
    page = phone.open(f"s/{event.token}?lang={language}&class=7c")
    expect(page.locator("html")).to_have_attribute("lang", language)
    check_axe(page, "list")
    phone.propose()
    page.locator("details.more summary").click()
    page.locator("button[name=do][value=book]").click()
    page.wait_for_selector("[role=alert]")
    check_axe(page, "proposal with mistakes")
    if dark:
        return
    page.locator("details.more summary").click()
    lead_on(page, page.locator("button[name=do][value=grid]"))
    check_axe(page, "grid")
    if language in ("ar", "fa", "de-simple", "tr"):
        keep(page, f"family-grid-{language}{'-dark' if dark else ''}")
    lead_on(page, page.locator("footer a").first)
    check_axe(page, "privacy")
    page.goto(f"{town.url}{FRONT}/s/{event.token}/accessibility?lang={language}")
    check_axe(page, "accessibility")


def test_focus_is_seen_and_goes_where_one_looks(town: Town, event: Event, browser: Browser) -> None:
    phone = Phone(town, browser, True, "de")
    page = phone.open(f"s/{event.token}?class=7c")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);"
            " return [Math.round(r.top + scrollY), s.outlineStyle, parseFloat(s.outlineWidth), e.name || e.innerText] })()"
        )
        seen.append(focused)
    assert all(style != "none" and width >= 1 for _, style, width, _ in seen), seen
    below_header = [top for top, *_ in seen[2:]]
    assert below_header == sorted(below_header) or len(set(below_header)) > 3
    page.emulate_media(forced_colors="active")
    keep(page, "family-forced-colours")
    box = page.locator(".box").first.bounding_box()
    assert box and box["width"] >= 44 and box["height"] >= 44


def test_back_leads_to_the_form_that_was_corrected(town: Town, event: Event, browser: Browser) -> None:
    chromium = launch(browser.browser_type, keeps_pages=True)
    with closing(chromium):
        phone = Phone(town, chromium, True, "de")
        page = phone.open(f"s/{event.token}?class=7c")
        phone.propose()
        page.locator("button[name=do][value=book]").click()
        page.locator("[role=alert]").wait_for()
        phone.fill("back")
        page.locator("button[name=do][value=book]").click()
        phone.heading("Your appointments are booked")
        page.go_back()
        page.locator("[role=alert]").wait_for()
        page.go_back()
        phone.heading("Our proposal")


HIDDEN = """() => {
    const e = document.activeElement, r = e.getBoundingClientRect()
    if (e === document.body || e.closest('.bar, .chosen, .skip')) return ''
    const bar = document.querySelector('.bar, .chosen')?.getBoundingClientRect()
    const covered = bar && r.bottom > bar.top + 1 && r.top < bar.bottom - 1
    const seen = r.top >= -1 && r.bottom <= innerHeight + 1 && !covered
    return seen || r.height > 300 ? '' : `${e.tagName} ${e.name || e.innerText} at ${r.top} to ${r.bottom}, bar at ${bar?.top}`
}"""


def test_no_focus_is_hidden_by_the_bar(town: Town, event: Event, browser: Browser) -> None:
    """WCAG 2.2, 2.4.11, at every stop of the list and of the grid, forwards and backwards."""
    phone = Phone(town, browser, True, "de")
    page = phone.open(f"s/{event.token}?class=7c")
    page.emulate_media(reduced_motion="reduce")  # else it is looked at while it still scrolls
    for _ in range(2):
        for key in ("Tab", "Shift+Tab"):
            for _ in range(35):
                page.keyboard.press(key)
                assert not page.evaluate(HIDDEN)
        if not page.locator("#next").count():
            return
        phone.propose()
        page.locator("details.more summary").click()
        phone.press("Choose each time by hand")


def test_feedback_after_the_day(town: Town, browser: Browser) -> None:
    event = town.conference(["t49"], name="Rückmeldung", feedback=True, looked_at=False)
    town.first_is_over("Rückmeldung")
    from sprechtag.conference.tokens import LinkKey, feedback_path

    key = LinkKey((town.storage / "app" / "link.key").read_bytes())
    phone = Phone(town, browser, False, "de")
    page = phone.open(feedback_path(key, event.path.split("/")[1]))
    phone.press("Send")
    expect(page.get_by_role("alert").locator("li")).to_have_count(2)
    page.locator("input[name=worth][value='5']").check()
    page.locator("input[name=ease][value='4']").check()
    page.locator("textarea").fill("Danke!")
    keep(page, "family-feedback")
    phone.press("Send")
    phone.heading("Thank you")


def test_the_organiser_writes_prints_invites_and_assigns(town: Town, event: Event, browser: Browser) -> None:
    with at_desk(town, browser, "orga", one(event, "/texts")) as page:
        page.get_by_label("Welche Mail").select_option("reminder")
        page.get_by_label("Text", exact=True).fill("Hallo {name}, bis {wann}!")
        expect(
            page.get_by_text("Einen der Platzhalter in geschweiften Klammern gibt es in dieser Mail nicht.").first
        ).to_be_visible()
        page.get_by_label("Text", exact=True).fill("Hallo {name}, bis {when}!")
        expect(page.get_by_text("Hallo Ayşe Yılmaz, bis Mi., 13. Jan., 16:10 Uhr!")).to_be_visible()
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Gespeichert.")).to_be_visible()
        keep(page, "nextcloud-texts")
    with at_desk(town, browser, "orga", one(event, "/paper")) as page:
        page.get_by_role("button", name="Türschilder").click()
        expect(page.get_by_role("link", name="PDF").or_(page.get_by_role("button", name="PDF")).first).to_be_visible(
            timeout=60_000
        )
        keep(page, "nextcloud-paper")


def test_a_host_asks_for_a_family(town: Town, event: Event, browser: Browser) -> None:
    family = {"name": "Gesucht", "child": "Zoe Gesucht", "school_class": "7c", "email": "gesucht@post.example"}
    town.api("orga", "POST", f"{event.path}/families", [family])
    town.world.mails.clear()
    with at_desk(town, browser, "t44", one(event, "/mine")) as page:
        page.get_by_label("Kind oder Klasse (zwei Buchstaben oder mehr)").fill("zoe")
        page.get_by_role("button", name="Familie von Zoe Gesucht zum Gespräch bitten").click()
        expect(page.get_by_text("zum Gespräch gebeten", exact=True)).to_be_visible()
        keep(page, "nextcloud-ask")
    eventually(lambda: any("gesucht@" in mail.to for mail in town.world.mails), what="the family was written to")


def test_wishes_are_assigned_and_published_at_the_desk(town: Town, browser: Browser) -> None:
    until = datetime.now(UTC) + timedelta(seconds=12)
    event = town.conference(
        ["t50", "t51"], name="Wunschtag", booking_mode="wishes", wishes_until=until.isoformat(), looked_at=False
    )
    share = f"{town.url}{FRONT}/s/{event.token}"
    for number in range(3):
        client = event.family(f"wunsch{number}").browser
        hosts = re.findall(r'name="h-([^"]+)"', client.get(share).text)
        form = {"h": hosts, "do": "save", "child": f"K{number}", "name": "W", "email": f"wunsch{number}@post.example"}
        assert client.post(f"{share}/wishes", data=form).status_code == 200
    eventually(lambda: datetime.now(UTC) > until)
    with at_desk(town, browser, "orga", one(event, "/wishes")) as page:
        page.get_by_role("button", name="Jetzt verteilen").click()
        expect(page.get_by_role("button", name="Ergebnis veröffentlichen")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("6 von 6 Wünschen erfüllt, 0 Familien ohne erfüllten Wunsch.").first).to_be_visible()
        keep(page, "nextcloud-wishes")
        page.get_by_role("button", name="Ergebnis veröffentlichen").click()
        page.get_by_role("dialog").get_by_role("button", name="Ergebnis veröffentlichen").click()
        expect(
            page.get_by_text("Die Termine sind verteilt. Was noch frei ist, buchen Familien wie sonst.")
        ).to_be_visible(timeout=60_000)
    assert len(town.bookings(event)) == 6


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_the_new_views(town: Town, event: Event, browser: Browser, dark: bool) -> None:
    for part in ("texts", "paper"):
        with at_desk(town, browser, "orga", one(event, f"/{part}"), dark) as page:
            settled(page)
            check_axe(page, part, "#content-vue")
            if dark:
                keep(page, f"nextcloud-{part}-dark")
