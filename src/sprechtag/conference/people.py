# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families whom the school has entered, slots that are held for one of them, and what hosts are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from .booking import Person
from .errors import Invalid, SlotBlocked, SlotTaken
from .tables import Booking, Conference, Guest, Host, Notice, NoticeKind, Slot
from .tokens import LinkKey, hashed


@dataclass(frozen=True)
class Family:
    """A family as the school enters it; `email` may be empty."""

    name: str
    email: str = ""
    child: str = ""
    school_class: str = ""
    language: str = "de"

    def checked(self) -> "Family":
        """Trimmed. Raises `Invalid` as `Person.checked`."""
        person = Person(self.name, self.email, self.language).checked(address_needed=False)
        child, school_class = " ".join(self.child.split()), " ".join(self.school_class.split())
        if len(child) > 120 or len(school_class) > 40:
            raise Invalid("child" if len(child) > 120 else "school_class", "too_long")
        return Family(person.name, person.email, child, school_class, self.language)


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


def invite(session: Session, conference: Conference, family: Family, links: LinkKey) -> tuple[Guest, bool]:
    """Enters the family, so that it has a link of its own; the second value says whether it is new.

    Of a family that is there already, only what it has not said itself is filled in. Raises `Invalid`."""
    family = family.checked()
    guest = find_family(session, conference, family, links)
    new = guest is None
    if guest is None:
        guest = Guest(
            conference_id=conference.id or 0,
            name=family.name,
            email=family.email,
            email_fingerprint="",
            language=family.language,
        )
        guest.email_fingerprint = links.fingerprint(family.email.casefold() or guest.public_id)
        guest.manage_token_hash = hashed(manage_token(guest, links))
    guest.invited = True
    guest.child = guest.child or family.child
    guest.school_class = guest.school_class or family.school_class
    session.add(guest)
    session.flush()
    return guest, new


def manage_token(guest: Guest, links: LinkKey) -> str:
    return links.token("manage", guest.public_id, guest.manage_generation)


@dataclass(frozen=True)
class FamilyLine:
    """A family as the organiser's list shows it."""

    public_id: str
    name: str
    email: str
    child: str
    school_class: str
    bookings: int
    token: str


def families(session: Session, conference: Conference, links: LinkKey) -> list[FamilyLine]:
    """All whom the school has entered, by class and name."""
    rows = session.execute(
        select(Guest, func.count(col(Booking.id)))
        .outerjoin(Booking, (col(Booking.guest_id) == col(Guest.id)) & (col(Booking.state) == "active"))
        .where(col(Guest.conference_id) == conference.id, col(Guest.invited).is_(True))
        .group_by(col(Guest.id))
    )
    lines = [
        FamilyLine(
            guest.public_id,
            guest.name,
            guest.email,
            guest.child,
            guest.school_class,
            count,
            manage_token(guest, links),
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


def hold(session: Session, slot: Slot, guest: Guest) -> None:
    """Holds a free slot for one family. Raises `SlotTaken` for a booked one and `SlotBlocked` for one that is held for
    somebody else or closed by the organiser."""
    taken = select(col(Booking.id)).where(col(Booking.slot_id) == slot.id, col(Booking.state) == "active")
    if session.execute(taken).first():
        raise SlotTaken(slot.starts_at)
    if slot.blocked_by == "organiser" or (slot.blocked_by == "held" and slot.held_for != guest.id):
        raise SlotBlocked
    slot.blocked, slot.blocked_by, slot.held_for = True, "held", guest.id
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
    waiting = select(col(Notice.id)).where(
        col(Notice.conference_id) == host.conference_id,
        col(Notice.user_id) == host.user_id,
        col(Notice.about) == about,
        col(Notice.kind) == kind,
    )
    if session.execute(waiting).first():
        return
    session.add(
        Notice(conference_id=host.conference_id, user_id=host.user_id, kind=kind, about=about, next_attempt_at=now)
    )


def due_notices(session: Session, now: datetime) -> list[tuple[int, str]]:
    """The notifications that may go out now, by id and a name that no other try has."""
    rows = session.execute(
        select(Notice).where(col(Notice.next_attempt_at) <= now).order_by(col(Notice.next_attempt_at)).limit(200)
    ).scalars()
    return [(notice.id or 0, f"{notice.kind}-{notice.user_id}-{notice.about}-{notice.attempts}") for notice in rows]
