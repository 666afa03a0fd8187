# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A school's list of families is entered: a short one in the request that brings it, a long one as a job, a few
families at a time, so that whoever books meanwhile does not wait. A job that was killed goes on where it was."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import children, families, follow, households
from ..conference.children import Pupil
from ..conference.errors import AddressTaken, OtherFamily
from ..conference.families import Family
from ..conference.tables import Conference, Guest, Host, Job
from ..conference.tokens import LinkKey
from ..database import PATIENCE, Database, apart
from ..privacy.family import ChildCorrection, Correction, correct

KIND = "import"
AT_ONCE = 5
"""Families in a transaction: some 25 ms."""
LONGEST_REST = 0.2
"""Seconds between two of them."""
IN_REQUEST = 100
"""Families that a request enters itself."""


@dataclass(frozen=True)
class Entry:
    """A family of the list; `guest_id` is the one that is known already and is to be corrected."""

    family: Family
    guest_id: int | None = None


def start(session: Session, conference: Conference, entries: Sequence[Entry], now: datetime) -> Job:
    """Begins to enter them. What is still to come stands in the job, and nothing of it when that is done."""
    payload = {"families": [{"family": asdict(entry.family), "guest_id": entry.guest_id} for entry in entries]}
    job = Job(conference_id=conference.id or 0, kind=KIND, payload=payload, total=len(entries), created_at=now)
    session.add(job)
    session.flush()
    follow.job(session, job, (), now)
    return job


def is_list(database: Database, job_id: int) -> bool:
    with database.read() as session:
        kind = session.execute(select(col(Job.kind)).where(col(Job.id) == job_id)).scalar_one_or_none()
    return kind == KIND


def run(database: Database, job_id: int, links: LinkKey, clock: Callable[[], datetime]) -> None:
    """Enters what is left of the list. Several may run it at once; each family is entered by one of them."""
    in_pieces(lambda: _some(database, job_id, links, clock))


def in_pieces(some: Callable[[], bool]) -> None:
    """Does it piece by piece until nothing is left, and rests after each as long as it took: at least half of the time
    the database is whoever's who books meanwhile."""
    while True:
        began = time.perf_counter()
        if not some():
            return
        time.sleep(min(LONGEST_REST, time.perf_counter() - began))


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


def _some(database: Database, job_id: int, links: LinkKey, clock: Callable[[], datetime]) -> bool:
    """Enters a few; whether more are left. Who cannot be entered is left out, and the others are."""
    with database.write(PATIENCE) as session:
        # The row lock makes a second process wait here and find them gone.
        job = session.execute(select(Job).where(col(Job.id) == job_id).with_for_update()).scalar_one_or_none()
        if job is None or job.finished_at:
            return False
        conference = session.get_one(Conference, job.conference_id)
        left = list(job.payload.get("families", []))
        present = set(session.execute(select(col(Host.id)).where(col(Host.conference_id) == conference.id)).scalars())
        for packed in left[:AT_ONCE]:
            entry = _unpacked(packed, present)
            with apart(session, "family"):
                enter(session, conference, entry, links, clock())
                session.flush()
                job.changed += 1
            job.done += 1
        job.payload = {"families": left[AT_ONCE:]}
        job.finished_at = None if left[AT_ONCE:] else clock()
        return job.finished_at is None


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
