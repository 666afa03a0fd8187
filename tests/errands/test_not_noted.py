# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was done and cannot be noted is done again and again, without a pause, a word or an end."""

import time
from datetime import timedelta

from sqlmodel import Session

from sprechtag.database import Database, utc_now
from sprechtag.errands import queue
from sprechtag.errands.lanes import Share
from sprechtag.errands.queue import Put
from sprechtag.errands.retry import Retry
from sprechtag.errands.table import Errand
from sprechtag.errands.testing import open_errands
from sprechtag.errands.worker import Done, Kind, Worker


def test_a_note_that_cannot_be_written_is_a_trouble(database: Database) -> None:
    mails: list[int] = []

    async def send(errand: Errand) -> Done:
        mails.append(1)

        def note(session: Session) -> None:
            raise ValueError("an error of ours")

        return Done(note)

    # As in life but faster: pauses of 30 s and more become 5 s, the lease of 30 s becomes 0.5 s.
    retry = Retry.of(timedelta(seconds=5), timedelta(seconds=50))
    one = Worker(
        database, {"mail": Kind("mail", Share.BOOKINGS, send)}, retry, utc_now, rests=0.1, lease=timedelta(seconds=0.5)
    )
    with database.write() as session:
        queue.put(session, Put("mail", "1", utc_now()))
    one.start()
    time.sleep(4)
    one.stop()
    with database.read() as session:
        problems = [errand.problem for errand in open_errands(session)]
    assert (len(mails), problems) == (1, ["An error in Sprechtag. It is tried again by itself. (ValueError)"])
