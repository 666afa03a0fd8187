# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a host receives families: time windows, and the slots that are made of them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session, col

from ..database import utc_now
from . import elsewhere, persons, taken
from .errors import HasBookings
from .lookup import hosts_of
from .slots import TimeSpan, TimeWindow, common, slots_of
from .tables import Booking, Conference, Host, Slot, Window


def block(session: Session, slot: Slot, by: str) -> None:
    """Takes a free slot off the list; `by` is `organiser` or `host`. Raises `HasBookings` for a booked one."""
    taken.lock(session, [slot])
    if taken.is_booked(session, slot):
        raise HasBookings
    elsewhere.let_go(session, slot, utc_now())
    slot.blocked, slot.blocked_by, slot.kept_open = True, by, False
    session.add(slot)
    elsewhere.tandems_follow(session, session.get_one(Host, slot.host_id), [slot])


def unblock(session: Session, slot: Slot, *, keep_open: bool = False) -> None:
    """Opens a slot; with `keep_open` the calendar does not close it again. Where the host has another appointment of
    ours then, it is closed for that."""
    taken.lock(session, [slot])
    elsewhere.let_go(session, slot, utc_now())
    slot.kept_open = keep_open
    host = session.get_one(Host, slot.host_id)
    elsewhere.settle(session, host, [slot], taken.booked_slots(session, host))
    elsewhere.tandems_follow(session, host, [slot])


def rebuild_slots(session: Session, conference: Conference, host: Host) -> None:
    """Brings the host's slots in line with the windows, and those of tandems with this host; slots that stay keep their
    id. Raises `HasBookings` where a booked one would go."""
    receives = _receives(session, conference, host)
    wanted = set(slots_of(receives, conference.slot_minutes, conference.pause_minutes, conference.time_zone))
    present: set[TimeSpan] = set()
    slots = list(session.execute(select(Slot).where(col(Slot.host_id) == host.id)).scalars())
    taken.lock(session, slots)
    booked = taken.booked_slots(session, host)
    for slot in slots:
        span = TimeSpan(slot.starts_at, slot.usual_ends_at or slot.ends_at)
        if span in wanted:
            present.add(span)
        elif slot.id in booked:
            raise HasBookings
        else:
            elsewhere.let_go(session, slot, utc_now())
            session.execute(delete(Booking).where(col(Booking.slot_id) == slot.id))
            session.delete(slot)
    session.flush()
    made = [
        Slot(
            conference_id=conference.id or 0,
            host_id=host.id or 0,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
        )
        for span in sorted(wanted - present)
    ]
    elsewhere.settle(session, host, made, ())
    session.add_all(made)
    session.flush()
    for tandem in persons.tandems_with(session, host):
        rebuild_slots(session, conference, tandem)


def _receives(session: Session, conference: Conference, host: Host) -> list[TimeWindow]:
    """When the host receives families: its own times or the conference's; a tandem when all who are in it do."""
    usual = windows_of(session, conference, None)
    receives = windows_of(session, conference, host) or usual
    for one in persons.alone(session, host) if host.tandem else ():
        receives = common(receives, windows_of(session, conference, one) or usual)
    return receives


def stagger(session: Session, conference: Conference, groups: int, minutes: int) -> None:
    """Has the hosts begin in groups, in turn by name, each `minutes` after the one before; a host's last slot may fall
    away. Who has times of their own keeps them; groups of an earlier time are made anew. Raises `HasBookings` where a
    booked slot would go."""
    usual = windows_of(session, conference, None)
    hosts = sorted(hosts_of(session, conference), key=lambda host: (host.display_name.casefold(), host.id))
    free = [host for host in hosts if _only_later(windows_of(session, conference, host), usual)]
    for number, host in enumerate(free):
        later = timedelta(minutes=minutes * (number % groups))
        moved = [TimeWindow(one.day, _later(one.starts, later), one.ends) for one in usual] if later else []
        set_windows(session, conference, host, [one for one in moved if _is_any_left(one)])
        rebuild_slots(session, conference, host)


def _only_later(own: Sequence[TimeWindow], usual: Sequence[TimeWindow]) -> bool:
    """Whether these are no times of a host's own, or the conference's begun later."""
    ends = [(one.day, one.ends) for one in usual]
    return not own or (
        [(one.day, one.ends) for one in own] == ends
        and all(one.starts >= whole.starts for one, whole in zip(own, usual, strict=True))
    )


def _is_any_left(window: TimeWindow) -> bool:
    return window.starts < time.max and (window.starts < window.ends or window.ends == time(0))


def _later(clock: time, by: timedelta) -> time:
    """The latest time of the day where that would be tomorrow: a window that begins so late is then left out."""
    moved = datetime.combine(date.min, clock) + by
    return moved.time() if moved.date() == date.min else time.max


def windows_of(session: Session, conference: Conference, host: Host | None) -> list[TimeWindow]:
    rows = session.execute(
        select(Window).where(
            col(Window.conference_id) == conference.id,
            col(Window.host_id) == host.id if host else col(Window.host_id).is_(None),
        )
    ).scalars()
    return sorted(TimeWindow(row.day, row.starts, row.ends) for row in rows)


def set_windows(session: Session, conference: Conference, host: Host | None, windows: Sequence[TimeWindow]) -> None:
    session.execute(
        delete(Window).where(
            col(Window.conference_id) == conference.id,
            col(Window.host_id) == host.id if host else col(Window.host_id).is_(None),
        )
    )
    for window in windows:
        session.add(
            Window(
                conference_id=conference.id or 0,
                host_id=host.id if host else None,
                day=window.day,
                starts=_minute(window.starts),
                ends=_minute(window.ends),
            )
        )
    session.flush()


def _minute(clock: time) -> time:
    return clock.replace(second=0, microsecond=0, tzinfo=None)
