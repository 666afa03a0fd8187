# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a teacher is ill, calendars, rooms and mails follow: the substitute has it all, the ill one nothing more."""

from conftest import eventually
from town import open_town


def test_the_substitute_has_event_and_room_and_the_family_one_mail() -> None:
    with open_town(SPRECHTAG_PACE="0.5") as town:
        event = town.conference(["t04", "t05"])
        family = event.family("amara")
        family.book(place="video")
        eventually(lambda: town.in_step(event), what="booked")
        town.world.mails.clear()
        hosts = town.api("orga", "GET", f"{event.path}/hosts")
        data = {"host": "t04", "substitute": "t05", "message": "Get well soon, Ms Four."}
        seen = town.api("orga", "POST", f"{event.path}/absence-preview", data)
        assert (seen["guests"], seen["kept"], seen["cancelled"]) == (1, 1, [])
        town.api("orga", "POST", f"{event.path}/absence", data | {"leaves": True})

        def followed() -> bool:
            (job,) = town.api("orga", "GET", f"{event.path}/jobs")
            return bool(job["finished_at"]) and town.in_step(event) and bool(town.world.mails)

        eventually(followed, what="handed over")
        assert [len(town.events(host)) for host in ("t04", "t05")] == [0, 1]
        assert [len(town.world.rooms_of(host)) for host in ("t04", "t05")] == [0, 1]
        (mail,) = town.world.mails
        substitute = next(one["display_name"] for one in hosts if one["user_id"] == "t05")
        assert substitute in mail.text and "Get well soon, Ms Four." in mail.text and mail.text.count("/j/") == 1
        states = {one["user_id"]: one["state"] for one in town.api("orga", "GET", f"{event.path}/hosts")}
        assert states == {"t04": "declined", "t05": "joined"}
