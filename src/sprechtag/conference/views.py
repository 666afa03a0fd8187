# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bookings and guests as pages, letters and calendars show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select
from sqlmodel import Session, col

from ..look import PLAIN, Look
from . import children, persons, rules
from .errors import NotFound
from .persons import Receiver
from .proof import plain_class, plain_name
from .tables import Booking, Child, Companion, Conference, Effect, Guest, Host, Kin, Place, Slot
from .tokens import LinkKey, join_path


@dataclass(frozen=True)
class Told:
    """What a family knows of an appointment."""

    starts_at: datetime
    place: str
    host: str
    """Its public id: who has only another name is the same."""
    host_name: str = field(compare=False)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Told | None":
        """From what `kept` wrote; None where nothing was told yet, or nothing that can be read."""
        try:
            host, name, place = str(kept["host"]), str(kept["host_name"]), str(kept["place"])
            return cls(datetime.fromisoformat(kept["starts_at"]), place, host, name)
        except (KeyError, TypeError, ValueError):
            return None

    def kept(self) -> dict[str, str]:
        told = {"place": self.place, "host": self.host, "host_name": self.host_name}
        return {"starts_at": self.starts_at.isoformat(), **told}


@dataclass(frozen=True)
class BookingView:
    """A booking with all that an effect or a page shows of it. Times in UTC, `zone` is the conference's. `receivers`
    are the hosts as users of Nextcloud, several of a tandem; the first one's is the Talk room."""

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
    topic: str
    needs: str
    interpreter: str
    tandem: bool
    mails_wait: bool
    receivers: tuple[Receiver, ...] = ()
    people: tuple[str, ...] = ()
    """Names of those who come beside family and host."""
    before: "Told | None" = None
    """What the family was told of it last, where that is another time, place or host."""
    look: Look = PLAIN

    @property
    def active(self) -> bool:
        return self.state == "active"

    @property
    def told(self) -> Told:
        """What the family knows once it was told of it as it is now."""
        return Told(self.starts_at, self.place, self.host_public_id, self.host_name)

    @property
    def told_from(self) -> datetime | None:
        """From when on the family hears of it; None for at once."""
        return rules.told_from(self.mails_wait, self.state, self.cancelled_by, self.changed_at)

    def is_received_by(self, user_id: str) -> bool:
        """Whether this user of Nextcloud is its host, or one of its hosts."""
        return any(one.user_id == user_id for one in self.receivers)

    def as_of(self, receiver: Receiver) -> "BookingView":
        """The same as this one of its hosts has it: `host_user_id` is a user of Nextcloud then."""
        return replace(self, host_user_id=receiver.user_id, host_calendar=receiver.calendar)

    def outward(self) -> "BookingView":
        """As it is written to the family: plain names only, because through the share link anybody can have typed them,
        also in the name of a family that has proven its address."""
        return replace(
            self,
            guest_name=plain_name(self.guest_name),
            child=plain_name(self.child),
            school_class=plain_class(self.school_class),
            topic="",
            interpreter=plain_class(self.interpreter),
            people=tuple(plain_name(one) for one in self.people),
        )


_FROM_BOOKING = (
    "id public_id code state revision place child school_class message note cancelled_by created_at changed_at "
    "confirm_by screen visitor topic needs interpreter"
)
_COLUMNS: dict[str, Any] = {
    **{name: getattr(Booking, name) for name in _FROM_BOOKING.split()},
    "form_language": Booking.language,
    "starts_at": Slot.starts_at,
    "ends_at": Slot.ends_at,
    "slot_public_id": Slot.public_id,
    "conference_id": Conference.id,
    "conference_name": Conference.name,
    "conference_contact": Conference.contact,
    "texts": Conference.texts,
    "organiser_id": Conference.organiser_id,
    "zone": Conference.time_zone,
    "contact_for_hosts": Conference.contact_for_hosts,
    "mails_wait": Conference.mails_wait,
    "change_deadline_minutes": Conference.change_deadline_minutes,
    "on_site": and_(col(Conference.offers_on_site), col(Host.offers_on_site)),
    "video": and_(col(Conference.offers_video), col(Host.offers_video), col(Host.can_video)),
    "host_id": Host.id,
    "host_public_id": Host.public_id,
    "host_user_id": Host.user_id,
    "host_name": Host.display_name,
    "host_room": Host.room,
    "host_calendar": Host.calendar,
    "host_subject": Host.subject,
    "tandem": Host.tandem,
    "guest_id": Guest.id,
    "guest_public_id": Guest.public_id,
    "guest_generation": Guest.manage_generation,
    "guest_name": Guest.name,
    "guest_email": Guest.email,
    "guest_phone": Guest.phone,
    "language": Guest.language,
    "proven_at": Guest.proven_at,
    "talk": Effect.remote,
    "people": select(func.aggregate_strings(col(Companion.name), "\n"))
    .where(col(Companion.booking_id) == col(Booking.id), col(Companion.seat).is_not(None))
    .correlate(Booking)
    .scalar_subquery(),
}
_VIEWS = (
    select(*(column.label(name) for name, column in _COLUMNS.items()))
    .select_from(Booking)
    .join(Slot, col(Slot.id) == col(Booking.slot_id))
    .join(Host, col(Host.id) == col(Booking.host_id))
    .join(Guest, col(Guest.id) == col(Booking.guest_id))
    .join(Conference, col(Conference.id) == col(Booking.conference_id))
    .outerjoin(Effect, (col(Effect.booking_id) == col(Booking.id)) & (col(Effect.kind) == "talk"))
)
# Built once: putting such a statement together takes longer than the database needs for it.
_BY_ID = _VIEWS.where(col(Booking.id) == bindparam("id"))
_BY_PUBLIC_ID = _VIEWS.where(col(Booking.public_id) == bindparam("public_id"))
_OF_GUEST = _VIEWS.where(col(Booking.guest_id) == bindparam("guest_id")).order_by(col(Slot.starts_at))
_OF_SCREEN = _OF_GUEST.where(col(Booking.screen) == bindparam("screen"))
# Of the children that both have; not what a stranger may have booked with an address that nobody has proven.
_OF_OTHER_HOUSEHOLD = (
    _VIEWS.join(Kin, col(Kin.id) == col(Guest.kin_id))
    .join(Child, and_(col(Child.kin_id) == col(Kin.id), col(Child.name) == col(Booking.child)))
    .where(col(Kin.id) == bindparam("kin_id"), col(Guest.id) != bindparam("guest_id"), col(Kin.shares).is_(True))
    .where(col(Booking.state) == "active", col(Booking.confirm_by).is_(None))
    .where(or_(col(Booking.screen) == "", col(Guest.proven_at).is_not(None)))
    .order_by(col(Slot.starts_at))
)
_OF_CONFERENCE = _VIEWS.where(col(Booking.conference_id) == bindparam("conference_id")).order_by(
    col(Slot.starts_at), col(Booking.id)
)
_OF_HOST = _OF_CONFERENCE.where(col(Booking.host_id) == bindparam("host_id"))
_OF_VISITORS = _OF_CONFERENCE.where(col(Booking.state) == "active", col(Booking.visitor) != "")


def _views(session: Session, statement: Select[Any], **values: Any) -> list[tuple[BookingView, str]]:
    """With the mark of the visitor."""
    found = [_view(row) for row in session.execute(statement, values).all()]
    tandems = {view.host_id for view, _ in found if view.tandem}
    if not tandems:
        return found
    them = persons.receivers(session, tandems)
    return [(replace(view, receivers=them.get(view.host_id, view.receivers)), mark) for view, mark in found]


def _view(row: Row[Any]) -> tuple[BookingView, str]:
    values = dict(zip(_COLUMNS, row, strict=True))
    visitor, talk = values.pop("visitor"), values.pop("talk")
    places = rules.places(values.pop("on_site"), values.pop("video"))
    until = rules.deadline_of(values["starts_at"], values.pop("change_deadline_minutes"))
    proven = values.pop("proven_at") is not None
    link = (talk or {}).get("link", "")
    alone = (Receiver(values["host_user_id"], values["host_calendar"]),)
    people = tuple(sorted((values.pop("people") or "").splitlines()))
    view = BookingView(
        **values,
        people=people,
        places=tuple(places),
        changeable_until=until,
        proven=proven,
        talk_link=link,
        receivers=alone,
    )
    return view, visitor


def for_family(view: BookingView, links: LinkKey, base: str) -> BookingView:
    """The same with the link that a family gets: to the join page, at the app's public address `base`, and not straight
    to Talk's room."""
    if not view.talk_link or not base:
        return view
    return replace(view, talk_link=f"{base}/{join_path(links, view.public_id, view.guest_generation)}")


def booking_view(session: Session, booking_id: int) -> BookingView:
    found = _views(session, _BY_ID, id=booking_id)
    if not found:
        raise NotFound
    return found[0][0]


def booking_by_public_id(session: Session, public_id: str) -> BookingView | None:
    found = _views(session, _BY_PUBLIC_ID, public_id=public_id)
    return found[0][0] if found else None


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
    look: Look = PLAIN

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
        guest_child=children.names(children.of_guest(session, guest)),
        language=guest.language,
        closes_at=conference.wishes_until if conference.booking_mode == "wishes" else conference.closes_at,
        proven=guest.proven_at is not None,
    )


def bookings_of_guest(session: Session, guest_id: int, screen: str = "") -> list[BookingView]:
    """All of the guest's bookings by time, cancelled ones too; with `screen` those made through this screen link, and
    without what the family is called and how it is reached: whoever typed its address may not know."""
    if not screen:
        return [view for view, _ in _views(session, _OF_GUEST, guest_id=guest_id)]
    shown = _views(session, _OF_SCREEN, guest_id=guest_id, screen=screen)
    return [replace(view, guest_name="", guest_email="", guest_phone="", people=()) for view, _ in shown]


def bookings_of_other_household(session: Session, guest: Guest) -> list[BookingView]:
    """What the other household of the family has for their children, by time, where it shares that: host, time, place
    and child, and nothing that opens, changes or tells more of it."""
    if guest.kin_id is None:
        return []
    found = _views(session, _OF_OTHER_HOUSEHOLD, kin_id=guest.kin_id, guest_id=guest.id)
    return [replace(view, **_OF_OTHERS) for view, _ in found]


_HIDDEN = "public_id code message note guest_public_id guest_name guest_email guest_phone talk_link screen topic needs"
_OF_OTHERS: dict[str, Any] = {**dict.fromkeys([*_HIDDEN.split(), "interpreter"], ""), "people": ()}


def bookings_of_conference(session: Session, conference_id: int, host_id: int | None = None) -> list[BookingView]:
    if host_id is None:
        return [view for view, _ in _views(session, _OF_CONFERENCE, conference_id=conference_id)]
    return [view for view, _ in _views(session, _OF_HOST, conference_id=conference_id, host_id=host_id)]


def bookings_by_visitor(session: Session, conference_id: int) -> dict[str, list[BookingView]]:
    """The active bookings that families have entered themselves, by the mark of the address they came from."""
    found: dict[str, list[BookingView]] = {}
    for view, visitor in _views(session, _OF_VISITORS, conference_id=conference_id):
        found.setdefault(visitor, []).append(view)
    return found
