# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The school writes to the families."""

import pytest

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import Event, Town, open_town

MESSAGE = {"subject": "Parken", "text": "Der Parkplatz ist gesperrt.\n\nBitte kommen Sie zu Fuß."}


def families(event: Event, count: int) -> None:
    slots = [event.family("look").slots(host) for host in (0, 1)]
    for number in range(count):
        event.family(f"fam{number}", "de").book(slots[number % 2][number])


def finished(town: Town, event: Event) -> bool:
    (job,) = town.api("orga", "GET", f"{event.path}/jobs")
    return bool(job["finished_at"]) and job["done"] == job["total"]


def test_every_family_gets_it_once_with_its_appointments() -> None:
    with open_town() as town:
        event = town.conference(["t04", "t05"])
        families(event, 8)
        eventually(lambda: town.in_step(event))
        town.world.mails.clear()
        seen = town.api("orga", "POST", f"{event.path}/message-preview", MESSAGE)
        assert seen == {"guests": 8, "hours": 0.0, "channel": "smtp"}
        town.api("orga", "POST", f"{event.path}/messages", MESSAGE)
        town.kill()
        town.start(register=False)
        eventually(lambda: finished(town, event))
        # A kill between "sent" and "noted" sends again with the same Message-ID; a mailbox shows it once.
        assert len({mail.message_id for mail in town.world.mails}) == 8
        assert len({mail.to for mail in town.world.mails}) == 8
        for mail in town.world.mails:
            assert mail.subject.startswith("Parken – ") and "Bitte kommen Sie zu Fuß." in mail.text
            assert mail.text.count("Buchungsnummer: ") == 1 and "/m/" in mail.text


def test_one_hosts_families_only() -> None:
    with open_town() as town:
        event = town.conference(["t04", "t05"])
        families(event, 5)
        eventually(lambda: town.in_step(event))
        town.world.mails.clear()
        hosts = {booking["host_user_id"] for booking in town.bookings(event)}
        host = min(hosts)
        expected = {b["guest_email"] for b in town.bookings(event) if b["host_user_id"] == host}
        town.api("orga", "POST", f"{event.path}/messages", MESSAGE | {"host": host})
        eventually(lambda: finished(town, event))
        assert {mail.to.split("<")[-1].strip(">") for mail in town.world.mails} == expected


@pytest.mark.parametrize(
    "fault", [Fault("message/send", "status", 500, times=2), Fault("message/send", "status", 429, times=2)]
)
def test_what_fails_is_tried_again_at_the_channels_pace(fault: Fault) -> None:
    limits = {"SPRECHTAG_MAIL_APP_CALLS": "20", "SPRECHTAG_MAIL_APP_SECONDS": "5"}
    with open_town(mail="mail-app", **limits) as town:
        town.world.mail_window = (20, 5.0)
        town.world.users["orga"].mail_account = True
        event = town.conference(["t04", "t05"])
        town.use_mail_app(event)
        families(event, 3)
        eventually(lambda: town.in_step(event))
        town.world.mails.clear()
        town.world.faults.append(fault)
        town.api("orga", "POST", f"{event.path}/messages", MESSAGE)
        eventually(lambda: finished(town, event))
        assert sorted(mail.to for mail in town.world.mails) == [f"fam{number}@post.example" for number in range(3)]


def test_without_a_channel_it_is_said() -> None:
    with open_town(mail="none") as town:
        event = town.conference(["t04", "t05"])
        answer = town.raw_api("orga", "POST", f"{event.path}/messages", MESSAGE)
        assert (answer.status_code, answer.json()["error"]) == (409, "no_channel")
