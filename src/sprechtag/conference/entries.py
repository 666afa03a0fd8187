# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes in from outside, in the one form it is taken in: every schema, form and file goes through here.

Each function gives the value tidied or raises `Wrong`. Text is NFC (Unicode UAX 15) and holds no control, bidirectional
override or invisible character; joiners stay inside words, where Persian, Hindi and emoji need them."""

import base64
import binascii
import re
import unicodedata
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from .. import signs

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""A fixed span, not one around today: the same rule must not refuse tomorrow what it took today, and a hundred years
are far enough from both ends of the calendar for every sum that is made with a day."""
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


MOST_REMINDER = 14 * 24 * 60
"""Minutes before an appointment."""


class Wrong(ValueError):
    """`reason` is a key of the sentence that says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _no_longer(value: str, longest: int) -> str:
    if len(value) > longest:
        raise Wrong("too_long")
    return value


def line(value: str, longest: int = 300) -> str:
    """One line without needless spaces. Raises `Wrong` when it is longer than `longest` characters."""
    return _no_longer(signs.one_line(value), longest)


def text(value: str, longest: int = 4000) -> str:
    """Several lines; line ends are \\n. Raises `Wrong` when it is longer than `longest` characters."""
    return _no_longer(signs.clean(value).replace("\t", " ").strip(), longest)


def is_seen(value: str) -> bool:
    """Whether a reader sees anything: a name of spaces, marks and fillers is none."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in signs.BLANK_LETTERS for sign in value)


def name(value: str, longest: int = 200) -> str:
    """As `line`; raises `Wrong` too when nothing of it can be seen."""
    value = line(value, longest)
    if not is_seen(value):
        raise Wrong("name_missing")
    return value


def school_class(value: str) -> str:
    """As `line`, with the digits of all scripts as ASCII digits, so that ٥b and 5b are one class; 5² stays as it is."""
    return line("".join(str(unicodedata.decimal(sign, sign)) for sign in value), 40)


def digits(value: str, most: int) -> int | None:
    """A whole number from 0 to `most`, in ASCII digits; None for all else ("²" is a digit to `str.isdigit`)."""
    value = value.strip(" ")
    if not re.fullmatch("[0-9]{1,18}", value) or int(value) > most:
        return None
    return int(value)


def number_in(value: str) -> int | None:
    """The first number of a name ("10b" is 10); None where there is none."""
    found = re.search("[0-9]{1,9}", value)
    return int(found[0]) if found else None


def user_id(value: str) -> str:
    """A user of Nextcloud's, as it is: another form would be another user."""
    value = value.strip()
    if len(value) > 64 or not all(signs.is_text(sign) and sign not in "\n\t" for sign in value):
        raise Wrong("user_wrong")
    return value


def day(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Wrong("day_wrong")
    return value


def instant(value: datetime) -> datetime:
    """In UTC. Raises `Wrong` without a zone and outside the years that make sense."""
    if value.tzinfo is None or not FIRST_YEAR - 1 <= value.year <= LAST_YEAR + 1:
        raise Wrong("moment_wrong")
    value = value.astimezone(UTC)
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Wrong("moment_wrong")
    return value


def clock(value: time) -> time:
    """To the minute. Raises `Wrong` for a time of another zone: the conference's own is meant."""
    if value.tzinfo is not None:
        raise Wrong("clock_wrong")
    return value.replace(second=0, microsecond=0)


@cache
def zones() -> frozenset[str]:
    """The names of time zones (IANA). "Europe" is a folder of them, "localtime" whatever this machine has."""
    return frozenset(available_timezones()) - _NO_ZONES


def zone(value: str) -> str:
    if value not in zones():
        raise Wrong("time_zone_unknown")
    ZoneInfo(value)
    return value


def base64_bytes(value: str, most: int) -> bytes:
    """Raises `Wrong` for what is no base64 (RFC 4648, 4) and for more than `most` bytes."""
    if len(value) > most * 4 // 3 + 4:
        raise Wrong("file_too_large")
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong("file_unreadable") from error
    if len(content) > most:
        raise Wrong("file_too_large")
    return content
