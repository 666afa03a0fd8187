# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nextcloud answers 500, 429, too late, not at all or after the work was done: all effects arrive, once."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from conftest import eventually
from sprechtag.sandbox.world import Fault
from town import Event, Town, open_town

FAMILIES = 6
EVERYTHING = r"(spreed|calendars)"
# A fault without an end has a run now and then in which one effect waits minutes for its next attempt.
HITS = 16


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


@pytest.fixture(autouse=True)
def in_peace_again(town: Town) -> Iterator[None]:
    yield
    town.world.faults.clear()
    town.world.away = False


_hosts = iter(range(40, 70))


def _busy_day(town: Town) -> tuple[Event, str]:
    host = f"t{next(_hosts)}"
    event = town.conference([host])
    return event, host


def _book_and_change(town: Town, event: Event, host: str) -> None:
    """Each family books by video; every third one goes on site, every third one cancels."""
    for number in range(FAMILIES):
        family = event.family(f"{host}family{number}")
        family.book(place="video")
        if number % 3 == 1:
            family.change("place", place="on_site")
        if number % 3 == 2:
            family.change("cancel")


def _check(town: Town, event: Event, host: str) -> None:
    eventually(lambda: town.in_step(event), what="all effects arrived")
    bookings = town.bookings(event)
    active = [booking for booking in bookings if booking["state"] == "active"]
    assert Counter(str(entry["SUMMARY"]) for entry in town.events(host)) == Counter(
        f"{booking['child']} (5b)" for booking in active
    )
    video = sorted(booking["code"] for booking in active if booking["place"] == "video")
    assert sorted(room.name.rsplit(" ", 1)[1] for room in town.world.rooms_of(host)) == video


@pytest.mark.parametrize(
    "fault",
    [
        Fault(EVERYTHING, "status", 500, share=0.4, times=HITS),
        Fault(EVERYTHING, "status", 503, share=0.4, times=HITS),
        Fault(EVERYTHING, "status", 429, share=0.4, times=HITS),
        Fault(EVERYTHING, "lose_session", share=0.4, times=HITS),
        Fault(EVERYTHING, "drop_before", share=0.4, times=HITS),
        Fault(EVERYTHING, "drop_after", share=0.4, times=HITS),
        Fault(EVERYTHING, "delay", seconds=2.5, times=4),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}" if fault.kind == "status" else fault.kind,
)
def test_all_effects_arrive_once(town: Town, fault: Fault) -> None:
    event, host = _busy_day(town)
    town.world.faults.append(fault)
    _book_and_change(town, event, host)
    time.sleep(1)
    _check(town, event, host)
    assert fault.times < (4 if fault.kind == "delay" else HITS), "the fault was met"


def test_every_first_answer_lost_after_the_work_was_done(town: Town) -> None:
    """The hardest case: each room and each event is made, and the app does not hear of it."""
    event, host = _busy_day(town)
    town.world.faults.append(Fault(r"POST .*/room$", "drop_after", times=3))
    town.world.faults.append(Fault(r"PUT .*/calendars/", "drop_after", times=3))
    _book_and_change(town, event, host)
    _check(town, event, host)


def test_nextcloud_is_away_and_everything_is_caught_up(town: Town) -> None:
    event, host = _busy_day(town)
    town.world.away = True
    _book_and_change(town, event, host)
    time.sleep(2)
    assert not town.events(host)
    assert len(town.bookings(event)) == FAMILIES
    town.world.away = False
    _check(town, event, host)
    for number in range(FAMILIES):
        mails = [mail for mail in town.world.mails if f"{host}family{number}@" in mail.to]
        # What changed while Nextcloud was away is told in one mail; on-site news need not wait for it.
        assert 1 <= len(mails) <= 2


def test_a_mail_relay_that_is_busy_gets_the_mail_later(town: Town) -> None:
    event, host = _busy_day(town)
    town.world.faults.append(Fault("SMTP", "status", 451, times=3))
    family = event.family(f"{host}later")
    family.book()
    eventually(lambda: town.in_step(event))
    assert len([mail for mail in town.world.mails if f"{host}later@" in mail.to]) == 1


def test_an_address_the_relay_refuses_is_shown_to_the_organiser(town: Town) -> None:
    event, host = _busy_day(town)
    town.world.faults.append(Fault("SMTP /rcpt", "status", 550, times=1, text="5.1.1 no such user"))
    event.family(f"{host}wrong").book()

    def mail_effect() -> dict[str, str]:
        return next(effect for effect in town.bookings(event)[0]["effects"] if effect["kind"] == "mail")

    eventually(lambda: mail_effect()["state"] == "gave_up")
    assert "550" in mail_effect()["last_error"]
    assert town.api("orga", "POST", f"{event.path}/retry")["count"] > 0
    eventually(lambda: mail_effect()["state"] == "done")
