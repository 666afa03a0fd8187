# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Errands without a thread: for a test that wants to see what becomes of what is due."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from .table import Errand
from .worker import Worker


def run_due(worker: Worker, kinds: Sequence[str] = (), most: int = 1000) -> list[str]:
    """Does, one after the other, what is due by the worker's clock (of these kinds, else of all) and what it makes due;
    returns `kind key` of each. Raises `RuntimeError` after `most`: something makes itself due again and again."""
    done: list[str] = []
    while claimed := worker.take(kinds):
        for errand in claimed:
            done.append(f"{errand.kind} {errand.key}".strip())
            asyncio.run(worker.do(errand))
        if len(done) > most:
            raise RuntimeError(f"{done[-1]} is due again and again.")
    return done


def open_errands(session: Session, kind: str = "") -> list[Errand]:
    """What is open, the soonest first."""
    query = select(Errand).order_by(col(Errand.due_at), col(Errand.id))
    return list(session.execute(query.where(col(Errand.kind) == kind) if kind else query).scalars())
