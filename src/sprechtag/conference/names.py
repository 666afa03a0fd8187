# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Finding and sorting people by their names, as whoever looks for them types and reads."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_TITLES = re.compile(
    "frau|herrn?|fr|hr|dr|prof|mr|mrs|ms|miss|mme|madame|monsieur|pani?|bay|bayan|hanim|госпожа|господин|пан|пані"
)
"""What a family says before a name and no list has."""
_ALPHABETS = {
    "tr": "abcçdefgğhıijklmnoöpqrsştuüvwxyz",
    "ku": "abcçdeêfghiîjklmnopqrsştuûvwxyz",
    "pl": "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż",
    "ro": "aăâbcdefghiîjklmnopqrsștțuvwxyz",
    "vi": "aăâbcdđeêghiklmnoôơpqrstuưvxy",
}
"""Letters in the order of languages that sort some of them as letters of their own (CLDR); all others sort an accent
with its letter."""


@lru_cache(maxsize=4000)
def folded(text: str) -> tuple[str, str]:
    """The text without case and accents, twice: ö as o, and ö as oe, as it is written where there is no ö."""
    small = unicodedata.normalize("NFC", text).casefold()
    return _without_marks(small), _without_marks(small.translate(_DIGRAPHS))


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def words_of(search: str) -> list[str]:
    """What has to be found of a search: without titles, unless there is nothing else."""
    words = re.findall(r"[^\s,.;]+", search)
    return [word for word in words if not _TITLES.fullmatch(word.casefold())] or words


def found_in(text: str, words: Iterable[str]) -> bool:
    """Whether each word stands somewhere in the text, whichever of the two writes ö as oe or o."""
    plain, long = folded(text)
    return all(one in plain or other in long for one, other in map(folded, words))


def surname(name: str) -> str:
    """ "Ackermann" of "Viktor Ackermann" and of "Ackermann, Viktor"."""
    before, comma, _ = name.partition(",")
    words = (before if comma else name).split()
    return words[-1] if words else ""


def by_surname(name: str, language: str = "") -> tuple[object, ...]:
    """A key that sorts names as a reader of this language looks for them."""
    last = surname(name)
    return (_in_order(last, language), _in_order(name, language), name)


def _in_order(text: str, language: str) -> tuple[tuple[int, str], ...]:
    alphabet = _ALPHABETS.get(language, "")
    small = text.replace("I", "ı").lower() if language == "tr" else text.casefold()
    if not alphabet:
        return ((0, folded(small)[0]),)
    return tuple(_place(sign, alphabet) for sign in unicodedata.normalize("NFC", small))


def _place(sign: str, alphabet: str) -> tuple[int, str]:
    found = alphabet.find(sign)
    if found < 0:
        sign = folded(sign)[0]
        found = alphabet.find(sign[:1]) if sign else -1
    return (found + 1, sign)


def names_in(text: str) -> list[str]:
    """What stands in a list like "Deutsch, Sport" or "5a; 5b", without regard to case."""
    return [part.strip().casefold() for part in re.split(r"[,;/]", text) if part.strip()]
