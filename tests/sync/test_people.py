# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hosts are notified in Nextcloud, groups count, the admin's settings hold, families confirm or come invited."""

import base64
import re
from collections.abc import Iterator

import pytest

from conftest import eventually
from sprechtag.sandbox.notifier import Shown
from town import Town, links, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        for user, groups in {"orga": {"Sekretariat"}, "admin": {"admin"}, "t40": {"Lehrkräfte"}, "t41": set()}.items():
            town.world.users[user].groups = set(groups)
        yield town


def notices(town: Town, user: str) -> list[Shown]:
    return town.world.notices(user)


def draft(town: Town, hosts: list[str]) -> str:
    rules = {"name": "Beratung", "windows": [{"day": "2027-05-05", "starts": "15:00", "ends": "16:00"}]}
    made = town.api("orga", "POST", "conferences", rules)
    one = f"conferences/{made['id']}"
    town.api("orga", "POST", f"{one}/hosts", [{"user_id": host} for host in hosts])
    return one


def state(town: Town, one: str, user: str) -> str:
    return next(str(host["state"]) for host in town.api("orga", "GET", f"{one}/hosts") if host["user_id"] == user)


def test_a_host_is_invited_and_reminded_by_notification(town: Town) -> None:
    one = draft(town, ["t42", "t43"])
    eventually(lambda: len(notices(town, "t42")) == 1, what="invited")
    (invited,) = notices(town, "t42")
    assert "Beratung" in invited.subject and invited.link.endswith(f"#/c/{one.split('/')[1]}/mine")
    town.api("t43", "POST", f"{one}/decline")
    eventually(lambda: len(notices(town, "t43")) == 1)
    # Entered once more, nobody is told twice.
    town.api("orga", "POST", f"{one}/hosts", [{"user_id": "t42", "room": "B 2"}])
    assert town.api("orga", "POST", f"{one}/remind") == {"count": 1}
    eventually(lambda: len(notices(town, "t42")) == 2, what="reminded")
    assert len(notices(town, "t43")) == 1


def test_the_page_learns_who_somebody_is(town: Town) -> None:
    first = town.api("admin", "GET", "me")
    assert not first["known"] and not first["admin"]
    eventually(lambda: bool(town.api("admin", "GET", "me")["admin"]), what="the admin's groups are learned")
    eventually(lambda: bool(town.api("t41", "GET", "me")["known"]))
    assert not town.api("t41", "GET", "me")["admin"]
    assert town.raw_api("t41", "GET", "admin/settings").status_code == 404


def settings(town: Town) -> dict[str, object]:
    eventually(lambda: bool(town.api("admin", "GET", "me")["admin"]))
    return dict(town.api("admin", "GET", "admin/settings")["settings"])


def test_what_the_environment_sets_stays(town: Town) -> None:
    before = settings(town)
    answer = town.api("admin", "PUT", "admin/settings", before | {"smtp_host": "evil.example", "retention_days": 12})
    assert "smtp_host" in answer["fixed"] and answer["settings"]["smtp_host"] == "127.0.0.1"
    assert answer["settings"]["retention_days"] == 12
    eventually(lambda: town.api("orga", "GET", "me")["retention_days"] == 12)
    for wrong in ({"public_url": "nonsense"}, {"languages": "de,xx"}, {"mail_channel": "post"}):
        assert town.raw_api("admin", "PUT", "admin/settings", before | wrong).status_code == 422


def test_a_test_mail_says_whether_the_relay_works(town: Town) -> None:
    settings(town)
    town.api("admin", "POST", "admin/test-mail", {"to": "chef@schule.example"})

    def outcome() -> str:
        return str(town.api("admin", "GET", "admin/settings")["test_mail"]["state"])

    eventually(lambda: outcome() == "sent")
    assert [mail.subject for mail in town.world.mails if mail.to == "chef@schule.example"]


def test_the_relay_set_in_the_page_is_used() -> None:
    with open_town(mail="none") as town:
        town.world.users["admin"].groups = {"admin"}
        before = settings(town)
        port = town.relay_port
        relay = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_password": "secret"}
        answer = town.api("admin", "PUT", "admin/settings", before | relay)
        assert answer["has_password"] and "secret" not in str(answer)
        answer = town.api("admin", "PUT", "admin/settings", before | relay | {"smtp_password": None})
        assert answer["has_password"]
        town.api("admin", "PUT", "admin/settings", before | relay | {"smtp_password": ""})
        event = town.conference(["t04"])
        event.family("ada").book()
        eventually(lambda: town.in_step(event))
        assert [mail.source for mail in town.world.mails] == ["smtp"]


def test_members_of_an_enrolled_group_take_part_without_being_asked(town: Town) -> None:
    town.api("admin", "PUT", "admin/settings", settings(town) | {"enrolled_groups": "Lehrkräfte"})
    # What is set in the page holds at once in this process; a moment later in others.
    one = draft(town, ["t40", "t41"])
    eventually(lambda: state(town, one, "t40") == "joined", what="enrolled")
    eventually(lambda: len(notices(town, "t41")) == 1 and len(notices(town, "t40")) == 1)
    assert state(town, one, "t41") == "invited"
    assert "Teilnahme" in notices(town, "t40")[0].subject


def test_a_booking_waits_until_its_address_is_confirmed(town: Town) -> None:
    event = town.conference(["t44"], booking_by="confirmed")
    family = event.family("berta")
    slots = family.slots()
    answer = family.send(slots[0], "video")
    assert answer.status_code == 200 and "One more step" in answer.text
    assert not links(answer, "/m/"), "only the mail holds the link"
    eventually(lambda: any("berta@" in mail.to for mail in town.world.mails))
    (mail,) = [mail for mail in town.world.mails if "berta@" in mail.to]
    assert mail.subject.startswith("Please confirm") and mail.calendar == ""
    assert slots[0] not in event.family("x").slots(), "the slot is held"
    assert town.events("t44") == [] and town.world.rooms_of("t44") == []
    assert town.bookings(event)[0]["unconfirmed"] is True

    family.manage = re.search(r"https?://\S+/m/\S+", mail.text)[0]  # type: ignore[index]
    assert "Confirm" in family.get(family.manage).text
    assert town.bookings(event)[0]["unconfirmed"] is True, "a GET confirms nothing"
    family.change("confirm")
    eventually(lambda: town.in_step(event))
    assert len(town.events("t44")) == 1 and len(town.world.rooms_of("t44")) == 1
    subjects = [mail.subject.split(":")[0] for mail in town.world.mails if "berta@" in mail.to]
    assert subjects == ["Please confirm", "Your appointment"]


def test_confirming_needs_a_way_to_write() -> None:
    with open_town(mail="none") as town:
        day = [{"day": "2027-05-05", "starts": "15:00", "ends": "16:00"}]
        made = town.api("orga", "POST", "conferences", {"name": "B", "windows": day, "booking_by": "confirmed"})
        refused = town.raw_api("orga", "POST", f"conferences/{made['id']}/publish")
        assert (refused.status_code, refused.json()["error"]) == (409, "no_confirmation")


def test_only_invited_families_book(town: Town) -> None:
    event = town.conference(["t45"], booking_by="invited")
    table = "Familie;E-Mail;Kind;Klasse\nKaya;kaya@post.example;Can;7b\nNowak;;Ola;5a\n"
    file = {"name": "f.csv", "content_base64": base64.b64encode(table.encode()).decode()}
    bad = {"name": "f.csv", "content_base64": base64.b64encode(b"name;email\nX;nonsense\n;a@b.example\n").decode()}
    refused = town.api("orga", "POST", f"{event.path}/families-import", bad)
    assert (refused["errors"], refused["applied"]) == (2, False)
    assert town.api("orga", "POST", f"{event.path}/families-import", file)["applied"] is True
    again = town.api("orga", "POST", f"{event.path}/families-import", file)
    assert (again["same"], again["new"]) == (2, 0)
    nowak, kaya = town.api("orga", "GET", f"{event.path}/families")
    assert (nowak["child"], kaya["child"]) == ("Ola", "Can") and kaya["link"] != nowak["link"]

    stranger = event.family("stranger")
    page = stranger.get(stranger.start)
    assert "To book here you need your personal link." in page.text and not links(page, "/h/")
    slot = town.api("t45", "GET", f"{event.path}/my-day")["slots"][0]["id"]
    assert stranger.send(f"{stranger.start}/t/{slot}").status_code == 403

    family = event.family("kaya")
    hosts = links(family.get(f"{kaya['link']}/book"), "/h/")
    times = links(family.get(hosts[0]), "/t/")
    form = family.get(times[0])
    assert 'name="known" value="Can" checked' in form.text and "<small>7b</small>" in form.text
    booked = family.browser.post(times[0], data={"key": "k", "place": "on_site", "child": "Can", "school_class": "7b"})
    assert booked.status_code == 200, booked.text
    progress = town.api("orga", "GET", f"{event.path}/progress")
    assert (progress["invited"], progress["unbooked"]) == (2, 1)
    assert [(one["name"], one["with_booking"], one["invited"]) for one in progress["by_class"]] == [
        ("5a", 0, 1),
        ("7b", 1, 1),
    ]

    # Writing to those without an appointment reaches only whom it can reach.
    town.api("orga", "POST", f"{event.path}/families", [{"name": "Lang", "email": "lang@post.example"}])
    message = {"subject": "Bitte buchen", "text": "Noch sind Zeiten frei.", "unbooked": True}
    assert town.api("orga", "POST", f"{event.path}/message-preview", message)["guests"] == 1
    town.api("orga", "POST", f"{event.path}/messages", message)
    eventually(lambda: any("lang@" in mail.to for mail in town.world.mails), what="written to")
    (mail,) = [mail for mail in town.world.mails if "lang@" in mail.to]
    assert "/m/" in mail.text and "Noch sind Zeiten frei." in mail.text
    assert not [mail for mail in town.world.mails if "kaya@" in mail.to and "Bitte buchen" in mail.subject]


def test_the_pages_speak_only_the_languages_that_are_offered(town: Town) -> None:
    event = town.conference(["t46"], languages="en")
    page = event.family("anna", "de").get(event.family("anna").start)
    assert '<html lang="en"' in page.text and 'class="langs"' not in page.text
