# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who receives families: enrolled by the organiser, joined by themselves, with their own hours, places and limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from ..database import utc_now
from . import entries, follow, persons, taken, tandem, team
from .errors import HasBookings, Invalid, NotYours
from .lookup import find_host, hosts_of
from .ruleset import check_entry
from .slots import TimeWindow
from .tables import Booking, Conference, Host, Slot
from .telling import tell_host, tell_user
from .windows import rebuild_slots, set_windows, unblock, windows_of


@dataclass(frozen=True)
class HostEntry:
    """A host as enrolled; empty `windows` means the conference's own, None leaves them, and the Kürzel (`short`), as
    they are."""

    user_id: str
    display_name: str = ""
    subject: str = ""
    room: str = ""
    classes: str = ""
    offers_on_site: bool = True
    offers_video: bool = True
    windows: Sequence[TimeWindow] | None = field(default_factory=tuple)
    short: str | None = None


@dataclass(frozen=True)
class HostChoices:
    """What a host says of itself; `calendar` takes the appointments from now on (empty: the app chooses)."""

    room: str
    offers_on_site: bool
    offers_video: bool
    calendar: str = ""
    min_pause_minutes: int = 0
    max_in_a_row: int = 0


HOST_FIELDS = [name for name in HostEntry.__dataclass_fields__ if name != "windows"]


def enrol(session: Session, conference: Conference, entry: HostEntry) -> Host:
    """Invites a host, or brings the entry of one already there up to date."""
    if not entry.user_id.strip():
        raise Invalid("user_id", "user_id_missing")
    host = session.execute(
        select(Host).where(col(Host.conference_id) == conference.id, col(Host.user_id) == entry.user_id)
    ).scalar_one_or_none()
    new = host is None
    if host is None:
        check_entry("user_id", entries.user_id, entry.user_id)
        if entry.user_id.startswith(persons.TANDEM):
            raise Invalid("user_id", "user_id_unknown")
        host = Host(conference_id=conference.id or 0, user_id=entry.user_id, display_name=entry.user_id)
    host.display_name = entry.display_name.strip() if entries.is_seen(entry.display_name) else host.display_name
    for name in HOST_FIELDS[2:]:
        if (value := getattr(entry, name)) is not None:
            setattr(host, name, value)
    session.add(host)
    session.flush()
    if entry.windows is not None:
        set_windows(session, conference, host, entry.windows)
    rebuild_slots(session, conference, host)
    if new:
        tell_host(session, host, "invited", utc_now())
    return host


@dataclass(frozen=True)
class Change:
    """What the office sets of many hosts at once; None leaves as it is. Empty `windows` are the conference's own."""

    room: str | None = None
    offers_on_site: bool | None = None
    offers_video: bool | None = None
    min_pause_minutes: int | None = None
    max_in_a_row: int | None = None
    windows: Sequence[TimeWindow] | None = None


def change_many(session: Session, conference: Conference, user_ids: Sequence[str], change: Change) -> list[Host]:
    """All or none. Raises `NotFound` for who is no host, `Invalid` where somebody would offer no place, and
    `HasBookings` where a booked slot would go."""
    changed = [find_host(session, conference.id or 0, user_id) for user_id in dict.fromkeys(user_ids)]
    taken.lock_hosts(session, {host.id or 0 for host in changed})
    for host in changed:
        for name in ("room", "offers_on_site", "offers_video", "min_pause_minutes", "max_in_a_row"):
            value = getattr(change, name)
            if value is not None:
                setattr(host, name, value)
        if not (host.offers_on_site or host.offers_video):
            raise Invalid("offers_on_site", "no_place_offered")
        session.add(host)
        session.flush()
        if change.windows is not None:
            set_windows(session, conference, host, change.windows)
            rebuild_slots(session, conference, host)
    return changed


def withdraw(session: Session, host: Host) -> None:
    """Takes a host without active bookings out of the conference, and the tandems that it belongs to."""
    if taken.booked_slots(session, host):
        raise HasBookings
    tandem.check_may_leave(session, host)
    for together in persons.tandems_with(session, host):
        withdraw(session, together)
    _release_held(session, host)
    session.execute(delete(Booking).where(col(Booking.host_id) == host.id))
    session.delete(host)


def join(session: Session, host: Host) -> None:
    """The host agrees: from now on families can book and the app acts as this user. Once all of a tandem have agreed,
    it can be booked too."""
    host.state = "joined"
    session.add(host)
    session.flush()
    tandem.level(session, host)
    follow.host(session, host, utc_now())
    follow.times(session, utc_now())


def remind(session: Session, conference: Conference, now: datetime) -> int:
    """Has those notified who have not answered; returns how many."""
    waiting = [host for host in hosts_of(session, conference) if host.state == "invited" and not host.tandem]
    for host in waiting:
        tell_host(session, host, "reminded", now)
    return len(waiting)


def decline(session: Session, host: Host) -> None:
    """The host says no. Raises `HasBookings` while families have appointments with this host."""
    if taken.booked_slots(session, host):
        raise HasBookings
    tandem.check_may_leave(session, host)
    host.state = "declined"
    session.add(host)
    session.flush()
    tandem.level(session, host)
    for slot in session.execute(select(Slot).where(col(Slot.host_id) == host.id)).scalars():
        if slot.blocked_by in ("calendar", "held"):
            unblock(session, slot)
    for together in persons.tandems_with(session, host):
        _release_held(session, together)


def _release_held(session: Session, host: Host) -> None:
    """What is held with this host is held no more, and what was closed for it is open again."""
    held = select(Slot).where(col(Slot.host_id) == host.id, col(Slot.blocked_by) == "held")
    for slot in session.execute(held).scalars().all():
        unblock(session, slot)


def is_gone(session: Session, host: Host, gone: bool, now: datetime) -> None:
    """Nextcloud knows the host no more, or again. Who is gone is offered to nobody, and those who organise are told, so
    that they hand the appointments over."""
    if host.gone == gone:
        return
    host.gone = gone
    session.add(host)
    session.flush()
    tandem.level(session, host)
    if gone:
        conference = session.get_one(Conference, host.conference_id)
        for user_id in team.organisers(session, conference):
            tell_user(session, host.conference_id, user_id, "host_gone", now, host.public_id)


def is_named(session: Session, user_id: str, before: str, name: str) -> None:
    """Who is renamed in Nextcloud is renamed here, in all conferences at once, unless the school calls this host
    otherwise. `before` is the name that Nextcloud gave last."""
    called = select(Host).where(col(Host.user_id) == user_id, col(Host.display_name).in_((user_id, before)))
    for host in session.execute(called).scalars().all():
        former, host.display_name = host.display_name, name
        session.add(host)
        session.flush()
        tandem.level(session, host, former)


def set_own_entry(
    session: Session,
    conference: Conference,
    host: Host,
    entry: "HostChoices",
    windows: Sequence[TimeWindow],
) -> None:
    """What a host sets for itself: where the conference keeps times, room and places for the office, only calendar and
    limits. Raises `Invalid` where nothing would be offered, `NotYours` where it would change what the office has set,
    and `HasBookings` where a booked slot would go."""
    if not conference.hosts_change:
        before = (host.room, host.offers_on_site, host.offers_video, windows_of(session, conference, host))
        if (entry.room.strip(), entry.offers_on_site, entry.offers_video, sorted(windows)) != before:
            raise NotYours
    if not (entry.offers_on_site or entry.offers_video):
        raise Invalid("offers_on_site", "no_place_offered")
    for name, value in vars(entry).items():
        setattr(host, name, value.strip() if isinstance(value, str) else value)
    session.add(host)
    set_windows(session, conference, host, windows)
    rebuild_slots(session, conference, host)
