# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an organiser does with a conference: make, change, publish, close, copy and remove it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, or_, select
from sqlmodel import Session, col

from .. import moments
from ..database import utc_now
from . import entries, follow, persons, tandem, texts
from .errors import HasBookings, Invalid, StillFollowing, WrongState
from .hosts import HOST_FIELDS, HostEntry, enrol
from .lookup import hosts_of
from .ruleset import MOMENTS, PLAIN_FIELDS, Rules, check, check_entry
from .slots import TimeWindow
from .tables import Booking, Conference, Effect, still_to_follow
from .tokens import LinkKey, hashed
from .windows import rebuild_slots, set_windows, windows_of


def create(session: Session, organiser_id: str, rules: Rules, links: LinkKey) -> Conference:
    """A draft of the organiser's."""
    check(rules)
    conference = Conference(organiser_id=organiser_id, **{name: getattr(rules, name) for name in PLAIN_FIELDS})
    renew_share_link(conference, links, raise_generation=False)
    session.add(conference)
    session.flush()
    set_windows(session, conference, None, rules.windows)
    follow.organiser(session, conference, utc_now())
    return conference


def edit(session: Session, conference: Conference, rules: Rules) -> None:
    """Sets the rules anew. Booked slots stay; raises `HasBookings` when one of them would have to go."""
    check(rules)
    for name in PLAIN_FIELDS:
        setattr(conference, name, getattr(rules, name))
    session.add(conference)
    set_windows(session, conference, None, rules.windows)
    for host in hosts_of(session, conference):
        rebuild_slots(session, conference, host)
    follow.times(session, utc_now())


def set_texts(session: Session, conference: Conference, own: texts.Texts) -> None:
    """Sets the school's own words in mails and letters; all others are ours. Raises `Invalid` as `texts.checked`."""
    conference.texts = texts.checked(own)
    session.add(conference)


def publish(session: Session, conference: Conference) -> None:
    if not windows_of(session, conference, None):
        raise Invalid("windows", "windows_missing")
    conference.state = "published"
    session.add(conference)
    follow.times(session, utc_now())


def close(session: Session, conference: Conference) -> None:
    if conference.state != "published":
        raise WrongState
    conference.state = "closed"
    session.add(conference)


def copy(session: Session, conference: Conference, name: str, first_day: date, links: LinkKey) -> Conference:
    """A new draft with the rules and hosts of an earlier conference, its days moved so that it begins on `first_day`.

    Opening and closing move along. Hosts are invited anew; those with windows of their own keep them, moved."""
    check_entry("first_day", entries.day, first_day)
    windows = windows_of(session, conference, None)
    shift = (first_day - min(window.day for window in windows)) if windows else timedelta()

    def moved(some: Sequence[TimeWindow]) -> list[TimeWindow]:
        return [TimeWindow(_day_moved(window.day, shift), window.starts, window.ends) for window in some]

    values = {name: getattr(conference, name) for name in PLAIN_FIELDS}
    zone = ZoneInfo(conference.time_zone)
    for when in MOMENTS:
        # Days are added on the wall clock: nine o'clock stays nine o'clock in summer.
        values[when] = _moved(values[when], shift, zone) if values[when] else None
    made = create(session, conference.organiser_id, Rules(windows=moved(windows), **(values | {"name": name})), links)
    made.texts = dict(conference.texts)
    if made.booking_mode == "assigned":
        made.booking_mode = "wishes"
    hosts = list(hosts_of(session, conference))
    for host in hosts:
        if host.tandem:
            continue
        own = moved(windows_of(session, conference, host))
        entry = HostEntry(windows=own, **{name: getattr(host, name) for name in HOST_FIELDS})
        copied = enrol(session, made, entry)
        for kept in ("calendar", "min_pause_minutes", "max_in_a_row"):
            setattr(copied, kept, getattr(host, kept))
    # A tandem is of hosts of its own conference.
    for host in hosts:
        together = [one.user_id for one in persons.alone(session, host)] if host.tandem else []
        if len(together) >= tandem.FEWEST:
            texts_of = {name: getattr(host, name) for name in ("display_name", "subject", "classes", "room")}
            tandem.form(session, made, tandem.Wanted(together, **texts_of))
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
    make_preview(conference, links)
    return token


def make_preview(conference: Conference, links: LinkKey) -> None:
    conference.preview_token_hash = hashed(preview_token(conference, links))


def preview_token(conference: Conference, links: LinkKey) -> str:
    """Opens the public pages of a draft, for who organises it."""
    return links.token("preview", conference.public_id, conference.share_generation)


def share_token(conference: Conference, links: LinkKey) -> str:
    return links.token("share", conference.public_id, conference.share_generation)


def any_share_link(session: Session) -> Conference | None:
    """A conference whose share link was made; None while there is none."""
    found: Conference | None = session.execute(
        select(Conference).where(col(Conference.share_token_hash) != "").limit(1)
    ).scalar_one_or_none()
    return found


def is_share_link_of(conference: Conference, links: LinkKey) -> bool:
    """Whether the conference's share link was made with this key. Links of an older make are not known by it, so who
    has changed how tokens are made has to say so here."""
    return conference.share_token_hash == hashed(share_token(conference, links))
