# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A long list is entered as a job, a few of its entries at a time, so that whoever books meanwhile does not wait.

What is still to come stands in the job; one that was killed goes on where it was, and nothing is left of it when it is
done."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import follow
from ..conference.tables import Conference, Job, JobKind
from ..database import PATIENCE, Database, apart

LONGEST_REST = 0.2
"""Seconds between two pieces."""
Packed = dict[str, Any]
Opens = Callable[[Session, Conference], Callable[[Packed], None]]
"""At the beginning of a piece: gives what enters one entry."""


@dataclass(frozen=True)
class ListJob:
    """A kind of list. What is to come stands under `part` in the job's payload, an entry is a `name` in the log, and a
    transaction takes `how_many` of those that are left."""

    kind: JobKind
    part: str
    name: str
    how_many: Callable[[Sequence[Packed]], int]

    def start(self, session: Session, conference: Conference, entries: Sequence[Packed], now: datetime) -> Job:
        payload = {self.part: list(entries)}
        job = Job(conference_id=conference.id or 0, kind=self.kind, payload=payload, total=len(entries), created_at=now)
        session.add(job)
        session.flush()
        follow.job(session, job, (), now)
        return job

    def is_of(self, database: Database, job_id: int) -> bool:
        with database.read() as session:
            kind = session.execute(select(col(Job.kind)).where(col(Job.id) == job_id)).scalar_one_or_none()
        return kind == self.kind

    def some(self, database: Database, job_id: int, opens: Opens, clock: Callable[[], datetime]) -> bool:
        """Enters a few; whether more are left. What cannot be entered is left out, and the others are. Several may do
        so at once; each entry is entered by one of them."""
        with database.write(PATIENCE) as session:
            # The row lock makes a second process wait here and find them gone.
            job = session.execute(select(Job).where(col(Job.id) == job_id).with_for_update()).scalar_one_or_none()
            if job is None or job.finished_at:
                return False
            enter = opens(session, session.get_one(Conference, job.conference_id))
            left = list(job.payload.get(self.part, []))
            due = self.how_many(left)
            for packed in left[:due]:
                with apart(session, self.name):
                    enter(packed)
                    session.flush()
                    job.changed += 1
                job.done += 1
            job.payload = {self.part: left[due:]}
            job.finished_at = None if left[due:] else clock()
            return job.finished_at is None


def in_pieces(some: Callable[[], bool]) -> None:
    """Does it piece by piece until nothing is left, and rests after each as long as it took: at least half of the time
    the database is whoever's who books meanwhile."""
    while True:
        began = time.perf_counter()
        if not some():
            return
        time.sleep(min(LONGEST_REST, time.perf_counter() - began))
