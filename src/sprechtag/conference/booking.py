# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Booking, moving, changing place, cancelling: each one transaction that the database guards.

The unique index on active slots and the primary key of `guest_minute` decide who was first; the checks before
a write only make the friendlier sentence. Every change raises the revision and with it makes the effects due."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from . import people, rules, waiting
from .database import Database
from .errors import (
    AlreadyCancelled,
    GuestBusy,
    NotFound,
    PlaceNotOffered,
    Refused,
    SlotBlocked,
    SlotTaken,
    TooLate,
)
from .person import Person, tidy
from .slots import TimeSpan, minutes_of
from .tables import (
    ON_SITE,
    PLACES,
    VIDEO,
    Booking,
    CalendarQuestion,
    Conference,
    Effect,
    Guest,
    GuestMinute,
    Host,
    IdempotencyKey,
    Slot,
    utc_now,
)
from .tokens import LinkKey, hashed

EFFECT_KINDS = ("talk", "calendar", "mail")
NOT_BEFORE_CONFIRMING = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wish:
    """One booking as asked for. `idempotency_key` is the form's: the same again books once."""

    slot_public_id: str
    place: str
    child: str
    school_class: str
    idempotency_key: str


@dataclass(frozen=True)
class Booked:
    """`new_guest` is true when this form made the guest: only then may its answer show the manage link."""

    booking_id: int
    guest_id: int
    new_guest: bool
    repeated: bool


@dataclass
class _SlotLost(Exception):
    """Somebody else was faster between our look and our write; the transaction is over."""

    host_id: int
    starts_at: datetime
    earliest: datetime


class Desk:
    """Where guests book. `on_change` is called with the booking's id after the commit, never inside."""

    def __init__(
        self,
        database: Database,
        links: LinkKey,
        on_change: Callable[[int], None] = lambda booking_id: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._links = links
        self._on_change = on_change
        self._clock = clock

    def book(self, conference_id: int, person: Person, wish: Wish, *, by_guest: bool = True) -> Booked:
        """Books as somebody without a manage link; not `by_guest` for one on the phone, whom neither opening, lead
        time nor limits keep out.

        Where the conference wants the address confirmed, the booking holds its slot until `confirm` or for
        `rules.CONFIRM_WITHIN`. Raises any `Refused`; nothing is changed then."""
        return self.book_all(conference_id, person, [wish], by_guest=by_guest)[0]

    def book_all(
        self, conference_id: int, person: Person, wishes: Sequence[Wish], *, by_guest: bool = True
    ) -> list[Booked]:
        """As `book`, for several times at once: all are booked or none. The wishes share one form's key."""
        person = person.checked(address_needed=by_guest)

        def guest_of(session: Session) -> tuple[Guest, bool]:
            return self._guest(session, conference_id, person)

        return self._book(conference_id, guest_of, wishes, by_guest, by_share_link=by_guest)

    def book_again(self, guest_id: int, wish: Wish) -> Booked:
        """Books for a guest known by its manage link."""
        return self.book_all_again(guest_id, [wish])[0]

    def book_all_again(self, guest_id: int, wishes: Sequence[Wish]) -> list[Booked]:
        """As `book_all`, for a guest known by its manage link."""

        def guest_of(session: Session) -> tuple[Guest, bool]:
            guest = session.get(Guest, guest_id)
            if guest is None:
                raise NotFound
            return guest, False

        with self._database.read() as session:
            conference_id = guest_of(session)[0].conference_id
        return self._book(conference_id, guest_of, wishes)

    def _book(
        self,
        conference_id: int,
        guest_of: Callable[[Session], tuple[Guest, bool]],
        wishes: Sequence[Wish],
        by_guest: bool = True,
        by_share_link: bool = False,
    ) -> list[Booked]:
        checked = [
            replace(
                wish,
                child=tidy("child", wish.child, 120, required=True),
                school_class=tidy("school_class", wish.school_class, 40),
                idempotency_key=_key_hash(conference_id, wish.idempotency_key, number),
            )
            for number, wish in enumerate(wishes)
        ]
        try:
            booked = self._book_once(conference_id, guest_of, checked, by_guest, by_share_link)
        except (Refused, IntegrityError):
            # Two copies of one form at the same moment: the other one may have booked since we looked.
            with self._database.read() as session:
                again = _all_before(session, checked)
            if again:
                return again
            raise
        for one in booked:
            if not one.repeated:
                self._on_change(one.booking_id)
        return booked

    def _book_once(
        self,
        conference_id: int,
        guest_of: Callable[[Session], tuple[Guest, bool]],
        wishes: Sequence[Wish],
        by_guest: bool,
        by_share_link: bool,
    ) -> list[Booked]:
        self._refuse_early(conference_id, wishes)
        with self._writing() as session:
            if before := _all_before(session, wishes):
                return before
            now = self._clock()
            guest: Guest | None = None
            new_guest = False
            booked: dict[str, Booked] = {}
            # In the order of the times, so that two families never wait for each other's slot crosswise.
            found = [(_slot_with_host(session, conference_id, wish.slot_public_id), wish) for wish in wishes]
            for (conference, host, slot), wish in sorted(found, key=lambda one: (one[0][2].starts_at, one[0][2].id)):
                if guest is None:
                    if by_share_link:
                        rules.check_booking_is_open(conference, now)
                        rules.check_share_link_books(conference)
                    guest, new_guest = guest_of(session)
                    if guest.conference_id != conference.id:
                        raise NotFound
                if by_guest:
                    asked = people.has_asked(session, host.id or 0, guest.id or 0)
                    rules.check_booking_is_open(conference, now, asked=asked)
                booking = _book_slot(session, (conference, host, slot), guest, wish, now, by_guest, by_share_link)
                booked[wish.slot_public_id] = Booked(booking.id or 0, guest.id or 0, new_guest, repeated=False)
            return [booked[wish.slot_public_id] for wish in wishes]

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction; a slot lost in it becomes the refusal that names the next free ones."""
        try:
            with self._database.write() as session:
                yield session
        except _SlotLost as lost:
            with self._database.read() as session:
                raise _slot_taken(session, lost.host_id, lost.starts_at, lost.earliest) from lost

    def _refuse_early(self, conference_id: int, wishes: Sequence[Wish]) -> None:
        """Says no to a slot that is taken without queueing for the write lock: in a rush most attempts end here."""
        with self._database.read() as session:
            if _all_before(session, wishes):
                return
            for wish in wishes:
                conference, _, slot = _slot_with_host(session, conference_id, wish.slot_public_id)
                _check_slot_is_free(session, conference, slot, self._clock())

    def _guest(self, session: Session, conference_id: int, person: Person) -> tuple[Guest, bool]:
        """The guest with this address; made in the same transaction if there is none."""
        # Who has no address is nobody we know already.
        fingerprint = self._links.fingerprint(person.email.casefold() or secrets.token_hex(16))
        guest = Guest(
            conference_id=conference_id,
            name=person.name,
            email=person.email,
            email_fingerprint=fingerprint,
            phone=person.phone,
            language=person.language,
        )
        token = self._links.token("manage", guest.public_id, guest.manage_generation)
        guest.manage_token_hash = hashed(token)
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        values = guest.model_dump(exclude={"id"})
        session.execute(insert(Guest).values(**values).on_conflict_do_nothing())
        found = session.execute(
            select(Guest)
            .where(col(Guest.conference_id) == conference_id, col(Guest.email_fingerprint) == fingerprint)
            .with_for_update()
        ).scalar_one()
        return found, found.public_id == guest.public_id

    def wait(self, conference_id: int, host_id: int, who: Person | int, child: str, school_class: str) -> bool:
        """Puts a family on a host's waiting list: a guest by its id, or somebody who says who it is. Returns whether
        that made the guest. Raises as `waiting.join`."""
        person = who.checked() if isinstance(who, Person) else None
        with self._database.write() as session:
            conference, host = session.get_one(Conference, conference_id), session.get_one(Host, host_id)
            if host.conference_id != conference_id:
                raise NotFound
            guest, new = self._guest(session, conference_id, person) if person else (session.get_one(Guest, who), False)
            if person:
                rules.check_share_link_books(conference)
            waiting.join(session, conference, host, guest, child, school_class, self._clock())
            waiting.offer_free(session, conference, host, self._clock())
        self._on_change(0)
        return new

    def changed(self) -> None:
        """Something was changed besides a booking: mails may be due."""
        self._on_change(0)

    def guest_for(self, session: Session, conference_id: int, person: Person) -> tuple[Guest, bool]:
        """The guest with this person's address, and whether it was made now, in the caller's transaction."""
        return self._guest(session, conference_id, person.checked())

    def move(self, booking_id: int, slot_public_id: str, *, by_guest: bool = True, message: str = "") -> None:
        """Moves the booking to another free slot of the same host. `message` is for the family, in its mail."""
        with self._writing() as session:
            conference, booking, old_slot = _booking(session, booking_id)
            now = self._clock()
            _, host, slot = _slot_with_host(session, booking.conference_id, slot_public_id)
            if slot.id == booking.slot_id and booking.state == "active":
                return
            if slot.host_id != booking.host_id:
                raise NotFound
            if by_guest:
                rules.check_changeable(conference, booking, old_slot, now)
            elif booking.state != "active":
                raise AlreadyCancelled
            rules.check_slot(conference, host, slot, now, by_guest=by_guest, guest_id=booking.guest_id)
            if by_guest:
                rules.check_place(conference, host, booking.place)
            _check_slot_is_free(session, conference, slot, now)
            if by_guest:
                _check_own_limits(session, conference, host, slot, booking_id)
            session.execute(delete(GuestMinute).where(col(GuestMinute.booking_id) == booking_id))
            _check_minutes(session, booking.guest_id, slot)
            booking.slot_id = slot.id or 0
            _raise_revision(session, booking, now, message)
            _flush_slot(session, conference, slot, now)
            _take_minutes(session, booking, slot)
            waiting.offer(session, conference, host, old_slot, now)
        self._on_change(booking_id)

    def change_place(
        self, booking_id: int, place: str, *, by_guest: bool = True, message: str = "", late: bool = False
    ) -> None:
        """Changes the place; the organiser is not bound by what is offered, only by what Nextcloud can do. With
        `late` a family may do it until the end of its appointment: its video does not work."""
        with self._database.write() as session:
            conference, booking, slot = _booking(session, booking_id)
            now = self._clock()
            if by_guest and not late:
                rules.check_changeable(conference, booking, slot, now)
            elif booking.state != "active":
                raise AlreadyCancelled
            elif late and now >= slot.ends_at:
                raise TooLate(slot.starts_at)
            if booking.place == place:
                return
            host = session.get_one(Host, booking.host_id)
            if by_guest:
                rules.check_place(conference, host, place)
            elif place not in PLACES or (place == VIDEO and not host.can_video):
                raise PlaceNotOffered([ON_SITE])
            self.change_place_in(session, booking, place, now, message)
        self._on_change(booking_id)

    def cancel(self, booking_id: int, *, by_guest: bool = True, message: str = "") -> None:
        """Cancels; a guest only until the change deadline, an organiser always. Twice is once."""
        with self._database.write() as session:
            conference, booking, slot = _booking(session, booking_id)
            if booking.state == "cancelled":
                return
            if by_guest:
                rules.check_changeable(conference, booking, slot, self._clock())
            self.cancel_in(session, booking, self._clock(), message, by="guest" if by_guest else "school")
            if by_guest:
                waiting.offer(session, conference, session.get_one(Host, booking.host_id), slot, self._clock())
        self._on_change(booking_id)

    def confirm_all(self, guest_id: int) -> None:
        """Confirms all that still waits for this family's word, as `confirm`."""
        to_confirm = select(col(Booking.id)).where(
            col(Booking.guest_id) == guest_id, col(Booking.state) == "active", col(Booking.confirm_by).is_not(None)
        )
        with self._database.read() as session:
            found = list(session.execute(to_confirm).scalars())
        for booking_id in found:
            self.confirm(booking_id or 0)

    def confirm(self, booking_id: int) -> None:
        """The family has opened the link in its mail and said yes; from now on all follows. Twice is once.

        Raises `AlreadyCancelled` when it came too late."""
        with self._database.write() as session:
            _, booking, _ = _booking(session, booking_id)
            if booking.state != "active":
                raise AlreadyCancelled
            if booking.confirm_by is None:
                return
            booking.confirm_by = None
            _raise_revision(session, booking, self._clock())
            # So far the family was asked, not told of an appointment: its next mail is the first.
            session.get_one(Effect, (booking.id, "mail")).applied_revision = 0
        self._on_change(booking_id)

    def release_unconfirmed(self) -> int:
        """Gives the slots back that were held for nothing; returns how many. Nobody is written to again: the address
        may be somebody else's."""
        now = self._clock()
        late = select(col(Booking.id)).where(col(Booking.confirm_by) < now, col(Booking.state) == "active").limit(200)
        with self._database.read() as session:
            found = list(session.execute(late).scalars())
        for booking_id in found:
            with self._database.write() as session:
                _, booking, _ = _booking(session, booking_id or 0)
                if booking.confirm_by is None or booking.state != "active":
                    continue
                booking.confirm_by = None
                self.cancel_in(session, booking, now, by="guest")
                session.get_one(Effect, (booking.id, "mail")).applied_revision = booking.revision
        return len(found)

    @staticmethod
    def change_place_in(session: Session, booking: Booking, place: str, now: datetime, message: str = "") -> None:
        """The change itself, in a transaction of the caller's, who has checked it."""
        booking.place = place
        _raise_revision(session, booking, now, message)

    @staticmethod
    def cancel_in(session: Session, booking: Booking, now: datetime, message: str = "", by: str = "school") -> None:
        """As `change_place_in`; `by` is `guest` or `school`."""
        booking.state, booking.cancelled_by = "cancelled", by
        booking.confirm_by = None
        _raise_revision(session, booking, now, message)
        session.execute(delete(GuestMinute).where(col(GuestMinute.booking_id) == booking.id))


def assign_slot(
    session: Session,
    found: tuple[Conference, Host, Slot],
    guest: Guest,
    place: str,
    child: str,
    school_class: str,
    now: datetime,
) -> Booking:
    """Books a slot for a family in a transaction of the caller's: the result of a run, which no opening time and no
    limit keeps out. Raises `Refused` where the slot cannot be had any more."""
    wish = Wish(found[2].public_id, place, child, school_class, "")
    try:
        return _book_slot(session, found, guest, wish, now, by_guest=False, by_share_link=False)
    except _SlotLost as lost:
        raise SlotTaken(lost.starts_at) from lost


def _book_slot(
    session: Session,
    found: tuple[Conference, Host, Slot],
    guest: Guest,
    wish: Wish,
    now: datetime,
    by_guest: bool,
    by_share_link: bool,
) -> Booking:
    conference, host, slot = found
    rules.check_slot(conference, host, slot, now, by_guest=by_guest, guest_id=guest.id)
    rules.check_place(conference, host, wish.place)
    _check_slot_is_free(session, conference, slot, now)
    if by_guest and slot.held_for != guest.id:
        _check_own_limits(session, conference, host, slot)
    _check_guest(session, conference, guest, host, slot, wish.child if by_guest else None)
    to_confirm = by_share_link and conference.booking_by == "confirmed"
    booking = Booking(
        conference_id=slot.conference_id,
        host_id=slot.host_id,
        slot_id=slot.id or 0,
        guest_id=guest.id or 0,
        place=wish.place,
        child=wish.child,
        school_class=wish.school_class,
        confirm_by=now + rules.CONFIRM_WITHIN if to_confirm else None,
    )
    session.add(booking)
    if slot.blocked_by == "held":
        slot.blocked, slot.blocked_by, slot.held_for, slot.held_until = False, "", None, None
    _flush_slot(session, conference, slot, now)
    _take_minutes(session, booking, slot)
    if wish.idempotency_key:
        session.add(IdempotencyKey(key_hash=wish.idempotency_key, booking_id=booking.id or 0))
    for kind in EFFECT_KINDS:
        # Until the family has confirmed, it gets a mail and nothing else happens.
        due_at = NOT_BEFORE_CONFIRMING if to_confirm and kind != "mail" else utc_now()
        session.add(Effect(booking_id=booking.id or 0, kind=kind, next_attempt_at=due_at))
    waiting.leave(session, slot.host_id, guest.id or 0)
    return booking


def _key_hash(conference_id: int, key: str, number: int) -> str:
    """What the database stores of a form's key, for its first and every further booking; empty without a key."""
    return hashed(f"{conference_id}:{key}" + (f":{number}" if number else "")) if key else ""


def _all_before(session: Session, wishes: Sequence[Wish]) -> list[Booked]:
    """What the same form has booked before; empty when it is new."""
    found = [_booked_before(session, wish.idempotency_key) for wish in wishes if wish.idempotency_key]
    return [one for one in found if one]


def _booked_before(session: Session, key_hash: str) -> Booked | None:
    known = session.get(IdempotencyKey, key_hash)
    if known is None:
        return None
    booking = session.get_one(Booking, known.booking_id)
    first = session.execute(
        select(func.min(col(Booking.id))).where(col(Booking.guest_id) == booking.guest_id)
    ).scalar_one()
    return Booked(booking.id or 0, booking.guest_id, new_guest=first == booking.id, repeated=True)


def _slot_with_host(session: Session, conference_id: int, slot_public_id: str) -> tuple[Conference, Host, Slot]:
    row = session.execute(
        select(Conference, Host, Slot)
        .join(Host, col(Host.conference_id) == col(Conference.id))
        .join(Slot, col(Slot.host_id) == col(Host.id))
        .where(col(Conference.id) == conference_id, col(Slot.public_id) == slot_public_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


def _booking(session: Session, booking_id: int) -> tuple[Conference, Booking, Slot]:
    """The booking with a row lock where the database has one; the guest's row is locked with it, so that two
    changes of one guest queue."""
    booking = session.execute(
        select(Booking).where(col(Booking.id) == booking_id).with_for_update()
    ).scalar_one_or_none()
    if booking is None:
        raise NotFound
    session.execute(select(col(Guest.id)).where(col(Guest.id) == booking.guest_id).with_for_update())
    return (
        session.get_one(Conference, booking.conference_id),
        booking,
        session.get_one(Slot, booking.slot_id),
    )


def _check_slot_is_free(session: Session, conference: Conference, slot: Slot, now: datetime) -> None:
    taken = session.execute(
        select(col(Booking.id)).where(col(Booking.slot_id) == slot.id, col(Booking.state) == "active")
    ).first()
    if taken:
        raise _slot_taken(session, slot.host_id, slot.starts_at, rules.bookable_from(conference, now))


def _check_own_limits(
    session: Session, conference: Conference, host: Host, slot: Slot, without: int | None = None
) -> None:
    """Raises `SlotBlocked` where the host's own limits leave no room. The host's row is locked, so that two bookings of
    neighbouring slots queue."""
    if not rules.has_own_limits(host):
        return
    session.execute(select(col(Host.id)).where(col(Host.id) == host.id).with_for_update())
    booked = _booked_spans(session, host.id or 0, without)
    if not rules.own_limits_allow(host, conference.pause_minutes, booked, TimeSpan(slot.starts_at, slot.ends_at)):
        raise SlotBlocked


def _booked_spans(session: Session, host_id: int, without: int | None = None) -> list[TimeSpan]:
    rows = session.execute(
        select(col(Slot.starts_at), col(Slot.ends_at))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .where(col(Booking.host_id) == host_id, col(Booking.state) == "active", col(Booking.id) != (without or 0))
    )
    return [TimeSpan(starts_at, ends_at) for starts_at, ends_at in rows]


def _slot_taken(session: Session, host_id: int, starts_at: datetime, earliest: datetime) -> SlotTaken:
    free = free_starts(session, host_id, earliest)
    return SlotTaken(starts_at, rules.next_free([start for start, _ in free], starts_at))


def free_starts(
    session: Session, host_id: int, earliest: datetime, without: int | None = None
) -> list[tuple[datetime, str]]:
    """Start and public id of the slots that guests can have of the host from `earliest` on, sorted.

    The booking `without` is about to move: the host's own limits are taken as if it were gone."""
    rows = session.execute(
        select(col(Slot.starts_at), col(Slot.public_id), col(Slot.ends_at))
        .outerjoin(Booking, (col(Booking.slot_id) == col(Slot.id)) & (col(Booking.state) == "active"))
        .where(col(Slot.host_id) == host_id, col(Slot.blocked).is_(False), col(Booking.id).is_(None))
        .where(col(Slot.starts_at) >= earliest)
        .order_by(col(Slot.starts_at))
    )
    host = session.get_one(Host, host_id)
    if not rules.has_own_limits(host):
        return [(starts_at, public_id) for starts_at, public_id, _ in rows]
    pause = session.get_one(Conference, host.conference_id).pause_minutes
    booked = _booked_spans(session, host_id, without)
    return [
        (starts_at, public_id)
        for starts_at, public_id, ends_at in rows
        if rules.own_limits_allow(host, pause, booked, TimeSpan(starts_at, ends_at))
    ]


def _check_guest(
    session: Session, conference: Conference, guest: Guest, host: Host, slot: Slot, child: str | None
) -> None:
    """The limits hold for guests, each child by itself with one host; the organiser (`child` None) is free of them."""
    if child is not None:
        rows = session.execute(
            select(col(Booking.host_id), col(Booking.child)).where(
                col(Booking.guest_id) == guest.id, col(Booking.state) == "active"
            )
        ).all()
        same = [name for host_id, name in rows if host_id == host.id and name.casefold() == child.casefold()]
        rules.check_limits(conference, rules.GuestCounts(len(rows), len(same)))
    _check_minutes(session, guest.id or 0, slot)


def _check_minutes(session: Session, guest_id: int, slot: Slot) -> None:
    minutes = minutes_of(TimeSpan(slot.starts_at, slot.ends_at))
    other = session.execute(
        select(col(Slot.starts_at))
        .join(Booking, col(Booking.slot_id) == col(Slot.id))
        .join(GuestMinute, col(GuestMinute.booking_id) == col(Booking.id))
        .where(col(GuestMinute.guest_id) == guest_id)
        .where(col(GuestMinute.minute) >= minutes.start, col(GuestMinute.minute) < minutes.stop)
    ).first()
    if other:
        raise GuestBusy(other[0])


def _flush_slot(session: Session, conference: Conference, slot: Slot, now: datetime) -> None:
    """Writes the booking; the unique index says whether the slot is still free."""
    # Read before the flush: when it fails, the session forgets these objects.
    lost = _SlotLost(slot.host_id, slot.starts_at, rules.bookable_from(conference, now))
    try:
        session.flush()
    except IntegrityError as error:
        raise lost from error


def _take_minutes(session: Session, booking: Booking, slot: Slot) -> None:
    minutes = minutes_of(TimeSpan(slot.starts_at, slot.ends_at))
    rows = [{"guest_id": booking.guest_id, "minute": minute, "booking_id": booking.id} for minute in minutes]
    try:
        with session.begin_nested():
            session.execute(GuestMinute.__table__.insert(), rows)  # type: ignore[attr-defined]
    except IntegrityError as error:
        raise GuestBusy(slot.starts_at) from error


def _raise_revision(session: Session, booking: Booking, now: datetime, message: str = "") -> None:
    booking.revision += 1
    booking.changed_at = now
    booking.message = message
    session.add(booking)
    due = update(Effect).where(col(Effect.booking_id) == booking.id)
    if booking.confirm_by is not None:
        due = due.where(col(Effect.kind) == "mail")
    session.execute(due.values(attempts=0, next_attempt_at=now, last_error=""))
    session.execute(delete(CalendarQuestion).where(col(CalendarQuestion.booking_id) == booking.id))


__all__ = ["Booked", "Desk", "Person", "Refused", "Wish", "free_starts"]
