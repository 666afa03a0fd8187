# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every sentence a guest reads: gettext catalogues and CLDR formats. English is the source language."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).parent / "locale"
LANGUAGES: dict[str, str] = {"de": "Deutsch", "en": "English"}
DEFAULT = "de"


@cache
def _translations(language: str) -> NullTranslations:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


@dataclass(frozen=True)
class Speaker:
    """Speaks one language, with times in one zone."""

    language: str
    zone: str = "Europe/Berlin"

    def __call__(self, message: str, **values: object) -> str:
        text = _translations(self.language).gettext(message)
        return text % values if values else text

    def plural(self, one: str, many: str, number: int, **values: object) -> str:
        return _translations(self.language).ngettext(one, many, number) % {"number": number, **values}

    @property
    def direction(self) -> str:
        return Locale.parse(self.language).text_direction

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))

    def day(self, moment: datetime) -> str:
        """Weekday and date: "Mittwoch, 25. November 2026"."""
        return dates.format_date(self.local(moment), "full", locale=self._locale)

    def short_day(self, moment: datetime) -> str:
        return dates.format_skeleton("MMMEd", self.local(moment), locale=self._locale)

    def time(self, moment: datetime) -> str:
        return dates.format_time(self.local(moment), "short", locale=self._locale)

    def when(self, moment: datetime) -> str:
        return f"{self.short_day(moment)}, {self.time(moment)}"

    def date(self, moment: datetime) -> date:
        return self.local(moment).date()

    @property
    def _locale(self) -> str:
        # British English: 24-hour times, as the rest of Europe's schools write them.
        return "en_GB" if self.language == "en" else self.language

    def listing(self, items: list[str]) -> str:
        return ", ".join(items)


def best_language(chosen: str, accept_language: str, offered: Collection[str] = LANGUAGES) -> str:
    """The chosen language if it is offered, else the best of an `Accept-Language` header (RFC 9110, 12.5.4), else the
    first that is offered."""
    if chosen in offered:
        return chosen
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        match = re.fullmatch(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        if match and match[1].lower() in offered:
            wishes.append((-float(match[2] or 1), place, match[1].lower()))
    return min(wishes)[2] if wishes else DEFAULT if DEFAULT in offered else next(iter(offered))
