# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Text out of bytes. What was meant is told by the marks of Unicode, else by how plausible the words are in each of the
encodings that schools' programs write; where two readings are about as plausible, the file is refused, not guessed."""

import re
import unicodedata
from collections import Counter

from .troubles import Unreadable

EIGHT_BITS = {"cp1252": 2.2, "iso8859-15": 2.1, "cp1250": 1.0, "cp850": 0.5, "mac-roman": 0.5}
"""Encoding -> what speaks for it beforehand: Windows in Western Europe writes by far the most."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WORD = re.compile(rb"[^\s;,|\"()/<>\x00-\x20]*[\x80-\xff][^\s;,|\"()/<>\x00-\x20]*")
_MOST_WORDS, _LONGEST_WORD = 1000, 60
_CLEARLY = 1.2
"""By how much the best reading must be better than the next one that reads something else."""
_FROM_GERMANY = 1.0
"""Who writes umlauts has the Windows of Western Europe."""
_GERMAN = frozenset("äöüßÄÖÜ")
_WESTERN = frozenset("éèëàáåçñíïóúæøãõœÉÈÁÅÇÑÍÓÚØÆŒ")
_SELDOM = frozenset("êâìîòôùûýÿÊÀÂÔÎÛ")
_EASTERN = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůžČĎŇŘŠŤŽőűŐŰăâîșțşţĂŞŢđĐľĽĺŕ")
_AFTER_DIGITS = frozenset("²³¹°ªº")
_VOWELS = frozenset("aeiouyäöü")
_AFTER_WORDS = frozenset("’“”»«–—…®´")
_BEFORE_WORDS = frozenset("„‚“‘«»–—…§´")
_STANDS_ALONE = frozenset("–—…§€•·°&©®™«»„“”‚‘’")
_C1 = re.compile("[\x80-\x9f\ufffd]")
_READ_WRONG = re.compile("Ã[¤¶¼Ÿ„–œ©¨]")
"""Umlauts in UTF-8 that were read as cp1252 and saved so."""


def decoded(content: bytes) -> str:
    """The text of a file. Raises `Unreadable` where no encoding reads it plausibly, where text was lost in an earlier
    conversion (U+FFFD, C1 control characters), and for zero bytes in text."""
    text = _unicode(content)
    if text is None:
        text = _eight_bits(content)
    lost = _C1.search(text) or _READ_WRONG.search(text)
    if lost:
        raise Unreadable("letters_lost", _line(text, lost.start()), _around(text, lost.start()))
    text = text.removeprefix("\ufeff").rstrip("\x00\x1a")
    if "\0" in text:
        raise Unreadable("file_unreadable", _line(text, text.index("\0")))
    return text


def _unicode(content: bytes) -> str | None:
    """None for what is not Unicode."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    wide = _wide(content)
    if wide:
        return _strictly(content, wide)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="ignore")
        raise Unreadable("letters_lost", _line(before, len(before))) from error


def _wide(content: bytes) -> str:
    """UTF-16 without its mark: every other byte of what is mostly Latin is zero."""
    even, odd = content[:4000:2], content[1:4000:2]
    if len(odd) < 2:
        return ""
    zero_even, zero_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zero_odd > 0.4 and zero_even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if zero_even > 0.4 and zero_odd < 0.1 else ""


def _eight_bits(content: bytes) -> str:
    words = Counter(_WORD.findall(content))
    readings: list[tuple[float, str, str]] = []
    for encoding, beforehand in EIGHT_BITS.items():
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _C1.search(text):
            german = _FROM_GERMANY if encoding == "cp1252" and not _GERMAN.isdisjoint(text) else 0.0
            readings.append((beforehand + german + _plausible(words, encoding), encoding, text))
    first = next(index for index, byte in enumerate(content) if byte >= 0x80)
    line = content.count(b"\n", 0, first) + 1
    if not readings:
        raise Unreadable("encoding_unclear", line)
    best, _, text = max(readings)
    others = [score for score, _, other in readings if other != text]
    if best <= 0 or (others and best - max(others) < _CLEARLY):
        raise Unreadable("encoding_unclear", line, _around(text, len(content[:first])))
    return text


def _plausible(words: Counter[bytes], encoding: str) -> float:
    total = 0.0
    for word, count in words.most_common(_MOST_WORDS):
        total += _word(word[:_LONGEST_WORD].decode(encoding)) * min(count, 3)
    return total


def _word(word: str) -> float:
    """How plausible the signs beyond ASCII are in this word: above 0 for what people write."""
    total = 0.0
    for index, sign in enumerate(word):
        if not sign.isascii():
            judge = _letter if unicodedata.category(sign) in ("Lu", "Ll") else _mark
            total += judge(sign, word[index - 1 : index] if index else "", word[index + 1 : index + 2])
    return total


def _letter(sign: str, before: str, after: str) -> float:
    if not (before.isalpha() or after.isalpha()):
        return 0.0
    if _is_odd(sign, before, after):
        return -3.0
    if sign in _GERMAN:
        return 3.0
    if sign.isupper() and before.isalpha():
        return 0.3
    if sign in "ãõ" and after not in {"o", "e"}:
        return 0.2
    return 1.5 if sign in _WESTERN else 1.2 if sign in _EASTERN else 1.0 if sign in _SELDOM else 0.2


def _is_odd(sign: str, before: str, after: str) -> bool:
    """A capital inside a word, a small letter before one, or neighbours that no language has here."""
    return (
        sign in "ﬁﬂ"
        or (sign.isupper() and before.isalpha() and (before.islower() or after.islower()))
        or (sign.islower() and sign != "ß" and after.isupper())
        or (sign == "ß" and before.casefold() not in _VOWELS)
        or (sign == "ñ" and after.isalpha() and after.casefold() not in _VOWELS)
        or (sign == "œ" and after != "u")
        or (sign in "øåæ" and before in _VOWELS)
        or (sign == "è" and before in {"a", "e", "u"})
        or (sign in "ìòù" and after.isalpha())
    )


def _mark(sign: str, before: str, after: str) -> float:
    if sign == "\xa0" or (sign in _AFTER_DIGITS and before.isdigit()):
        return 0.5
    if before.isalnum() and after.isalnum():
        return 0.2 if sign in "’‘·´–" else -5.0
    if before.isalnum():
        return 0.2 if sign in _AFTER_WORDS else -3.0
    if after.isalnum():
        return 0.2 if sign in _BEFORE_WORDS else -3.0
    return 0.3 if sign in _STANDS_ALONE else -1.5


def _line(text: str, index: int) -> int:
    return (text.count("\n", 0, index) or text.count("\r", 0, index)) + 1


def _around(text: str, index: int) -> str:
    """What stands around a place, without the signs that were lost."""
    return _C1.sub("?", text[max(0, index - 12) : index + 12].replace("\n", " ")).strip()
