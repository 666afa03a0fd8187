# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hosts who have hardly a time left while families still book: they and the office are told, and may extend."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from . import coming, team
from .errors import Invalid
from .instance import fact, learn
from .slots import TimeWindow
from .tables import Booking, Conference, Host, Slot
from .telling import tell_host, tell_user
from .windows import rebuild_slots, set_windows, windows_of

FEW, OF_AT_LEAST = 2, 5
"""So few times left are few, for a host who has so many."""
LONGEST = 240
FACT = "few:"


@dataclass(frozen=True)
class Left:
    """How many of a host's times to come are free."""

    host: Host
    free: int
    times: int

    @property
    def few(self) -> bool:
        return self.times >= OF_AT_LEAST and self.free <= FEW


def left(session: Session, conference: Conference, now: datetime) -> list[Left]:
    """Of all who take part and have times to come, by name."""
    booked = select(col(Booking.slot_id)).where(
        col(Booking.conference_id) == conference.id, col(Booking.state) == "active"
    )
    taken = col(Slot.id).in_(booked)
    rows = session.execute(
        select(
            Host,
            func.count().filter(col(Slot.blocked).is_(False) & ~taken),
            func.count().filter(col(Slot.blocked).is_(False) | taken),
        )
        .join(Slot, col(Slot.host_id) == col(Host.id))
        .where(col(Host.conference_id) == conference.id, col(Host.state) == "joined", col(Host.gone).is_(False))
        .where(col(Slot.starts_at) > now)
        .group_by(col(Host.id))
        .order_by(col(Host.display_name))
    )
    return [Left(host, free, times) for host, free, times in rows]


def tell(session: Session, now: datetime) -> int:
    """Has hosts told who have few times left, and those who organise, each once a conference; returns how many hosts.
    Only while families can book."""
    told = 0
    near = coming.not_over(now)
    open_ones = select(Conference).where(col(Conference.state) == "published", col(Conference.id).in_(near))
    for conference in session.execute(open_ones).scalars().all():
        if (conference.opens_at and now < conference.opens_at) or (
            conference.closes_at and now >= conference.closes_at
        ):
            continue
        new = [one for one in left(session, conference, now) if one.few and not fact(session, _name(one.host))]
        for one in new:
            learn(session, _name(one.host), {"told": True}, now)
            tell_host(session, one.host, "few_left", now, one.host.public_id)
        for user_id in team.organisers(session, conference) if new else ():
            tell_user(session, conference.id or 0, user_id, "few_left_of", now, now.isoformat(timespec="minutes"))
        told += len(new)
    return told


def _name(host: Host) -> str:
    return f"{FACT}{host.public_id}"


def extend(session: Session, conference: Conference, host: Host, minutes: int) -> int:
    """Has the host receive families so many minutes longer on each day; returns how many times that makes. Raises
    `Invalid` where a day would end after midnight or nothing would come of it."""
    if not 1 <= minutes <= LONGEST:
        raise Invalid("minutes", "extends_too_long")
    windows = windows_of(session, conference, host) or windows_of(session, conference, None)
    before = _count(session, host)
    last = {day: max(one.starts for one in windows if one.day == day) for day in {one.day for one in windows}}
    set_windows(
        session, conference, host, [_longer(one, minutes) if one.starts == last[one.day] else one for one in windows]
    )
    rebuild_slots(session, conference, host)
    made = _count(session, host) - before
    if made < 1:
        raise Invalid("minutes", "extends_by_nothing")
    return made


def _longer(window: TimeWindow, minutes: int) -> TimeWindow:
    if window.ends == time(0):
        raise Invalid("minutes", "after_midnight")
    until = datetime.combine(window.day, window.ends) + timedelta(minutes=minutes)
    if until.date() != window.day and until.time() != time(0):
        raise Invalid("minutes", "after_midnight")
    return TimeWindow(window.day, window.starts, until.time())


def _count(session: Session, host: Host) -> int:
    session.flush()
    return int(session.execute(select(func.count()).where(col(Slot.host_id) == host.id)).scalar_one())
