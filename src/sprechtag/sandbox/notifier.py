# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of an external app's notification until its user sees it: AppAPI's `ExAppNotifier` (33.0) puts subject and
message through Nextcloud's translation, and what comes out is checked as a rich text."""

import re
from dataclasses import dataclass
from typing import Any

PIPE = "Can not use pipe character in translations"
_PLACEHOLDER = re.compile(r"\{([a-z0-9]+)\}", re.IGNORECASE)


class PhpError(Exception):
    """A ValueError of PHP's that nobody catches: the whole list is answered 500."""


@dataclass(frozen=True)
class Shown:
    subject: str
    message: str
    link: str


def translated(text: str) -> str:
    """Nextcloud's `$l->t($text)` for a text without translation: a pipe spoils it, `%n` is a number, and the rest goes
    through `vsprintf` without arguments. Raises `PhpError`."""
    if "|" in text:
        return PIPE
    parts = text.replace("%n", "1").split("%%")
    if any("%" in part for part in parts):
        raise PhpError(f"vsprintf: {text!r}")
    return "%".join(parts)


def shown(told: dict[str, Any]) -> Shown | None:
    """What the user sees of a notification's `subject_params`; None where Nextcloud leaves it out. Raises `PhpError`."""
    subject = message = ""
    for part in ("subject", "message"):
        text, params = told.get(f"rich_{part}"), told.get(f"rich_{part}_params")
        if text is None or params is None:
            continue
        plain = _plain(translated(text), params)
        if plain is None:
            return None
        subject, message = (plain, message) if part == "subject" else (subject, plain)
    return Shown(subject, message, str(told.get("link", ""))) if subject else None


def _plain(text: str, params: dict[str, Any]) -> str | None:
    """The text with its objects' names; None where the validator refuses it. PHP reads an empty object as a list."""
    if not text or any(name not in params for name in _PLACEHOLDER.findall(text)):
        return None
    for name, one in dict(params).items():
        if not isinstance(one, dict) or not {"type", "id", "name"} <= one.keys():
            return None
        if any(not isinstance(value, str) for value in one.values()):
            return None
        text = text.replace(f"{{{name}}}", one["name"])
    return text
