# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a letter is, whichever way it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..conference.views import BookingView
from ..phrases import Speaker


@dataclass(frozen=True)
class Letter:
    """`to` is name and address. `events` are the appointments that the family's calendar shall know of: those that are
    cancelled shall leave it."""

    to: tuple[str, str]
    subject: str
    text: str
    html: str
    events: tuple[BookingView, ...] = ()


@dataclass(frozen=True)
class Section:
    """Appointments under a title; an empty title for what the letter is about."""

    title: str
    views: Sequence[BookingView]


@dataclass(frozen=True)
class Instead:
    """Free times of one host that a family can have in place of a cancelled one (UTC); `link` leads to them."""

    host_name: str
    starts: Sequence[datetime]
    link: str

    def times(self, say: Speaker) -> list[str]:
        return [say.when(start) for start in self.starts]


@dataclass(frozen=True)
class Onward:
    """The one button of a letter and the sentence below it."""

    text: str
    link: str
    note: str


def to_manage(say: Speaker, link: str, text: str = "") -> Onward:
    note = say("Keep this link to yourself: who has it can change your appointments.")
    return Onward(text or say("Change, cancel or book another appointment"), link, note)


def to_confirm(say: Speaker, link: str) -> Onward:
    note = say("You have not booked anything? Then do nothing; the time will be free again.")
    return Onward(say("Confirm"), link, note)
