# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pages, mails and the sync read, as plain data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session, col

from ..moments import local
from . import rules
from .errors import NotFound, Refused
from .proof import plain_class, plain_name
from .tables import Booking, Conference, Effect, Guest, Host, InstanceFact, Place, Slot
from .taken import free_starts
from .tokens import LinkKey, hashed, join_path


@dataclass(frozen=True)
class HostCard:
    """A host as a family sees it in the list. `named` are the hosts that the school's list names for this family;
    those that `asked` would like to see it."""

    public_id: str
    name: str
    subject: str
    classes: str
    free: int
    named: bool = False
    asked: bool = False

    def teaches(self, school_class: str) -> bool:
        return school_class.strip().casefold() in names_in(self.classes)


@dataclass(frozen=True)
class BookingView:
    """A booking with all that an effect or a page shows of it. Times in UTC, `zone` is the conference's."""

    id: int
    public_id: str
    code: str
    state: str
    revision: int
    place: str
    child: str
    school_class: str
    message: str
    note: str
    cancelled_by: str
    created_at: datetime
    changed_at: datetime
    confirm_by: datetime | None
    starts_at: datetime
    ends_at: datetime
    slot_public_id: str
    conference_id: int
    conference_name: str
    conference_contact: str
    texts: dict[str, dict[str, str]]
    organiser_id: str
    zone: str
    contact_for_hosts: bool
    changeable_until: datetime
    host_id: int
    host_public_id: str
    host_user_id: str
    host_name: str
    host_room: str
    host_calendar: str
    host_subject: str
    places: tuple[Place, ...]
    guest_id: int
    guest_public_id: str
    guest_generation: int
    guest_name: str
    guest_email: str
    guest_phone: str
    language: str
    talk_link: str
    screen: str
    proven: bool
    form_language: str

    @property
    def active(self) -> bool:
        return self.state == "active"

    def outward(self) -> "BookingView":
        """As it is written to the family: plain names only, because through the share link anybody can have typed them,
        also in the name of a family that has proven its address."""
        return replace(
            self,
            guest_name=plain_name(self.guest_name),
            child=plain_name(self.child),
            school_class=plain_class(self.school_class),
        )


def conference_by_share_token(session: Session, token: str) -> Conference:
    """Raises `NotFound` for an unknown or renewed link and for a draft."""
    row: Conference | None = session.execute(
        select(Conference).where(col(Conference.share_token_hash) == hashed(token))
    ).scalar_one_or_none()
    if row is None or row.state == "draft":
        raise NotFound
    return row


def host_cards(
    session: Session, conference: Conference, now: datetime, search: str = "", named: Mapping[int, bool] | None = None
) -> list[HostCard]:
    """The joined hosts by name, with the number of times that can still be booked; `named` as in `HostCard`, by id."""
    named = named or {}
    free = (
        select(col(Slot.host_id), func.count().label("free"))
        .outerjoin(Booking, (col(Booking.slot_id) == col(Slot.id)) & (col(Booking.state) == "active"))
        .where(col(Slot.conference_id) == conference.id, col(Slot.blocked).is_(False), col(Booking.id).is_(None))
        .where(col(Slot.starts_at) >= rules.bookable_from(conference, now))
        .group_by(col(Slot.host_id))
        .subquery()
    )
    rows = session.execute(
        select(Host, free.c.free)
        .outerjoin(free, free.c.host_id == col(Host.id))
        .where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
    )
    earliest = rules.bookable_from(conference, now)
    cards = [
        HostCard(
            host.public_id,
            host.display_name,
            host.subject,
            host.classes,
            len(free_starts(session, host.id, earliest)) if rules.has_own_limits(host) else count or 0,
            named=host.id in named,
            asked=named.get(host.id or 0, False),
        )
        for host, count in rows.all()
    ]
    words = search.casefold().split()
    matching = [card for card in cards if all(word in f"{card.name} {card.subject}".casefold() for word in words)]
    return sorted(matching, key=lambda card: _by_last_name(card.name))


def _by_last_name(name: str) -> tuple[str, str]:
    return (name.rsplit(maxsplit=1)[-1].casefold() if name.split() else "", name.casefold())


@dataclass(frozen=True)
class DayOfConference:
    """A day in the conference's zone, with the earliest start and latest end of its slots as minutes since midnight."""

    day: date
    first_minute: int
    last_minute: int


def days_of_conference(session: Session, conference: Conference) -> list[DayOfConference]:
    zone = ZoneInfo(conference.time_zone)
    spans = session.execute(
        select(col(Slot.starts_at), col(Slot.ends_at)).where(col(Slot.conference_id) == conference.id).distinct()
    )
    found: dict[date, tuple[int, int]] = {}
    for starts_at, ends_at in spans:
        start = local(starts_at, zone)
        first = start.hour * 60 + start.minute
        last = first + int((ends_at - starts_at).total_seconds()) // 60
        before = found.get(start.date(), (first, last))
        found[start.date()] = (min(before[0], first), max(before[1], last))
    return [DayOfConference(day, *found[day]) for day in sorted(found)]


def hosts_by_public_id(session: Session, conference_id: int, public_ids: Sequence[str]) -> list[Host]:
    """The joined hosts of these, by name; unknown ids are left out."""
    rows = session.execute(
        select(Host).where(
            col(Host.conference_id) == conference_id,
            col(Host.public_id).in_(public_ids),
            col(Host.state) == "joined",
        )
    ).scalars()
    return sorted(rows, key=lambda host: _by_last_name(host.display_name))


def host_by_public_id(session: Session, conference_id: int, public_id: str) -> Host:
    host: Host | None = session.execute(
        select(Host).where(
            col(Host.conference_id) == conference_id,
            col(Host.public_id) == public_id,
            col(Host.state) == "joined",
        )
    ).scalar_one_or_none()
    if host is None:
        raise NotFound
    return host


def slot_by_public_id(session: Session, conference_id: int, public_id: str) -> tuple[Slot, Host]:
    row = session.execute(
        select(Slot, Host)
        .join(Host, col(Host.id) == col(Slot.host_id))
        .where(col(Slot.conference_id) == conference_id, col(Slot.public_id) == public_id)
        .where(col(Host.state) == "joined")
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _view_query() -> Select[Any]:
    return (
        select(Booking, Slot, Host, Guest, Conference, col(Effect.remote))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .join(Conference, col(Conference.id) == col(Booking.conference_id))
        .outerjoin(Effect, (col(Effect.booking_id) == col(Booking.id)) & (col(Effect.kind) == "talk"))
    )


def _view(row: Row[Any]) -> BookingView:
    booking, slot, host, guest, conference, talk = tuple(row)
    return BookingView(
        id=booking.id,
        public_id=booking.public_id,
        code=booking.code,
        state=booking.state,
        revision=booking.revision,
        place=booking.place,
        child=booking.child,
        school_class=booking.school_class,
        message=booking.message,
        note=booking.note,
        cancelled_by=booking.cancelled_by,
        created_at=booking.created_at,
        changed_at=booking.changed_at,
        confirm_by=booking.confirm_by,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        slot_public_id=slot.public_id,
        conference_id=conference.id,
        conference_name=conference.name,
        conference_contact=conference.contact,
        texts=conference.texts,
        organiser_id=conference.organiser_id,
        zone=conference.time_zone,
        contact_for_hosts=conference.contact_for_hosts,
        changeable_until=rules.change_deadline(conference, slot),
        host_id=host.id,
        host_public_id=host.public_id,
        host_user_id=host.user_id,
        host_name=host.display_name,
        host_room=host.room,
        host_calendar=host.calendar,
        host_subject=host.subject,
        places=tuple(rules.places_offered(conference, host)),
        guest_id=guest.id,
        guest_public_id=guest.public_id,
        guest_generation=guest.manage_generation,
        guest_name=guest.name,
        guest_email=guest.email,
        guest_phone=guest.phone,
        language=guest.language,
        talk_link=(talk or {}).get("link", ""),
        screen=booking.screen,
        form_language=booking.language,
        proven=guest.proven_at is not None,
    )


def for_family(view: BookingView, links: LinkKey, base: str) -> BookingView:
    """The same with the link that a family gets: to the join page, at the app's public address `base`, and not straight
    to Talk's room."""
    if not view.talk_link or not base:
        return view
    return replace(view, talk_link=f"{base}/{join_path(links, view.public_id, view.guest_generation)}")


def booking_view(session: Session, booking_id: int) -> BookingView:
    row = session.execute(_view_query().where(col(Booking.id) == booking_id)).one_or_none()
    if row is None:
        raise NotFound
    return _view(row)


def booking_by_public_id(session: Session, public_id: str) -> BookingView | None:
    row = session.execute(_view_query().where(col(Booking.public_id) == public_id)).one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True)
class GuestView:
    """Whom a letter goes to; the names are those of `BookingView`."""

    conference_name: str
    conference_contact: str
    texts: dict[str, dict[str, str]]
    organiser_id: str
    zone: str
    guest_id: int
    guest_public_id: str
    guest_generation: int
    guest_name: str
    guest_email: str
    guest_child: str
    language: str
    closes_at: datetime | None
    proven: bool

    def outward(self) -> "GuestView":
        """As `BookingView.outward`."""
        return replace(self, guest_name=plain_name(self.guest_name), guest_child=plain_name(self.guest_child))


def guest_view(session: Session, guest_id: int) -> GuestView:
    row = session.execute(
        select(Guest, Conference)
        .join(Conference, col(Conference.id) == col(Guest.conference_id))
        .where(col(Guest.id) == guest_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    guest, conference = row
    return GuestView(
        conference_name=conference.name,
        conference_contact=conference.contact,
        texts=conference.texts,
        organiser_id=conference.organiser_id,
        zone=conference.time_zone,
        guest_id=guest.id,
        guest_public_id=guest.public_id,
        guest_generation=guest.manage_generation,
        guest_name=guest.name,
        guest_email=guest.email,
        guest_child=guest.child,
        language=guest.language,
        closes_at=conference.wishes_until if conference.booking_mode == "wishes" else conference.closes_at,
        proven=guest.proven_at is not None,
    )


def bookings_of_guest(session: Session, guest_id: int, screen: str = "") -> list[BookingView]:
    """All of the guest's bookings by time, cancelled ones too; with `screen` those made through this screen link, and
    without what the family is called and how it is reached: whoever typed its address may not know."""
    query = _view_query().where(col(Booking.guest_id) == guest_id)
    if screen:
        query = query.where(col(Booking.screen) == screen)
    views = [_view(row) for row in session.execute(query.order_by(col(Slot.starts_at)))]
    return [replace(view, guest_name="", guest_email="", guest_phone="") for view in views] if screen else views


@dataclass(frozen=True)
class FreeWith:
    """A host with free times (UTC)."""

    host_public_id: str
    host_name: str
    starts: list[datetime]


def free_instead(session: Session, view: BookingView, now: datetime, count: int = 3) -> list[FreeWith]:
    """What a family can have in place of this appointment: the nearest free times of the same host, else of up to three
    hosts with a subject in common. Empty where nothing can be booked (any more)."""
    conference = session.get_one(Conference, view.conference_id)
    try:
        rules.check_booking_is_open(conference, now)
    except Refused:
        return []
    earliest = rules.bookable_from(conference, now)

    def free_with(host: Host, most: int) -> FreeWith:
        free = [start for start, _ in free_starts(session, host.id or 0, earliest)] if host.state == "joined" else []
        return FreeWith(host.public_id, host.display_name, rules.next_free(free, view.starts_at, most))

    same = free_with(session.get_one(Host, view.host_id), count)
    if same.starts:
        return [same]
    subjects = set(names_in(view.host_subject))
    others = session.execute(
        select(Host).where(
            col(Host.conference_id) == view.conference_id, col(Host.state) == "joined", col(Host.id) != view.host_id
        )
    ).scalars()
    alike = [free_with(host, 2) for host in others if subjects & set(names_in(host.subject))]
    return sorted((one for one in alike if one.starts), key=lambda one: one.starts[0])[:3]


def names_in(text: str) -> list[str]:
    """What stands in a list like "Deutsch, Sport" or "5a; 5b", without regard to case."""
    return [part.strip().casefold() for part in re.split(r"[,;/]", text) if part.strip()]


def bookings_of_conference(session: Session, conference_id: int, host_id: int | None = None) -> list[BookingView]:
    query = _view_query().where(col(Booking.conference_id) == conference_id)
    if host_id is not None:
        query = query.where(col(Booking.host_id) == host_id)
    return [_view(row) for row in session.execute(query.order_by(col(Slot.starts_at), col(Booking.id)))]


def bookings_by_visitor(session: Session, conference_id: int) -> dict[str, list[BookingView]]:
    """The active bookings that families have entered themselves, by the mark of the address they came from."""
    query = _view_query().where(
        col(Booking.conference_id) == conference_id, col(Booking.state) == "active", col(Booking.visitor) != ""
    )
    found: dict[str, list[BookingView]] = {}
    for row in session.execute(query.order_by(col(Booking.id))):
        found.setdefault(row[0].visitor, []).append(_view(row))
    return found


def fact(session: Session, name: str) -> dict[str, Any]:
    """What was last learned of the instance under this name; empty when nothing was."""
    row = session.get(InstanceFact, name)
    return dict(row.value) if row else {}


def learn(session: Session, name: str, value: dict[str, Any], now: datetime) -> None:
    session.merge(InstanceFact(name=name, value=value, learned_at=now))
