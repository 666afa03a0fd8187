# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A school's list of hosts is entered: what is corrected and a few new ones in the request that brings it, many new
ones as a job, a few at a time, because each new host has all the slots of the conference to be made."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlmodel import Session

from ..conference import hosts, lookup
from ..conference.errors import NotFound
from ..conference.hosts import HostEntry
from ..conference.tables import Conference, Job, JobKind
from ..database import Database
from .list_jobs import ListJob, Packed, in_pieces

KIND: JobKind = "hosts"
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
        if change.new and getattr(host, name):
            continue  # entered by somebody else since, and what was typed then is newer than the list
        setattr(host, name, value)
    session.add(host)


def _next(left: Sequence[Packed]) -> int:
    """How many of them a transaction takes."""
    new = 0
    for count, packed in enumerate(left[:CHANGED_AT_ONCE]):
        new += packed["new"]
        if new > AT_ONCE:
            return count
    return CHANGED_AT_ONCE


JOB = ListJob(KIND, "hosts", "host", _next)


def start(session: Session, conference: Conference, changes: Sequence[HostChange], now: datetime) -> Job:
    """Begins to enter them."""
    return JOB.start(session, conference, [asdict(change) for change in changes], now)


def run(database: Database, job_id: int, clock: Callable[[], datetime]) -> None:
    """Enters what is left of the list."""
    in_pieces(lambda: _some(database, job_id, clock))


def _some(database: Database, job_id: int, clock: Callable[[], datetime]) -> bool:
    def opens(session: Session, conference: Conference) -> Callable[[Packed], None]:
        return lambda packed: enter(session, conference, HostChange(**packed))

    return JOB.some(database, job_id, opens, clock)
