# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mail addresses in a cell: "Katja Lau <k.lau@post.example>; mailto:sven@post.example." are two."""

import re

from email_validator import EmailNotValidError, validate_email

_NONE = frozenset(
    {"-", "--", "–", "—", "/", "?", "keine", "keine angabe", "k.a.", "k. a.", "n/a", "none", "nicht vorhanden"}
)
_ANGLES = re.compile(r"<([^<>]*)>")
_BETWEEN = re.compile(r"[;,|\s]+|(?<=[a-z])/(?=\S*@)", re.IGNORECASE)


class NoAddress(ValueError):
    """Something else than an address stands there; the message is what."""


def addresses(cell: str) -> list[str]:
    """All addresses of a cell in their normal form, each once, in their order; none for a cell that says so ("keine").
    Raises `NoAddress` for what is none, or cannot be written to (letters beyond ASCII before the @)."""
    if cell.casefold().strip() in _NONE:
        return []
    found: dict[str, str] = {}
    for word in _words(cell):
        try:
            checked = validate_email(
                word, check_deliverability=False, test_environment=True, allow_smtputf8=False
            ).normalized
        except EmailNotValidError as error:
            raise NoAddress(word) from error
        found.setdefault(checked.casefold(), checked)
    return list(found.values())


def _words(cell: str) -> list[str]:
    """What could be addresses. Names before angle brackets are left out, and words without an @ among several."""
    bracketed = [part for part in _ANGLES.findall(cell) if "@" in part]
    text = " ; ".join([*bracketed, *_after_brackets(cell)]) if bracketed else cell
    words = [_bare(word) for word in _BETWEEN.split(_joined(text))]
    with_at = [word for word in words if "@" in word]
    return with_at or [word for word in words if word]


def _after_brackets(cell: str) -> list[str]:
    """Further addresses that stand without brackets."""
    return [word for word in re.split(r"[;,|\s]+", _ANGLES.sub(" ", cell)) if "@" in word]


def _joined(text: str) -> str:
    """Spaces around the @ are slips of the keyboard."""
    return re.sub(r"\s*@\s*", "@", text)


def _bare(word: str) -> str:
    word = re.sub("^mailto:", "", word.strip("\"'()[]<>"), flags=re.IGNORECASE)
    return word.partition("?")[0].strip(".:\"'()[]<>")
