# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every sentence a guest reads: gettext catalogues and CLDR formats. English is the source language; its catalogue says
in a native reader's words what the sources only name. Each language's terms are in its glossary.md."""

import re
from collections.abc import Collection, Mapping
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

from ..moments import is_repeated, local

CATALOGUES = Path(__file__).parent / "locale"
LANGUAGES: dict[str, str] = {
    "de": "Deutsch",
    "en": "English",
    "de-simple": "Einfache Sprache",
    "tr": "Türkçe",
    "ar": "العربية",
    "uk": "Українська",
    "ru": "Русский",
    "pl": "Polski",
    "fr": "Français",
    "ro": "Română",
    "fa": "فارسی",
    "ku": "Kurdî (Kurmancî)",
    "vi": "Tiếng Việt",
}
TAGS = {code: code for code in LANGUAGES}
"""Language tags for pages (BCP 47); `simple` is a registered variant."""
DEFAULT = "de"
_LOCALES = {"en": "en_GB", "de-simple": "de"}
"""British English: dates as the rest of Europe's schools write them."""
_WITHOUT_SHORT_FORMS = {"de-simple": "EEEE, d. MMMM", "ku": "EEEE, d'ê' MMMM'ê'"}
"""Easy words are not abbreviated, and few know CLDR's short months of Kurmanji."""
_ALSO_KNOWN_AS = {"kmr": "ku", "prs": "fa"}
"""Languages of browsers that we speak under another code: Kurmanji, Dari."""


@cache
def _translations(language: str) -> NullTranslations:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=_LOCALES.get(language, language)))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _direction(locale: str) -> str:
    return Locale.parse(locale).text_direction


@dataclass(frozen=True)
class Speaker:
    """Speaks one language, with times in one zone."""

    language: str
    zone: str = "Europe/Berlin"

    def __call__(self, message: str, **values: object) -> str:
        text = _translations(self.language).gettext(message)
        return text % self._isolated(values) if values else text

    def plural(self, one: str, many: str, number: int, **values: object) -> str:
        text = _translations(self.language).ngettext(one, many, number)
        return text % {"number": number, **self._isolated(values)}

    def _isolated(self, values: Mapping[str, object]) -> Mapping[str, object]:
        if self.direction == "ltr":
            return values
        return {name: self.isolated(value) if isinstance(value, str) else value for name, value in values.items()}

    def isolated(self, value: str) -> str:
        """What is put into a sentence that is written from right to left keeps its own order (U+2068 … U+2069): the
        room "204 A" would else be read as "A 204". Links and addresses stay bare, for they are copied."""
        if self.direction == "ltr" or not value or value[0] in "\u2066\u2068" or re.search(r"\n|://|@", value):
            return value
        return f"\u2068{value}\u2069"

    @property
    def direction(self) -> str:
        return _direction(self.locale)

    @property
    def tag(self) -> str:
        """The language tag for pages and mails (BCP 47)."""
        return TAGS[self.language]

    def local(self, moment: datetime) -> datetime:
        return local(moment, ZoneInfo(self.zone))

    def day(self, moment: datetime) -> str:
        """Weekday and date: "Mittwoch, 25. November 2026"."""
        return dates.format_date(self.local(moment), "full", locale=self.locale)

    def date_only(self, day: date) -> str:
        """As `day`, for a date that is no moment."""
        return dates.format_date(day, "full", locale=self.locale)

    def short_day(self, moment: datetime) -> str:
        there = self.local(moment)
        if pattern := _WITHOUT_SHORT_FORMS.get(self.language):
            return dates.format_date(there, pattern, locale=self.locale)
        return dates.format_skeleton("MMMEd", there, locale=self.locale)

    def time(self, moment: datetime) -> str:
        """24 hours in every language, as the clock in the school's hall and the signs at its doors show it. In the hour
        that autumn repeats the zone is said with it ("02:10 CET"): else it would be two times."""
        there = self.local(moment)
        return f"{there:%H:%M %Z}" if is_repeated(there) else f"{there:%H:%M}"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """15:10–15:20, in this order in languages that are written from right to left too (U+2066 … U+2069)."""
        if self.language == "de-simple":
            return f"{self.time(starts_at)} bis {self.time(ends_at)} Uhr"
        span = f"{self.time(starts_at)}–{self.time(ends_at)}"
        return f"\u2066{span}\u2069" if self.direction == "rtl" else span

    def when(self, moment: datetime) -> str:
        """Day and time within a sentence: "Mi., 25. Nov., 15:10 Uhr"."""
        time = self.time(moment)
        clock = f"{time} Uhr" if self.locale == "de" and time[-1].isdigit() else time
        return f"{self.short_day(moment)}{self._comma}{clock}"

    @property
    def _comma(self) -> str:
        return "، " if self.direction == "rtl" else ", "

    def date(self, moment: datetime) -> date:
        return self.local(moment).date()

    @property
    def locale(self) -> str:
        """CLDR's name for dates and the direction of writing."""
        return _LOCALES.get(self.language, self.language)

    def listing(self, items: list[str]) -> str:
        return self._comma.join(self.isolated(item) for item in items)


def best_language(chosen: str, accept_language: str, offered: Collection[str] = LANGUAGES) -> str:
    """The chosen language if it is offered, else the best of an `Accept-Language` header (RFC 9110, 12.5.4), else the
    first that is offered."""
    if chosen in offered:
        return chosen
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        match = re.fullmatch(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        language = _ALSO_KNOWN_AS.get(match[1].lower(), match[1].lower()) if match else ""
        if match and language in offered:
            wishes.append((-float(match[2] or 1), place, language))
    return min(wishes)[2] if wishes else DEFAULT if DEFAULT in offered else next(iter(offered))
