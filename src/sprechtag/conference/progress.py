# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A conference at a glance: its grid, and how far booking and Nextcloud have come."""

import re
from collections import Counter
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from ..moments import local
from . import children, families
from .effects import step_of
from .tables import Booking, Conference, Effect, Guest, Host, Slot


@dataclass(frozen=True)
class GridSlot:
    """`starts_at` in UTC; `blocked_by` is empty for a slot that can be booked."""

    public_id: str
    host_id: int
    starts_at: datetime
    ends_at: datetime
    blocked_by: str


@dataclass(frozen=True)
class GridBooking:
    """`step` is `done`, `waiting`, `failing` or `gave_up`: how far Nextcloud is with the worst of its effects."""

    public_id: str
    slot_public_id: str
    code: str
    place: str
    child: str
    school_class: str
    guest_name: str
    guest_email: str
    unconfirmed: bool
    _: KW_ONLY
    step: str


@dataclass(frozen=True)
class HostProgress:
    user_id: str
    name: str
    slots: int
    booked: int


@dataclass(frozen=True)
class ClassProgress:
    """`bookings` are the active ones of the class; of its `invited` families `with_booking` have one."""

    name: str
    bookings: int
    invited: int
    with_booking: int


@dataclass(frozen=True)
class Trouble:
    """One sentence of why Nextcloud does not follow, and for how many effects it is so."""

    kind: str
    reason: str
    count: int
    final: bool


@dataclass(frozen=True)
class Standing:
    """How far a conference is prepared: hosts by state, those of the joined who receive on site and have no room, and
    those who receive nowhere; whether mails have words of the school's own."""

    invited: int
    joined: int
    declined: int
    without_room: int
    without_place: int
    own_texts: bool


@dataclass(frozen=True)
class Progress:
    """`by_day` counts active bookings by the day of the conference's zone on which they were made; `unbooked` of the
    `invited` families have no appointment."""

    hosts: list[HostProgress]
    by_class: list[ClassProgress]
    by_day: list[tuple[date, int]]
    bookings: int
    guests: int
    video: int
    invited: int
    unbooked: int
    steps: dict[str, int]
    troubles: list[Trouble]
    standing: Standing


def grid_slots(session: Session, conference_id: int, host_id: int | None = None) -> list[GridSlot]:
    query = (
        select(col(Slot.public_id), col(Slot.host_id), col(Slot.starts_at), col(Slot.ends_at), col(Slot.blocked_by))
        .where(col(Slot.conference_id) == conference_id)
        .order_by(col(Slot.host_id), col(Slot.starts_at))
    )
    if host_id is not None:
        query = query.where(col(Slot.host_id) == host_id)
    return [GridSlot(*row) for row in session.execute(query)]


def grid_bookings(session: Session, conference_id: int) -> list[GridBooking]:
    """The active ones."""
    steps = _steps(session, conference_id)
    rows = session.execute(
        select(
            col(Booking.id),
            col(Booking.public_id),
            col(Slot.public_id),
            col(Booking.code),
            col(Booking.place),
            col(Booking.child),
            col(Booking.school_class),
            col(Guest.name),
            col(Guest.email),
            col(Booking.confirm_by).is_not(None),
        )
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference_id, col(Booking.state) == "active")
    )
    return [GridBooking(*values, step=steps.get(booking_id, "done")) for booking_id, *values in map(tuple, rows)]


def progress(session: Session, conference: Conference) -> Progress:
    conference_id = conference.id or 0
    booked = Counter[int]()
    classes = Counter[str]()
    days = Counter[date]()
    guests = set()
    video = 0
    zone = ZoneInfo(conference.time_zone)
    rows = session.execute(
        select(
            col(Booking.host_id),
            col(Booking.guest_id),
            col(Booking.school_class),
            col(Booking.place),
            col(Booking.created_at),
        ).where(col(Booking.conference_id) == conference_id, col(Booking.state) == "active")
    )
    for host_id, guest_id, school_class, place, created_at in rows:
        booked[host_id] += 1
        classes[school_class.strip()] += 1
        days[local(created_at, zone).date()] += 1
        guests.add(guest_id)
        video += place == "video"
    return Progress(
        hosts=_host_progress(session, conference_id, booked),
        by_class=_class_progress(session, conference_id, classes, guests),
        by_day=sorted(days.items()),
        bookings=sum(booked.values()),
        guests=len(guests),
        video=video,
        invited=session.execute(
            select(func.count()).where(col(Guest.conference_id) == conference_id, col(Guest.invited).is_(True))
        ).scalar_one(),
        unbooked=len(families.without_booking(session, conference)),
        steps=dict(Counter(_steps(session, conference_id, active_only=False).values())),
        troubles=_troubles(session, conference_id),
        standing=_standing(session, conference),
    )


def _standing(session: Session, conference: Conference) -> Standing:
    hosts = list(session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars())
    states = Counter(host.state for host in hosts)
    joined = [host for host in hosts if host.state == "joined"]
    on_site = [host for host in joined if conference.offers_on_site and host.offers_on_site]
    by_video = [host for host in joined if conference.offers_video and host.offers_video and host.can_video]
    receiving = {host.id for host in on_site + by_video}
    return Standing(
        invited=states["invited"],
        joined=states["joined"],
        declined=states["declined"],
        without_room=sum(not host.room.strip() for host in on_site),
        without_place=sum(host.id not in receiving for host in joined),
        own_texts=any(conference.texts.values()),
    )


def _class_progress(
    session: Session, conference_id: int, bookings: Counter[str], booked: set[int]
) -> list[ClassProgress]:
    invited, with_booking = Counter[str](), Counter[str]()
    pupils = children.of_conference(session, conference_id)
    families = session.execute(
        select(col(Guest.id), col(Guest.kin_id)).where(
            col(Guest.conference_id) == conference_id, col(Guest.invited).is_(True)
        )
    )
    for guest_id, kin_id in families:
        # A family with children in two classes is one of each.
        for school_class in {child.school_class for child in pupils.get(kin_id, [])} or {""}:
            invited[school_class.strip()] += 1
            with_booking[school_class.strip()] += guest_id in booked
    names = sorted(bookings.keys() | invited.keys(), key=_class_order)
    return [ClassProgress(name, bookings[name], invited[name], with_booking[name]) for name in names]


def _class_order(name: str) -> tuple[int, str]:
    """5a before 10a; what has no number stands last."""
    number = re.match("[0-9]{1,9}", name)
    return (int(number[0]) if number else 1000, name.casefold())


def _host_progress(session: Session, conference_id: int, booked: Counter[int]) -> list[HostProgress]:
    open_slots = (
        select(col(Slot.host_id), func.count().label("slots"))
        .where(col(Slot.conference_id) == conference_id, col(Slot.blocked).is_(False))
        .group_by(col(Slot.host_id))
        .subquery()
    )
    rows = session.execute(
        select(Host, open_slots.c.slots)
        .outerjoin(open_slots, open_slots.c.host_id == col(Host.id))
        .where(col(Host.conference_id) == conference_id, col(Host.state) == "joined")
        .order_by(col(Host.display_name))
    )
    return [HostProgress(host.user_id, host.display_name, slots or 0, booked[host.id or 0]) for host, slots in rows]


_WORST_FIRST = ("gave_up", "failing", "waiting")


def _behind(session: Session, conference_id: int, active_only: bool) -> list[tuple[int, Effect, str]]:
    query = (
        select(Effect, col(Booking.revision))
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(col(Booking.conference_id) == conference_id)
        .where(col(Effect.applied_revision) < col(Booking.revision))
    )
    if active_only:
        query = query.where(col(Booking.state) == "active")
    return [(effect.booking_id, effect, step_of(effect, revision)) for effect, revision in session.execute(query)]


def _steps(session: Session, conference_id: int, active_only: bool = True) -> dict[int, str]:
    """The worst step of each booking that is not done."""
    worst: dict[int, str] = {}
    for booking_id, _, step in _behind(session, conference_id, active_only):
        if booking_id not in worst or _WORST_FIRST.index(step) < _WORST_FIRST.index(worst[booking_id]):
            worst[booking_id] = step
    return worst


def _troubles(session: Session, conference_id: int) -> list[Trouble]:
    found = Counter(
        (effect.kind, effect.last_error, step == "gave_up")
        for _, effect, step in _behind(session, conference_id, active_only=False)
        if step in ("failing", "gave_up")
    )
    return [Trouble(kind, reason, count, final) for (kind, reason, final), count in found.most_common(20)]
