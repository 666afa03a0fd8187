# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rules of a conference as an organiser sets them, checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import asked, entries
from .errors import Invalid
from .slots import TimeWindow, slots_of


@dataclass(frozen=True)
class Rules:
    """The rules of a conference as an organiser gives them."""

    name: str
    windows: Sequence[TimeWindow]
    description: str = ""
    contact: str = ""
    time_zone: str = "Europe/Berlin"
    slot_minutes: int = 10
    pause_minutes: int = 0
    offers_on_site: bool = True
    offers_video: bool = True
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    lead_minutes: int = 60
    change_deadline_minutes: int = 120
    max_bookings_per_guest: int = 10
    max_bookings_per_guest_and_host: int = 1
    limit_per: str = "household"
    households_share: bool = False
    retention_days: int = 30
    contact_for_hosts: bool = False
    booking_by: str = "link"
    languages: str = ""
    walk_minutes: int = 5
    reminders: str = "1440,60"
    waiting_list: bool = True
    priority_from: datetime | None = None
    booking_mode: str = "direct"
    wishes_until: datetime | None = None
    privacy_notice: str = ""
    legal_basis: str = ""
    data_protection_officer: str = ""
    empty_events: bool = True
    feedback: bool = False
    asks: str = ""
    hosts_change: bool = True
    mails_wait: bool = False


def check(rules: Rules) -> None:
    """Raises `Invalid` naming the first wrong field."""
    check_entry("name", entries.name, rules.name)
    check_entry("time_zone", entries.zone, rules.time_zone)
    for name in MOMENTS:
        if moment := getattr(rules, name):
            check_entry(name, entries.instant, moment)
    if not (rules.offers_on_site or rules.offers_video):
        raise Invalid("offers_on_site", "no_place_offered")
    for name, least in (
        ("lead_minutes", 0),
        ("change_deadline_minutes", 0),
        ("max_bookings_per_guest", 1),
        ("max_bookings_per_guest_and_host", 1),
        ("retention_days", 1),
        ("walk_minutes", 0),
    ):
        if getattr(rules, name) < least:
            raise Invalid(name, "too_small")
    if rules.limit_per not in LIMIT_PER:
        raise Invalid("limit_per", "limit_per_unknown")
    if rules.booking_by not in BOOKING_BY:
        raise Invalid("booking_by", "booking_by_unknown")
    if rules.opens_at and rules.closes_at and rules.closes_at <= rules.opens_at:
        raise Invalid("closes_at", "closes_before_opening")
    if rules.priority_from and rules.opens_at and rules.priority_from > rules.opens_at:
        raise Invalid("priority_from", "priority_after_opening")
    if rules.booking_mode not in BOOKING_MODES:
        raise Invalid("booking_mode", "booking_mode_unknown")
    if rules.booking_mode == "wishes" and rules.wishes_until is None:
        raise Invalid("wishes_until", "wishes_until_missing")
    if rules.booking_mode == "wishes" and rules.booking_by == "confirmed":
        raise Invalid("booking_by", "wishes_need_no_confirmation")
    if any(entries.digits(part, entries.MOST_REMINDER) is None for part in rules.reminders.split(",") if part):
        raise Invalid("reminders", "reminders_wrong")
    asked.check(rules.asks)
    slots_of(rules.windows, rules.slot_minutes, rules.pause_minutes, rules.time_zone)


def check_entry(field: str, entry: Callable[[Any], object], value: Any) -> None:
    try:
        entry(value)
    except entries.Wrong as wrong:
        raise Invalid(field, wrong.reason) from wrong


BOOKING_BY = ("link", "confirmed", "invited")
LIMIT_PER = ("household", "child")
BOOKING_MODES = ("direct", "wishes", "assigned")
MOMENTS = ("opens_at", "closes_at", "priority_from", "wishes_until")
PLAIN_FIELDS = [name for name in Rules.__dataclass_fields__ if name != "windows"]
