# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Putting, claiming and settling errands, each in a transaction of the caller's."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    String,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import Session, col

from ..database import UtcDateTime, insert, insert_for, tell
from .table import Errand

PUT = "errands"
"""What `Database.heard` is told under when something was put."""
LOOKS_ANYWAY = timedelta(seconds=60)
"""So often every worker looks, told or not: of what is due later than that, the others need not be told."""
LONGEST_PROBLEM = 300
CLAIMING = 7772672
"""PostgreSQL's lock for those who claim."""
LOOKED_AT = 200
"""Rows that one claim looks at: those that are due first."""
_TABLE = Errand.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Put:
    """What is to be done later; see `Errand`. Without a `lane` it is beside everything."""

    kind: str
    key: str
    due_at: datetime
    lane: str = ""
    rank: int = 1
    expires_at: datetime | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def put(session: Session, *errands: Put) -> None:
    """Puts them. What is open already becomes due earlier, and runs once more if it runs just now."""
    if not errands:
        return
    rows = [
        {
            "kind": one.kind,
            "key": one.key,
            "lane": one.lane or f"{one.kind}:{one.key}",
            "rank": one.rank,
            "payload": one.payload,
            "due_at": one.due_at,
            "expires_at": one.expires_at,
            "wanted": 1,
            "attempts": 0,
            "problem": "",
            "holder": "",
        }
        # In one order everywhere, so that two transactions never wait for each other's rows.
        for one in sorted(errands, key=lambda one: (one.kind, one.key))
    ]
    session.flush()
    connection = session.connection()
    connection.execute(_put(connection.dialect.name), rows)
    tell(session, PUT)


@cache
def _put(dialect: str) -> Insert:
    statement = insert_for(dialect, Errand)
    new, old = statement.excluded, _TABLE.c
    changed = {
        "due_at": case((new.due_at < old.due_at, new.due_at), else_=old.due_at),
        "rank": case((new.rank < old.rank, new.rank), else_=old.rank),
        "wanted": old.wanted + 1,
        "expires_at": new.expires_at,
    }
    return statement.on_conflict_do_update(index_elements=["kind", "key"], set_=changed)


def put_missing(session: Session, kind: str, rows: Select[Any], due_at: datetime, rank: int = 1) -> int:
    """Puts one for each row of a query with the columns `key`, `lane` and, if it has one, `expires_at`; what is open
    stays as it is. One statement, however many there are; returns how many were put."""
    found = rows.subquery()
    # To look is cheaper than to try; the conflict is left for two at the same moment.
    key = cast(found.c.key, String)
    there = select(_TABLE.c.id).where(_TABLE.c.kind == kind, _TABLE.c.key == key).exists()
    columns: dict[str, Any] = {
        "kind": literal(kind),
        "key": key,
        "lane": cast(found.c.lane, String),
        "rank": literal(rank),
        "payload": literal({}, _TABLE.c.payload.type),
        "due_at": literal(due_at, UtcDateTime()),
        "wanted": literal(1),
        "attempts": literal(0),
        "problem": literal(""),
        "holder": literal(""),
    }
    if "expires_at" in found.c:
        columns["expires_at"] = found.c.expires_at
    new = select(*(value.label(name) for name, value in columns.items())).where(~there)
    statement = insert(session, Errand).from_select(list(columns), new).on_conflict_do_nothing()
    made = session.execute(statement, execution_options={"preserve_rowcount": True}).rowcount  # type: ignore[attr-defined]
    if made > 0:
        tell(session, PUT)
    return max(0, int(made))


def claim(
    session: Session,
    kinds: Collection[str],
    sit: Callable[[str], bool],
    holder: str,
    until: datetime,
    now: datetime,
    held: Collection[int],
) -> list[Errand]:
    """Takes what may run now for `holder`, until `until`: one of a lane, the lowest rank first, of each kind as long as
    `sit` finds a seat for it.

    What another has taken meanwhile is left to it. `held` are ids that this process still works on, whatever their
    lease says. Each try counts from here, so that what kills the process is counted too."""
    if not kinds:
        return []
    if session.get_bind().dialect.name == "postgresql":
        # Two at once could take two of one lane, because neither sees the other's.
        session.execute(select(func.pg_advisory_xact_lock(CLAIMING)))
    connection = session.connection()
    values = {"now": now, "kinds": list(kinds), "held": list(held)}
    lanes, taken, full = set[str](), list[Errand](), set[str]()
    for row in connection.execute(_MAY_RUN, values):
        if row.lane in lanes or row.kind in full:
            continue
        if not sit(row.kind):
            full.add(row.kind)
            continue
        lanes.add(row.lane)
        taken.append(Errand(**row._mapping))  # noqa: SLF001 - SQLAlchemy's own public name for it
    for errand in taken:
        errand.holder, errand.leased_until = holder, until
        errand.attempts += 1
    if taken:
        ids = [errand.id for errand in taken]
        connection.execute(_LEASE, {"ids": ids, "by": holder, "until": until})
    return taken


_BESIDE = _TABLE.alias("beside")
# Nearly all that is open is of these kinds: SQLite must not look for it by the index of the kind, which it would.
_OF_KINDS = (literal("") + _TABLE.c.kind).in_(bindparam("kinds", expanding=True))
_MAY_RUN = (
    select(_TABLE)
    .where(_TABLE.c.due_at <= bindparam("now"), _OF_KINDS)
    .where(or_(_TABLE.c.leased_until.is_(None), _TABLE.c.leased_until <= bindparam("now")))
    .where(
        ~select(_BESIDE.c.id)
        .where(_BESIDE.c.lane == _TABLE.c.lane, _BESIDE.c.leased_until > bindparam("now"), _BESIDE.c.id != _TABLE.c.id)
        .exists()
    )
    .where(_TABLE.c.id.not_in(bindparam("held", expanding=True)))
    .order_by(_TABLE.c.rank, _TABLE.c.due_at, _TABLE.c.id)
    .limit(LOOKED_AT)
    .with_for_update(of=_TABLE, skip_locked=True)
)
_LEASE = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    .values(holder=bindparam("by"), leased_until=bindparam("until"), attempts=_TABLE.c.attempts + 1)
)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(col(Errand.leased_until).is_(None), col(Errand.leased_until) <= now)


def next_due(session: Session, kinds: Collection[str]) -> datetime | None:
    """When the next one may run at the soonest: now or in the past where only a seat or a lane is missing."""
    connection, values = session.connection(), {"kinds": list(kinds)}
    found = [connection.execute(one, values).scalar_one_or_none() for one in (_NEXT_FREE, _NEXT_LEASED)]
    return min((one for one in found if one), default=None)


_NEXT_FREE = (
    select(_TABLE.c.due_at).where(_TABLE.c.leased_until.is_(None), _OF_KINDS).order_by(_TABLE.c.due_at).limit(1)
)
_NEXT_LEASED = select(
    func.min(case((_TABLE.c.leased_until > _TABLE.c.due_at, _TABLE.c.leased_until), else_=_TABLE.c.due_at))
).where(_TABLE.c.leased_until.is_not(None), _OF_KINDS)


def keep(session: Session, ids: Collection[int], holder: str, until: datetime) -> None:
    """Says that these are still worked on."""
    session.execute(
        update(Errand).where(col(Errand.id).in_(ids), col(Errand.holder) == holder).values(leased_until=until)
    )


def done(session: Session, errand: Errand, now: datetime, again_at: datetime | None = None) -> None:
    """It went well. Its row goes; with `again_at` it stays and is due then. What was put while it ran is due now."""
    mine = (col(Errand.id) == errand.id, col(Errand.holder) == errand.holder)
    if again_at is None:
        session.flush()
        done_with = {"one": errand.id, "by": errand.holder, "seen": errand.wanted}
        if session.connection().execute(_DONE, done_with).rowcount:
            return
    anew = col(Errand.wanted) != errand.wanted
    session.execute(
        update(Errand)
        .where(*mine)
        .values(
            due_at=case((anew, literal(now, UtcDateTime())), else_=literal(again_at or now, UtcDateTime())),
            attempts=0,
            problem="",
            troubled_at=None,
            payload={},
            holder="",
            leased_until=None,
        )
    )
    if again_at is None or again_at < now + LOOKS_ANYWAY:
        tell(session, PUT)


_DONE = delete(_TABLE).where(
    _TABLE.c.id == bindparam("one"), _TABLE.c.holder == bindparam("by"), _TABLE.c.wanted == bindparam("seen")
)


def later(
    session: Session,
    errand: Errand,
    due_at: datetime,
    now: datetime,
    problem: str = "",
    *,
    tries: int | None = None,
    counts: bool = True,
) -> None:
    """It is due again at `due_at`, because of a `problem` that it had so many `tries` in a row (all since it last went
    well, if not given); or because it was not time yet, which does not count. What was put while it ran is due now."""
    anew = col(Errand.wanted) != errand.wanted
    values: dict[str, Any] = {"attempts": col(Errand.attempts) - 1}
    if counts:
        goes_on = (col(Errand.problem) == problem[:LONGEST_PROBLEM]) & col(Errand.troubled_at).is_not(None)
        since = case((goes_on, col(Errand.troubled_at)), else_=literal(now, UtcDateTime()))
        attempts = errand.attempts if tries is None else tries
        values = {"attempts": attempts, "problem": problem[:LONGEST_PROBLEM], "troubled_at": since}
    session.execute(
        update(Errand)
        .where(col(Errand.id) == errand.id, col(Errand.holder) == errand.holder)
        .values(
            due_at=case((anew, literal(now, UtcDateTime())), else_=literal(due_at, UtcDateTime())),
            holder="",
            leased_until=None,
            **values,
        )
    )
    tell(session, PUT)


def into_lane(session: Session, errand: Errand, lane: str, until: datetime, *, all_of_lane: bool) -> None:
    """Has it go on in another lane; `all_of_lane` pushes what else is due there to `until` as well."""
    session.execute(update(Errand).where(col(Errand.id) == errand.id).values(lane=lane))
    if all_of_lane:
        waiting = (col(Errand.lane) == lane, col(Errand.due_at) < until, col(Errand.leased_until).is_(None))
        session.execute(update(Errand).where(*waiting).values(due_at=until))


def note(session: Session, errand: Errand, payload: dict[str, Any]) -> None:
    """What it has to know at its next try."""
    errand.payload = payload
    session.execute(update(Errand).where(col(Errand.id) == errand.id).values(payload=payload))


def say(session: Session, errand: Errand, problem: str, now: datetime) -> None:
    """Notes why it waits, for people's eyes; it is no try."""
    since = func.coalesce(col(Errand.troubled_at), literal(now, UtcDateTime()))
    words = {"problem": problem[:LONGEST_PROBLEM], "troubled_at": since}
    session.execute(update(Errand).where(col(Errand.id) == errand.id).values(**words))


def forget_expired(session: Session, now: datetime) -> int:
    """What makes no sense any more goes; returns how many."""
    gone = session.execute(delete(Errand).where(col(Errand.expires_at) <= now, _is_free(now)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def forget(session: Session, kind: str, keys: Iterable[str]) -> None:
    """They are not to be done any more."""
    session.execute(delete(Errand).where(col(Errand.kind) == kind, col(Errand.key).in_(list(keys))))


def clock_went_back(session: Session, before: datetime, now: datetime) -> None:
    """The clock was set back from `before`: what was due then is due now, and no lease lasts longer. Twice is once."""
    between = (col(Errand.due_at) > now, col(Errand.due_at) <= before)
    session.execute(update(Errand).where(*between).values(due_at=now))
    session.execute(update(Errand).where(col(Errand.leased_until) > before).values(leased_until=now))


def of(session: Session, kind: str, keys: Sequence[str]) -> dict[str, Errand]:
    """The open ones of a kind, by key."""
    rows = session.execute(select(Errand).where(col(Errand.kind) == kind, col(Errand.key).in_(keys))).scalars()
    return {errand.key: errand for errand in rows}


@dataclass(frozen=True)
class Troubled:
    """How many of a kind have the same problem, and since when the first of them."""

    kind: str
    problem: str
    count: int
    since: datetime | None


def troubles(session: Session, most: int = 20) -> list[Troubled]:
    """What does not go well just now, most first: for the admin's eyes."""
    rows = session.execute(
        select(col(Errand.kind), col(Errand.problem), func.count(), func.min(col(Errand.troubled_at)))
        .where(col(Errand.problem) != "")
        .group_by(col(Errand.kind), col(Errand.problem))
        .order_by(func.count().desc())
        .limit(most)
    )
    return [Troubled(kind, problem, count, since) for kind, problem, count, since in rows]


def all_of(session: Session, kinds: Collection[str]) -> set[str]:
    """Which of these kinds have something open."""
    return set(session.execute(select(col(Errand.kind)).where(col(Errand.kind).in_(kinds)).distinct()).scalars())


def due_of(session: Session, kind: str, key: str = "") -> datetime | None:
    """When this one is due; None where it is not open."""
    found: datetime | None = session.execute(
        select(col(Errand.due_at)).where(col(Errand.kind) == kind, col(Errand.key) == key)
    ).scalar_one_or_none()
    return found
