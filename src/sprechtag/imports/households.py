# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families out of pupils: one row of a file is one pupil, siblings are one family.

Siblings have a parent's mail address in common, or the number of the family, or the surname and with it the street or
the phone. A surname alone makes no family, nor does an address that half a class has (the school's own, mostly)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from . import classes
from .records import PupilRow
from .titles import tidy
from .troubles import Trouble

_PARENT = ("name", "first_name", "email", "phone")
_MOST_SURNAMES = 4
_FILLED_IN = (
    "school_class",
    "language",
    "hosts",
    "pupil_id",
    "family_id",
    "birth_date",
    "street",
    "town",
    *_PARENT,
    *(f"second_{field}" for field in _PARENT),
)


@dataclass(frozen=True)
class Child:
    """`name` is the first name, with the surname where it is not the family's."""

    name: str
    school_class: str
    row: PupilRow


@dataclass(frozen=True)
class Household:
    """A family: its pupils' rows in the order of the file."""

    rows: tuple[PupilRow, ...]

    @property
    def line(self) -> int:
        return self.rows[0].line

    @property
    def name(self) -> str:
        """As a parent is called, or the family."""
        first = next((row for row in self.rows if row.name), None)
        if first:
            return " ".join(part for part in (first.first_name, first.name) if part)
        return self.first("child_surname") or self.first("second_name") or self.first("first_name")

    @property
    def surname(self) -> str:
        return self.first("name") or self.first("child_surname")

    @property
    def email(self) -> str:
        return self.first("email")

    @property
    def second_name(self) -> str:
        """As the other parent is called; empty where the file does not say."""
        first = next((row for row in self.rows if row.second_name or row.second_first_name), None)
        return " ".join(filter(None, (first.second_first_name, first.second_name or self.surname))) if first else ""

    @property
    def second_email(self) -> str:
        """The address of the other parent, or the other one of theirs."""
        mails = [row.second_email for row in self.rows] + [row.email for row in self.rows]
        return next((mail for mail in mails if mail and mail.casefold() != self.email.casefold()), "")

    @property
    def children(self) -> list[Child]:
        found: dict[tuple[str, str], Child] = {}
        for row in self.rows:
            for name, school_class in _children_of(row, self.surname):
                if name or school_class:
                    found.setdefault((tidy(name), classes.key(school_class)), Child(name, school_class, row))
        return list(found.values())

    def first(self, field: str) -> str:
        """What the first row that says it says."""
        return next((str(getattr(row, field)) for row in self.rows if getattr(row, field)), "")


def households(rows: Sequence[PupilRow]) -> tuple[list[Household], list[Trouble]]:
    """The families in the order of their first pupil, and the lines that say what another line has said."""
    once, troubles = _once(rows)
    shared = _shared(once)
    troubles += [Trouble("mail_of_many", row.line, cell=row.email) for row in once if row.email.casefold() in shared]
    once = [row for row in once if row.email.casefold() not in shared]
    groups = _Groups(len(once))
    first: dict[tuple[str, ...], int] = {}
    for index, row in enumerate(once):
        for bond in _bonds(row):
            groups.join(first.setdefault(bond, index), index)
    by_group: dict[int, list[PupilRow]] = {}
    for index, row in enumerate(once):
        by_group.setdefault(groups.of(index), []).append(row)
    return [Household(tuple(found)) for found in by_group.values()], troubles


def _shared(rows: Sequence[PupilRow]) -> set[str]:
    """Addresses of more pupils than one family has, who are called differently."""
    names: dict[str, set[str]] = {}
    for row in rows:
        if row.email:
            names.setdefault(row.email.casefold(), set()).add(tidy(row.child_surname or row.name))
    return {mail for mail, several in names.items() if len(several) > _MOST_SURNAMES}


def completed(rows: Iterable[PupilRow], more: Iterable[PupilRow]) -> list[PupilRow]:
    """The pupils with what another file says of them (SchILD has the class in one and the parents in another): found by
    number, or by name and date of birth. Only what is empty is filled in."""
    by_key: dict[tuple[str, ...], PupilRow] = {}
    for other in more:
        for key in keys(other):
            by_key[key] = _with_parent(by_key[key], other) if key in by_key else other
    return [_filled(row, _other(row, by_key)) for row in rows]


def _other(row: PupilRow, by_key: dict[tuple[str, ...], PupilRow]) -> PupilRow | None:
    """What another file says of the same pupil. A number alone is not believed where the names differ."""
    for key in keys(row):
        other = by_key.get(key)
        if other and (not tidy(other.child) or not tidy(row.child) or tidy(other.child) == tidy(row.child)):
            return other
    return None


def keys(pupil: PupilRow) -> list[tuple[str, ...]]:
    """What a pupil is known by across files, the surest first."""
    found: list[tuple[str, ...]] = [("number", tidy(pupil.pupil_id))] if tidy(pupil.pupil_id) else []
    names = _names(pupil)
    if pupil.birth_date:
        found.append(("born", *names, day(pupil.birth_date)))
    return found


def day(text: str) -> str:
    """A date as digits, year first: "3.2.2015", "2015-02-03" and "20150203" are one."""
    numbers = re.findall("[0-9]+", text)
    if len(numbers) >= 3 and len(numbers[0]) < 4:
        numbers = [numbers[2], numbers[1], numbers[0]]
    return "".join(number.zfill(2) for number in numbers[:3])


def _names(pupil: PupilRow) -> tuple[str, str]:
    return tidy(pupil.child_surname or pupil.name), tidy(pupil.child)


def _filled(row: PupilRow, other: PupilRow | None) -> PupilRow:
    if other is None:
        return row
    return replace(row, **{name: getattr(row, name) or getattr(other, name) for name in _FILLED_IN})


def _with_parent(row: PupilRow, other: PupilRow) -> PupilRow:
    """Of a pupil with a line for each parent: the second line's parent is the second one."""
    parent = {field: getattr(other, field) for field in _PARENT}
    if not any(parent.values()) or parent == {field: getattr(row, field) for field in _PARENT}:
        return _filled(row, other)
    if any(getattr(row, f"second_{field}") for field in _PARENT) or not any(getattr(row, field) for field in _PARENT):
        return _filled(row, other)
    return replace(row, **{f"second_{field}": value for field, value in parent.items()})


def _once(rows: Sequence[PupilRow]) -> tuple[list[PupilRow], list[Trouble]]:
    """Each pupil once. Two lines of one pupil are two parents where the pupil is surely the same, else a mistake."""
    kept: list[PupilRow] = []
    at: dict[tuple[str, ...], int] = {}
    troubles = []
    for row in rows:
        sure = _sure(row)
        same = next((at[key] for key in sure if key in at), None)
        if same is not None and _parents_differ(kept[same], row):
            kept[same] = _with_parent(kept[same], row)
            continue
        plain = _plain(row)
        if same is None and not sure:
            same = at.get(plain)
        if same is not None:
            troubles.append(Trouble("twice", row.line, cell=str(kept[same].line)))
            continue
        for key in [*sure, *(() if sure else (plain,))]:
            at[key] = len(kept)
        kept.append(row)
    return kept, troubles


def _sure(row: PupilRow) -> list[tuple[str, ...]]:
    """As `keys`, each with the names: what was taken for the pupil's number may be the family's."""
    return [(*key, *_names(row)) for key in keys(row)]


def _plain(row: PupilRow) -> tuple[str, ...]:
    """What a pupil without number and date of birth is known by; a family without a child by its address."""
    if not row.child and row.email:
        return ("mail", row.email.casefold())
    return ("plain", *_names(row), classes.key(row.school_class), *_where(row))


def _where(row: PupilRow) -> tuple[str, ...]:
    """What tells two families apart that are called alike: the address where there is one."""
    return (row.email.casefold(),) if row.email else (tidy(row.street), _digits(row.phone))


def _parents_differ(row: PupilRow, other: PupilRow) -> bool:
    one, two = ([getattr(each, field) for field in _PARENT] for each in (row, other))
    return any(two) and one != two and not any(getattr(row, f"second_{field}") for field in _PARENT)


def _bonds(row: PupilRow) -> Iterator[tuple[str, ...]]:
    for mail in (row.email, row.second_email):
        if mail:
            yield ("mail", mail.casefold())
    if row.family_id:
        yield ("family", tidy(row.family_id))
    for surname in {tidy(row.child_surname or row.name), tidy(row.name)} - {""}:
        if tidy(row.street):
            yield ("street", surname, tidy(row.street), tidy(row.town))
        for phone in (row.phone, row.second_phone):
            if len(_digits(phone)) > 4:
                yield ("phone", surname, _digits(phone))


def _digits(phone: str) -> str:
    return re.sub("[^0-9]", "", re.sub(r"^(?:\+|00)49", "0", phone))


def _children_of(row: PupilRow, surname: str) -> list[tuple[str, str]]:
    """Names and classes of the pupil, and of the siblings that stand in its line."""
    return [
        (_child_name(row, surname), row.school_class),
        (row.second_child, row.second_school_class),
        (row.third_child, row.third_school_class),
    ]


def _child_name(row: PupilRow, surname: str) -> str:
    if row.child and row.child_surname and tidy(row.child_surname) != tidy(surname):
        return f"{row.child} {row.child_surname}"
    return row.child


class _Groups:
    """Who belongs together by any chain of bonds; the smallest index stands for the group."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def of(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def join(self, one: int, two: int) -> None:
        low, high = sorted((self.of(one), self.of(two)))
        self._parent[high] = low
