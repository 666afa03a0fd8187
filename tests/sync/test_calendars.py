# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What else stands in a host's calendar closes times; what the host does with our events becomes a question."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import eventually
from town import Event, Town, open_town


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town(SPRECHTAG_CALENDAR_SECONDS="0.5") as town:
        yield town


def day_of(town: Town, event: Event, host: str) -> dict[str, Any]:
    found: dict[str, Any] = town.api(host, "GET", f"{event.path}/my-day")
    return found


def closed(town: Town, event: Event, host: str, number: int) -> str:
    return str(day_of(town, event, host)["slots"][number]["closed_by"])


def start_of(town: Town, event: Event, host: str, number: int) -> datetime:
    return datetime.fromisoformat(day_of(town, event, host)["slots"][number]["starts_at"]).astimezone(UTC)


def utc(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def test_another_event_closes_the_times_it_overlaps_until_it_is_gone(town: Town) -> None:
    event = town.conference(["t04"])
    start = start_of(town, event, "t04", 1)
    end = start + timedelta(minutes=15)
    town.sandbox.dav.enter("t04", "private", [f"DTSTART:{utc(start)}", f"DTEND:{utc(end)}", "SUMMARY:Dentist"])
    eventually(lambda: closed(town, event, "t04", 1) == "calendar", what="closed by the calendar")
    assert [closed(town, event, "t04", number) for number in range(4)] == ["", "calendar", "calendar", ""]
    family = event.family("ada")
    slots = family.slots()
    family.book(slots[0])
    assert len(slots) == 22
    grid = town.api("orga", "GET", f"{event.path}/grid")
    assert "Dentist" not in str(grid) and grid["slots"][0][1][3] == "calendar"

    # The host opens one in spite of it, and it stays open.
    slot = day_of(town, event, "t04")["slots"][1]["id"]
    town.api("t04", "PUT", f"slots/{slot}", {"blocked": False})
    read_again(town, event, "t04")
    assert [closed(town, event, "t04", number) for number in (1, 2)] == ["", "calendar"]

    status, _, _ = town.sandbox.dav.answer("DELETE", "/calendars/t04/personal/private.ics", "t04", {}, b"")
    assert status == 204
    eventually(lambda: closed(town, event, "t04", 2) == "", what="opened again")


def read_again(town: Town, event: Event, host: str) -> None:
    before = day_of(town, event, host)["calendar_read_at"]
    eventually(lambda: day_of(town, event, host)["calendar_read_at"] not in (None, before), what="read again")


@pytest.mark.parametrize(
    ("host", "lines", "first"),
    [
        ("t06", ["DTSTART;VALUE=DATE:{day}", "SUMMARY:Trip"], "calendar"),
        ("t07", ["DTSTART:{start}", "DURATION:PT30M", "TRANSP:TRANSPARENT"], ""),
        ("t08", ["DTSTART:{start}", "DTEND:{end}", "STATUS:CANCELLED"], ""),
        ("t10", ["DTSTART:{weeks_ago}", "DURATION:PT10M", "RRULE:FREQ=WEEKLY"], "calendar"),
        ("t11", ["DTSTART;TZID=Europe/Berlin:{wall}", "DURATION:PT10M"], "calendar"),
        ("t12", ["DTSTART:{start}", "DTEND:{end}", "ATTENDEE;PARTSTAT=DECLINED:mailto:t12@schule.example"], ""),
    ],
)
def test_what_takes_time_and_what_does_not(town: Town, host: str, lines: list[str], first: str) -> None:
    town.world.users[host].email = f"{host}@schule.example"
    event = town.conference([host])
    start = start_of(town, event, host, 0)
    known = {
        "day": f"{start:%Y%m%d}",
        "start": utc(start),
        "end": utc(start + timedelta(minutes=10)),
        "weeks_ago": utc(start - timedelta(weeks=4)),
        "wall": f"{start.astimezone(berlin()):%Y%m%dT%H%M%S}",
    }
    town.sandbox.dav.enter(host, f"event-{host}", [line.format(**known) for line in lines])
    read_again(town, event, host)
    read_again(town, event, host)
    assert closed(town, event, host, 0) == first
    if lines[0].startswith("DTSTART;VALUE=DATE"):
        assert {slot["closed_by"] for slot in day_of(town, event, host)["slots"]} == {"calendar"}


def berlin() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Berlin")


def booked(town: Town, host: str, name: str) -> tuple[Event, Any, Any]:
    event = town.conference([host])
    family = event.family(name)
    family.book(family.slots()[2])
    eventually(lambda: town.in_step(event), what="booked")
    (file,) = (town.storage / "dav").glob(f"collection-root/{host}/*/sprechtag-*.ics")
    return event, family, file


def questions(town: Town, event: Event, host: str) -> list[dict[str, Any]]:
    return list(day_of(town, event, host)["questions"])


def notified(town: Town, host: str, word: str) -> bool:
    return any(word in one.subject for one in town.world.notices(host))


def move_in_calendar(town: Town, host: str, file: Any, minutes: int) -> None:
    text = file.read_text().splitlines()
    moved = []
    for line in text:
        name, _, value = line.rpartition(":")
        if name.startswith(("DTSTART;TZID", "DTEND;TZID")):
            later = datetime.strptime(value, "%Y%m%dT%H%M%S") + timedelta(minutes=minutes)  # noqa: DTZ007 - TZID says it
            moved.append(f"{name}:{later:%Y%m%dT%H%M%S}")
        else:
            moved.append(line)
    body = "\r\n".join([*moved, ""]).encode()
    path = f"/calendars/{host}/{file.parent.name}/{file.name}"
    status, _, said = town.sandbox.dav.answer("PUT", path, host, {"content-type": "text/calendar"}, body)
    assert status in (201, 204), said


def test_a_moved_event_is_asked_about_and_the_family_told(town: Town) -> None:
    event, _, file = booked(town, "t13", "berta")
    before = datetime.fromisoformat(town.bookings(event)[0]["starts_at"])
    move_in_calendar(town, "t13", file, 35)
    eventually(lambda: bool(questions(town, event, "t13")), what="the host is asked")
    (question,) = questions(town, event, "t13")
    assert datetime.fromisoformat(question["moved_to"]) == before + timedelta(minutes=35)
    eventually(lambda: notified(town, "t13", "verschoben"), what="the host is notified")
    # Nobody fights: the event stays where the host has put it, and the family keeps what it has until the host speaks.
    read_again(town, event, "t13")
    assert len(questions(town, event, "t13")) == 1
    assert datetime.fromisoformat(town.bookings(event)[0]["starts_at"]) == before
    path = f"bookings/{question['booking_id']}/calendar-answer"
    assert town.raw_api("orga", "POST", path, {"tell": True}).status_code == 404
    town.api("t13", "POST", path, {"tell": True, "message": "Der Bus kommt später."})
    eventually(lambda: town.in_step(event) and not questions(town, event, "t13"))
    assert datetime.fromisoformat(town.bookings(event)[0]["starts_at"]) == before + timedelta(minutes=35)
    last = [mail for mail in town.world.mails if "berta@" in mail.to][-1]
    assert last.subject.startswith("Changed") and "Der Bus kommt später." in last.text


def test_a_moved_event_goes_back_where_the_family_expects_it(town: Town) -> None:
    event, _, file = booked(town, "t14", "carl")
    mails = len(town.world.mails)
    (before,) = town.events("t14")
    move_in_calendar(town, "t14", file, 20)
    eventually(lambda: bool(questions(town, event, "t14")), what="the host is asked")
    town.api("t14", "POST", f"bookings/{town.bookings(event)[0]['id']}/calendar-answer", {"tell": False})
    eventually(lambda: town.in_step(event) and not questions(town, event, "t14"))
    eventually(lambda: town.events("t14")[0]["DTSTART"].dt == before["DTSTART"].dt, what="the event is back")
    assert len(town.world.mails) == mails


@pytest.mark.parametrize("tell", [True, False])
def test_a_deleted_event(town: Town, tell: bool) -> None:
    host = "t15" if tell else "t16"
    event, _, file = booked(town, host, f"dora{tell}")
    status, _, _ = town.sandbox.dav.answer("DELETE", f"/calendars/{host}/{file.parent.name}/{file.name}", host, {}, b"")
    assert status == 204
    eventually(lambda: bool(questions(town, event, host)), what="the host is asked")
    assert questions(town, event, host)[0]["moved_to"] is None
    eventually(lambda: notified(town, host, "gelöscht"), what="the host is notified")
    town.api(host, "POST", f"bookings/{town.bookings(event)[0]['id']}/calendar-answer", {"tell": tell})
    eventually(lambda: town.in_step(event) and not questions(town, event, host))
    (booking,) = town.bookings(event)
    assert booking["state"] == ("cancelled" if tell else "active")
    eventually(lambda: len(town.events(host)) == (0 if tell else 1))
    mails = [mail.subject.split(":")[0] for mail in town.world.mails if f"dora{tell}@" in mail.to]
    assert mails == (["Your appointment", "Cancelled"] if tell else ["Your appointment"])


def test_nextcloud_tells_of_changes_and_only_of_hosts(town: Town) -> None:
    event = town.conference(["t17"])
    assert event.path

    def whose() -> set[str]:
        return {
            user
            for hook in town.world.webhooks.values()
            for user in hook["eventFilter"]["event.calendarData.principaluri"]["$in"]
        }

    eventually(lambda: "principals/users/t17" in whose(), what="webhooks name the host")
    assert "principals/users/t40" not in whose()
    (address,) = {hook["uri"] for hook in town.world.webhooks.values()}
    assert re.fullmatch(r"/calendar-changed/[A-Za-z0-9_-]{27}", address), "only Nextcloud is told it"


def test_the_hosts_own_limits_hold(town: Town) -> None:
    event = town.conference(["t18"])
    entry = town.api("t18", "GET", f"{event.path}/me")
    town.api("t18", "PUT", f"{event.path}/me", entry | {"min_pause_minutes": 10})
    family = event.family("emil")
    slots = family.slots()
    family.book(slots[4])
    left = event.family("fritz").slots()
    assert len(left) == len(slots) - 3 and slots[3] not in left and slots[5] not in left
    refused = event.family("gerd").send(slots[5])
    assert refused.status_code == 409
    town.api("t18", "PUT", f"{event.path}/me", entry | {"max_in_a_row": 2})
    assert slots[3] in event.family("hans").slots()
    event.family("ida").book(slots[5])
    left = event.family("jan").slots()
    assert slots[3] not in left and slots[6] not in left and slots[7] in left


def test_a_time_is_held_for_a_family(town: Town) -> None:
    event = town.conference(["t19"])
    slot = day_of(town, event, "t19")["slots"][6]["id"]
    form = {"name": "Familie Kaya", "email": "kaya@post.example", "child": "Can", "school_class": "7b"}
    held = town.api("t19", "POST", f"slots/{slot}/hold", form)
    assert held["mailed"] and "/m/" in held["link"]
    assert closed(town, event, "t19", 6) == "held"
    assert event.family("lea").send(f"{event.town.url}{PUBLIC}s/{event.token}/t/{slot}").status_code == 409
    eventually(lambda: any(mail.to.endswith("<kaya@post.example>") for mail in town.world.mails))
    family = event.family("kaya")
    family.manage = held["link"]
    page = family.get(held["link"])
    assert slot in page.text
    answer = family.browser.post(f"{held['link']}/t/{slot}", data={"key": "k1", "place": "on_site", "child": "Can"})
    assert answer.status_code == 200, answer.text
    assert closed(town, event, "t19", 6) == "booked"
    # A second hold for the same family gives no link out: its page shows other appointments.
    other = day_of(town, event, "t19")["slots"][8]["id"]
    assert town.api("t19", "POST", f"slots/{other}/hold", form)["link"] == ""


PUBLIC = "/index.php/apps/app_api/proxy/sprechtag/"
