# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Erases what is not needed any more, as `kept` says. Every pass may be repeated."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, SQLModel, col

from ..conference.organise import end_rehearsal
from ..conference.tables import Booking, Conference, Guest, Host, InstanceFact, Slot, Window
from ..moments import shifted
from . import kept
from .family import erase_done, note_events

MOST_DAYS = 3650


def erase_expired(session: Session, now: datetime) -> int:
    """Erases all that is of families in the conferences whose retention is over; returns how many families. Events in
    hosts' calendars are noted to be emptied where the organiser wants it so."""
    over = conferences_over(session, now)
    if not over:
        return 0
    guests: int = session.execute(
        select(func.count()).select_from(Guest).where(col(Guest.conference_id).in_(over))
    ).scalar_one()
    emptied = select(col(Conference.id)).where(col(Conference.id).in_(over), col(Conference.empty_events))
    note_events(session, col(Booking.conference_id).in_(emptied), now)
    for name in _children_first():
        table, entry = SQLModel.metadata.tables[name], kept.TABLES[name]
        of_conference = table.c.id if name == "conference" else table.c.get("conference_id")
        if of_conference is None:
            continue
        goes = entry.goes
        if isinstance(goes, kept.Retention) or (isinstance(goes, kept.After) and goes.and_retention):
            session.execute(table.delete().where(of_conference.in_(over)))
        elif entry.emptied:
            where = [table.c[entry.where].is_not(None)] if entry.where else []
            session.execute(table.update().where(of_conference.in_(over), *where).values(**entry.emptied))
    return guests


def tidy(session: Session, now: datetime) -> None:
    """What goes by its age, with its conference, or with the day: papers, facts, budgets, readings, rooms to try in,
    conferences of long ago, families whose erasing is done."""
    erase_done(session, now)
    for name, entry in kept.TABLES.items():
        if isinstance(entry.goes, kept.After):
            table = SQLModel.metadata.tables[name]
            session.execute(table.delete().where(table.c[entry.goes.column] < now - entry.goes.age))
    _end_rehearsals(session, now)
    ended = ends(session)
    over = _over(session, ended, now)
    _forget_conferences(session, ended, over, now)
    _forget_facts(session, over, now)


# -- which conferences ----------------------------------------------------------------------------------------------


def ends(session: Session) -> dict[int, datetime]:
    """When each conference was over: with its last time; without times its last day; without days when it was made, or
    the last family entered."""
    last = dict(
        session.execute(select(col(Slot.conference_id), func.max(col(Slot.ends_at))).group_by(col(Slot.conference_id)))
        .tuples()
        .all()
    )
    days = dict(
        session.execute(
            select(col(Window.conference_id), func.max(col(Window.day))).group_by(col(Window.conference_id))
        )
        .tuples()
        .all()
    )
    entered = dict(
        session.execute(
            select(col(Guest.conference_id), func.max(col(Guest.created_at))).group_by(col(Guest.conference_id))
        )
        .tuples()
        .all()
    )
    found: dict[int, datetime] = {}
    for conference in session.execute(select(Conference)).scalars():
        number = conference.id or 0
        if number in last:
            found[number] = last[number]
        elif number in days:
            # Two days on, every zone of the world has left it.
            found[number] = shifted(datetime.combine(days[number], time(), UTC), timedelta(days=2))
        else:
            found[number] = max(conference.created_at, entered.get(number, conference.created_at))
    return found


def conferences_over(session: Session, now: datetime) -> set[int]:
    """Ids of the conferences whose retention is over."""
    return _over(session, ends(session), now)


def _over(session: Session, ended: Mapping[int, datetime], now: datetime) -> set[int]:
    rows = session.execute(select(col(Conference.id), col(Conference.retention_days)))
    # What is now is moved, not what is stored: a day at the end of the calendar cannot be moved on.
    return {number for number, days in rows if number and ended[number] <= now - timedelta(days=min(days, MOST_DAYS))}


def _children_first() -> list[str]:
    return [table.name for table in reversed(SQLModel.metadata.sorted_tables) if table.name in kept.TABLES]


# -- the rest ------------------------------------------------------------------------------------------------------


def _end_rehearsals(session: Session, now: datetime) -> None:
    over = select(col(Slot.conference_id)).group_by(col(Slot.conference_id)).having(func.max(col(Slot.ends_at)) < now)
    tried = select(Conference).where(col(Conference.rehearsal) == "on", col(Conference.id).in_(over))
    for conference in list(session.execute(tried).scalars()):
        end_rehearsal(session, conference)


def _forget_conferences(session: Session, ended: Mapping[int, datetime], over: Collection[int], now: datetime) -> None:
    """A conference that was over long ago goes with its hosts; its families went before."""
    long_ago = now - timedelta(days=kept.CONFERENCE_DAYS)
    old = [number for number in over if ended[number] <= long_ago]
    session.execute(delete(Booking).where(col(Booking.conference_id).in_(old)))
    session.execute(delete(Conference).where(col(Conference.id).in_(old)))


def _forget_facts(session: Session, over: Collection[int], now: datetime) -> None:
    """What nobody has written down goes too."""
    people = {
        "host": set(session.execute(select(col(Host.user_id)).where(col(Host.conference_id).not_in(over))).scalars()),
        "organiser": set(
            session.execute(select(col(Conference.organiser_id)).where(col(Conference.id).not_in(over))).scalars()
        ),
    }
    gone = []
    for name, learned_at in session.execute(select(col(InstanceFact.name), col(InstanceFact.learned_at))):
        fact = kept.fact_of(name)
        old = fact is None or (fact.age is not None and learned_at < now - fact.age)
        if old or (fact and fact.while_ and name.partition(":")[2] not in people[fact.while_]):
            gone.append(name)
    session.execute(delete(InstanceFact).where(col(InstanceFact.name).in_(gone)))
