# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which teachers a cell names: by user, Kürzel, mail address or name, without regard to case and umlauts' spelling."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .titles import tidy

_BETWEEN = re.compile(r"\s*([,;/|&+~]|\bund\b|\band\b)\s*", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"^(?:(?:frau|fr|herr|herrn|hr|mrs|mr|ms|dr|prof|stdir|studiendirektorin|studiendirektor|osta|ostr|ostrin|str|strin)\b\.?\s*)+",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_MOST_PARTS = 3


@dataclass(frozen=True)
class Teacher:
    """Who can be named; `short` is the Kürzel."""

    user_id: str
    name: str = ""
    short: str = ""
    email: str = ""


@dataclass(frozen=True)
class Named:
    """`found` are user ids, each once. `unknown` are words that name nobody, `unclear` those that name several: word ->
    user ids."""

    found: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unclear: dict[str, list[str]] = field(default_factory=dict)


class Staff:
    """All teachers, to be asked again and again. `answers` say whom a word means that names several or nobody: word ->
    user id, "" for nobody."""

    def __init__(self, teachers: Iterable[Teacher], answers: Mapping[str, str] | None = None) -> None:
        self._by: list[dict[str, list[str]]] = [{}, {}, {}, {}, {}]
        self._answers = {tidy(word): user_id for word, user_id in (answers or {}).items()}
        self._known: dict[str, list[str]] = {}
        self._read: dict[str, Named] = {}
        for teacher in teachers:
            surname, full = _spellings(teacher.name)
            forms = ([teacher.user_id], [teacher.short], [teacher.email], full, surname)
            for level, words in zip(self._by, forms, strict=True):
                for word in {tidy(word) for word in words} - {""}:
                    level.setdefault(word, []).append(teacher.user_id)

    def named(self, cell: str) -> Named:
        """Where a Jana Weiß is known, "Weiß, Jana; GRO" are two: of the words between commas as many as make a known
        name are taken together."""
        if cell not in self._read:
            self._read[cell] = self._named(cell)
        return self._read[cell]

    def _named(self, cell: str) -> Named:
        named = Named()
        parts, commas = _parts(cell)
        index = 0
        while index < len(parts):
            index = self._take(parts, commas, index, named)
        return named

    def called(self, word: str) -> list[str]:
        """User ids of those whom the word can mean; none, one or several."""
        if word not in self._known:
            self._known[word] = self._look_up(word)
        return self._known[word]

    def meant(self, word: str) -> list[str]:
        """As `called`, where nobody has answered whom the word means."""
        answer = self._answers.get(tidy(word))
        return [answer] if answer else self.called(word)

    def _take(self, parts: list[str], commas: list[bool], index: int, named: Named) -> int:
        """Notes what begins at `index`; returns where the next begins."""
        for end in range(min(len(parts), index + _MOST_PARTS), index, -1):
            word = ", ".join(parts[index:end])
            if not all(commas[index : end - 1]):
                continue
            if tidy(word) in self._answers:
                answer = self._answers[tidy(word)]
                named.found.extend([answer] if answer and answer not in named.found else [])
                return end
            meant = self.called(word)
            if len(meant) == 1:
                named.found.extend(one for one in meant if one not in named.found)
                return end
            if meant:
                named.unclear[word] = meant
                return end
        named.unknown.append(parts[index])
        return index + 1

    def _look_up(self, word: str) -> list[str]:
        inner = _IN_BRACKETS.findall(word)
        for text in (word, _ADDRESSED.sub("", word), *inner, _IN_BRACKETS.sub("", word), _turned(word)):
            key = tidy(text)
            for level in self._by if key else ():
                if key in level:
                    return sorted(set(level[key]))
        return []


def _parts(cell: str) -> tuple[list[str], list[bool]]:
    """The words of a cell, and of each whether a comma stands behind it."""
    pieces = _BETWEEN.split(cell)
    words, marks = pieces[::2], [*pieces[1::2], ""]
    both = [(word.strip(), mark == ",") for word, mark in zip(words, marks, strict=True) if word.strip()]
    return [word for word, _ in both], [comma for _, comma in both]


def _spellings(name: str) -> tuple[list[str], list[str]]:
    """The surname, and the whole name in the orders in which it is written."""
    bare = _ADDRESSED.sub("", _IN_BRACKETS.sub("", name)).strip()
    if "," in bare:
        surname, forename = (part.strip() for part in bare.split(",", 1))
    else:
        forename, _, surname = bare.rpartition(" ")
    short = f"{forename[:1]} {surname}", f"{surname} {forename[:1]}"
    return [surname, *(short if forename else ())], [name, bare, f"{forename} {surname}", f"{surname} {forename}"]


def _turned(word: str) -> str:
    """ "Dr. Jana Weiß" without titles, the comma's two sides turned round."""
    surname, _, forename = _ADDRESSED.sub("", word).partition(",")
    return f"{_ADDRESSED.sub('', forename.strip())} {surname}"
