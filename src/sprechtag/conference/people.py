# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families whom the school has entered, slots that are held for one of them, and what hosts are told."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from . import follow, taken
from .errors import SlotBlocked, SlotTaken
from .person import Person, tidy
from .tables import Booking, Conference, Guest, GuestHost, Host, NoticeKind, Slot
from .tokens import CODE_LENGTH, OLDER_LENGTH, LinkKey, code_hash, hashed, invitation_code, older_code, tidy_code


@dataclass(frozen=True)
class Family:
    """A family as the school enters it; `email` may be empty. `hosts` are ids of those whom it shall see."""

    name: str
    email: str = ""
    child: str = ""
    school_class: str = ""
    language: str = "de"
    hosts: tuple[int, ...] = ()

    def checked(self) -> "Family":
        """Trimmed. Raises `Invalid` as `Person.checked`."""
        person = Person(self.name, self.email, self.language).checked(address_needed=False)
        child, school_class = tidy("child", self.child, 120), tidy("school_class", self.school_class, 40)
        return Family(person.name, person.email, child, school_class, self.language, self.hosts)


def find_family(session: Session, conference: Conference, family: Family, links: LinkKey) -> Guest | None:
    """The guest with the family's address; without one, the family that was entered with the same names."""
    query = select(Guest).where(col(Guest.conference_id) == conference.id)
    if family.email:
        query = query.where(col(Guest.email_fingerprint) == links.fingerprint(family.email.casefold()))
    else:
        query = query.where(
            col(Guest.invited).is_(True),
            col(Guest.email) == "",
            col(Guest.name) == family.name,
            col(Guest.child) == family.child,
            col(Guest.school_class) == family.school_class,
        )
    found: Guest | None = session.execute(query.limit(1)).scalar_one_or_none()
    return found


@dataclass(frozen=True)
class Register:
    """The hosts and families of a conference, read at once: an import asks for thousands. Hosts by user and name in
    small letters, families by the fingerprint of their address or, without one, by what they were entered with."""

    hosts: dict[str, int]
    families: dict[object, Guest]

    @classmethod
    def of(cls, session: Session, conference: Conference) -> "Register":
        guests = session.execute(select(Guest).where(col(Guest.conference_id) == conference.id)).scalars()
        made = cls(_hosts_by_name(session, conference), {})
        for guest in guests:
            if guest.email or guest.invited:
                key = guest.email_fingerprint if guest.email else (guest.name, guest.child, guest.school_class)
                made.families.setdefault(key, guest)
        return made

    def find(self, family: Family, links: LinkKey) -> Guest | None:
        """As `find_family`."""
        return self.families.get(self._key(family, links))

    def note(self, family: Family, guest: Guest, links: LinkKey) -> None:
        self.families[self._key(family, links)] = guest

    @staticmethod
    def _key(family: Family, links: LinkKey) -> object:
        if family.email:
            return links.fingerprint(family.email.casefold())
        return (family.name, family.child, family.school_class)


def invite(
    session: Session, conference: Conference, family: Family, links: LinkKey, register: Register | None = None
) -> tuple[Guest, bool]:
    """Enters the family, so that it has a link of its own; the second value says whether it is new. With a `register`
    nothing is asked of the database for each of many, who have been `checked`.

    Of a family that is there already, only what it has not said itself is filled in. Raises `Invalid`."""
    family = family if register else family.checked()
    guest = register.find(family, links) if register else find_family(session, conference, family, links)
    new = guest is None
    if guest is None:
        guest, new = _entered(session, conference, family, links)
    guest.code_hash = guest.code_hash or code_hash(links, code_of(guest, links))
    guest.invited = True
    guest.child = guest.child or family.child
    guest.school_class = guest.school_class or family.school_class
    session.add(guest)
    if register:
        register.note(family, guest, links)
    if family.hosts or not register:
        session.flush()
    for host_id in family.hosts:
        name_host(session, guest, session.get_one(Host, host_id))
    return guest, new


def _entered(session: Session, conference: Conference, family: Family, links: LinkKey) -> tuple[Guest, bool]:
    """A new guest; or the one that has booked with this address at the same moment (false then)."""
    guest = Guest(
        conference_id=conference.id or 0,
        name=family.name,
        email=family.email,
        email_fingerprint="",
        language=family.language,
    )
    guest.email_fingerprint = links.fingerprint(family.email.casefold() or guest.public_id)
    guest.manage_token_hash = hashed(manage_token(guest, links))
    try:
        with session.begin_nested():
            session.add(guest)
    except IntegrityError:
        there = find_family(session, conference, family, links)
        if there is None:
            raise
        return there, False
    return guest, True


def invite_all(
    session: Session, conference: Conference, families: Iterable[Family], links: LinkKey, register: Register
) -> None:
    """As `invite`, for thousands: what is there already was read before."""
    made = [(family, *invite(session, conference, replace(family, hosts=()), links, register)) for family in families]
    session.flush()
    for family, guest, new in made:
        for host_id in dict.fromkeys(family.hosts):
            if new:
                session.add(GuestHost(guest_id=guest.id or 0, host_id=host_id))
            else:
                name_host(session, guest, session.get_one(Host, host_id))


def manage_token(guest: Guest, links: LinkKey) -> str:
    return links.token("manage", guest.public_id, guest.manage_generation)


def code_of(guest: Guest, links: LinkKey) -> str:
    """The code in the family's printed invitation."""
    older = older_code(links, guest.public_id, guest.manage_generation)
    if guest.code_hash and guest.code_hash == code_hash(links, older):
        return older
    return invitation_code(links, guest.public_id, guest.manage_generation)


def by_code(session: Session, conference: Conference, code: str, links: LinkKey) -> Guest | None:
    """The family of this conference whose printed code was typed."""
    if len(tidy_code(code)) not in (CODE_LENGTH, OLDER_LENGTH):
        return None
    found: Guest | None = session.execute(
        select(Guest).where(col(Guest.conference_id) == conference.id, col(Guest.code_hash) == code_hash(links, code))
    ).scalar_one_or_none()
    return found


@dataclass(frozen=True)
class FamilyLine:
    """A family as the organiser's list shows it."""

    id: int
    public_id: str
    name: str
    email: str
    child: str
    school_class: str
    language: str
    bookings: int
    token: str
    code: str
    hosts: list[str]
    asked: int
    phone: str
    invited: bool


def families(
    session: Session, conference: Conference, links: LinkKey, *, all_of_them: bool = False
) -> list[FamilyLine]:
    """All whom the school has entered, by class and name; with `all_of_them` those too who came by the share link."""
    named: dict[int, list[tuple[str, bool]]] = {}
    for guest_id, name, asked in session.execute(
        select(col(GuestHost.guest_id), col(Host.display_name), col(GuestHost.asked))
        .join(Host, col(Host.id) == col(GuestHost.host_id))
        .where(col(Host.conference_id) == conference.id)
        .order_by(col(Host.display_name))
    ):
        named.setdefault(guest_id, []).append((name, asked))
    rows = session.execute(
        select(Guest, func.count(col(Booking.id)))
        .outerjoin(Booking, (col(Booking.guest_id) == col(Guest.id)) & (col(Booking.state) == "active"))
        .where(col(Guest.conference_id) == conference.id, col(Guest.erase_by).is_(None))
        .where(true() if all_of_them else col(Guest.invited).is_(True))
        .group_by(col(Guest.id))
    )
    lines = [
        FamilyLine(
            guest.id,
            guest.public_id,
            guest.name,
            guest.email,
            guest.child,
            guest.school_class,
            guest.language,
            count,
            manage_token(guest, links),
            code_of(guest, links),
            [name for name, _ in named.get(guest.id, [])],
            sum(asked for _, asked in named.get(guest.id, [])),
            guest.phone,
            guest.invited,
        )
        for guest, count in rows
    ]
    return sorted(lines, key=lambda line: (line.school_class, line.name.casefold()))


def without_booking(session: Session, conference: Conference) -> Sequence[int]:
    """Ids of the families that were entered and have no appointment."""
    booked = select(col(Booking.guest_id)).where(
        col(Booking.conference_id) == conference.id, col(Booking.state) == "active"
    )
    rows = session.execute(
        select(col(Guest.id)).where(
            col(Guest.conference_id) == conference.id, col(Guest.invited).is_(True), col(Guest.id).not_in(booked)
        )
    ).scalars()
    return [guest_id for guest_id in rows if guest_id]


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


def take_back(session: Session, guest: Guest, host: Host) -> None:
    """The host does not ask any more."""
    row = session.get(GuestHost, (guest.id, host.id))
    if row:
        session.delete(row)


def _hosts_by_name(session: Session, conference: Conference) -> dict[str, int]:
    hosts = list(session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars())
    by_name = {host.display_name.casefold(): host.id or 0 for host in hosts}
    return by_name | {host.user_id.casefold(): host.id or 0 for host in hosts}


def hosts_named(by_name: Mapping[str, int], text: str) -> tuple[list[int], list[str]]:
    """The hosts of a cell like "a.uhlenbrock, Viktor Ackermann", by user or name (as in `Register.hosts`), and what
    could not be found."""
    wanted = [part.strip() for part in re.split(r"[,;/]", text) if part.strip()]
    found = [by_name[part.casefold()] for part in wanted if part.casefold() in by_name]
    return found, [part for part in wanted if part.casefold() not in by_name]


def children_of(session: Session, conference: Conference, host: Host, search: str) -> list[tuple[Guest, bool]]:
    """Whom a host can ask for: entered families of the host's classes, and those who are asked already."""
    asked = {
        guest_id
        for guest_id, by_host in session.execute(
            select(col(GuestHost.guest_id), col(GuestHost.asked)).where(col(GuestHost.host_id) == host.id)
        )
        if by_host
    }
    classes = {part.strip().casefold() for part in re.split(r"[,;/]", host.classes) if part.strip()}
    words = search.casefold().split()
    rows = session.execute(
        select(Guest).where(
            col(Guest.conference_id) == conference.id, col(Guest.invited).is_(True), col(Guest.child) != ""
        )
    ).scalars()
    found = [
        (guest, guest.id in asked)
        for guest in rows
        if guest.id in asked
        or (
            len("".join(words)) >= 2
            and (not classes or guest.school_class.casefold() in classes)
            and all(word in f"{guest.child} {guest.school_class}".casefold() for word in words)
        )
    ]
    return sorted(found, key=lambda one: (not one[1], one[0].child.casefold()))[:30]


def named_hosts(session: Session, guest_id: int) -> dict[int, bool]:
    """The hosts whom the family shall see, by id; true for those who have asked for it."""
    rows = session.execute(
        select(col(GuestHost.host_id), col(GuestHost.asked)).where(col(GuestHost.guest_id) == guest_id)
    )
    return dict(rows.tuples().all())


def asking_hosts(session: Session, guest_id: int, seen: Collection[int]) -> list[Host]:
    """The hosts who have asked this family to come and are not among the `seen`, by name."""
    rows = session.execute(
        select(Host)
        .join(GuestHost, col(GuestHost.host_id) == col(Host.id))
        .where(col(GuestHost.guest_id) == guest_id, col(GuestHost.asked).is_(True), col(Host.state) == "joined")
        .order_by(col(Host.display_name))
    ).scalars()
    return [host for host in rows if host.id not in seen]


def hold(session: Session, slot: Slot, guest: Guest) -> None:
    """Holds a free slot for one family. Raises `SlotTaken` for a booked one and `SlotBlocked` for one that is held for
    somebody else or closed by the organiser."""
    taken.lock(session, [slot])
    if taken.is_booked(session, slot):
        raise SlotTaken(slot.starts_at)
    if slot.blocked_by == "organiser" or (slot.blocked_by == "held" and slot.held_for != guest.id):
        raise SlotBlocked
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until = True, "held", guest.id, None
    session.add(slot)


def held_slots(session: Session, guest: Guest, now: datetime) -> list[tuple[Slot, Host]]:
    """What is held for the guest and still to come."""
    rows = session.execute(
        select(Slot, Host)
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(col(Slot.held_for) == guest.id, col(Slot.blocked_by) == "held", col(Slot.starts_at) > now)
        .order_by(col(Slot.starts_at))
    )
    return [(slot, host) for slot, host in rows]


def tell_host(session: Session, host: Host, kind: NoticeKind, now: datetime, about: str = "") -> None:
    """Has the host notified in Nextcloud, in the background; once where the same is still waiting to go out."""
    tell_user(session, host.conference_id, host.user_id, kind, now, about)


def tell_user(
    session: Session, conference_id: int, user_id: str, kind: NoticeKind, now: datetime, about: str = ""
) -> None:
    """As `tell_host`, for any user of Nextcloud."""
    follow.notice(session, conference_id, user_id, kind, now, about)
