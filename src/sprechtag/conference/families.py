# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families that the school has entered: their links, their printed codes, the organiser's list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from . import children
from .children import Pupil
from .named import name_hosts
from .person import Person
from .tables import Booking, Child, Conference, Guest, GuestHost, Host, Kin
from .tokens import CODE_LENGTH, OLDER_LENGTH, LinkKey, code_hash, hashed, invitation_code, older_code, tidy_code


@dataclass(frozen=True)
class Family:
    """A family as the school enters it; `email` may be empty. `hosts` are ids of those whom it shall see. `child` and
    `school_class` are those of a family with one child; others have `siblings`, all of them. The other
    household, if any, has `second_email`, and `second_name` or the same name."""

    name: str
    email: str = ""
    child: str = ""
    school_class: str = ""
    language: str = "de"
    hosts: tuple[int, ...] = ()
    siblings: tuple[Pupil, ...] = ()
    second_name: str = ""
    second_email: str = ""

    @property
    def children(self) -> tuple[Pupil, ...]:
        if self.siblings:
            return self.siblings
        return (Pupil(self.child, self.school_class),) if self.child or self.school_class else ()

    def checked(self) -> "Family":
        """Trimmed. Raises `Invalid` as `Person.checked`."""
        person = Person(self.name, self.email, self.language).checked(address_needed=False)
        pupils = tuple(pupil.checked() for pupil in self.children)
        second = Person(self.second_name or person.name, self.second_email, self.language).checked(address_needed=False)
        return Family(
            person.name,
            person.email,
            language=self.language,
            hosts=self.hosts,
            siblings=pupils,
            second_name=second.name if second.email else "",
            second_email=second.email,
        )


def has_codes(session: Session, conference_id: int) -> bool:
    """Whether any family can have a letter with a code."""
    invited = exists().where(col(Guest.conference_id) == conference_id, col(Guest.invited).is_(True))
    return bool(session.execute(select(invited)).scalar_one())


def find_family(session: Session, conference: Conference, family: Family, links: LinkKey) -> Guest | None:
    """The guest with the family's address; without one, the family that was entered with the same names."""
    query = select(Guest).where(col(Guest.conference_id) == conference.id)
    if family.email:
        query = query.where(col(Guest.email_fingerprint) == links.fingerprint(family.email.casefold()))
        found: Guest | None = session.execute(query.limit(1)).scalar_one_or_none()
        return found
    named = query.where(col(Guest.invited).is_(True), col(Guest.email) == "", col(Guest.name) == family.name)
    wanted = _called(family.children)
    alike = session.execute(named.order_by(col(Guest.id))).scalars().all()
    return next((guest for guest in alike if _called(children.of_guest(session, guest)) == wanted), None)


def _called(pupils: Iterable[Child | Pupil]) -> tuple[tuple[str, str], ...]:
    """By what children are told apart where there is no address."""
    return tuple(sorted((pupil.name, pupil.school_class) for pupil in pupils))


@dataclass(frozen=True)
class Register:
    """The families of a conference, read at once: an import asks for thousands. By the fingerprint of their address or,
    without one, by what they were entered with."""

    families: dict[object, Guest]
    children: dict[int, list[Child]]

    @classmethod
    def of(cls, session: Session, conference: Conference) -> "Register":
        guests = session.execute(select(Guest).where(col(Guest.conference_id) == conference.id)).scalars()
        made = cls({}, children.of_conference(session, conference.id or 0))
        for guest in guests:
            if guest.email or guest.invited:
                key = guest.email_fingerprint if guest.email else (guest.name, _called(made.children_of(guest)))
                made.families.setdefault(key, guest)
        return made

    def children_of(self, guest: Guest) -> list[Child]:
        return self.children.get(guest.kin_id or 0, [])

    def find(self, family: Family, links: LinkKey) -> Guest | None:
        """As `find_family`."""
        return self.families.get(self._key(family, links))

    def has_household(self, guest: Guest | None, email: str, links: LinkKey) -> bool:
        """Whether the one with this address is the guest's other household, or belongs to another family."""
        other = self.families.get(links.fingerprint(email.casefold()))
        if other is None or guest is None:
            return False
        return other.kin_id == guest.kin_id is not None or bool(self.children_of(other))

    @staticmethod
    def _key(family: Family, links: LinkKey) -> object:
        if family.email:
            return links.fingerprint(family.email.casefold())
        return (family.name, _called(family.children))


def invite(
    session: Session, conference: Conference, family: Family, links: LinkKey, *, adds: bool = True
) -> tuple[Guest, bool]:
    """Enters the family, so that it has a link of its own; the second value says whether it is new.

    Of a family that is there already, only what it has not said itself is filled in; children that it has not got are
    added where the list `adds` to it. Raises `Invalid`."""
    family = family.checked()
    guest = find_family(session, conference, family, links)
    new = guest is None
    if guest is None:
        guest, new = _entered(session, conference, family, links)
    guest.code_hash = guest.code_hash or code_hash(links, code_of(guest, links))
    guest.invited = True
    session.add(guest)
    if adds or guest.kin_id is None:
        children.enter(session, guest, family.children)
    session.flush()
    name_hosts(session, guest, family.hosts)
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
    children: list[Child]
    language: str
    bookings: int
    token: str
    code: str
    hosts: list[str]
    asked: int
    phone: str
    invited: bool
    household: str
    shares: bool


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
    pupils = children.of_conference(session, conference.id or 0)
    kin: dict[int, list[str]] = {}
    of_kin = select(col(Guest.kin_id), col(Guest.public_id)).where(col(Guest.conference_id) == conference.id)
    for kin_id, public_id in session.execute(of_kin.where(col(Guest.kin_id).is_not(None))):
        kin.setdefault(kin_id, []).append(public_id)
    sharing = select(col(Kin.id)).where(col(Kin.conference_id) == conference.id, col(Kin.shares).is_(True))
    shared = set(session.execute(sharing).scalars())
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
            pupils.get(guest.kin_id or 0, []),
            guest.language,
            count,
            manage_token(guest, links),
            code_of(guest, links),
            [name for name, _ in named.get(guest.id, [])],
            sum(asked for _, asked in named.get(guest.id, [])),
            guest.phone,
            guest.invited,
            household=next((one for one in kin[guest.kin_id] if one != guest.public_id), "") if guest.kin_id else "",
            shares=guest.kin_id in shared,
        )
        for guest, count in rows
    ]
    return sorted(lines, key=lambda line: (children.classes(line.children), line.name.casefold()))


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
