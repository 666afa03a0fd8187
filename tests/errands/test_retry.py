# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import timedelta

import pytest

from sprechtag.errands.lanes import GUARANTEED, SEATS, Seats, Share
from sprechtag.errands.retry import Fault, Retry, Trouble

RETRY = Retry.of(timedelta(seconds=5), timedelta(minutes=2))


@pytest.mark.parametrize("fault", list(Fault))
def test_pauses_grow_to_a_limit(fault: Fault) -> None:
    policy = RETRY.policies[fault]
    pauses = [policy.pause(attempts) for attempts in range(1, 30)]
    assert pauses == sorted(pauses) and pauses[0] == policy.first and pauses[-1] == policy.longest
    assert policy.longest <= timedelta(hours=1)


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.REFUSED, Fault.ADDRESS}))
def test_what_may_be_well_again_is_never_given_up(fault: Fault) -> None:
    assert RETRY.again_in(Trouble(fault, ""), 10_000) is not None


def test_a_refusal_is_given_up_after_eight_tries_and_an_address_at_once() -> None:
    assert RETRY.again_in(Trouble(Fault.REFUSED, ""), 7) is not None
    assert RETRY.again_in(Trouble(Fault.REFUSED, ""), 8) is None
    assert RETRY.again_in(Trouble(Fault.ADDRESS, ""), 1) is None
    assert RETRY.again_in(Trouble(Fault.RELAY, "", final=True), 1) is None


def test_what_is_patient_waits_longer_for_nextcloud_and_for_nothing_else() -> None:
    away, ours = Trouble(Fault.NEXTCLOUD, ""), Trouble(Fault.OURS, "")
    first, longest, error = (
        RETRY.again_in(trouble, attempts, 5.0) for trouble, attempts in ((away, 1), (away, 30), (ours, 30))
    )
    assert first and first < timedelta(seconds=7)
    assert longest and timedelta(minutes=8) <= longest <= timedelta(minutes=12)
    assert error and error <= timedelta(minutes=72)


def test_who_says_how_long_is_believed() -> None:
    assert RETRY.again_in(Trouble(Fault.NEXTCLOUD, "", wait=timedelta(seconds=77)), 5) == timedelta(seconds=77)


def test_the_day_has_its_seats_whatever_the_others_do() -> None:
    seats = Seats()
    while seats.free_for(Share.READINGS):
        seats.sit(Share.READINGS)
    assert seats.free_for(Share.DAY) >= GUARANTEED[Share.DAY]
    assert seats.free_for(Share.BOOKINGS) >= GUARANTEED[Share.BOOKINGS]


def test_all_seats_are_taken_at_the_most_and_come_back() -> None:
    seats = Seats()
    taken = 0
    for share in Share:
        while seats.free_for(share):
            seats.sit(share)
            taken += 1
    assert taken == sum(seats.taken.values()) == SEATS
    seats.rise(Share.MAILS)
    assert seats.free_for(Share.MAILS) == 1 and seats.free_for(Share.DAY) == 0
