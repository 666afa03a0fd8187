# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Erases what is not needed any more, as `kept` says. Every pass may be repeated."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlmodel import Session, SQLModel, col

from ..conference import coming
from ..conference.organise import end_rehearsal
from ..conference.tables import Booking, Conference, Guest, Host, InstanceFact, Window
from ..moments import EARLIEST, shifted
from . import kept
from .family import erase_done, note_events

MOST_DAYS = 3650
AFTERWARDS = timedelta(days=7)
"""So long something may still be to be done for a host whose conference is over."""


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
    over = conferences_over(session, now)
    _forget_conferences(session, over, now)
    _forget_facts(session, over, now)


# -- which conferences ----------------------------------------------------------------------------------------------


def over_at(session: Session, moment: datetime, *where: ColumnElement[bool]) -> set[int]:
    """Ids of the conferences that were over at this moment: with their last time; without times with their last day;
    without days when they were made, or the last family entered. All, or those that fulfil the conditions."""
    timed = coming.has_times_after(EARLIEST)
    rows = session.execute(
        select(col(Conference.id), col(Conference.created_at), timed).where(~coming.has_times_after(moment), *where)
    ).all()
    return {
        number
        for number, created_at, has_times in rows
        if number and (has_times or _end_without_times(session, number, created_at) <= moment)
    }


def _end_without_times(session: Session, conference_id: int, created_at: datetime) -> datetime:
    last_day = select(func.max(col(Window.day))).where(col(Window.conference_id) == conference_id)
    if day := session.execute(last_day).scalar_one():
        # Two days on, every zone of the world has left it.
        return shifted(datetime.combine(day, time(), UTC), timedelta(days=2))
    entered = select(func.max(col(Guest.created_at))).where(col(Guest.conference_id) == conference_id)
    return max(created_at, session.execute(entered).scalar_one() or created_at)


def conferences_over(session: Session, now: datetime) -> set[int]:
    """Ids of the conferences whose retention is over."""
    found: set[int] = set()
    for days in session.execute(select(col(Conference.retention_days)).distinct()).scalars():
        # What is now is moved, not what is stored: a day at the end of the calendar cannot be moved on.
        moment = now - timedelta(days=min(days, MOST_DAYS))
        found |= over_at(session, moment, col(Conference.retention_days) == days)
    return found


def conferences_past(session: Session, now: datetime) -> set[int]:
    """Ids of the conferences that have been over for a week, and of those whose retention is over."""
    return over_at(session, now - AFTERWARDS) | conferences_over(session, now)


def _children_first() -> list[str]:
    return [table.name for table in reversed(SQLModel.metadata.sorted_tables) if table.name in kept.TABLES]


# -- the rest ------------------------------------------------------------------------------------------------------


def _end_rehearsals(session: Session, now: datetime) -> None:
    # One without times is not over: it has not got its times yet.
    over = coming.has_times_after(EARLIEST) & ~coming.has_times_after(now)
    tried = select(Conference).where(col(Conference.rehearsal) == "on", over)
    for conference in list(session.execute(tried).scalars()):
        end_rehearsal(session, conference)


def _forget_conferences(session: Session, over: Collection[int], now: datetime) -> None:
    """A conference that was over long ago goes with its hosts; its families went before."""
    old = over_at(session, now - timedelta(days=kept.CONFERENCE_DAYS)) & set(over)
    if not old:
        return
    session.execute(delete(Booking).where(col(Booking.conference_id).in_(old)))
    session.execute(delete(Conference).where(col(Conference.id).in_(old)))


def _forget_facts(session: Session, over: Collection[int], now: datetime) -> None:
    """What nobody has written down goes too."""
    kept_on = select(col(Conference.id)).where(col(Conference.id).not_in(over))
    people = {
        "host": set(
            session.execute(select(col(Host.user_id)).where(col(Host.conference_id).in_(kept_on)).distinct()).scalars()
        ),
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
