# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What organisers and hosts do to a conference. Every function runs inside a caller's write session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, or_, select
from sqlmodel import Session, col

from .. import moments
from ..database import utc_now
from . import entries, follow, taken, texts
from .errors import Invalid, NotFound, Refused
from .people import tell_host
from .slots import TimeSpan, TimeWindow, slots_of
from .tables import Booking, Conference, Effect, Host, Slot, Window, still_to_follow
from .tokens import LinkKey, hashed


class HasBookings(Refused):
    """The change would take away slots that are booked."""

    code = "has_bookings"


class StillFollowing(Refused):
    """Nextcloud has not been told of all cancellations yet; deleting now would leave events and rooms behind."""

    code = "still_following"


class WrongState(Refused):
    """Not possible in the conference's present state."""

    code = "wrong_state"


@dataclass(frozen=True)
class Rules:
    """The rules of a conference as an organiser gives them."""

    name: str
    windows: Sequence[TimeWindow]
    description: str = ""
    contact: str = ""
    time_zone: str = "Europe/Berlin"
    slot_minutes: int = 10
    pause_minutes: int = 0
    offers_on_site: bool = True
    offers_video: bool = True
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    lead_minutes: int = 60
    change_deadline_minutes: int = 120
    max_bookings_per_guest: int = 10
    max_bookings_per_guest_and_host: int = 1
    retention_days: int = 30
    contact_for_hosts: bool = False
    booking_by: str = "link"
    languages: str = ""
    walk_minutes: int = 5
    reminders: str = "1440,60"
    waiting_list: bool = True
    priority_from: datetime | None = None
    booking_mode: str = "direct"
    wishes_until: datetime | None = None
    privacy_notice: str = ""
    legal_basis: str = ""
    data_protection_officer: str = ""
    empty_events: bool = True
    feedback: bool = False


@dataclass(frozen=True)
class HostEntry:
    """A host as enrolled; empty `windows` means the conference's own."""

    user_id: str
    display_name: str = ""
    subject: str = ""
    room: str = ""
    classes: str = ""
    offers_on_site: bool = True
    offers_video: bool = True
    windows: Sequence[TimeWindow] = field(default_factory=tuple)


@dataclass(frozen=True)
class OwnWishes:
    """What a host says of itself; `calendar` takes the appointments from now on (empty: the app chooses)."""

    room: str
    offers_on_site: bool
    offers_video: bool
    calendar: str = ""
    min_pause_minutes: int = 0
    max_in_a_row: int = 0


HOST_FIELDS = [name for name in HostEntry.__dataclass_fields__ if name != "windows"]


def check(rules: Rules) -> None:
    """Raises `Invalid` naming the first wrong field."""
    _check_entry("name", entries.name, rules.name)
    _check_entry("time_zone", entries.zone, rules.time_zone)
    for name in MOMENTS:
        if moment := getattr(rules, name):
            _check_entry(name, entries.instant, moment)
    if not (rules.offers_on_site or rules.offers_video):
        raise Invalid("offers_on_site", "no_place_offered")
    for name, least in (
        ("lead_minutes", 0),
        ("change_deadline_minutes", 0),
        ("max_bookings_per_guest", 1),
        ("max_bookings_per_guest_and_host", 1),
        ("retention_days", 1),
        ("walk_minutes", 0),
    ):
        if getattr(rules, name) < least:
            raise Invalid(name, "too_small")
    if rules.booking_by not in BOOKING_BY:
        raise Invalid("booking_by", "booking_by_unknown")
    if rules.opens_at and rules.closes_at and rules.closes_at <= rules.opens_at:
        raise Invalid("closes_at", "closes_before_opening")
    if rules.priority_from and rules.opens_at and rules.priority_from > rules.opens_at:
        raise Invalid("priority_from", "priority_after_opening")
    if rules.booking_mode not in BOOKING_MODES:
        raise Invalid("booking_mode", "booking_mode_unknown")
    if rules.booking_mode == "wishes" and rules.wishes_until is None:
        raise Invalid("wishes_until", "wishes_until_missing")
    if rules.booking_mode == "wishes" and rules.booking_by == "confirmed":
        raise Invalid("booking_by", "wishes_need_no_confirmation")
    if any(entries.digits(part, entries.MOST_REMINDER) is None for part in rules.reminders.split(",") if part):
        raise Invalid("reminders", "reminders_wrong")
    slots_of(rules.windows, rules.slot_minutes, rules.pause_minutes, rules.time_zone)


def _check_entry(field: str, entry: Callable[[Any], object], value: Any) -> None:
    try:
        entry(value)
    except entries.Wrong as wrong:
        raise Invalid(field, wrong.reason) from wrong


BOOKING_BY = ("link", "confirmed", "invited")
BOOKING_MODES = ("direct", "wishes", "assigned")
MOMENTS = ("opens_at", "closes_at", "priority_from", "wishes_until")
_PLAIN_FIELDS = [name for name in Rules.__dataclass_fields__ if name != "windows"]


def create(session: Session, organiser_id: str, rules: Rules, links: LinkKey) -> Conference:
    """A draft of the organiser's."""
    check(rules)
    conference = Conference(organiser_id=organiser_id, **{name: getattr(rules, name) for name in _PLAIN_FIELDS})
    renew_share_link(conference, links, raise_generation=False)
    session.add(conference)
    session.flush()
    _set_windows(session, conference, None, rules.windows)
    return conference


def edit(session: Session, conference: Conference, rules: Rules) -> None:
    """Sets the rules anew. Booked slots stay; raises `HasBookings` when one of them would have to go."""
    check(rules)
    for name in _PLAIN_FIELDS:
        setattr(conference, name, getattr(rules, name))
    session.add(conference)
    _set_windows(session, conference, None, rules.windows)
    for host in _hosts(session, conference):
        rebuild_slots(session, conference, host)


def set_texts(session: Session, conference: Conference, own: texts.Texts) -> None:
    """Sets the school's own words in mails and letters; all others are ours. Raises `Invalid` as `texts.checked`."""
    conference.texts = texts.checked(own)
    session.add(conference)


def publish(session: Session, conference: Conference) -> None:
    if not _windows(session, conference, None):
        raise Invalid("windows", "windows_missing")
    conference.state = "published"
    session.add(conference)


def close(session: Session, conference: Conference) -> None:
    if conference.state != "published":
        raise WrongState
    conference.state = "closed"
    session.add(conference)


def copy(session: Session, conference: Conference, name: str, first_day: date, links: LinkKey) -> Conference:
    """A new draft with the rules and hosts of an earlier conference, its days moved so that it begins on `first_day`.

    Opening and closing move along. Hosts are invited anew; those with windows of their own keep them, moved."""
    _check_entry("first_day", entries.day, first_day)
    windows = _windows(session, conference, None)
    shift = (first_day - min(window.day for window in windows)) if windows else timedelta()

    def moved(some: Sequence[TimeWindow]) -> list[TimeWindow]:
        return [TimeWindow(_day_moved(window.day, shift), window.starts, window.ends) for window in some]

    values = {name: getattr(conference, name) for name in _PLAIN_FIELDS}
    zone = ZoneInfo(conference.time_zone)
    for when in MOMENTS:
        # Days are added on the wall clock: nine o'clock stays nine o'clock in summer.
        values[when] = _moved(values[when], shift, zone) if values[when] else None
    made = create(session, conference.organiser_id, Rules(windows=moved(windows), **(values | {"name": name})), links)
    made.texts = dict(conference.texts)
    if made.booking_mode == "assigned":
        made.booking_mode = "wishes"
    for host in _hosts(session, conference):
        own = moved(_windows(session, conference, host))
        entry = HostEntry(windows=own, **{name: getattr(host, name) for name in HOST_FIELDS})
        copied = enrol(session, made, entry)
        for kept in ("calendar", "min_pause_minutes", "max_in_a_row"):
            setattr(copied, kept, getattr(host, kept))
    return made


def _moved(moment: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    there = moments.shifted(moments.local(moment, zone), by)
    return there.replace(tzinfo=UTC) - (there.utcoffset() or timedelta()) if there.year <= entries.LAST_YEAR else there


def _day_moved(day: date, by: timedelta) -> date:
    try:
        return day + by
    except OverflowError:
        return date.max


def remove(session: Session, conference: Conference) -> bool:
    """Deletes a conference without active bookings, with all that hangs on it; false where it has rooms to try in,
    which are taken away first.

    Raises `HasBookings` else: cancel them first, so that families hear of it; `StillFollowing` while they are being
    told."""
    active = select(col(Booking.id)).where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
    if session.execute(active).first():
        raise HasBookings
    behind = (
        select(col(Effect.booking_id))
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(col(Booking.conference_id) == conference.id)
        .where(still_to_follow())
    )
    if session.execute(behind).first():
        raise StillFollowing
    if end_rehearsal(session, conference):
        return False
    session.execute(delete(Booking).where(col(Booking.conference_id) == conference.id))
    session.delete(conference)
    return True


def end_rehearsal(session: Session, conference: Conference) -> bool:
    """Has the rooms to try in taken away; false where there are none."""
    if conference.rehearsal in ("", "failed"):
        return False
    conference.rehearsal = "ending"
    session.add(conference)
    follow.rehearsal(session, conference, utc_now())
    return True


def try_again(session: Session, of: ColumnElement[bool], now: datetime) -> int:
    """Has everything that failed or was given up tried once more, now; `of` says of which bookings. Returns how many
    effects that is."""
    troubled = (
        select(Effect, Booking)
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .where(of, col(Effect.applied_revision) < col(Booking.revision))
        .where(or_(col(Effect.last_error) != "", col(Effect.gave_up_revision) >= col(Booking.revision)))
    )
    found = session.execute(troubled).all()
    for effect, _ in found:
        effect.gave_up_revision = 0
    follow.bookings(session, [booking for _, booking in found], now)
    return len(found)


def renew_share_link(conference: Conference, links: LinkKey, *, raise_generation: bool = True) -> str:
    """Makes the share link's token; with `raise_generation` the old link is dead."""
    if raise_generation:
        conference.share_generation += 1
    token = share_token(conference, links)
    conference.share_token_hash = hashed(token)
    return token


def share_token(conference: Conference, links: LinkKey) -> str:
    return links.token("share", conference.public_id, conference.share_generation)


def enrol(session: Session, conference: Conference, entry: HostEntry) -> Host:
    """Invites a host, or brings the entry of one already there up to date."""
    if not entry.user_id.strip():
        raise Invalid("user_id", "user_id_missing")
    _check_entry("user_id", entries.user_id, entry.user_id)
    host = session.execute(
        select(Host).where(col(Host.conference_id) == conference.id, col(Host.user_id) == entry.user_id)
    ).scalar_one_or_none()
    new = host is None
    if host is None:
        host = Host(conference_id=conference.id or 0, user_id=entry.user_id, display_name=entry.user_id)
    host.display_name = entry.display_name.strip() if entries.is_seen(entry.display_name) else host.display_name
    for name in HOST_FIELDS[2:]:
        setattr(host, name, getattr(entry, name))
    session.add(host)
    session.flush()
    _set_windows(session, conference, host, entry.windows)
    rebuild_slots(session, conference, host)
    if new:
        tell_host(session, host, "invited", utc_now())
    return host


def withdraw(session: Session, host: Host) -> None:
    """Takes a host without active bookings out of the conference."""
    if _booked_slots(session, host):
        raise HasBookings
    session.execute(delete(Booking).where(col(Booking.host_id) == host.id))
    session.delete(host)


def join(session: Session, host: Host) -> None:
    """The host agrees: from now on families can book and the app acts as this user."""
    host.state = "joined"
    session.add(host)
    session.flush()
    follow.host(session, host, utc_now())


def remind(session: Session, conference: Conference, now: datetime) -> int:
    """Has those notified who have not answered; returns how many."""
    waiting = [host for host in _hosts(session, conference) if host.state == "invited"]
    for host in waiting:
        tell_host(session, host, "reminded", now)
    return len(waiting)


def decline(session: Session, host: Host) -> None:
    """The host says no. Raises `HasBookings` while families have appointments with this host."""
    if _booked_slots(session, host):
        raise HasBookings
    host.state = "declined"
    session.add(host)
    for slot in session.execute(select(Slot).where(col(Slot.host_id) == host.id)).scalars():
        if slot.blocked_by in ("calendar", "held"):
            unblock(session, slot)


def block(session: Session, slot: Slot, by: str) -> None:
    """Takes a free slot off the list; `by` is `organiser` or `host`. Raises `HasBookings` for a booked one."""
    taken.lock(session, [slot])
    if taken.is_booked(session, slot):
        raise HasBookings
    slot.blocked, slot.blocked_by, slot.held_for, slot.held_until, slot.kept_open = True, by, None, None, False
    session.add(slot)


def unblock(session: Session, slot: Slot, *, keep_open: bool = False) -> None:
    """Opens a slot; with `keep_open` the calendar does not close it again."""
    taken.lock(session, [slot])
    taken.release(slot)
    slot.kept_open = keep_open
    session.add(slot)


def set_own_entry(
    session: Session,
    conference: Conference,
    host: Host,
    entry: "OwnWishes",
    windows: Sequence[TimeWindow],
) -> None:
    """What a host sets for itself. Raises `Invalid` where nothing would be offered, and `HasBookings` where a booked
    slot would go."""
    if not (entry.offers_on_site or entry.offers_video):
        raise Invalid("offers_on_site", "no_place_offered")
    for name, value in vars(entry).items():
        setattr(host, name, value.strip() if isinstance(value, str) else value)
    session.add(host)
    _set_windows(session, conference, host, windows)
    rebuild_slots(session, conference, host)


def rebuild_slots(session: Session, conference: Conference, host: Host) -> None:
    """Brings the host's slots in line with the windows; slots that stay keep their id."""
    windows = _windows(session, conference, host) or _windows(session, conference, None)
    wanted = set(slots_of(windows, conference.slot_minutes, conference.pause_minutes, conference.time_zone))
    present: set[TimeSpan] = set()
    slots = list(session.execute(select(Slot).where(col(Slot.host_id) == host.id)).scalars())
    taken.lock(session, slots)
    booked = _booked_slots(session, host)
    for slot in slots:
        span = TimeSpan(slot.starts_at, slot.ends_at)
        if span in wanted:
            present.add(span)
        elif slot.id in booked:
            raise HasBookings
        else:
            session.execute(delete(Booking).where(col(Booking.slot_id) == slot.id))
            session.delete(slot)
    session.flush()
    for span in sorted(wanted - present):
        session.add(
            Slot(
                conference_id=conference.id or 0,
                host_id=host.id or 0,
                starts_at=span.starts_at,
                ends_at=span.ends_at,
            )
        )


def stagger(session: Session, conference: Conference, groups: int, minutes: int) -> None:
    """Has the hosts begin in groups, in turn by name, each `minutes` after the one before; a host's last slot may fall
    away. Who has times of their own keeps them; groups of an earlier time are made anew. Raises `HasBookings` where a
    booked slot would go."""
    usual = _windows(session, conference, None)
    hosts = sorted(_hosts(session, conference), key=lambda host: (host.display_name.casefold(), host.id))
    free = [host for host in hosts if _only_later(_windows(session, conference, host), usual)]
    for number, host in enumerate(free):
        later = timedelta(minutes=minutes * (number % groups))
        moved = [TimeWindow(one.day, _later(one.starts, later), one.ends) for one in usual] if later else []
        _set_windows(session, conference, host, [one for one in moved if _is_any_left(one)])
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


def find_host(session: Session, conference_id: int, user_id: str) -> Host:
    """Raises `NotFound` when the user is no host of this conference."""
    host: Host | None = session.execute(
        select(Host).where(col(Host.conference_id) == conference_id, col(Host.user_id) == user_id)
    ).scalar_one_or_none()
    if host is None:
        raise NotFound
    return host


def _hosts(session: Session, conference: Conference) -> list[Host]:
    return list(session.execute(select(Host).where(col(Host.conference_id) == conference.id)).scalars())


def _booked_slots(session: Session, host: Host) -> set[int]:
    rows = select(col(Booking.slot_id)).where(col(Booking.host_id) == host.id, col(Booking.state) == "active")
    return set(session.execute(rows).scalars())


def _windows(session: Session, conference: Conference, host: Host | None) -> list[TimeWindow]:
    rows = session.execute(
        select(Window).where(
            col(Window.conference_id) == conference.id,
            col(Window.host_id) == host.id if host else col(Window.host_id).is_(None),
        )
    ).scalars()
    return sorted(TimeWindow(row.day, row.starts, row.ends) for row in rows)


conference_windows = _windows


def _set_windows(session: Session, conference: Conference, host: Host | None, windows: Sequence[TimeWindow]) -> None:
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
