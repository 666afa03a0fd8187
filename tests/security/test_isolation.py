# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in the database already and cannot be, and what nobody expected: one's trouble is never another's."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select
from sqlmodel import col

from conftest import NOW, School
from security.hostile import Target, all_routes, open_target
from security.test_api_fuzz import operations, path_of, schema_of
from security.test_forms_fuzz import address, routes
from sprechtag.conference import follow, letters, waiting
from sprechtag.conference.tables import Booking, Conference, Effect, GuestLetter, Host, Slot
from sprechtag.database import Database, utc_now
from sprechtag.day.evening import tell_organisers
from sprechtag.day.observer import Observer
from sprechtag.errands import queue
from sprechtag.errands.testing import run_due
from sprechtag.guests.theme import Theme
from sprechtag.letters import mime
from sprechtag.letters.channels.errors import RelayTrouble
from sprechtag.letters.channels.smtp import Relay
from sprechtag.letters.headers import one_line
from sprechtag.letters.letter import Letter
from sprechtag.letters.mime import message
from sprechtag.logs import OnceAMinute
from sprechtag.nextcloud import calendar
from sprechtag.privacy.retention import erase_expired, tidy
from sprechtag.sandbox.world import Fault
from sprechtag.settings import Settings
from town import open_town

END = datetime(9999, 12, 31, 23, 50, tzinfo=UTC)
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def target(tmp_path: Path, database_url: str) -> Iterator[Target]:
    with open_target(tmp_path, database_url) as target:
        yield target


def spoil(school: School) -> None:
    """All that a conference can hold at the ends of what can be held, as an older version has let it in."""
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        conference.opens_at = conference.closes_at = conference.wishes_until = END
        conference.priority_from = BEGINNING
        conference.reminders, conference.feedback, conference.name = (
            "²,99999999999999999999,60",
            True,
            "Tag\r\nBcc: x@y.example",
        )
        conference.lead_minutes = conference.change_deadline_minutes = conference.retention_days = 2**31 - 1
        conference.rehearsal = "on"
        mine = (
            select(Slot)
            .where(col(Slot.conference_id) == conference.id)
            .order_by(col(Slot.host_id), col(Slot.starts_at))
        )
        seen: dict[int, int] = {}
        for slot in list(session.execute(mine).scalars()):
            number = seen[slot.host_id] = seen.get(slot.host_id, -1) + 1
            if number < 2:
                slot.starts_at = (END, BEGINNING)[(number + slot.host_id) % 2]
                slot.ends_at = slot.starts_at + timedelta(minutes=9)
        for host in session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars():
            host.classes, host.display_name = "5², ², " + "9" * 5000, " "


def at_night(database: Database) -> None:
    """All that runs by itself for everybody."""
    now = NOW + timedelta(days=8, hours=10)
    for moment in (now, now + timedelta(hours=20), now + timedelta(days=400)):
        with database.write() as session:
            letters.write_reminders(session, moment)
            letters.write_feedback(session, moment)
            waiting.sweep(session, moment)
            tidy(session, moment)
            erase_expired(session, now)
            tell_organisers(session, moment)
        Observer(database, dict, lambda moment=moment: moment).look()


def test_a_day_that_cannot_be_ends_nothing_for_the_others(target: Target) -> None:
    bad = target.school
    with target.stage.house.database.write() as session:
        for booking in session.execute(select(Booking)).scalars():
            booking.created_at = NOW - timedelta(days=9)
    spoil(bad)
    target.begin_again()
    with target.stage.house.database.write() as session:
        for booking in session.execute(select(Booking)).scalars():
            booking.created_at = NOW - timedelta(days=9)
    with structlog.testing.capture_logs() as logs:
        at_night(target.stage.house.database)
    assert not [entry for entry in logs if entry["log_level"] == "error"], logs
    with target.stage.house.database.read() as session:
        kinds = {one.kind for one in session.execute(select(GuestLetter)).scalars()}
    assert "reminder" in kinds


def test_what_stands_there_already_is_shown_to_families_organisers_and_hosts(target: Target) -> None:
    spoil(target.school)
    for method, template in routes(target):
        target.ask(method, address(template, target))
    raw = schema_of(target)
    for user in ("orga", "t01"):
        for method, path, operation in operations(raw):
            if method == "GET" or "requestBody" not in operation:
                target.ask(method, path_of(lambda strategy: strategy.elements[0], path, target), user=user)


def test_a_get_writes_nothing(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = schema_of(target)

    def write(*_: object, **__: object) -> None:
        raise AssertionError("a GET has written")

    monkeypatch.setattr(target.stage.house.database, "write", write)
    for method, template in routes(target):
        if method == "GET":
            target.ask("GET", address(template, target))
            target.ask("HEAD", address(template, target))
    for user in ("orga", "t01", "admin", "nobody"):
        for method, path, _ in operations(raw):
            if method == "GET":
                target.ask("GET", path_of(lambda strategy: strategy.elements[0], path, target), user=user)
    assert {path for method, path in all_routes(target) if method == "GET"} >= {"/healthz", "/api/v1/me"}


# -- what nobody expected -------------------------------------------------------------------------------------------


class Surprise(RuntimeError):
    pass


SECRET = "Familie Öz, oez@post.example"


@pytest.mark.parametrize("language", ["de", "tr", "en"])
def test_an_error_of_ours_is_answered_in_words_and_noted_without_what_was_sent(
    target: Target, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    def surprise(*_: object, **__: object) -> None:
        raise Surprise(SECRET)

    monkeypatch.setattr("sprechtag.conference.lookup.find_host", surprise)
    monkeypatch.setattr("sprechtag.guests.booking.free_of", surprise)
    stage, where = target.stage, address("/s/{token}/h/{host_id}", target)
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}/me"
    headers = stage.app_api_headers("t01") | {"accept-language": language}
    with structlog.testing.capture_logs() as logs:
        page = target.runner.run(stage.direct.get(where, headers=headers))
        said = target.runner.run(stage.direct.get(one, headers=headers))
    words = {"de": "schiefgegangen", "tr": "ters gitti", "en": "Something went wrong here."}
    assert page.status_code == 500 and words[language] in page.text and f'lang="{language}"' in page.text
    assert (
        page.headers["cache-control"] == "no-store" and "default-src 'none'" in page.headers["content-security-policy"]
    )
    assert said.status_code == 500 and said.json()["error"] == "unexpected" and said.json()["message"]
    assert [(entry["error"], entry["route"]) for entry in logs] == [
        ("Surprise", "/s/{token}/h/{host_id}"),
        ("Surprise", "/api/v1/conferences/{conference_id}/me"),
    ]
    assert "Öz" not in str(logs) and target.ids["host_id"][0] not in str(logs)


def test_where_not_even_the_page_can_be_made_it_is_plain_text(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: object, **__: object) -> None:
        raise Surprise(SECRET)

    monkeypatch.setattr(target.stage.house.database, "read", surprise)
    monkeypatch.setattr(target.stage.house.facts, "get", surprise)
    with structlog.testing.capture_logs():
        answer = target.runner.run(target.stage.direct.get(target.paths["s"], headers=target.stage.app_api_headers()))
    assert answer.status_code == 500 and "schiefgegangen" in answer.text


def test_an_error_while_sending_is_noted_for_the_organiser_and_tried_again_later(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = target.stage.house
    house.settings.smtp_host = "relay.example"

    def surprise(*_: object, **__: object) -> None:
        raise Surprise(SECRET)

    monkeypatch.setattr(house.relay, "send", surprise)
    monkeypatch.setattr("sprechtag.errands.retry._said", OnceAMinute())  # it is written down once a minute
    with house.database.write() as session:
        booking = session.execute(select(Booking).where(col(Booking.place) == "on_site")).scalars().first()
        assert booking
        letters.write(session, booking.guest_id, "new_link", "x", {}, NOW, utc_now() + timedelta(days=900))
        guest_id, booking_id = booking.guest_id, booking.id
        letter_id = session.execute(select(col(GuestLetter.id)).where(col(GuestLetter.kind) == "new_link")).scalar_one()
        queue.forget(session, "booking", [str(booking_id)])
        for effect in session.execute(select(Effect).where(col(Effect.booking_id) == booking_id)).scalars():
            effect.applied_revision = 0 if effect.kind == "mail" else booking.revision
        follow.mail(session, guest_id, NOW)
    with structlog.testing.capture_logs() as logs:
        run_due(house.worker, ["mail", "letter"])
    with house.database.read() as session:
        effect = session.get_one(Effect, (booking_id, "mail"))
        due = session.get_one(GuestLetter, letter_id)
        mail = queue.of(session, "mail", [str(guest_id)])[str(guest_id)]
        letter = queue.of(session, "letter", [str(letter_id)])[str(letter_id)]
    said = "An error in Sprechtag. It is tried again by itself. (Surprise)"
    assert effect.last_error == due.last_error == mail.problem == letter.problem == said
    assert mail.attempts == letter.attempts == 1 and min(mail.due_at, letter.due_at) > house.clock()
    assert "Öz" not in str(logs) and {entry["error"] for entry in logs if "error" in entry} == {"Surprise"}


@pytest.mark.parametrize(
    "text",
    ["Tag\r\nBcc: all@b.example", "Tag\n der\u2028offenen Tür", 'O"Brien\\', "\ud800\0Tag", "Ä" * 500, "a,b;c:<d>@e"],
)
def test_no_name_ends_a_mail(text: str) -> None:
    written = Letter((text, "oez@post.example"), one_line(text), "t", "<p>h")
    mail = message(written, f"school@relay.example{text[:0]}", text, "<1@relay.example>", "me@x.example")
    read = message_from_bytes(mail.as_bytes(policy=SMTP), policy=SMTP)
    assert read["Bcc"] is None and read["To"].addresses[0].addr_spec == "oez@post.example"


@pytest.mark.parametrize("host", ["ä" * 70, "a..b", "\0", ""])
def test_a_relay_that_cannot_be_asked_is_said(host: str) -> None:
    settings = Settings(smtp_host=host, smtp_port=1, smtp_security="none")
    with pytest.raises(RelayTrouble):
        asyncio.run(Relay().send(settings, mime.test_message(settings, "a@b.example", "de")))


@pytest.mark.parametrize(
    "text", ["http://[", "\ud800", "a\0b\n", "x" * 9000, "javascript:alert(1)", "//evil.example/x"]
)
def test_nothing_that_nextcloud_says_of_itself_ends_a_page(text: str) -> None:
    theme = Theme.of({"name": text, "logo": text, "color": text, "url": text})
    theme.name.encode()
    assert theme.logo == "" or theme.logo.startswith("/")
    assert theme.stylesheet and Theme.of({"name": 7, "logo": None, "color": []}).name == "7"


# -- what a host's calendar holds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:00010101T000000Z", "DTEND:00010101T010000Z"],
        ["DTSTART;VALUE=DATE:99991231"],
        ["DTSTART:99991231T235959Z", "DURATION:P9999W"],
        ["DTSTART;TZID=Europe/Berlin:00010101T000000"],
        ["DTSTART:rubbish"],
        ["DTSTART:20270113T150000Z", "DTEND:rubbish"],
        ["DTSTART:20270113T150000Z", "ATTENDEE"],
        ["DTSTART:20270113T150000Z", "DURATION:-P1D", "RRULE:FREQ=SECONDLY"],
        [],
    ],
)
def test_an_event_that_cannot_be_read_hides_no_other(lines: list[str]) -> None:
    good = ["BEGIN:VEVENT", "UID:good", "DTSTART:20270113T150000Z", "DTEND:20270113T160000Z", "END:VEVENT"]
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:bad", *lines, "END:VEVENT", *good, "END:VCALENDAR", ""])
    found = list(calendar.event_times(text, "Europe/Berlin", "me@x.example"))
    assert "good" in {event.uid for event in found} or not found


@pytest.mark.parametrize("text", ["", "rubbish", "BEGIN:VCALENDAR\n" * 5000, "\0", "BEGIN:VEVENT\nEND:VCALENDAR"])
def test_a_calendar_that_is_none_has_no_events(text: str) -> None:
    assert list(calendar.event_times(text, "Europe/Berlin")) == []


def test_a_calendar_of_a_hundred_thousand_events_is_read_as_far_as_it_makes_sense() -> None:
    event = "BEGIN:VEVENT\nUID:x\nDTSTART:20270113T150000Z\nEND:VEVENT\n"
    text = f"BEGIN:VCALENDAR\n{event}END:VCALENDAR"
    data = f'<d:x xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">{f"<c:calendar-data>{text}</c:calendar-data>" * 5000}</d:x>'
    assert len(calendar._events_in(data, "Europe/Berlin", "")) == calendar.MOST_EVENTS


def test_while_nextcloud_hangs_each_calendar_is_asked_for_once() -> None:
    hosts = ["t04", "t05", "t06", "t07", "t08"]
    with open_town(SPRECHTAG_CALENDAR_SECONDS="0.5", SPRECHTAG_NEXTCLOUD_SECONDS="30") as town:
        town.conference(hosts)
        town.world.faults.append(Fault("calendars", "delay", seconds=20.0))
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            waiting_ = readings(town.storage / "app" / "sprechtag.sqlite")
            assert len(waiting_) == len(set(waiting_)) <= len(hosts), waiting_
            time.sleep(0.5)
        assert waiting_
        town.world.faults.clear()


def readings(path: Path) -> list[str]:
    """What waits or runs, by what it is about."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return [key for (key,) in database.execute("SELECT key FROM errand WHERE kind = 'calendar'")]
