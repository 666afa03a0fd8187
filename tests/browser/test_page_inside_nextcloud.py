# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The organiser and a teacher at their desks, in the page inside Nextcloud."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from browser.conftest import at_desk, check_axe, keep, one, settled
from conftest import eventually
from town import Event, Town

pytestmark = pytest.mark.browser
HOSTS = [f"t{number:02}" for number in range(10, 18)]
_names = itertools.count()


@pytest.fixture(scope="module")
def event(town: Town) -> Event:
    event = town.conference(HOSTS, name="Elternsprechtag im Herbst")
    for number in range(10):
        event.family(f"familie{number}").book(host=number % 5, place="video" if number % 3 else "on_site")
    eventually(lambda: town.in_step(event))
    return event


def test_from_the_wizard_to_open_booking(town: Town, browser: Browser) -> None:
    with at_desk(town, browser, "orga") as page:
        page.get_by_role("link", name="Neuer Sprechtag").first.click()
        page.get_by_role("button", name="Weiter").click()
        expect(page.get_by_text("Gib dem Sprechtag einen Namen.")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("Sommersprechtag")
        page.get_by_role("button", name="Weiter").click()
        expect(page.get_by_text("24 Zeiten je Lehrkraft")).to_be_visible()
        page.get_by_label("Minuten Pause danach").fill("5")
        expect(page.get_by_text("16 Zeiten je Lehrkraft")).to_be_visible()
        page.get_by_label("Bis", exact=True).fill("14:00")
        expect(page.get_by_text("Ein Zeitfenster endet, bevor es beginnt.").first).to_be_visible()
        page.get_by_label("Bis", exact=True).fill("17:00")
        expect(page.get_by_text("8 Zeiten je Lehrkraft")).to_be_visible()
        keep(page, "nextcloud-wizard")
        page.go_back()
        page.go_forward()
        expect(page.get_by_text("Was du eingegeben hast, steht noch hier.")).to_be_visible()
        page.get_by_role("button", name="Pause einfügen").click()
        expect(page.get_by_text("Pause von 16:00 bis 16:15")).to_be_visible()
        page.get_by_role("button", name="Keine Pause").click()
        page.get_by_role("button", name="Weiter").click()
        page.get_by_text("Mehr: Fristen, Grenzen, Erinnerungen, Fragen").click()
        expect(page.get_by_label("Familien können buchen bis")).to_have_value("60")
        page.get_by_role("button", name="Weiter").click()
        page.get_by_role("button", name="Als Entwurf speichern").click()
        expect(page.get_by_text("Noch niemand ist eingeladen")).to_be_visible()
        page.get_by_label("suchen und einladen").fill(town.world.users["t40"].display_name)
        page.get_by_role("option", name=town.world.users["t40"].display_name, exact=True).click()
        page.get_by_role("button", name="Einladen", exact=True).click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("eingeladen")
        page.get_by_role("link", name="Übersicht").click()
        expect(page.get_by_text("0 von 1 haben zugesagt.")).to_be_visible()
        expect(page).to_have_title("Übersicht - Sommersprechtag - Sprechtag - Gesamtschule am Sandberg")
        check_axe(page, "checklist", "#content-vue")
        keep(page, "nextcloud-checklist")
        page.get_by_role("button", name="Buchung öffnen").click()
        expect(page.get_by_text("Familien können jetzt buchen.")).to_be_visible()
        expect(page.get_by_text("Buchbar")).to_be_visible()


def test_a_teacher_joins_sees_the_day_and_keeps_a_note(town: Town, browser: Browser) -> None:
    event = town.conference(["t30"], name="Sprechtag der Oberstufe")
    town.api("orga", "POST", f"{event.path}/hosts", [{"user_id": "t31"}])
    event.family("opal").book(place="video")
    eventually(lambda: town.in_step(event))
    with at_desk(town, browser, "t31") as page:
        page.get_by_role("button", name="Teilnehmen", exact=True).first.click()
        expect(page.get_by_text("Du nimmst teil.")).to_be_visible()
    with at_desk(town, browser, "t30", one(event, "/mine")) as page:
        expect(page.get_by_text("Child of opal")).to_be_visible()
        expect(page.get_by_role("link", name="Videoraum")).to_have_attribute(
            "href", f"{town.url}/call/{town.world.rooms_of('t30')[0].token}"
        )
        page.get_by_role("button", name="Aktionen für Child of opal").click()
        page.get_by_role("menuitem", name="Notiz").click()
        page.get_by_role("dialog").get_by_role("textbox").fill("Mathe ansprechen")
        page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
        expect(page.get_by_role("cell", name="Mathe ansprechen")).to_be_visible()


def test_a_family_on_the_phone_is_booked_moved_by_keyboard_and_cancelled(
    town: Town, browser: Browser, event: Event
) -> None:
    with at_desk(town, browser, "orga", one(event, "/bookings")) as page:
        name = f"Kind am Telefon {next(_names)}"
        page.locator("[data-cell='6-4']").click()
        page.get_by_label("Kind", exact=True).fill(name)
        page.get_by_role("dialog").get_by_label("Familie").fill("Oma Yılmaz")
        page.get_by_role("button", name="Buchen", exact=True).click()
        expect(page.locator("[data-cell='6-4']")).to_contain_text(name)
        page.locator("[data-cell='6-4']").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Verschieben").click()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Verschieben").click()
        expect(page.locator("[data-cell='6-6']")).to_contain_text(name)
        expect(page.locator("[data-cell='6-4']")).not_to_contain_text(name)
        page.locator("[data-cell='6-6']").drag_to(page.locator("[data-cell='6-5']"))
        page.get_by_role("dialog").get_by_role("button", name="Verschieben").click()
        expect(page.locator("[data-cell='6-5']")).to_contain_text(name)
        page.locator("[data-cell='6-5']").click()
        page.get_by_label("Nachricht an die Familie (steht in ihrer Mail)").fill("Leider krank.")
        page.get_by_role("button", name="Termin absagen").click()
        page.get_by_role("button", name="Wirklich absagen").click()
        expect(page.locator("[data-cell='6-5']")).not_to_contain_text(name)
        page.locator("[data-cell='6-7']").click()
        page.get_by_role("button", name="Diese Zeit sperren").click()
        expect(page.locator("[data-cell='6-7']")).to_contain_text("gesperrt")


def test_a_busy_app_is_waited_for_and_a_search_goes_to_the_day_of_what_it_finds(town: Town, browser: Browser) -> None:
    days = [(datetime.now(UTC) + timedelta(days=ahead)).date().isoformat() for ahead in (14, 15)]
    windows = [{"day": day, "starts": "15:00", "ends": "16:00"} for day in days]
    event = town.conference(["t34"], name="Sprechtag an zwei Tagen", windows=windows)
    family = event.family("zirkon")
    family.book(family.slots()[-1])
    busy = [503] * 8

    def answer(route: Route) -> None:
        if busy:
            route.fulfill(status=busy.pop(), headers={"Retry-After": "1"})
        else:
            route.continue_()

    with at_desk(town, browser, "orga", one(event), falls=True) as page:
        page.route("**/grid", answer)
        page.get_by_role("link", name="Termine").click()
        expect(page.get_by_text("Gerade ist sehr viel los.")).to_be_visible()
        del busy[:]
        expect(page.get_by_text("0 Termine").or_(page.get_by_text("1 Termin"))).to_be_visible(timeout=30_000)
        page.get_by_label("Lehrkraft, Kind, Familie, Klasse, Adresse oder Nummer suchen").fill("zirkon")
        expect(page.get_by_label("Tag", exact=True)).to_have_value(days[1])
        page.get_by_text("Child of zirkon").click()
        page.get_by_role("dialog").get_by_role("button", name="Verschieben").click()
        expect(page.get_by_text("Child of zirkon wird verschoben")).to_be_visible()
        page.get_by_role("button", name="Abbrechen").click()
        expect(page.get_by_text("Child of zirkon wird verschoben")).to_have_count(0)
        page.goto(page.url.split("#")[0] + "#/c/unknown/bookings")
        expect(page.get_by_text("Diesen Sprechtag gibt es nicht")).to_be_visible()


def test_a_list_with_mistakes_names_their_lines(town: Town, browser: Browser, event: Event) -> None:
    with at_desk(town, browser, "orga", one(event, "/hosts")) as page:
        page.get_by_role("button", name="Liste importieren").click()
        wrong = b"Benutzer;Raum\nt10;B 7\n;B 8\n"
        page.get_by_label("Datei").set_input_files({"name": "liste.csv", "mimeType": "text/csv", "buffer": wrong})
        expect(page.get_by_text("In dieser Zeile fehlt das Nextcloud-Konto.")).to_be_visible()
        expect(page.get_by_role("button", name="Importieren", exact=True)).to_be_disabled()
        right = b"Benutzer;Raum;Klassen\nt10;B 7;5a, 5b\n"
        page.get_by_label("Datei").set_input_files({"name": "liste.csv", "mimeType": "text/csv", "buffer": right})
        page.get_by_role("button", name="Importieren", exact=True).click()
        expect(page.get_by_role("cell", name="5a, 5b")).to_be_visible()


def test_classes_come_from_the_groups_that_the_organiser_may_read(town: Town, browser: Browser, event: Event) -> None:
    """Who organises is in one of the two groups: what Nextcloud does not show is said."""
    world = town.world
    world.group_names = {"ldap-5b": "Lehrkräfte 5b", "ldap-mathe": "Fachschaft Mathe"}
    for user, group in (("orga", "ldap-5b"), ("t13", "ldap-5b"), ("t13", "ldap-mathe")):
        world.users[user].groups.add(group)
    with at_desk(town, browser, "orga", one(event, "/hosts")) as page:
        page.get_by_role("button", name="Weiteres importieren").click()
        page.get_by_role("menuitem", name="Klassen und Fächer aus Gruppen").click()
        dialog = page.get_by_role("dialog", name="Klassen und Fächer aus Gruppen")
        expect(dialog.get_by_role("row", name="Lehrkräfte 5b")).to_contain_text("1")
        dialog.get_by_role("combobox", name="Eine weitere Gruppe").fill("mathe")
        page.get_by_role("option").get_by_title("Fachschaft Mathe").click()
        expect(dialog.get_by_text("Nextcloud zeigt dir nicht, wer in Fachschaft Mathe ist.")).to_be_visible()
        check_axe(page, "groups", "[role=dialog]")
        keep(page, "groups")
        dialog.get_by_role("button", name="Übernehmen").click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("row", name=world.users["t13"].display_name)).to_contain_text("5b")


def test_a_whole_conference_is_switched_with_one_button(town: Town, browser: Browser) -> None:
    event = town.conference(["t20", "t21"], name="Sprechtag der Mittelstufe")
    for number in range(6):
        event.family(f"wechsel{number}").book(host=number % 2)
    with at_desk(town, browser, "orga", one(event)) as page:
        page.get_by_role("button", name="Ort wechseln").click()
        expect(page.get_by_text("6 Termine wechseln den Ort. 6 Familien bekommen je eine Mail.")).to_be_visible()
        keep(page, "nextcloud-switch")
        page.get_by_label("Nachricht an die Familien").fill("Neue Regeln ab morgen.")
        page.get_by_role("button", name="Auf Video wechseln").click()
        expect(page.get_by_text("6 von 6 Familien")).to_be_visible()
    eventually(lambda: {booking["place"] for booking in town.bookings(event)} == {"video"})


def test_another_event_closes_a_time_and_a_deleted_appointment_is_asked_about(town: Town, browser: Browser) -> None:
    day = datetime.now(UTC).date() + timedelta(days=14)
    lines = [f"DTSTART;TZID=Europe/Berlin:{day:%Y%m%d}T151000", f"DTEND;TZID=Europe/Berlin:{day:%Y%m%d}T152000"]
    town.sandbox.dav.enter("t32", "dentist", [*lines, "SUMMARY:Zahnarzt"])
    event = town.conference(["t32"], name="Sprechtag der Kleinen")

    def closed() -> list[str]:
        return [slot["closed_by"] for slot in town.api("t32", "GET", f"{event.path}/my-day")["slots"]]

    eventually(lambda: closed()[1] == "calendar", what="closed by the calendar")
    family = event.family("smaragd")
    family.book(family.slots()[0])
    eventually(lambda: town.in_step(event))
    with at_desk(town, browser, "t32", one(event, "/mine")) as page:
        page.get_by_role("button", name="15:10 anderer Termin").click()
        expect(page.get_by_text("Ein anderer Termin in deinem Kalender liegt auf dieser Zeit.")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Öffnen").click()
        expect(page.get_by_role("button", name="15:10 frei")).to_be_visible()
        page.get_by_role("button", name="15:20 frei").click()
        page.get_by_role("dialog").get_by_label("Familie", exact=True).fill("Familie Quarz")
        page.get_by_role("button", name="Für die Familie reservieren").click()
        expect(page.get_by_text("Für die Familie reserviert", exact=False).first).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Schließen").last.click()
        expect(page.get_by_role("button", name="15:20 für Familie Quarz")).to_be_visible()
        keep(page, "nextcloud-times")
        (ours,) = [found for found in town.events("t32") if "sprechtag" in str(found["UID"])]
        for path in Path(town.storage, "dav").glob("collection-root/t32/*/*.ics"):
            if str(ours["UID"]) in path.read_text():
                gone = f"/calendars/t32/{path.parent.name}/{path.name}"
                town.sandbox.dav.answer("DELETE", gone, "t32", {}, b"")
        page.get_by_role("button", name="Speichern").click()
        eventually(lambda: bool(town.api("t32", "GET", f"{event.path}/my-day")["questions"]), what="asked")
        page.reload()
        expect(page.get_by_text("Die Familie weiß davon nichts.")).to_be_visible()
        keep(page, "nextcloud-question")
        page.get_by_role("button", name="Auch der Familie absagen").click()
        page.get_by_role("button", name="Der Familie mitteilen").click()
        expect(page.get_by_text("Noch keine Termine")).to_be_visible()
    eventually(lambda: sum("smaragd@" in mail.to for mail in town.world.mails) == 2, what="the family was told")


def test_families_are_entered_and_those_without_an_appointment_written_to(town: Town, browser: Browser) -> None:
    event = town.conference(["t33"], name="Sprechtag nach Einladung", booking_by="invited")
    table = b"Familie;E-Mail;Kind;Klasse\nKaya;kaya@post.example;Can;7b\nNowak;nowak@post.example;Ola;5a\n"
    with at_desk(town, browser, "orga", one(event, "/families")) as page:
        page.get_by_role("button", name="Liste importieren").click()
        page.get_by_label("Datei").set_input_files({"name": "f.csv", "mimeType": "text/csv", "buffer": table})
        page.get_by_role("button", name="Importieren", exact=True).click()
        expect(page.get_by_role("row").filter(has_text="Nowak")).to_contain_text("keine")
        page.get_by_role("button", name="Allen ohne Termin schreiben").click()
        expect(page.get_by_text("2 Familien bekommen diese Mail.")).to_be_visible()
        keep(page, "nextcloud-message")
        page.get_by_role("dialog").get_by_role("button", name="Senden").click()
        expect(page.get_by_text("2 von 2 Familien")).to_be_visible()
    eventually(lambda: any("nowak@" in mail.to and "/m/" in mail.text for mail in town.world.mails))


def test_all_families_are_written_to_from_the_overview(town: Town, browser: Browser, event: Event) -> None:
    with at_desk(town, browser, "orga", one(event)) as page:
        page.get_by_role("button", name="Nachricht an die Familien").click()
        expect(page.get_by_text("10 Familien bekommen diese Mail.")).to_be_visible()
        page.get_by_label("Betreff").fill("Parken")
        page.get_by_role("dialog").get_by_label("Nachricht", exact=True).fill("Der Parkplatz ist gesperrt.")
        page.get_by_role("dialog").get_by_role("button", name="Senden").click()
        expect(page.get_by_text("10 von 10 Familien")).to_be_visible()
    eventually(lambda: sum("Parken" in mail.subject for mail in town.world.mails) == 10)


def test_the_admin_sets_the_rules_of_the_house(town: Town, browser: Browser) -> None:
    with at_desk(town, browser, "admin", "admin") as page:
        expect(page.get_by_role("heading", name="Was noch nicht eingerichtet ist")).to_be_visible()
        page.get_by_label("Gruppen, deren Mitglieder automatisch teilnehmen").fill("Sek")
        page.get_by_role("option").get_by_title("Sekretariat", exact=True).click()
        page.get_by_label("Tage nach dem letzten Tag").fill("21")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Gespeichert.")).to_be_visible()
        page.get_by_label("Test-Mail schicken an").fill("admin@schule.example")
        page.get_by_role("button", name="Senden").click()
        expect(page.get_by_text("Der Mailserver hat die Test-Mail an admin@schule.example angenommen.")).to_be_visible()
        page.get_by_label("Öffentliche Adresse der App").fill("Unsinn")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_role("alert").or_(page.locator(".notecard--error"))).to_be_visible()
    with at_desk(town, browser, "orga", "new") as page:
        expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def test_whether_the_calls_fit_is_said_and_mended_with_one_button(town: Town, browser: Browser) -> None:
    event = town.conference(["t22", "t23"], name="Sprechtag am Draht")
    with at_desk(town, browser, "admin", "admin") as page:
        page.get_by_role("button", name="Weitere Leitung").click()
        page.get_by_label("Upload in Mbit/s").fill("1000")
        page.get_by_label("Sekunden, die Nextcloud zum Antworten braucht").fill("30")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Gespeichert.")).to_be_visible()
    with at_desk(town, browser, "orga", one(event)) as page:
        # The line bears far more than there are calls: the chart has a proposal, and no limit.
        expect(page.get_by_role("radio", name="Lehrkräfte beginnen in 2 Gruppen")).to_be_checked()
        expect(page.get_by_role("img", name="Gespräche zur selben Zeit: höchstens 2")).to_be_visible()
        expect(page.get_by_role("img", name="Personen je Startzeit: höchstens 5")).to_be_visible()
    with at_desk(town, browser, "admin", "admin") as page:
        page.get_by_label("Upload in Mbit/s").fill("3")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Gespeichert.")).to_be_visible()
        keep(page, "nextcloud-media")
    with at_desk(town, browser, "orga", one(event)) as page:
        expect(page.get_by_text("Bis zu 2 Gespräche laufen gleichzeitig", exact=False)).to_contain_text(
            "Das passt nicht"
        )
        page.get_by_role("button", name="In Gruppen beginnen").scroll_into_view_if_needed()
        keep(page, "nextcloud-capacity")
        page.get_by_role("button", name="In Gruppen beginnen").click()
        expect(page.get_by_text("Die Lehrkräfte beginnen jetzt in Gruppen.")).to_be_visible()
    eventually(lambda: town.api("admin", "GET", "admin/settings")["relays"] == ["stun.nextcloud.com"], what="relays")
    begins = [family_slots[0] for family_slots in (event.family("draht").slots(host) for host in (0, 1))]
    assert begins[0] != begins[1]
    with at_desk(town, browser, "admin", "admin") as page:
        expect(page.get_by_text("stun.nextcloud.com, und das ist kein eigener Server")).to_be_visible()
        page.get_by_role("button", name="Leitung 1 entfernen").click()
        page.get_by_label("Sekunden, die Nextcloud zum Antworten braucht").fill("0.4")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_text("Gespeichert.")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_any_view(town: Town, browser: Browser, event: Event, dark: bool) -> None:
    shade = "-dark" if dark else ""
    views = [("orga", "", "start"), ("orga", one(event), "overview"), ("orga", one(event, "/bookings"), "bookings")]
    views += [("orga", one(event, "/hosts"), "hosts"), ("orga", one(event, "/rules"), "rules"), ("orga", "new", "new")]
    views += [("orga", one(event, "/families"), "families"), ("t10", one(event, "/mine"), "mine")]
    views += [("admin", "admin", "admin")]
    for user, path, name in views:
        with at_desk(town, browser, user, path, dark) as page:
            settled(page)
            check_axe(page, name, "#content-vue")
            keep(page, f"nextcloud-{name}{shade}")
