# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One file a kind of letter, and the registry that names them.

Each writes one letter about something: `about` is what was noted when it became due (a row's payload, ids and plain
values), `to` the family. It returns None where what it was about is over, so that nobody is written what is no longer
true."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from ...conference.views import GuestView
from ..letter import Letter
from ..writer import Writer
from . import (
    announcement,
    asked,
    feedback,
    household,
    invitation,
    late,
    link,
    new_link,
    not_done,
    offer,
    rehearsal,
    reminder,
    unserved,
    waiting,
    wishes,
)

Kind = Callable[[Session, Mapping[str, Any], GuestView, Writer], Letter | None]
KINDS: dict[str, Kind] = {
    "announcement": announcement.write,
    "asked": asked.write,
    "feedback": feedback.write,
    "household": household.write,
    "invitation": invitation.write,
    "late": late.write,
    "link": link.write,
    "new_link": new_link.write,
    "not_done": not_done.write,
    "offer": offer.write,
    "rehearsal": rehearsal.write,
    "reminder": reminder.write,
    "unserved": unserved.write,
    "waiting": waiting.write,
    "wishes": wishes.write,
}
"""By the name of a letter's kind (`GuestLetter.kind`); what an organiser writes is "announcement" or "invitation"."""
