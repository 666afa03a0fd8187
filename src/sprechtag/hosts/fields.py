# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The types of what the API takes: `conference.entries`, as pydantic reads them.

How long a text may be stands where it is used, behind it: `Annotated[Line, Field(max_length=200)]` counts what is
kept."""

import sys
from datetime import date, time
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from ..conference import entries
from ..phrases import LANGUAGES

_ANY = sys.maxsize


def _line(value: str) -> str:
    return entries.line(value, _ANY)


def _text(value: str) -> str:
    return entries.text(value, _ANY)


def _secret(value: str) -> str:
    """As it is: spaces and forms count in a password."""
    if not value.isprintable():
        raise entries.Wrong("sign_wrong")
    return value


def _spoken(language: str) -> str:
    if language not in LANGUAGES:
        raise entries.Wrong("language_unknown")
    return language


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, AfterValidator(_text)]
Secret = Annotated[str, AfterValidator(_secret)]
Id = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
UserId = Annotated[str, AfterValidator(entries.user_id)]
SchoolClass = Annotated[str, AfterValidator(entries.school_class)]
Zone = Annotated[str, AfterValidator(entries.zone)]
Day = Annotated[date, AfterValidator(entries.day)]
Clock = Annotated[time, AfterValidator(entries.clock)]
Instant = Annotated[AwareDatetime, AfterValidator(entries.instant)]
Spoken = Annotated[str, AfterValidator(_spoken)]
