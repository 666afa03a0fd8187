# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A secretary turns a whole conference to video with one button."""

from collections import Counter

from conftest import eventually
from town import open_town

FAMILIES = 12


def test_everybody_is_switched_and_every_family_gets_one_mail() -> None:
    # A family's news wait for each other for half a minute: longer than a start on a busy machine.
    with open_town(SPRECHTAG_PACE="0.5") as town:
        event = town.conference(["t04", "t05", "t06"])
        slots = [event.family("look").slots(host) for host in range(3)]
        for number in range(FAMILIES):
            family = event.family(f"fam{number}")
            for host in range(3):
                # Spread, so that nobody is with two hosts at once.
                family.book(slots[host][(number + 7 * host) % len(slots[host])])
        eventually(lambda: town.in_step(event), what="all booked")
        town.world.mails.clear()
        seen = town.api("orga", "POST", f"{event.path}/switch-preview", {"place": "video"})
        assert (seen["bookings"], seen["guests"]) == (3 * FAMILIES, FAMILIES)
        town.api(
            "orga", "POST", f"{event.path}/switch", {"place": "video", "message": "Die Regeln haben sich geändert."}
        )

        def finished() -> bool:
            (job,) = town.api("orga", "GET", f"{event.path}/jobs")
            return bool(job["finished_at"]) and town.in_step(event)

        town.kill()
        town.start(register=False)
        eventually(finished, what="the switch arrived everywhere")
        assert {booking["place"] for booking in town.bookings(event)} == {"video"}
        assert sum(len(town.world.rooms_of(host)) for host in ("t04", "t05", "t06")) == 3 * FAMILIES
        mails = Counter(mail.to for mail in town.world.mails)
        assert len(mails) == FAMILIES and set(mails.values()) == {1}, mails
        for mail in town.world.mails:
            assert mail.text.count("/j/") == 3 and "Die Regeln haben sich geändert." in mail.text
            assert mail.text.count("Buchungsnummer:") + mail.text.count("Booking reference:") == 3
