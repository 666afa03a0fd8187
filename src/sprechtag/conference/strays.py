# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a restored backup: what stands in hosts' calendars and is not known here, or stands otherwise.

The families concerned hold mails that say something else than the database. Nobody can know which of the two is right,
so the organiser is shown what differs and calls them; meanwhile nobody else is given such a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlmodel import Session, col

from ..database import insert
from ..moments import local
from . import instance
from .slots import TimeSpan
from .tables import Booking, Conference, Effect, Host, Slot, StrayEvent, still_to_follow

RESTORED = "restored"
SHOWN = timedelta(days=14)
LONGEST_TITLE = 200
OURS = "@sprechtag"


@dataclass(frozen=True)
class Restored:
    """The database is the `generation`th: restored at `at` from a backup of `of`. Times in UTC."""

    generation: int
    at: datetime
    of: datetime


@dataclass(frozen=True)
class Standing:
    """An event of ours in a host's calendar."""

    uid: str
    title: str
    span: TimeSpan


@dataclass(frozen=True)
class Stray:
    """For the organiser's eyes; see `StrayEvent`."""

    host_id: int
    host: str
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime
    booking: str


def restored(session: Session) -> Restored | None:
    """The last restore; None where there was none."""
    said = instance.fact(session, RESTORED)
    if not said:
        return None
    return Restored(said["generation"], datetime.fromisoformat(said["at"]), datetime.fromisoformat(said["of"]))


def note_restored(session: Session, made: Restored) -> None:
    said = {"generation": made.generation, "at": made.at.isoformat(), "of": made.of.isoformat()}
    instance.learn(session, "restored", said, made.at)


def of_booking(uid: str) -> str:
    """The public id of the booking whose event it is."""
    return uid.removesuffix(OURS).rpartition("-")[0]


def unknown(session: Session, host: Host, zone: str, standing: Iterable[Standing]) -> list[Standing]:
    """Those of a host's events that no booking of any conference has, on days on which the host has times. None before
    a backup was restored: an event whose booking was erased may stand on then."""
    ours = [one for one in standing if one.uid.endswith(OURS)]
    if not ours or restored(session) is None:
        return []
    days = {
        _day(at, zone)
        for at in session.execute(select(col(Slot.starts_at)).where(col(Slot.host_id) == host.id)).scalars()
    }
    ids = {of_booking(one.uid) for one in ours}
    known = _known(session, ids)
    return [one for one in ours if of_booking(one.uid) not in known and _day(one.span.starts_at, zone) in days]


def _day(at: datetime, zone: str) -> object:
    return local(at, ZoneInfo(zone)).date()


def _known(session: Session, public_ids: Collection[str]) -> set[str]:
    """Those whose event is to be there, or is being taken away."""
    active = select(col(Booking.public_id)).where(
        col(Booking.public_id).in_(public_ids), col(Booking.state) == "active"
    )
    leaving = (
        select(col(Booking.public_id))
        .join(Effect, col(Effect.booking_id) == col(Booking.id))
        .where(col(Booking.public_id).in_(public_ids), col(Effect.kind) == "calendar", still_to_follow())
    )
    return {*session.execute(active).scalars(), *session.execute(leaving).scalars()}


def note_unknown(session: Session, host: Host, found: Iterable[Standing], now: datetime) -> None:
    """These, and no others, stand in the host's calendars unknown."""
    mine = (col(StrayEvent.host_id) == host.id, col(StrayEvent.kind) == "unknown")
    session.execute(delete(StrayEvent).where(*mine))
    for one in {one.uid: one for one in found}.values():
        _note(session, host.conference_id, host.id or 0, one.uid, "unknown", one.title, one.span, now)


def note_difference(
    session: Session, booking_id: int, uid: str, agreed: TimeSpan, stood: TimeSpan | None, now: datetime
) -> None:
    """The event of a booking was first looked at after the restore: it `stood` there, None where it was gone. Nothing
    is noted where that is as it was `agreed`."""
    booking = session.get(Booking, booking_id)
    if booking is None or stood == agreed:
        return
    kind = "moved" if stood else "gone"
    _note(session, booking.conference_id, booking.host_id, uid, kind, "", stood or agreed, now)


def _note(
    session: Session, conference_id: int, host_id: int, uid: str, kind: str, title: str, span: TimeSpan, now: datetime
) -> None:
    values = {
        "conference_id": conference_id,
        "host_id": host_id,
        "uid": uid,
        "kind": kind,
        "title": title[:LONGEST_TITLE],
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "found_at": now,
    }
    statement = insert(session, StrayEvent).values(**values)
    session.execute(statement.on_conflict_do_update(index_elements=["host_id", "uid"], set_=values))


def promised(session: Session, host: Host, now: datetime) -> list[TimeSpan]:
    """Where events of this host stood that were put back since: their families may believe in that time, so nobody else
    is given it until the organiser has seen to it."""
    conference = session.get_one(Conference, host.conference_id)
    moved = [one for one in listed(session, conference, now) if one.kind == "moved" and one.host_id == host.id]
    return [TimeSpan(one.starts_at, one.ends_at) for one in moved]


def listed(session: Session, conference: Conference, now: datetime) -> list[Stray]:
    """What the organiser is shown, by host and time: what still stands unknown, and for two weeks what was put back
    since and is not changed or cancelled."""
    made = restored(session)
    rows = session.execute(
        select(StrayEvent, col(Host.display_name))
        .join(Host, col(Host.id) == col(StrayEvent.host_id))
        .where(col(StrayEvent.conference_id) == conference.id, col(StrayEvent.ends_at) > now)
        .order_by(col(Host.display_name), col(StrayEvent.starts_at))
    ).all()
    ids = [of_booking(one.uid) for one, _ in rows if one.kind != "unknown"]
    bookings = select(Booking).where(col(Booking.public_id).in_(ids), col(Booking.state) == "active")
    by_id = {booking.public_id: booking for booking in session.execute(bookings).scalars()}
    found = []
    for one, host in rows:
        booking = by_id.get(of_booking(one.uid))
        if one.kind == "unknown":
            found.append(Stray(one.host_id, host, one.kind, one.title, one.starts_at, one.ends_at, ""))
        elif booking and made and booking.changed_at <= made.at and one.found_at > now - SHOWN:
            title = f"{booking.child} ({booking.school_class})" if booking.school_class else booking.child
            found.append(Stray(one.host_id, host, one.kind, title, one.starts_at, one.ends_at, booking.public_id))
    return found
