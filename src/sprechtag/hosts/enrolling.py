# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A school's list of hosts is entered: what is corrected and a few new ones in the request that brings it, many new
ones as a job, a few at a time, because each new host has all the slots of the conference to be made."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import follow, hosts, lookup
from ..conference.errors import NotFound
from ..conference.hosts import HostEntry
from ..conference.tables import Conference, Job
from ..database import PATIENCE, Database, apart
from .entering import in_pieces

KIND = "hosts"
AT_ONCE = 1
"""New hosts in a transaction: some 20 ms."""
IN_REQUEST = 10
"""New hosts that a request enters itself."""
CHANGED_AT_ONCE = 100
"""Changes in a transaction: each is one row."""


@dataclass(frozen=True)
class HostChange:
    """What a list says otherwise of one host than stands here; of who is `new`, all that it says."""

    user_id: str
    values: dict[str, str] = field(default_factory=dict)
    new: bool = False


def is_long(changes: Sequence[HostChange]) -> bool:
    return sum(change.new for change in changes) > IN_REQUEST


def enter(session: Session, conference: Conference, change: HostChange) -> None:
    """Enrols the host, or sets only what the list says otherwise. Who was taken out since stays out. Raises
    `Refused`."""
    try:
        host = lookup.find_host(session, conference.id or 0, change.user_id)
    except NotFound:
        if change.new:
            hosts.enrol(session, conference, HostEntry(change.user_id, **change.values))  # type: ignore[arg-type]
        return
    for name, value in change.values.items():
        setattr(host, name, value)
    session.add(host)


def start(session: Session, conference: Conference, changes: Sequence[HostChange], now: datetime) -> Job:
    """Begins to enter them. What is still to come stands in the job, and nothing of it when that is done."""
    payload = {"hosts": [asdict(change) for change in changes]}
    job = Job(conference_id=conference.id or 0, kind=KIND, payload=payload, total=len(changes), created_at=now)
    session.add(job)
    session.flush()
    follow.job(session, job, (), now)
    return job


def is_list(database: Database, job_id: int) -> bool:
    with database.read() as session:
        kind = session.execute(select(col(Job.kind)).where(col(Job.id) == job_id)).scalar_one_or_none()
    return kind == KIND


def run(database: Database, job_id: int, clock: Callable[[], datetime]) -> None:
    """Enters what is left of the list. Several may run it at once; each host is entered by one of them."""
    in_pieces(lambda: _some(database, job_id, clock))


def _some(database: Database, job_id: int, clock: Callable[[], datetime]) -> bool:
    """Enters a few; whether more are left. Who cannot be entered is left out, and the others are."""
    with database.write(PATIENCE) as session:
        # The row lock makes a second process wait here and find them gone.
        job = session.execute(select(Job).where(col(Job.id) == job_id).with_for_update()).scalar_one_or_none()
        if job is None or job.finished_at:
            return False
        conference = session.get_one(Conference, job.conference_id)
        left = [HostChange(**packed) for packed in job.payload.get("hosts", [])]
        now_due = _next(left)
        for change in left[:now_due]:
            with apart(session, "host"):
                enter(session, conference, change)
                session.flush()
                job.changed += 1
            job.done += 1
        left = left[now_due:]
        job.payload = {"hosts": [asdict(change) for change in left]}
        job.finished_at = None if left else clock()
        return bool(left)


def _next(left: Sequence[HostChange]) -> int:
    """How many of them a transaction takes."""
    new = 0
    for count, change in enumerate(left[:CHANGED_AT_ONCE]):
        new += change.new
        if new > AT_ONCE:
            return count
    return CHANGED_AT_ONCE
