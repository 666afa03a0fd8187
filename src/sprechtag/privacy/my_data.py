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
    found: dict[str, list[list[tuple[str, str]]]] = {}
    for part in parts:
        entries = [lines for row in part.rows if (lines := _lines(row, say))]
        if entries:
            found.setdefault(titles.get(part.table, say("More that is kept")), []).extend(entries)
    return [Section(title, entries) for title, entries in found.items()]


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
            return "✓" if value else ""
        case datetime():
            return say.when(value)
        case list():
            return ", ".join(_text("", one, say) for one in value)
        case dict():
            return "; ".join(f"{key}: {_text('', one, say)}" for key, one in value.items())
    if name == "kind":
        return ""
    if name == "state":
        return "✓" if value == "cancelled" else ""
    if name == "language":
        return LANGUAGES.get(str(value), str(value))
    if name == "note":
        return say("There is one. Please ask the person you meet.")
    return {"on_site": say("On site"), "video": say("By video"), "cancelled": say("cancelled")}.get(value, str(value))


def _titles(say: Speaker) -> dict[str, str]:
    return {
        "guest": say("Your details"),
        "booking": say("Your appointments"),
        "companion": say("Also coming"),
        "waiting_entry": say("Waiting lists"),
        "host_wish": say("Your wishes"),
    }


def _labels(say: Speaker) -> dict[str, str]:
    """In the words of the other pages; what has none there is called as it is stored."""
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
        "state": say("Cancelled"),
        "created_at": say("Entered on"),
        "changed_at": say("Last changed on"),
        "sent_at": say("Sent on"),
        "proven_at": say("Address confirmed on"),
    }
