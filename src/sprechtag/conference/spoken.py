# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Languages as families and offices write them: "tr", "Türkisch", "Türkçe" and "Turkish, please" are one."""

import re
from collections.abc import Iterable
from functools import cache

from babel import Locale, UnknownLocaleError

from .names import folded

_NAMED_IN = ("en", "de", "ar", "fa", "fr", "ku", "pl", "ro", "ru", "tr", "uk", "vi")
"""Whoever reads our pages calls a language as these do."""
_OWN_NAMES = (
    "am bg bs ckb cs da el es et fi he hi hr hu hy it ja ka ko lt lv mk nl pa ps pt sk sl so sq sr sv sw ta th ti ur zh"
)
_ALSO = {
    "kurmanci": "ku",
    "kurmandschi": "ku",
    "kurdi": "ku",
    "kmr": "ku",
    "farsi": "fa",
    "dari": "fa",
    "bosanski": "bs",
}
"""Names that the lists of languages do not have, or have as another one."""
_SHORTEST_NAME = 4
"""Letters of a name that is looked for inside a longer answer: shorter ones are words of other languages too."""


@cache
def _codes() -> dict[str, str]:
    """Codes by folded names."""
    found = {str(code): str(code) for code in Locale("en").languages if len(str(code)) <= 3} | _ALSO
    for one in (*_NAMED_IN, *_OWN_NAMES.split()):
        try:
            locale = Locale.parse(one)
        except UnknownLocaleError:
            continue
        names = locale.languages.items() if one in _NAMED_IN else [(one, locale.languages.get(one, ""))]
        for code, name in names:
            if name and "_" not in str(code):
                found.setdefault(folded(str(name))[0], str(code))
    return found


def language_of(text: str) -> str:
    """The language's code, or the text itself without case and accents where no name of a language is in it."""
    codes, whole = _codes(), folded(" ".join(text.split()))[0]
    if whole in codes:
        return codes[whole]
    words = (word for word in re.findall(r"[^\W\d_]+", whole) if len(word) >= _SHORTEST_NAME)
    return next((codes[word] for word in words if word in codes), whole)


def languages_in(listed: str) -> list[str]:
    """The languages of a comma-separated list, each once."""
    return list(dict.fromkeys(language_of(part) for part in re.split("[,;/]", listed) if part.strip()))


def names_of(languages: Iterable[str], reader: str) -> list[str]:
    """What the languages are called in the reader's, sorted; those without a code as they are."""
    try:
        locale = Locale.parse(reader.partition("-")[0])
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return sorted(str(locale.languages.get(one, one)) for one in languages)
