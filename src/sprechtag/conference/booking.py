# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Booking, moving, changing place, cancelling: each one transaction that the database guards.

The unique index on active slots and the primary keys of `guest_minute` and `host_minute` decide who was first; the
checks before a write only make the friendlier sentence. Every change raises the revision and with it makes the effects
due."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..database import Database, utc_now
from . import (
    budgets,
    companions,
    elsewhere,
    follow,
    history,
    holding,
    households,
    interpreting,
    letters,
    longer,
    making,
    named,
    proof,
    rules,
    taken,
    waiting,
)
from .asked import NONE, Answers
from .budgets import Price
from .errors import (
    AlreadyCancelled,
    GuestBusy,
    NotFound,
    NoTimeAfter,
    PlaceNotOffered,
    Refused,
    SlotTaken,
    Spent,
    TooLate,
)
from .holding import HeldByForm
from .kept import Keeper, Kept
from .person import Person, tidy
from .proof import OWN, SCHOOL, Door
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
    Slot,
)
from .taken import free_of, free_starts
from .tokens import LinkKey, hashed

EFFECT_KINDS = ("talk", "calendar", "mail")
LINK_WITHIN = timedelta(hours=6)
"""A link that somebody has asked for is of no use later."""


@dataclass(frozen=True)
class Pick:
    """One booking as asked for. `idempotency_key` is the form's: the same form again books once."""

    slot_public_id: str
    place: str
    child: str
    school_class: str
    idempotency_key: str
    answers: Answers = NONE


@dataclass(frozen=True)
class Booked:
    """`screen` names the link that this form's answer may show: it opens what was made through it. Empty where the
    family has come by its own link, and where it has to confirm first. `new_guest`: this form has made the guest."""

    booking_id: int
    guest_id: int
    new_guest: bool
    repeated: bool
    screen: str = ""


@dataclass(frozen=True)
class Noted:
    """For whom something was noted; `screen` as in `Booked`."""

    guest_id: int
    screen: str


@dataclass
class _SlotLost(Exception):
    """Somebody else was faster between our look and our write; the transaction is over."""

    host_id: int
    starts_at: datetime
    earliest: datetime


@dataclass(frozen=True)
class _Form:
    """A form on its way to the database: `who` finds the guest and says whether this form has made it; `token` names
    the open form that holds times (`Desk.hold`)."""

    conference_id: int
    door: Door
    picks: Sequence[Pick]
    who: Callable[[Session], tuple[Guest, bool]]
    language: str = ""
    person: Person | None = None
    looked: bool = False
    token: str = ""

    @property
    def by_family(self) -> bool:
        return self.door.kind != "school"

    @property
    def slots(self) -> list[str]:
        """Public ids of all slots that it is about."""
        return [pick.slot_public_id for pick in self.picks]

    @property
    def keys(self) -> list[str]:
        return [pick.idempotency_key for pick in self.picks if pick.idempotency_key]


@dataclass
class Desk:
    """Where guests book. What has to follow is put in the same transaction (`follow`).

    `per_address` is how many families one visitor may enter in ten minutes; `can_confirm` says of an organiser whether
    a mail can go out that has an address confirmed."""

    database: Database
    links: LinkKey
    clock: Callable[[], datetime] = utc_now
    per_address: Callable[[], int] = lambda: 400
    can_confirm: Callable[[str], bool] = lambda organiser_id: True
    keeper: Keeper = field(default_factory=Keeper)
    ledger: budgets.Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = budgets.Ledger(self.database, self.links, self.clock, self.per_address)

    def book(
        self,
        conference_id: int,
        person: Person,
        pick: Pick,
        *,
        by_guest: bool = True,
        visitor: str = "",
        looked: bool = False,
    ) -> Booked:
        """Books as somebody without a manage link; not `by_guest` for one on the phone, whom neither opening, lead
        time nor limits keep out. `visitor` is the address it comes from, whose budget pays; empty for none. `looked`:
        the caller has just seen that the slot is free and that the visitor `has_left`.

        Where the conference wants the address confirmed, the booking holds its slot until `confirm` or for
        `rules.CONFIRM_WITHIN`. Raises any `Refused`; nothing is changed then."""
        return self.book_all(conference_id, person, [pick], by_guest=by_guest, visitor=visitor, looked=looked)[0]

    def book_all(
        self,
        conference_id: int,
        person: Person,
        picks: Sequence[Pick],
        *,
        by_guest: bool = True,
        visitor: str = "",
        looked: bool = False,
        token: str = "",
    ) -> list[Booked]:
        """As `book`, for several times at once: all are booked or none. The picks share one form's key; `token` as in
        `hold`."""
        person = person.checked(address_needed=by_guest)
        door = self.share(visitor) if by_guest else SCHOOL

        def who(session: Session) -> tuple[Guest, bool]:
            return self._guest(session, conference_id, person, door)

        return self._book(
            _Form(conference_id, door, picks, who, person.language, person, looked, token), person.email.casefold()
        )

    def book_again(self, guest_id: int, pick: Pick, door: Door = OWN) -> Booked:
        """Books for a guest known by a link of its own, or by a screen link (see `proof`)."""
        return self.book_all_again(guest_id, [pick], door)[0]

    def book_all_again(self, guest_id: int, picks: Sequence[Pick], door: Door = OWN, token: str = "") -> list[Booked]:
        """As `book_all`, for a guest known by a link."""

        def who(session: Session) -> tuple[Guest, bool]:
            guest = session.get(Guest, guest_id)
            if guest is None:
                raise NotFound
            return guest, False

        with self.database.read() as session:
            conference_id = who(session)[0].conference_id
        return self._book(_Form(conference_id, door, picks, who, token=token), f"guest {guest_id}")

    def hold(
        self, conference_id: int, slots: Sequence[str], token: str, door: Door, guest: Guest | None = None
    ) -> HeldByForm:
        """Holds these slots (public ids) for two minutes, while the form is open that proposes them; what the same form
        has held before is held no more. A family that has come by its own link has one form, whatever its `token`.

        No more than the family may book, and nothing for a visitor who has spent the budget, or while those who have
        proven nothing hold too much: then nothing is `lost` either, because nothing is known of it."""
        now, form = self.clock(), self.form_of(door, guest, token)
        try:
            with self.database.write() as session:
                conference = session.get_one(Conference, conference_id)
                own = {slot.public_id for slot in holding.of_form(session, form)}
                wanted = list(slots)[: self._may_hold(session, conference, door, guest)]
                if not door.proven:
                    # What the form has already stays: to correct a mistake takes nothing from anybody.
                    left = max(0, budgets.left_for_unproven(session, conference))
                    new = [one for one in wanted if one not in own][:left]
                    wanted = [one for one in wanted if one in own or one in new]
                found = holding.hold_by_form(session, conference, wanted, form, now)
                if door.visitor:
                    budgets.pay(session, [Price(self.ledger.holds, door.visitor, len(found.held))], now)
                return found
        except Spent as spent:
            self._note_spent(conference_id, spent, door)
            return HeldByForm()

    def _may_hold(self, session: Session, conference: Conference, door: Door, guest: Guest | None) -> int:
        has = taken.counted(session, guest) if guest and door.kind == "own" else 0
        return max(0, conference.max_bookings_per_guest - has)

    def form_of(self, door: Door, guest: Guest | None, token: str) -> str:
        """What is stored of an open form (`Slot.held_by`); empty for none."""
        if door.kind == "own" and guest:
            return self.links.fingerprint(f"form:{guest.public_id}")[:32]
        return hashed(f"form:{token}") if token else ""

    def has_left(self, session: Session, visitor: str, now: datetime) -> bool:
        """Whether the visitor with this address may take one more time."""
        try:
            budgets.check(session, self.ledger.times, self.ledger.visitor(visitor), now)
        except Spent:
            return False
        return True

    def share(self, visitor: str) -> Door:
        """The door of somebody with the share link; `visitor` is the address."""
        return Door("share", visitor=self.ledger.visitor(visitor) if visitor else "")

    def screen(self, screen: str, visitor: str) -> Door:
        """The door of somebody with a screen link."""
        return replace(self.share(visitor), kind="screen", screen=screen)

    def prove(self, guest_id: int) -> None:
        """Something was pressed that only who reads the family's mail can press."""
        with self.database.write() as session:
            proof.prove(session, session.get_one(Guest, guest_id), self.clock())

    def new_links(self, guest_id: int) -> bool:
        """Voids all links and the code of a family. True where the new link goes to it by mail; else whoever asked has
        to be shown it. Raises `NotFound`."""
        with self.database.write() as session:
            guest = session.get(Guest, guest_id)
            if guest is None:
                raise NotFound
            organiser = session.get_one(Conference, guest.conference_id).organiser_id
            written = self.can_confirm(organiser)
            coming = taken.has_bookings(session, guest)
            proof.new_links(session, guest, self.links, self.clock(), rewrite_events=not written)
            history.note_of_family(session, guest_id, "link", self.clock())
        return bool(guest.email) and (written or coming)

    def send_link(self, conference_id: int, email: str, language: str, visitor: str) -> None:
        """Has the family with this address sent its link, once an hour at most; nothing happens where there is none,
        and the caller does not learn which. Raises `Invalid` for what is no address, and `Spent`."""
        person = Person("-", email, language).checked()
        fingerprint = self.links.fingerprint(person.email.casefold())
        now = self.clock()
        try:
            with self.database.write() as session:
                budgets.pay(session, self._prices_of_person(person, self.share(visitor)), now)
                guest = session.execute(
                    select(Guest).where(
                        col(Guest.conference_id) == conference_id, col(Guest.email_fingerprint) == fingerprint
                    )
                ).scalar_one_or_none()
                if guest is not None and guest.erase_by is None:
                    letters.write(session, guest.id or 0, "link", f"{now:%Y%m%d%H}", {}, now, now + LINK_WITHIN)
        except Spent as spent:
            self._note_spent(conference_id, spent, self.share(visitor))
            raise

    def _book(self, form: _Form, address: str) -> list[Booked]:
        slots = sorted({pick.slot_public_id for pick in form.picks})
        checked = [
            replace(
                pick,
                child=tidy("child", pick.child, 120, required=True),
                school_class=tidy("school_class", pick.school_class, 40),
                idempotency_key=_key_hash(form.conference_id, address, slots, pick.idempotency_key, number),
            )
            for number, pick in enumerate(form.picks)
        ]
        form = replace(form, picks=checked)
        if not form.looked:
            try:
                self._refuse_early(form)
            except Refused as refused:
                self._pass_on(form, refused)
                raise
        try:
            return self._book_once(form)
        except (Refused, IntegrityError) as refused:
            # Two copies of one form at the same moment: the other one may have booked since we looked.
            with self.database.read() as session:
                again = _all_before(session, form)
            if again:
                return again
            if isinstance(refused, Refused):
                self._pass_on(form, refused)
            raise

    def _pass_on(self, form: _Form, refused: Refused) -> None:
        """What cannot be said to somebody who has proven nothing (`proof.neutral`), the family is told by mail; of a
        budget that is spent the organiser hears."""
        if isinstance(refused, Spent):
            self._note_spent(form.conference_id, refused, form.door)
        elif not form.door.proven and proof.depends_on_family(refused):
            self._tell_family(
                form.who, refused, [] if form.person is None else self._prices_of_person(form.person, form.door)
            )

    def _note_spent(self, conference_id: int, spent: Spent, door: Door) -> None:
        self.ledger.refused(conference_id, spent.kind, door.visitor)

    def _tell_family(
        self, who: Callable[[Session], tuple[Guest, bool]], refused: Refused, prices: Sequence[Price] = ()
    ) -> None:
        """In a transaction of its own, which finds the guest anew: what the visitor had paid went with the refused one
        and is paid here."""
        with self.database.write() as session:
            guest, new = who(session)
            if new:
                # The guest went with the transaction that was refused: there is no family to tell.
                session.rollback()
                return
            budgets.pay(session, prices, self.clock())
            proof.tell_not_done(session, guest, refused, self.clock())

    def _book_once(self, form: _Form) -> list[Booked]:
        try:
            return self.database.do(partial(self._book_in, form))
        except _SlotLost as lost:
            raise self._slot_was_lost(lost) from lost

    def _book_in(self, form: _Form, session: Session) -> list[Booked]:
        """The transaction itself."""
        if before := _all_before(session, form):
            return before
        now = self.clock()
        taken.lock_hosts_of(session, form.conference_id, form.slots)
        found = making.look(session, self.keeper, form.conference_id, form.slots, lock=True)
        if len(found) < len(set(form.slots)):
            raise NotFound
        conference = found[form.slots[0]].conference
        if form.door.kind == "share":
            rules.check_booking_is_open(conference, now)
            rules.check_share_link_books(conference)
        guest, new_guest = form.who(session)
        if guest.conference_id != conference.id:
            raise NotFound
        confirm = self._has_to_confirm(session, conference, form.door)
        screen = form.door.screen
        if form.door.kind == "share" and not confirm:
            screen = proof.show_link(session, guest, self.links, now, first=new_guest)
        making_for = _Making(
            guest,
            replace(form.door, screen=screen),
            confirm,
            now,
            form.language,
            new_guest,
            new_guest,
            self.form_of(form.door, guest, form.token),
        )
        # In the order of their slots' ids, so that two families never wait for each other's hosts crosswise. Only the
        # first time of a new family needs no look at what it has.
        booked: dict[int, Booked] = {}
        for number in sorted(range(len(form.picks)), key=lambda number: found[form.slots[number]].columns["id"]):
            pick = form.picks[number]
            booked[number] = self._book_pick(session, form, found[pick.slot_public_id], pick, making_for)
            making_for = replace(making_for, has_nothing=False)
        if form.door.proven:
            waiting.reconsider(session, conference, guest, now)
        # Last, because families behind one address wait for each other from here to the end.
        budgets.pay(session, self._prices(form, guest), now)
        return [booked[number] for number in range(len(form.picks))]

    def _book_pick(
        self, session: Session, form: _Form, wanted: making.Wanted, pick: Pick, made_for: "_Making"
    ) -> Booked:
        guest, host = made_for.guest, wanted.host
        if form.by_family:
            asked = form.door.kind == "own" and named.has_asked(session, host.id or 0, guest.id or 0)
            rules.check_booking_is_open(wanted.conference, made_for.now, asked=asked)
        booking = _book_slot(session, wanted, pick, made_for)
        return Booked(booking.id or 0, guest.id or 0, made_for.new_guest, repeated=False, screen=made_for.door.screen)

    def _prices(self, form: _Form, guest: Guest) -> list[Price]:
        """What somebody who has proven nothing pays for a form: the family that it enters, the times that it takes."""
        person = [] if form.person is None else self._prices_of_person(form.person, form.door)
        return [*person, *self._prices_of_change(form.door, guest, len(form.picks))]

    def _prices_of_person(self, person: Person, door: Door) -> list[Price]:
        if not door.visitor:
            return []
        mailbox = budgets.mailbox_mark(self.links, person.email)
        return [Price(self.ledger.families, door.visitor), Price(budgets.SAME_MAILBOX, mailbox)]

    def _prices_of_change(self, door: Door, guest: Guest, times: int) -> list[Price]:
        """Times of the visitor's, and one change of the family's, because each is a mail to it."""
        if not door.visitor:
            return []
        return [Price(self.ledger.times, door.visitor, times), Price(budgets.CHANGES, guest.public_id)]

    def _pay(self, session: Session, door: Door, guest: Guest, times: int, now: datetime) -> None:
        budgets.pay(session, self._prices_of_change(door, guest, times), now)

    def _has_to_confirm(self, session: Session, conference: Conference, door: Door) -> bool:
        """Whether the family has to confirm its address before anything happens: where the conference wants it so, and
        where those who have proven nothing hold too much already."""
        if door.proven:
            return False
        if conference.booking_by == "confirmed":
            return True
        if not self.ledger.many_unproven(session, conference):
            return False
        budgets.note_refusal(session, conference.id or 0, "unproven", "", self.clock())
        return self.can_confirm(conference.organiser_id)

    def _slot_was_lost(self, lost: _SlotLost) -> SlotTaken:
        """The refusal that names the next free ones. Where the slot is free and its host is not, it is closed."""
        with self.database.read() as session:
            lost_slot = _slot_at(session, lost)
            closes = lost_slot is not None and not lost_slot.blocked and not taken.is_booked(session, lost_slot)
        if closes:
            with self.database.write() as session:
                if lost_slot := _slot_at(session, lost):
                    taken.lock(session, [lost_slot])
                    host = session.get_one(Host, lost.host_id)
                    elsewhere.settle(session, host, [lost_slot], taken.booked_slots(session, host))
        with self.database.read() as session:
            return _slot_taken(session, lost.host_id, lost.starts_at, lost.earliest)

    def _refuse_early(self, form: _Form) -> None:
        """Says no to a slot that is taken, or to a visitor who has spent all, without queueing for the write lock: in a
        rush most attempts end here."""
        with self.database.read() as session:
            found = making.look(session, self.keeper, form.conference_id, form.slots)
            now = self.clock()
            if len(found) == len(set(form.slots)) and not any(one.is_booked for one in found.values()):
                if form.door.visitor:
                    budgets.check(session, self.ledger.times, form.door.visitor, now, len(form.picks))
                return
            if _all_before(session, form):
                return
            for public_id in form.slots:
                if public_id not in found:
                    raise NotFound
                _check_is_free(session, found[public_id], now)

    def _guest(self, session: Session, conference_id: int, person: Person, door: Door) -> tuple[Guest, bool]:
        """The guest with this address; made in the same transaction if there is none. Raises `Spent`."""
        # Who has no address is nobody we know already.
        fingerprint = self.links.fingerprint(person.email.casefold() or secrets.token_hex(16))
        guest = Guest(
            conference_id=conference_id,
            name=person.name,
            email=person.email,
            email_fingerprint=fingerprint,
            phone=person.phone,
            language=person.language,
        )
        token = self.links.token("manage", guest.public_id, guest.manage_generation)
        guest.manage_token_hash = hashed(token)
        if making.add_guest(session, guest):
            return guest, True
        found = session.execute(
            select(Guest)
            .where(col(Guest.conference_id) == conference_id, col(Guest.email_fingerprint) == fingerprint)
            .with_for_update()
        ).scalar_one()
        if not door.proven and found.proven_at is None and not found.invited:
            # Nobody has proven the address: the mail about this form greets whom this form names.
            found.name, found.language = person.name, person.language
            session.add(found)
        return found, False

    def wait(
        self,
        conference_id: int,
        host_id: int,
        who: Person | int,
        child: str,
        school_class: str,
        door: Door = OWN,
        visitor: str = "",
    ) -> None:
        """Puts a family on a host's waiting list, as `note`. Raises as `waiting.join`."""

        def join(session: Session, conference: Conference, guest: Guest, by: Door) -> None:
            host = session.get_one(Host, host_id)
            if host.conference_id != conference.id:
                raise NotFound
            waiting.join(session, conference, host, guest, child, school_class, self.clock(), by.screen)

        self.note(conference_id, who, join, door, visitor, shows_link=False)

    def note(
        self,
        conference_id: int,
        who: Person | int,
        enter: Callable[[Session, Conference, Guest, Door], None],
        door: Door = OWN,
        visitor: str = "",
        *,
        shows_link: bool = True,
    ) -> Noted:
        """Notes something for a family in one transaction: for a guest by its id, who comes by `door`, or for somebody
        who says who it is, through the share link and from the address `visitor`. The answer may show a screen link
        where it `shows_link`. Raises what `enter` raises, and `Spent`."""
        person = who.checked() if isinstance(who, Person) else None
        door = self.share(visitor) if person else door

        def guest_of(session: Session) -> tuple[Guest, bool]:
            if person:
                return self._guest(session, conference_id, person, door)
            return session.get_one(Guest, who), False

        try:
            with self.database.write() as session:
                conference = session.get_one(Conference, conference_id)
                if person:
                    rules.check_share_link_books(conference)
                guest, _ = guest_of(session)
                paid = self._prices_of_person(person, door) if person else []
                budgets.pay(session, [*paid, *self._prices_of_change(door, guest, 0)], self.clock())
                shown = proof.show_link(session, guest, self.links, self.clock()) if person and shows_link else ""
                enter(session, conference, guest, replace(door, screen=shown or door.screen))
        except Refused as refused:
            self._pass_on(_Form(conference_id, door, (), guest_of, person=person), refused)
            raise
        return Noted(guest.id or 0, shown or door.screen)

    def move(
        self,
        booking_id: int,
        slot_public_id: str,
        *,
        by_guest: bool = True,
        message: str = "",
        door: Door = OWN,
    ) -> None:
        """Moves the booking to another free slot of the same host. `message` is for the family, in its mail."""
        try:
            with self.database.write() as session:
                conference, booking, old_slot = _booking(session, booking_id)
                now = self.clock()
                _, host, slot = _slot_with_host(session, booking.conference_id, slot_public_id)
                if slot.id == booking.slot_id and booking.state == "active":
                    return
                if slot.host_id != booking.host_id:
                    raise NotFound
                if by_guest:
                    rules.check_changeable(conference, booking, old_slot, now)
                elif booking.state != "active":
                    raise AlreadyCancelled
                guest = session.get_one(Guest, booking.guest_id)
                self._pay(session, door, guest, 1, now)
                taken.lock(session, [slot, old_slot])
                known = booking.guest_id if door.proven else None
                rules.check_slot(conference, host, slot, now, by_guest=by_guest, guest_id=known)
                if by_guest:
                    rules.check_place(conference, host, booking.place)
                _check_slot_is_free(session, conference, slot, now)
                if by_guest and slot.held_for != known:
                    taken.check_own_limits(session, conference, host, slot, booking_id)
                session.execute(delete(GuestMinute).where(col(GuestMinute.booking_id) == booking_id))
                given = elsewhere.give_back(session, booking)
                taken.check_minutes(session, booking.guest_id, slot)
                if not door.proven:
                    taken.check_offers(session, guest, slot)
                if (times := longer.times_of(session, old_slot)) > 1:
                    longer.stretch(session, conference, slot, times, booking.guest_id, by_guest=by_guest)
                    longer.restore(old_slot)
                booking.slot_id = slot.id or 0
                _taken_over(booking, door, by_guest)
                _raise_revision(session, booking, now, message)
                moments = (old_slot.starts_at.isoformat(), slot.starts_at.isoformat())
                history.note(session, booking, "moved", now, *moments)
                waiting.taken_up(session, slot, booking.guest_id)
                _write_booking(session, conference, host, booking, slot, now)
                _take_anew(session, booking, slot, now)
                waiting.offer(session, conference, host, old_slot, now)
                elsewhere.reopen(session, given, now)
                if door.proven:
                    waiting.reconsider(session, conference, guest, now)
        except _SlotLost as lost:
            raise self._slot_was_lost(lost) from lost
        except Refused as refused:
            if not door.proven and proof.depends_on_family(refused):
                self._tell_family(lambda session: (_guest_of(session, booking_id), False), refused)
            raise

    def lengthen(self, booking_id: int, times: int, message: str = "") -> None:
        """Gives the family so many times in a row, from where its appointment begins; one makes it as long as all
        others. Raises `NoTimeAfter`, `GuestBusy`, `Invalid`."""
        with self.database.write() as session:
            conference, booking, slot = _booking(session, booking_id)
            now = self.clock()
            if booking.state != "active":
                raise AlreadyCancelled
            if now >= slot.ends_at:
                raise TooLate(slot.starts_at)
            if longer.times_of(session, slot) != times:
                self.lengthen_in(session, conference, booking, slot, times, now, message)

    @staticmethod
    def lengthen_in(
        session: Session,
        conference: Conference,
        booking: Booking,
        slot: Slot,
        times: int,
        now: datetime,
        message: str | None = None,
    ) -> None:
        """As `lengthen`, in a transaction of the caller's; without a `message` the booking keeps its own."""
        host = session.get_one(Host, booking.host_id)
        taken.lock(session, [slot])
        before = slot.ends_at
        longer.stretch(session, conference, slot, times, booking.guest_id)
        history.note(session, booking, "length", now, before.isoformat(), slot.ends_at.isoformat())
        session.execute(delete(GuestMinute).where(col(GuestMinute.booking_id) == booking.id))
        given = elsewhere.give_back(session, booking)
        taken.check_minutes(session, booking.guest_id, slot)
        _raise_revision(session, booking, now, booking.message if message is None else message)
        try:
            _write_booking(session, conference, host, booking, slot, now)
        except _SlotLost as lost:
            raise NoTimeAfter from lost
        _take_anew(session, booking, slot, now)
        elsewhere.reopen(session, given, now)

    def change_place(
        self,
        booking_id: int,
        place: str,
        *,
        by_guest: bool = True,
        message: str = "",
        late: bool = False,
        door: Door = OWN,
    ) -> None:
        """Changes the place; the organiser is not bound by what is offered, only by what Nextcloud can do. With
        `late` a family may do it until the end of its appointment: its video does not work."""
        with self.database.write() as session:
            conference, booking, slot = _booking(session, booking_id)
            now = self.clock()
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
            self._pay(session, door, session.get_one(Guest, booking.guest_id), 0, now)
            _taken_over(booking, door, by_guest and not late)
            self.change_place_in(session, booking, place, now, message)

    def cancel(self, booking_id: int, *, by_guest: bool = True, message: str = "", door: Door = OWN) -> None:
        """Cancels; a guest only until the change deadline, an organiser always. Twice is once."""
        with self.database.write() as session:
            conference, booking, slot = _booking(session, booking_id)
            if booking.state == "cancelled":
                return
            if by_guest:
                rules.check_changeable(conference, booking, slot, self.clock())
            self._pay(session, door, session.get_one(Guest, booking.guest_id), 0, self.clock())
            self.cancel_in(session, booking, self.clock(), message, by="guest" if by_guest else "school")
            if by_guest:
                waiting.offer(session, conference, session.get_one(Host, booking.host_id), slot, self.clock())

    def restore(self, booking_id: int) -> None:
        """Takes back a cancellation of the school's, within `rules.UNDONE_WITHIN` and while its time is free. Raises
        `TooLate`, `SlotTaken`, `SlotBlocked`, `GuestBusy`."""
        try:
            with self.database.write() as session:
                conference, booking, slot = _booking(session, booking_id)
                now = self.clock()
                if booking.state == "active":
                    return
                guest = session.get_one(Guest, booking.guest_id)
                if (
                    booking.cancelled_by != "school"
                    or now >= booking.changed_at + rules.UNDONE_WITHIN
                    or guest.erase_by
                ):
                    raise TooLate(booking.changed_at + rules.UNDONE_WITHIN)
                host = session.get_one(Host, booking.host_id)
                taken.lock(session, [slot])
                rules.check_slot(conference, host, slot, now, by_guest=False)
                _check_slot_is_free(session, conference, slot, now)
                as_long = _stretched_again(session, conference, booking, slot)
                taken.check_minutes(session, booking.guest_id, slot)
                booking.state, booking.cancelled_by = "active", ""
                if conference.booking_by == "confirmed" and guest.proven_at is None and not guest.invited:
                    booking.confirm_by = now + rules.CONFIRM_WITHIN
                unheard = session.get_one(Effect, (booking.id, "mail")).applied_revision == booking.revision - 1
                _raise_revision(session, booking, now, untold=as_long and conference.mails_wait)
                if unheard and as_long and conference.mails_wait:
                    # The family has heard of neither: for it nothing has happened.
                    session.get_one(Effect, (booking.id, "mail")).applied_revision = booking.revision
                    companions.heard_nothing(session, booking)
                history.note(session, booking, "restored", now)
                _write_booking(session, conference, host, booking, slot, now)
                _take_anew(session, booking, slot, now)
        except _SlotLost as lost:
            raise self._slot_was_lost(lost) from lost

    def confirm_all(self, guest_id: int) -> None:
        """Confirms all that still waits for this family's word, as `confirm`."""
        to_confirm = select(col(Booking.id)).where(
            col(Booking.guest_id) == guest_id, col(Booking.state) == "active", col(Booking.confirm_by).is_not(None)
        )
        with self.database.read() as session:
            found = list(session.execute(to_confirm).scalars())
        for booking_id in found:
            self.confirm(booking_id or 0)

    def confirm(self, booking_id: int) -> None:
        """The family has opened the link in its mail and said yes; from now on all follows. Twice is once.

        Raises `AlreadyCancelled` when it came too late."""
        with self.database.write() as session:
            _, booking, _ = _booking(session, booking_id)
            if booking.state != "active":
                raise AlreadyCancelled
            if booking.confirm_by is None:
                return
            booking.confirm_by = None
            _raise_revision(session, booking, self.clock())
            # So far the family was asked, not told of an appointment: its next mail is the first.
            session.get_one(Effect, (booking.id, "mail")).applied_revision = 0

    def release_unconfirmed(self) -> int:
        """Gives the slots back that were held for nothing; returns how many. Nobody is written to again: the address
        may be somebody else's."""
        now = self.clock()
        late = select(col(Booking.id)).where(col(Booking.confirm_by) < now, col(Booking.state) == "active").limit(200)
        with self.database.read() as session:
            found = list(session.execute(late).scalars())
        for booking_id in found:
            with self.database.write() as session:
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
        history.note(session, booking, "place", now, booking.place, place)
        booking.place = place
        _raise_revision(session, booking, now, message)

    @staticmethod
    def cancel_in(session: Session, booking: Booking, now: datetime, message: str = "", by: str = "school") -> None:
        """As `change_place_in`; `by` is `guest` or `school`."""
        booking.state, booking.cancelled_by = "cancelled", by
        slot = session.get_one(Slot, booking.slot_id)
        history.note(session, booking, "cancelled", now, str(longer.times_of(session, slot)))
        booking.confirm_by = None
        _raise_revision(session, booking, now, message)
        session.execute(delete(GuestMinute).where(col(GuestMinute.booking_id) == booking.id))
        interpreting.free(session, booking)
        given = elsewhere.give_back(session, booking)
        longer.restore(slot)
        elsewhere.reopen(session, given, now)


def _stretched_again(session: Session, conference: Conference, booking: Booking, slot: Slot) -> bool:
    """Makes the slot as long as it was before the school cancelled it; where the times after it are gone, it is as long
    as others, which is better than none (false then)."""
    times = history.times_cancelled(session, booking.id or 0)
    if times < 2:
        return True
    try:
        with session.begin_nested():
            longer.stretch(session, conference, slot, times, booking.guest_id)
            taken.check_minutes(session, booking.guest_id, slot)
    except (NoTimeAfter, GuestBusy):
        session.refresh(slot)
        return False
    return True


def assign_slot(
    session: Session,
    found: tuple[Conference, Host, Slot],
    guest: Guest,
    place: str,
    child: str,
    school_class: str,
    now: datetime,
    screen: str = "",
) -> Booking:
    """Books a slot for a family in a transaction of the caller's: the result of a run, which no opening time and no
    limit keeps out. Raises `Refused` where the slot cannot be had any more."""
    conference, host, slot = found
    pick = Pick(slot.public_id, place, child, school_class, "")
    taken.lock(session, [slot])
    kept = Kept(conference, {host.id or 0: host})
    wanted = making.Wanted(kept, host, taken.is_booked(session, slot), slot.model_dump())
    try:
        with session.begin_nested():
            booking = _book_slot(session, wanted, pick, _Making(guest, Door("school", screen), False, now))
            return session.get_one(Booking, booking.id)
    except _SlotLost as lost:
        raise SlotTaken(lost.starts_at) from lost


@dataclass(frozen=True)
class _Making:
    """For whom bookings are being made, by which door, and whether they wait for the family's word."""

    guest: Guest
    door: Door
    confirm: bool
    now: datetime
    language: str = ""
    new_guest: bool = False
    has_nothing: bool = False
    form: str = ""


def _book_slot(session: Session, wanted: making.Wanted, pick: Pick, made_for: _Making) -> Booking:
    """The slot's row is held by the caller."""
    conference, host, slot = wanted.conference, wanted.host, wanted.slot
    guest, door, now = made_for.guest, made_for.door, made_for.now
    by_family = door.kind != "school"
    # Who has only typed an address does not get what is held for the family with it.
    known = guest.id if door.proven else None
    rules.check_slot(conference, host, slot, now, by_guest=by_family, guest_id=known, form=made_for.form)
    rules.check_place(conference, host, pick.place)
    _check_is_free(session, wanted, now)
    if by_family and slot.held_for != guest.id:
        taken.check_own_limits(session, conference, host, slot)
    if not made_for.has_nothing:
        _check_guest(session, conference, guest, host, slot, pick.child if by_family else None)
        if not door.proven:
            taken.check_offers(session, guest, slot)
    answers = pick.answers.checked(conference.asks)
    booking = Booking(
        conference_id=slot.conference_id,
        host_id=slot.host_id,
        slot_id=slot.id or 0,
        guest_id=guest.id or 0,
        place=pick.place,
        child=pick.child,
        school_class=pick.school_class,
        topic=answers.topic,
        needs=answers.listed,
        interpreter=answers.interpreter,
        screen=door.screen,
        language=made_for.language if not door.proven else "",
        visitor=door.visitor,
        confirm_by=now + rules.CONFIRM_WITHIN if made_for.confirm else None,
    )
    if slot.blocked_by == "held":
        waiting.taken_up(session, session.get_one(Slot, slot.id), guest.id or 0)
    session.flush()
    try:
        making.add_booking(session, booking, pick.idempotency_key, EFFECT_KINDS)
        elsewhere.take(session, host, booking, slot)
    except IntegrityError as error:
        raise _SlotLost(slot.host_id, slot.starts_at, rules.bookable_from(conference, now)) from error
    _take_minutes(session, booking, slot)
    interpreting.settle(session, booking, slot, now, new=True, insists=by_family and not answers.without)
    follow.bookings(session, [booking], now)
    history.note(session, booking, "booked", now, after=slot.starts_at.isoformat())
    households.tell_other(session, guest, booking, now)
    if door.proven:
        waiting.leave(session, slot.host_id, guest.id or 0)
    return booking


def _key_hash(conference_id: int, address: str, slots: Sequence[str], key: str, number: int) -> str:
    """What the database stores of a form's key, for each of its bookings; empty without a key. Bound to conference,
    address and slots: the same key with other content is another form."""
    return hashed("\n".join((str(conference_id), address, ",".join(slots), str(number), key))) if key else ""


def _all_before(session: Session, form: _Form) -> list[Booked]:
    """What the same form has booked before; empty when it is new. Raises `AlreadyCancelled` when nothing of it stands
    any more: it is not booked by sending an old form again."""
    known = making.before(session, form.keys)
    if known and not any(one.state == "active" for one in known):
        raise AlreadyCancelled
    return [Booked(one.booking_id, one.guest_id, new_guest=False, repeated=True, screen=one.screen) for one in known]


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


def _guest_of(session: Session, booking_id: int) -> Guest:
    return session.get_one(Guest, session.get_one(Booking, booking_id).guest_id)


def _check_slot_is_free(session: Session, conference: Conference, slot: Slot, now: datetime) -> None:
    if taken.is_booked(session, slot):
        raise _slot_taken(session, slot.host_id, slot.starts_at, rules.bookable_from(conference, now))


def _check_is_free(session: Session, wanted: making.Wanted, now: datetime) -> None:
    if wanted.is_booked:
        free = free_of(session, wanted.conference, wanted.host, rules.bookable_from(wanted.conference, now))
        raise _taken_but_for(free, wanted.columns["starts_at"])


def _slot_at(session: Session, lost: _SlotLost) -> Slot | None:
    found: Slot | None = session.execute(
        select(Slot).where(col(Slot.host_id) == lost.host_id, col(Slot.starts_at) == lost.starts_at)
    ).scalar_one_or_none()
    return found


def _slot_taken(session: Session, host_id: int, starts_at: datetime, earliest: datetime) -> SlotTaken:
    return _taken_but_for(free_starts(session, host_id, earliest), starts_at)


def _taken_but_for(free: Sequence[tuple[datetime, str]], starts_at: datetime) -> SlotTaken:
    return SlotTaken(starts_at, rules.next_free([start for start, _ in free], starts_at))


def _check_guest(
    session: Session, conference: Conference, guest: Guest, host: Host, slot: Slot, child: str | None
) -> None:
    """The limits hold for guests; the organiser (`child` None) is free of them."""
    if child is not None:
        taken.check_limits(session, conference, guest, host, child)
    taken.check_minutes(session, guest.id or 0, slot)


def _write_booking(
    session: Session, conference: Conference, host: Host, booking: Booking, slot: Slot, now: datetime
) -> None:
    """Writes what was moved; the database says whether the slot and the host are still free."""
    # Read before the flush: when it fails, the session forgets these objects.
    lost = _SlotLost(slot.host_id, slot.starts_at, rules.bookable_from(conference, now))
    try:
        session.flush()
        elsewhere.take(session, host, booking, slot)
    except IntegrityError as error:
        raise lost from error


def _take_minutes(session: Session, booking: Booking, slot: Slot) -> None:
    try:
        making.take_minutes(session, booking, slot)
    except IntegrityError as error:
        raise GuestBusy(slot.starts_at) from error


def _take_anew(session: Session, booking: Booking, slot: Slot, now: datetime) -> None:
    """The time is another one: the family's minutes, and whoever interprets."""
    _take_minutes(session, booking, slot)
    interpreting.settle(session, booking, slot, now)


def _taken_over(booking: Booking, door: Door, by_guest: bool) -> None:
    """What a family has changed by its own link is its own: the screen link that it was made by opens it no more."""
    if by_guest and door.kind == "own":
        booking.screen = ""


def _raise_revision(
    session: Session, booking: Booking, now: datetime, message: str = "", *, untold: bool = False
) -> None:
    """`untold`: the family's other household does not hear of it."""
    booking.revision += 1
    booking.changed_at = now
    booking.message = message
    session.add(booking)
    session.execute(update(Effect).where(col(Effect.booking_id) == booking.id).values(last_error=""))
    follow.bookings(session, [booking], now)
    if not untold:
        households.tell_other(session, session.get_one(Guest, booking.guest_id), booking, now)
    session.execute(delete(CalendarQuestion).where(col(CalendarQuestion.booking_id) == booking.id))


__all__ = ["Booked", "Desk", "Person", "Pick", "Refused", "free_starts"]
