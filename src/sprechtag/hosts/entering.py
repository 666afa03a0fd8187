# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A school's list of families is entered: a short one in the request that brings it, a long one as a job, a few
families at a time, so that whoever books meanwhile does not wait. A job that was killed goes on where it was."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import children, families, households
from ..conference.children import Pupil
from ..conference.errors import AddressTaken, OtherFamily
from ..conference.families import Family
from ..conference.tables import Conference, Guest, Host, Job
from ..conference.tokens import LinkKey
from ..database import Database
from ..privacy.family import ChildCorrection, Correction, correct
from .list_jobs import ListJob, Packed, in_pieces

AT_ONCE = 5
"""Families in a transaction: some 25 ms."""
IN_REQUEST = 100
"""Families that a request enters itself."""


@dataclass(frozen=True)
class Entry:
    """A family of the list; `guest_id` is the one that is known already and is to be corrected."""

    family: Family
    guest_id: int | None = None


JOB = ListJob("import", "families", "family", lambda left: AT_ONCE)


def start(session: Session, conference: Conference, entries: Sequence[Entry], now: datetime) -> Job:
    """Begins to enter them."""
    packed = [{"family": asdict(entry.family), "guest_id": entry.guest_id} for entry in entries]
    return JOB.start(session, conference, packed, now)


def run(database: Database, job_id: int, links: LinkKey, clock: Callable[[], datetime]) -> None:
    """Enters what is left of the list."""
    in_pieces(lambda: _some(database, job_id, links, clock))


def _some(database: Database, job_id: int, links: LinkKey, clock: Callable[[], datetime]) -> bool:
    def opens(session: Session, conference: Conference) -> Callable[[Packed], None]:
        present = set(session.execute(select(col(Host.id)).where(col(Host.conference_id) == conference.id)).scalars())
        return lambda packed: enter(session, conference, _unpacked(packed, present), links, clock())

    return JOB.some(database, job_id, opens, clock)


def enter(session: Session, conference: Conference, entry: Entry, links: LinkKey, now: datetime) -> None:
    """Enters the family, or sets right what the school has entered before. Raises `Refused`."""
    guest = session.get(Guest, entry.guest_id) if entry.guest_id else None
    if entry.guest_id and (guest is None or guest.erase_by):
        return
    family = entry.family
    if guest:
        _set_right(session, guest, family, links, now)
        family = replace(family, name=guest.name, email=guest.email)
    guest, _ = families.invite(session, conference, family, links)
    if family.second_email:
        second = Family(family.second_name, family.second_email, language=family.language, hosts=family.hosts)
        other, new = families.invite(session, conference, second, links)
        with suppress(OtherFamily):
            if new or households.other_of(session, other) is None:
                households.link(session, guest, other, now, shared=conference.households_share)


def _unpacked(packed: dict[str, Any], present: set[int | None]) -> Entry:
    """Hosts who have gone meanwhile are left out."""
    said = dict(packed["family"])
    hosts = tuple(host_id for host_id in said.pop("hosts") if host_id in present)
    siblings = tuple(
        Pupil(one["name"], one["school_class"], tuple(host_id for host_id in one["hosts"] if host_id in present))
        for one in said.pop("siblings", ())
    )
    return Entry(Family(**said, hosts=hosts, siblings=siblings), packed["guest_id"])


def _set_right(session: Session, guest: Guest, family: Family, links: LinkKey, now: datetime) -> None:
    """The school's newer list holds for what it has entered; a name that the family has confirmed stays. A first
    address is only noted, another one makes new links as any correction does."""
    if family.email and not guest.email:
        taken = families.find_family(session, session.get_one(Conference, guest.conference_id), family, links)
        if taken is not None and taken.id != guest.id:
            raise AddressTaken
        guest.email, guest.email_fingerprint = family.email, links.fingerprint(family.email.casefold())
    corrections = [
        ChildCorrection(child.name, pupil.name or child.name, pupil.school_class or child.school_class)
        for child, pupil in children.matched(children.of_guest(session, guest), family.children)
        if child and child.name and (pupil.name or child.name, pupil.school_class) != (child.name, child.school_class)
    ]
    name = guest.name if guest.proven_at else family.name
    wanted = Correction(name, family.email or guest.email, guest.phone, corrections)
    correct(session, guest, wanted, links, now)
