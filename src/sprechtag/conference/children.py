# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The children of a family: entered by the school or the family, and found again by what they are called."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from ..database import table_of
from .person import tidy
from .tables import Child, ChildHost, Guest, Kin


@dataclass(frozen=True)
class Pupil:
    """A child as somebody enters it; `hosts` are ids of those who teach it."""

    name: str
    school_class: str = ""
    hosts: tuple[int, ...] = ()

    def checked(self) -> "Pupil":
        """Trimmed. Raises `Invalid`."""
        return Pupil(tidy("child", self.name, 120), tidy("school_class", self.school_class, 40), self.hosts)


# -- reading -------------------------------------------------------------------------------------------------------


def of_guest(session: Session, guest: Guest) -> list[Child]:
    """In the order in which they were entered."""
    if guest.kin_id is None:
        return []
    rows = select(Child).where(col(Child.kin_id) == guest.kin_id).order_by(col(Child.id))
    return list(session.execute(rows).scalars())


def of_conference(session: Session, conference_id: int) -> dict[int, list[Child]]:
    """All at once, by `Guest.kin_id`."""
    found: dict[int, list[Child]] = {}
    rows = select(Child).join(Kin, col(Kin.id) == col(Child.kin_id)).where(col(Kin.conference_id) == conference_id)
    for child in session.execute(rows.order_by(col(Child.id))).scalars():
        found.setdefault(child.kin_id, []).append(child)
    return found


def teachers(session: Session, children: Collection[Child]) -> dict[int, set[int]]:
    """Ids of the hosts who teach each child, by its id."""
    found: dict[int, set[int]] = {}
    rows = select(col(ChildHost.child_id), col(ChildHost.host_id)).where(
        col(ChildHost.child_id).in_([child.id for child in children])
    )
    for child_id, host_id in session.execute(rows) if children else ():
        found.setdefault(child_id, set()).add(host_id)
    return found


def households(session: Session, guest: Guest) -> list[Guest]:
    """Who books for the same children: the guest itself, and the other household of its family."""
    if guest.kin_id is None:
        return [guest]
    return list(
        session.execute(select(Guest).where(col(Guest.kin_id) == guest.kin_id).order_by(col(Guest.id))).scalars()
    )


def names(children: Iterable[Child | Pupil]) -> str:
    """In one line: "Mia, Ben"."""
    return ", ".join(child.name for child in children if child.name)


def classes(children: Iterable[Child | Pupil]) -> str:
    """In one line, each once: "5a, 8b"."""
    return ", ".join(dict.fromkeys(child.school_class for child in children if child.school_class))


# -- writing -------------------------------------------------------------------------------------------------------


def kin_of(session: Session, guest: Guest) -> int:
    """The id of what the guest's children hang on; made where there is none."""
    if guest.kin_id is None:
        kin = Kin(conference_id=guest.conference_id)
        session.add(kin)
        session.flush()
        guest.kin_id = kin.id
        session.add(guest)
    return guest.kin_id or 0


def enter(session: Session, guest: Guest, pupils: Sequence[Pupil]) -> None:
    """Adds the children that the family has not got; of those that it has only what is missing is filled in."""
    pupils = [pupil for pupil in pupils if pupil.name or pupil.school_class]
    if not pupils:
        return
    there = of_guest(session, guest)
    before = list(there)
    kin_id = kin_of(session, guest)
    taught = []
    for pupil in pupils:
        child = next((one for one in there if is_same(one, pupil)), None)
        if child is None:
            child = Child(kin_id=kin_id, name=pupil.name, school_class=pupil.school_class)
            there.append(child)
        child.name, child.school_class = child.name or pupil.name, child.school_class or pupil.school_class
        session.add(child)
        taught.append((child, pupil.hosts))
    session.flush()
    _name_teachers(session, taught, teachers(session, before))


def is_same(child: Child, pupil: Pupil) -> bool:
    """By name; one without a name is the one of its class."""
    if child.name and pupil.name:
        return child.name.casefold() == pupil.name.casefold()
    return child.school_class.casefold() == pupil.school_class.casefold() or not (child.name or child.school_class)


def matched(there: Sequence[Child], said: Sequence[Pupil]) -> list[tuple[Child | None, Pupil]]:
    """Which child of the family a newer list means by each of its own. The one that is left over on either side is the
    same child under another name; further ones are new (None)."""
    found = {at: next((one for one in there if is_same(one, pupil)), None) for at, pupil in enumerate(said)}
    used = {child.id for child in found.values() if child}
    left = [child for child in there if child.id not in used]
    new = [at for at, child in found.items() if child is None]
    if len(left) == len(new) == 1:
        found[new[0]] = left[0]
    return [(found[at], pupil) for at, pupil in enumerate(said)]


def _name_teachers(
    session: Session, taught: Sequence[tuple[Child, tuple[int, ...]]], known: Mapping[int, Collection[int]]
) -> None:
    wanted = dict.fromkeys((child.id or 0, host_id) for child, host_ids in taught for host_id in host_ids)
    rows = [
        {"child_id": child_id, "host_id": host_id}
        for child_id, host_id in wanted
        if host_id not in known.get(child_id, ())
    ]
    if rows:
        session.connection().execute(table_of(ChildHost).insert(), rows)
