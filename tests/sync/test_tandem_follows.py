# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An appointment of a tandem: one room with two moderators, an event in each calendar, one mail to the family."""

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import open_town


def test_both_have_the_event_and_may_begin_the_call_and_both_lose_it() -> None:
    with open_town(SPRECHTAG_PACE="0.5") as town:
        event = town.conference(["t04", "t05"])
        made = town.api("orga", "POST", f"{event.path}/tandems", {"hosts": ["t04", "t05"]})
        assert (made["state"], made["partners"]) == ("joined", ["t04", "t05"])
        town.world.mails.clear()
        family = event.family("amara")
        names = [one["display_name"] for one in town.api("orga", "GET", f"{event.path}/hosts")]
        assert made["display_name"] in names
        shown = made["display_name"].replace("&", "&amp;")
        free = (slot for host in range(3) for slot in family.slots(host)[:1])
        slot = next(slot for slot in free if shown in family.get(slot).text)
        family.book(slot, place="video")
        eventually(lambda: town.in_step(event) and bool(town.world.mails), what="booked")
        assert [len(town.events(host)) for host in ("t04", "t05")] == [1, 1]
        (room,) = town.world.rooms_of("t04")
        assert room.members.keys() == {"t05"} and not room.holds("users/t05") and not room.holds("users/t04")
        assert len(town.world.mails) == 1
        mine = {who: town.api(who, "GET", f"{event.path}/bookings?mine=true")["rows"] for who in ("t04", "t05")}
        assert [len(rows) for rows in mine.values()] == [1, 1]
        (booking,) = town.bookings(event)
        assert town.api("t05", "PUT", f"bookings/{booking['id']}/note", {"note": "ours"})["note"] == "ours"
        town.api("t05", "POST", f"bookings/{booking['id']}/cancel", {})
        eventually(lambda: town.in_step(event) and not town.world.rooms_of("t04"), what="cancelled")
        assert [len(town.events(host)) for host in ("t04", "t05")] == [0, 0]


def test_one_s_calendar_that_refuses_is_not_the_other_s_trouble() -> None:
    with open_town(SPRECHTAG_PACE="0.02") as town:
        event = town.conference(["t04", "t05"])
        made = town.api("orga", "POST", f"{event.path}/tandems", {"hosts": ["t04", "t05"]})
        family, shown = event.family("amara"), made["display_name"].replace("&", "&amp;")
        free = (slot for host in range(3) for slot in family.slots(host)[:1])
        slot = next(slot for slot in free if shown in family.get(slot).text)
        town.world.faults.append(Fault("PUT .*calendars/t04/", "status", 403))
        family.book(slot)
        eventually(lambda: len(town.events("t05")) == 1, what="the other one has it")
        (booking,) = town.bookings(event)
        town.api("orga", "POST", f"bookings/{booking['id']}/cancel", {})
        eventually(lambda: not town.events("t05"), what="and loses it")
