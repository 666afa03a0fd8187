# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a family shall see: by the school's list, or because a host has asked for it."""

import re
from collections.abc import Collection

from sqlalchemy import select
from sqlmodel import Session, col

from ..database import table_of
from . import children
from .tables import Child, ChildHost, Conference, Guest, GuestHost, Host


def has_asked(session: Session, host_id: int, guest_id: int) -> bool:
    """Whether the host has asked this family to come."""
    row = session.get(GuestHost, (guest_id, host_id))
    return row is not None and row.asked


def name_host(session: Session, guest: Guest, host: Host, *, asked: bool = False) -> bool:
    """Notes that the family shall see this host: by the school's list, or because the host has `asked`. Returns whether
    that is new."""
    row = session.get(GuestHost, (guest.id, host.id))
    if row and (row.asked or not asked):
        return False
    row = row or GuestHost(guest_id=guest.id or 0, host_id=host.id or 0)
    row.asked = asked
    session.add(row)
    session.flush()
    return True


def name_hosts(session: Session, guest: Guest, host_ids: Collection[int]) -> None:
    """As `name_host`, for all whom the school's list names."""
    known = named_hosts(session, guest.id or 0) if host_ids else {}
    rows = [
        {"guest_id": guest.id, "host_id": one, "asked": False} for one in dict.fromkeys(host_ids) if one not in known
    ]
    if rows:
        session.connection().execute(table_of(GuestHost).insert(), rows)


def take_back(session: Session, guest: Guest, host: Host) -> None:
    """The host does not ask any more."""
    row = session.get(GuestHost, (guest.id, host.id))
    if row:
        session.delete(row)


def children_of(
    session: Session, conference: Conference, host: Host, search: str
) -> list[tuple[Guest, list[Child], bool]]:
    """Whom a host can ask for: entered families with those children whom the host teaches, by their class or the
    school's files (of a host of no class: all), and those who are asked already; of two households the first."""
    asked = {
        guest_id
        for guest_id, by_host in session.execute(
            select(col(GuestHost.guest_id), col(GuestHost.asked)).where(col(GuestHost.host_id) == host.id)
        )
        if by_host
    }
    classes = {part.strip().casefold() for part in re.split(r"[,;/]", host.classes) if part.strip()}
    words = search.casefold().split()
    mine = set(session.execute(select(col(ChildHost.child_id)).where(col(ChildHost.host_id) == host.id)).scalars())
    pupils = children.of_conference(session, conference.id or 0)
    rows = session.execute(
        select(Guest)
        .where(col(Guest.conference_id) == conference.id, col(Guest.invited).is_(True), col(Guest.kin_id).is_not(None))
        .order_by(col(Guest.id))
    ).scalars()
    found: dict[int, tuple[Guest, list[Child], bool]] = {}
    for guest in rows:
        named = [child for child in pupils.get(guest.kin_id or 0, []) if child.name]
        meant = [
            child
            for child in named
            if (not (classes or mine) or child.school_class.casefold() in classes or child.id in mine)
            and all(word in f"{child.name} {child.school_class}".casefold() for word in words)
        ]
        if named and (guest.id in asked or (meant and len("".join(words)) >= 2)):
            found.setdefault(guest.kin_id or 0, (guest, meant or named, guest.id in asked))
    return sorted(found.values(), key=lambda one: (not one[2], one[1][0].name.casefold()))[:30]


def named_hosts(session: Session, guest_id: int) -> dict[int, bool]:
    """The hosts whom the family shall see, by id; true for those who have asked for it."""
    rows = session.execute(
        select(col(GuestHost.host_id), col(GuestHost.asked)).where(col(GuestHost.guest_id) == guest_id)
    )
    return dict(rows.tuples().all())


def named_by_guest(session: Session, conference: Conference) -> dict[int, set[int]]:
    """Of all guests of a conference at once: guest -> the hosts whom they shall see (ids)."""
    found: dict[int, set[int]] = {}
    for guest_id, host_id in session.execute(
        select(col(GuestHost.guest_id), col(GuestHost.host_id))
        .join(Host, col(Host.id) == col(GuestHost.host_id))
        .where(col(Host.conference_id) == conference.id)
    ):
        found.setdefault(guest_id, set()).add(host_id)
    return found


def taught_by_child(session: Session, conference: Conference) -> dict[int, set[int]]:
    """Of all children of a conference at once: child -> the hosts who teach it (ids)."""
    found: dict[int, set[int]] = {}
    for child_id, host_id in session.execute(
        select(col(ChildHost.child_id), col(ChildHost.host_id))
        .join(Host, col(Host.id) == col(ChildHost.host_id))
        .where(col(Host.conference_id) == conference.id)
    ):
        found.setdefault(child_id, set()).add(host_id)
    return found


def asking_hosts(session: Session, guest_id: int, seen: Collection[int]) -> list[Host]:
    """The hosts who have asked this family to come and are not among the `seen`, by name."""
    rows = session.execute(
        select(Host)
        .join(GuestHost, col(GuestHost.host_id) == col(Host.id))
        .where(col(GuestHost.guest_id) == guest_id, col(GuestHost.asked).is_(True), col(Host.state) == "joined")
        .order_by(col(Host.display_name))
    ).scalars()
    return [host for host in rows if host.id not in seen]
