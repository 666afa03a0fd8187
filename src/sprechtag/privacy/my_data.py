# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of a family, as it reads it: in its language, on its page and on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..conference.tables import Conference
from ..paper.pdf import page
from ..phrases import LANGUAGES, Speaker
from .family import Part


@dataclass(frozen=True)
class Section:
    """Each entry is a list of lines: a label and what stands there."""

    title: str
    entries: list[list[tuple[str, str]]]


def sections(parts: Sequence[Part], say: Speaker) -> list[Section]:
    """All parts; empty columns are left out."""
    titles = _titles(say)
    found = [Section(titles.get(part.table, part.what), [_lines(row, say) for row in part.rows]) for part in parts]
    return [Section(one.title, [entry for entry in one.entries if entry]) for one in found if any(one.entries)]


def document(conference: Conference, found: Sequence[Section], say: Speaker) -> str:
    """The sheet as HTML, ready for `paper.pdf`."""
    return page("my_data.html", say("What is kept about you"), say, conference=conference, sections=found)


def _lines(row: Mapping[str, Any], say: Speaker) -> list[tuple[str, str]]:
    labels = _labels(say)
    return [
        (labels.get(name, name.replace("_", " ")), text)
        for name, value in row.items()
        if (text := _text(name, value, say))
    ]


def _text(name: str, value: Any, say: Speaker) -> str:
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return say("yes") if value else ""
        case datetime():
            return say.when(value)
        case list():
            return ", ".join(_text("", one, say) for one in value)
        case dict():
            return "; ".join(f"{key}: {_text('', one, say)}" for key, one in value.items())
    if name == "language":
        return LANGUAGES.get(str(value), str(value))
    if name == "note":
        return say("There is one. Please ask the person you meet.")
    return {"on_site": say("On site"), "video": say("By video"), "cancelled": say("cancelled")}.get(value, str(value))


def _titles(say: Speaker) -> dict[str, str]:
    return {
        "guest": say("Your details"),
        "booking": say("Your appointments"),
        "waiting_entry": say("Waiting lists"),
        "host_wish": say("Your wishes"),
        "wish_sheet": say("When you can come"),
        "guest_letter": say("Mails to you"),
        "job": say("Messages to you"),
        "guest_host": say("Whom the school would like you to see"),
        "slot": say("Times that are held for you"),
        "screen_link": say("Links to your appointments"),
        "effect": say("Calendar, video room and mail"),
        "live_call": say("How the appointment went"),
        "device_check": say("Check of your device"),
        "calendar_question": say("Changes in the calendar of the person you meet"),
        "job_item": say("Mails that are still to come"),
    }


def _labels(say: Speaker) -> dict[str, str]:
    return {
        "name": say("Your name"),
        "email": say("Your e-mail address"),
        "phone": say("Your phone number"),
        "language": say("Language"),
        "child": say("Child"),
        "school_class": say("Class"),
        "with": say("With"),
        "starts_at": say("When"),
        "ends_at": say("until"),
        "place": say("Where?"),
        "code": say("Number"),
        "created_at": say("Entered"),
        "changed_at": say("Changed"),
        "sent_at": say("Sent"),
        "proven_at": say("Address confirmed"),
        "message": say("Message of the school"),
        "note": say("Note of the person you meet"),
        "invited": say("Entered by the school"),
        "family_says": say("What you wrote"),
    }
