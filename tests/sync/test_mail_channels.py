# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Mail app's account and the calendar's own invitation as channels."""

import time

import pytest

from conftest import eventually
from sprechtag.letters.channels import choose
from sprechtag.sandbox.world import Fault
from sprechtag.settings import Settings
from town import open_town, own_link


def test_the_mail_app_is_used_at_its_pace() -> None:
    """The limit of 5 in 100 s, here 3 in 6 s, on both sides."""
    limits = {"SPRECHTAG_MAIL_APP_CALLS": "3", "SPRECHTAG_MAIL_APP_SECONDS": "6"}
    with open_town(mail="mail-app", **limits) as town:
        town.world.mail_window = (3, 6.0)
        town.world.users["orga"].mail_account = True
        event = town.conference(["t01"])
        town.use_mail_app(event)
        started = time.monotonic()
        for number in range(7):
            event.family(f"family{number}").book()
        eventually(lambda: town.in_step(event))
        assert len(town.world.mails) == 7
        assert {mail.source for mail in town.world.mails} == {"mail-app"}
        assert all("BEGIN:VCALENDAR" in mail.calendar for mail in town.world.mails)
        assert time.monotonic() - started > 11
        calls = [call for call in town.world.calls if "message/send" in call[1]]
        # Without a pace of our own the seven would need twelve calls, five of them refused.
        assert len(calls) <= 10


@pytest.mark.parametrize("fault", [Fault("message/send", "status", 429), Fault("message/send", "drop_after")])
def test_a_mail_goes_out_once(fault: Fault) -> None:
    """After a 429 later; after a lost answer not again, because the Mail app lets nobody look."""
    with open_town(mail="mail-app", SPRECHTAG_MAIL_APP_SECONDS="2") as town:
        town.world.users["orga"].mail_account = True
        event = town.conference(["t01"])
        town.use_mail_app(event)
        fault.times = 1
        town.world.faults.append(fault)
        family = event.family("lost")
        family.book(place="video")
        eventually(lambda: town.in_step(event))
        time.sleep(3)
        (mail,) = town.world.mails
        lines = mail.text.splitlines()
        assert own_link("\n".join(lines)) and "Child: Child of lost (5b)" in lines
        assert any(line.startswith("By video: ") and "/j/" in line for line in lines)
        effect = next(effect for effect in town.bookings(event)[0]["effects"] if effect["kind"] == "mail")
        assert ("got lost" in effect["last_error"]) == (fault.kind == "drop_after")


def test_without_anything_else_the_calendar_invites() -> None:
    with open_town(mail="none") as town:
        event = town.conference(["t01"])
        family = event.family("jana")
        family.book(place="video")
        eventually(lambda: town.in_step(event))
        family.change("place", place="on_site")
        eventually(lambda: town.in_step(event))
        family.change("cancel")
        eventually(lambda: town.in_step(event))
        subjects = [mail.subject.split(":")[0] for mail in town.world.mails]
        assert subjects == ["Invitation", "Invitation updated", "Cancelled"]
        assert "My appointments" in family.get(own_link(town.world.mails[0].text)).text
        assert "/j/" in town.world.mails[0].text
        assert "between 15:00 - 15:10 (Europe/Berlin)" in town.world.mails[0].text
        assert "/m/" not in town.world.mails[2].text
        assert town.events("t01") == []


def test_an_invitation_that_did_not_go_out_is_sent_when_the_mail_server_is_back() -> None:
    with open_town(mail="none") as town:
        event = town.conference(["t01"])

        def reason(number: int = 0) -> str:
            effects = town.bookings(event)[number]["effects"]
            return str(next(effect["last_error"] for effect in effects if effect["kind"] == "mail"))

        town.world.mailer_away = True
        family = event.family("jana")
        family.book()
        eventually(lambda: "did not take the invitation" in reason())
        assert len(town.events("t01")) == 1 and town.world.mails == []
        town.world.mailer_away = False
        eventually(lambda: town.in_step(event))
        assert [mail.to for mail in town.world.mails] == ["jana@post.example"]
        assert len(town.events("t01")) == 1

        town.world.mailer_away = True
        family.change("cancel")
        eventually(lambda: "did not take the invitation" in reason())
        assert [str(entry["STATUS"]) for entry in town.events("t01")] == ["CANCELLED"]
        town.world.mailer_away = False
        eventually(lambda: town.in_step(event))
        assert [mail.subject.split(":")[0] for mail in town.world.mails] == ["Invitation updated", "Cancelled"]
        assert town.events("t01") == []


def test_the_channel_is_chosen_by_what_is_there() -> None:
    account = {"id": 3, "address": "orga@schule.example"}
    assert choose(Settings(), {}).name == "calendar"
    assert choose(Settings(), account).name == "mail-app"
    assert choose(Settings(smtp_host="mail.example"), account).name == "smtp"
    assert choose(Settings(smtp_host="mail.example", mail_channel="mail-app"), account).name == "mail-app"
    assert choose(Settings(smtp_host="mail.example", mail_channel="calendar"), account).name == "calendar"
