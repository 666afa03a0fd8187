# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Work on many families at once: switching the place of their bookings, cancelling them all, writing to them.

A job is a list of guests. Each guest is done in one transaction that also takes it off the list, so a job that was
killed goes on where it was, nothing is done twice, and a family with several appointments gets one mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from ..database import PATIENCE, Database, apart
from ..moments import local
from . import absence, elsewhere, families, follow, history, lookup, taken, windows, wishes
from .booking import Desk
from .errors import Invalid, NotFound, Refused
from .tables import VIDEO, Booking, Conference, Effect, Guest, Host, Job, JobItem, Place, Slot, WaitingEntry

MOST_TRIES = 3


@dataclass(frozen=True)
class Scope:
    """Which bookings: of the whole conference, of one `day` (in its zone), of one host, of one class, or of all of
    these. `unbooked` are not bookings but the families that were entered and have none."""

    day: date | None = None
    host_user_id: str = ""
    unbooked: bool = False
    school_class: str = ""

    @property
    def payload(self) -> dict[str, str]:
        """As a job keeps it."""
        day = self.day.isoformat() if self.day else ""
        return {"day": day, "host": self.host_user_id, "class": self.school_class}

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Scope":
        day = date.fromisoformat(payload["day"]) if payload.get("day") else None
        return cls(day, payload.get("host", ""), school_class=payload.get("class", ""))


@dataclass(frozen=True)
class Unable:
    """Bookings that stay as they are, because their host cannot do it."""

    host_user_id: str
    host_name: str
    bookings: int
    reason: str


@dataclass(frozen=True)
class SwitchPreview:
    """What a switch would do: `already` are at that place, `unable` stay where they are."""

    bookings: int
    guests: int
    already: int
    unable: list[Unable]


class NothingToDo(Refused):
    """The job would change no booking."""

    code = "nothing_to_do"


class NoChannel(Refused):
    """Nothing is there that could send a message."""

    code = "no_channel"


def preview_switch(
    session: Session, conference: Conference, place: Place, scope: Scope, now: datetime
) -> SwitchPreview:
    rows = _affected(session, conference, scope, now)
    moving = [row for row in rows if row.booking.place != place]
    able = [row for row in moving if _able(row.host, place)]
    unable: dict[str, Unable] = {}
    for row in moving:
        if not _able(row.host, place):
            before = unable.get(row.host.user_id)
            count = (before.bookings if before else 0) + 1
            unable[row.host.user_id] = Unable(row.host.user_id, row.host.display_name, count, row.host.problem)
    return SwitchPreview(
        len(able), len({row.booking.guest_id for row in able}), len(rows) - len(moving), list(unable.values())
    )


def start_switch(
    session: Session, conference: Conference, place: Place, scope: Scope, message: str, offer: bool, now: datetime
) -> Job:
    """Begins to switch; with `offer` families can book only this place from now on (whole conference or one host).

    Raises `NothingToDo` when neither a booking nor what is offered would change."""
    rows = _affected(session, conference, scope, now)
    guests = {row.booking.guest_id for row in rows if row.booking.place != place and _able(row.host, place)}
    offers = offer and scope.day is None and not scope.school_class and _offer_only(session, conference, place, scope)
    if not guests and not offers:
        raise NothingToDo
    payload = scope.payload | {"place": place, "message": message}
    return _start(session, conference, "switch_place", payload, guests, now)


@dataclass(frozen=True)
class Absence:
    """A host does not come: who takes over (empty: nobody), what becomes of appointments whose time the substitute
    does not have, and whether the host takes part in nothing more afterwards."""

    scope: Scope
    substitute: str = ""
    otherwise: absence.Otherwise = "nearest"
    leaves: bool = False


def plan_absence(session: Session, conference: Conference, wanted: Absence, now: datetime) -> absence.Plan:
    """What would become of the appointments. Raises `Invalid`, and `NotFound` for a host who is not there."""
    _, substitute = _persons(session, conference, wanted)
    found = [row.booking for row in _affected(session, conference, wanted.scope, now)]
    return absence.plan(session, conference, found, substitute, wanted.otherwise, now)


def start_absence(session: Session, conference: Conference, wanted: Absence, message: str, now: datetime) -> Job:
    """Closes the host's free times and begins to move or cancel the appointments, each family with one mail. Raises as
    `plan_absence`."""
    host, _ = _persons(session, conference, wanted)
    planned = plan_absence(session, conference, wanted, now)
    guests = {row.booking.guest_id for row in _affected(session, conference, wanted.scope, now)}
    closed = 0 if wanted.scope.school_class else absence.close_times(session, host, wanted.scope.day, now)
    if not guests and not closed and not wanted.leaves:
        raise NothingToDo
    payload = wanted.scope.payload | {
        "substitute": wanted.substitute,
        "otherwise": wanted.otherwise,
        "leaves": wanted.leaves,
        "slots": planned.slots,
        "message": message,
    }
    job = _start(session, conference, "absence", payload, guests, now)
    if not guests:
        absence.finish(session, host, leaves=wanted.leaves)
    return job


def _persons(session: Session, conference: Conference, wanted: Absence) -> tuple[Host, Host | None]:
    host = lookup.find_host(session, conference.id or 0, wanted.scope.host_user_id)
    if not wanted.substitute:
        return host, None
    substitute = lookup.find_host(session, conference.id or 0, wanted.substitute)
    if substitute.id == host.id:
        raise Invalid("substitute", "substitute_is_absent")
    if substitute.state != "joined":
        raise Invalid("substitute", "substitute_not_joined")
    return host, substitute


def start_cancelling(session: Session, conference: Conference, message: str, now: datetime) -> Job:
    """Begins to cancel everything that is still to come; booking is closed with it."""
    guests = {row.booking.guest_id for row in _affected(session, conference, Scope(), now)}
    if not guests:
        raise NothingToDo
    conference.state = "closed"
    session.add(conference)
    return _start(session, conference, "cancel_all", {"message": message}, guests, now)


def start_undoing(session: Session, conference: Conference, bookings: Sequence[str], now: datetime) -> Job:
    """Begins to cancel these bookings (public ids), because they were entered by somebody who is no family. Raises
    `NothingToDo` where none of them is active."""
    rows = session.execute(
        select(col(Booking.guest_id)).where(
            col(Booking.conference_id) == conference.id,
            col(Booking.public_id).in_(bookings),
            col(Booking.state) == "active",
        )
    ).scalars()
    guests = set(rows)
    if not guests:
        raise NothingToDo
    return _start(session, conference, "undo", {"bookings": list(bookings), "message": ""}, guests, now)


def start_message(
    session: Session, conference: Conference, scope: Scope, subject: str, text: str, now: datetime
) -> Job:
    """Begins to write to the families with appointments still to come. Raises `Invalid` for an empty message and
    `NothingToDo` when nobody would get it."""
    if not subject.strip():
        raise Invalid("subject", "subject_missing")
    if not text.strip():
        raise Invalid("text", "text_missing")
    guests = message_guests(session, conference, scope, now)
    if not guests:
        raise NothingToDo
    return _start(session, conference, "message", {"subject": subject.strip(), "text": text.strip()}, guests, now)


def start_inviting(session: Session, conference: Conference, again: bool, now: datetime) -> Job:
    """Begins to write to the families that were entered, have an address and no appointment; those who were invited by
    mail before only with `again`. Raises `NothingToDo` when nobody would get it."""
    guests = invited_guests(session, conference, again)
    if not guests:
        raise NothingToDo
    return _start(session, conference, "invitation", {"guests": sorted(guests)}, guests, now)


def invited_guests(session: Session, conference: Conference, again: bool) -> set[int]:
    """Whom `start_inviting` would write to."""
    found = set(families.without_booking(session, conference))
    rows = session.execute(select(col(Guest.id)).where(col(Guest.id).in_(found), col(Guest.email) != "")).scalars()
    reachable = {guest_id for guest_id in rows if guest_id}
    return reachable if again else reachable - mailed_before(session, conference)


def mailed_before(session: Session, conference: Conference) -> set[int]:
    """Families whose invitation was sent by mail or is about to be."""
    earlier = session.execute(
        select(col(Job.payload)).where(col(Job.conference_id) == conference.id, col(Job.kind) == "invitation")
    ).scalars()
    return {guest_id for payload in earlier for guest_id in payload.get("guests", [])}


def write_to(session: Session, guest: Guest, subject: str, text: str, now: datetime) -> Job:
    """Begins to write to one family. The job says to which, so that it can go with it."""
    conference = session.get_one(Conference, guest.conference_id)
    payload = {"subject": subject, "text": text, "guests": [guest.id]}
    return _start(session, conference, "message", payload, {guest.id or 0}, now)


def message_guests(session: Session, conference: Conference, scope: Scope, now: datetime) -> set[int]:
    """Who gets a message: guests with an address and an appointment in this scope, or without any."""
    if scope.unbooked:
        found = set(families.without_booking(session, conference))
    else:
        found = {row.booking.guest_id for row in _affected(session, conference, scope, now)}
    rows = session.execute(select(col(Guest.id)).where(col(Guest.id).in_(found), col(Guest.email) != "")).scalars()
    return {guest_id for guest_id in rows if guest_id}


def message_sent(session: Session, job_id: int, guest_id: int, now: datetime, reached: bool = True) -> None:
    """Takes the guest off the list; the last one ends the job. `reached` is false where it was given up."""
    job = session.execute(select(Job).where(col(Job.id) == job_id).with_for_update()).scalar_one_or_none()
    item = session.get(JobItem, (job_id, guest_id))
    if job is None or item is None:
        return
    session.delete(item)
    job.done += 1
    job.changed += reached
    if job.done >= job.total:
        job.finished_at = now


def _start(
    session: Session, conference: Conference, kind: str, payload: dict[str, Any], guests: set[int], now: datetime
) -> Job:
    job = Job(
        conference_id=conference.id or 0,
        kind=kind,
        payload=payload | {"who": history.acting.get()},
        total=len(guests),
        created_at=now,
        finished_at=None if guests else now,
    )
    session.add(job)
    session.flush()
    session.add_all(JobItem(job_id=job.id or 0, guest_id=guest_id) for guest_id in guests)
    follow.job(session, job, guests, now)
    return job


def run(database: Database, job_id: int, clock: Callable[[], datetime]) -> None:
    """Does what is left of the job. Several may run it at once; each guest is done by one of them. What has changed is
    due for the effects from then on."""
    while True:
        with database.write(PATIENCE) as session:
            # The row lock makes a second process wait here and find the guest gone.
            job = session.execute(select(Job).where(col(Job.id) == job_id).with_for_update()).scalar_one_or_none()
            if job is None or job.finished_at:
                return
            item = session.execute(
                select(JobItem)
                .where(col(JobItem.job_id) == job_id)
                .order_by(col(JobItem.attempts), col(JobItem.guest_id))
                .limit(1)
            ).scalar_one_or_none()
            if item is None:
                job.finished_at = clock()
                if job.kind == "assign":
                    wishes.finish(session, job, clock())
                elif job.kind == "absence":
                    host = lookup.find_host(session, job.conference_id, job.payload["host"])
                    if not job.payload["class"]:
                        # What families gave back since it began is not offered to the next ones.
                        absence.close_times(session, host, Scope.of(job.payload).day, clock())
                    absence.finish(session, host, leaves=job.payload["leaves"])
                return
            _one(session, job, item, clock())


def _one(session: Session, job: Job, item: JobItem, now: datetime) -> None:
    """One guest of the job. Who cannot be done comes last, and is left out after some tries: the others are done, and
    the job ends with fewer changed than it has guests."""
    changed = None
    with apart(session, "job"), history.acted_by(job.payload.get("who", "")):
        changed = _do(session, job, item.guest_id, now)
        session.flush()
    item.attempts += 1
    if changed is not None or item.attempts >= MOST_TRIES:
        job.changed += changed or 0
        job.done += 1
        session.delete(item)


def _do(session: Session, job: Job, guest_id: int, now: datetime) -> int:
    """Changes the guest's bookings; returns how many."""
    if job.kind == "assign":
        return wishes.book_family(session, job, guest_id, now)
    conference = session.get_one(Conference, job.conference_id)
    payload = job.payload
    rows = _affected(session, conference, Scope.of(payload), now, guest_id)
    if job.kind == "absence" and rows:
        name = payload["substitute"]
        other = [lookup.find_host(session, job.conference_id, name).id or 0] if name else []
        taken.lock_hosts(session, {*(row.booking.host_id for row in rows), *other})
    changed = 0
    for row in rows:
        if job.kind == "undo":
            if row.booking.public_id not in payload["bookings"]:
                continue
            _undo(session, row.booking, now)
        elif job.kind == "absence":
            _hand_over(session, row, payload, now)
        elif job.kind == "cancel_all":
            Desk.cancel_in(session, row.booking, now, payload["message"])
        elif row.booking.place != payload["place"] and _able(row.host, payload["place"]):
            Desk.change_place_in(session, row.booking, payload["place"], now, payload["message"])
        else:
            continue
        changed += 1
    return changed


def _hand_over(session: Session, row: "_Row", payload: dict[str, Any], now: datetime) -> None:
    name = payload["substitute"]
    substitute = lookup.find_host(session, row.booking.conference_id, name) if name else None
    slot = session.get_one(Slot, row.booking.slot_id)
    planned = payload["slots"].get(row.booking.public_id, "")
    absence.hand_over(session, row.booking, substitute, planned, payload["otherwise"], payload["message"], now)
    session.flush()
    if not payload["class"] and not slot.blocked:
        windows.block(session, slot, "organiser")


def _undo(session: Session, booking: Booking, now: datetime) -> None:
    """Cancels it, takes the family off the waiting lists, and writes to nobody whose address is not proven."""
    Desk.cancel_in(session, booking, now)
    guest = session.get_one(Guest, booking.guest_id)
    if guest.proven_at is not None or guest.invited:
        return
    session.get_one(Effect, (booking.id, "mail")).applied_revision = booking.revision
    session.execute(delete(WaitingEntry).where(col(WaitingEntry.guest_id) == guest.id))
    for slot in taken.offers_to(session, guest):
        taken.lock(session, [slot])
        elsewhere.let_go(session, slot, now)


@dataclass(frozen=True)
class _Row:
    booking: Booking
    host: Host


def _affected(
    session: Session, conference: Conference, scope: Scope, now: datetime, guest_id: int | None = None
) -> Sequence[_Row]:
    """Active bookings that are still to come."""
    query = (
        select(Booking, Host, col(Slot.starts_at))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Slot.starts_at) > now)
        .order_by(col(Booking.id))
    )
    if scope.host_user_id:
        query = query.where(col(Host.user_id) == scope.host_user_id)
    if guest_id is not None:
        query = query.where(col(Booking.guest_id) == guest_id)
    zone = ZoneInfo(conference.time_zone)
    return [
        _Row(booking, host)
        for booking, host, starts_at in session.execute(query)
        if (scope.day is None or local(starts_at, zone).date() == scope.day)
        and (not scope.school_class or absence.of_class([booking], scope.school_class))
    ]


def _able(host: Host, place: str) -> bool:
    return place != VIDEO or host.can_video


def _offer_only(session: Session, conference: Conference, place: Place, scope: Scope) -> bool:
    """Lets families book only this place; returns whether that is new."""
    target: Conference | Host = conference
    if scope.host_user_id:
        found = session.execute(
            select(Host).where(col(Host.conference_id) == conference.id, col(Host.user_id) == scope.host_user_id)
        ).scalar_one_or_none()
        if found is None:
            raise NotFound
        target = found
    video = place == VIDEO
    changes = (target.offers_video, target.offers_on_site) != (video, not video)
    target.offers_video, target.offers_on_site = video, not video
    session.add(target)
    return changes


def guests_reached(session: Session, conference: Conference) -> int:
    """Guests with an active booking: who gets a mail when everything is cancelled."""
    count: int = session.execute(
        select(func.count(col(Guest.id).distinct()))
        .join(Booking, col(Booking.guest_id) == col(Guest.id))
        .where(col(Guest.conference_id) == conference.id, col(Booking.state) == "active")
    ).scalar_one()
    return count
