# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who interprets, and when: a family that asks for a language gets a time with host and interpreter at once.

The primary key of `interpreter_minute` decides who was first, as that of `host_minute` does for hosts. The interpreter
of an appointment is a companion (`companions.LISTED`); an appointment that asks for a language and has nobody who
interprets is *uncovered*, which is a list for the office and nothing that is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from ..database import table_of
from ..moments import shifted
from . import companions, effects, elsewhere, follow, history, persons
from .errors import InterpreterBusy, Invalid, NotFound
from .person import Person, tidy
from .slots import TimeSpan, TimeWindow, minutes_of, window_span
from .spoken import language_of, languages_in
from .tables import Booking, Companion, Conference, Host, HostMinute, Interpreter, InterpreterMinute, Slot
from .taken import span_of
from .tokens import LinkKey, is_token
from .views import BookingView, booking_view

_ADD = table_of(InterpreterMinute).insert()
MOST = 200
"""Interpreters of one conference."""


@dataclass(frozen=True)
class Entry:
    """An interpreter as the office enters one; no `windows` for the whole conference."""

    name: str
    email: str
    languages: str
    language: str = "de"
    user_id: str = ""
    windows: Sequence[TimeWindow] = ()


# -- the list ------------------------------------------------------------------------------------------------------


def of_conference(session: Session, conference_id: int) -> list[Interpreter]:
    """By name."""
    mine = select(Interpreter).where(col(Interpreter.conference_id) == conference_id)
    return list(session.execute(mine.order_by(col(Interpreter.name), col(Interpreter.id))).scalars())


def find(session: Session, conference_id: int, public_id: str) -> Interpreter:
    """Raises `NotFound`."""
    found: Interpreter | None = session.execute(
        select(Interpreter).where(
            col(Interpreter.conference_id) == conference_id, col(Interpreter.public_id) == public_id
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def by_link(session: Session, links: LinkKey, public_id: str, token: str) -> Interpreter:
    """Whose own page it is. Raises `NotFound`."""
    found: Interpreter | None = session.execute(
        select(Interpreter).where(col(Interpreter.public_id) == public_id)
    ).scalar_one_or_none()
    if found is None or not is_token(links, "interpreter", public_id, found.generation, token):
        raise NotFound
    return found


def enter(session: Session, conference: Conference, entry: Entry, now: datetime) -> Interpreter:
    """Enters an interpreter, who is sent the link of the own page and gets what is uncovered. Raises `Invalid`."""
    count = select(func.count()).select_from(Interpreter).where(col(Interpreter.conference_id) == conference.id)
    if session.execute(count).scalar_one() >= MOST:
        raise Invalid("interpreters", "too_many_interpreters")
    made = Interpreter(conference_id=conference.id or 0, name="", email="", languages="")
    _set(made, conference, entry)
    session.add(made)
    session.flush()
    follow.interpreter(session, made, now)
    cover_open(session, conference, now)
    return made


def change(session: Session, conference: Conference, interpreter: Interpreter, entry: Entry, now: datetime) -> None:
    """What fits no more goes to another one or is uncovered. A new address gets a new link. Raises `Invalid`."""
    bookings = _lock_bookings(session, interpreter, now)
    before = interpreter.email
    _leave_all(session, interpreter, bookings, now)
    _set(interpreter, conference, entry)
    if interpreter.email != before:
        interpreter.generation, interpreter.told_at = interpreter.generation + 1, None
        for one in _asked_of(session, interpreter):
            one.email, one.told_revision, one.generation = interpreter.email, 0, one.generation + 1
    for one in _asked_of(session, interpreter):
        one.name, one.language = interpreter.name, interpreter.language
    session.add(interpreter)
    session.flush()
    follow.interpreter(session, interpreter, now)
    _settle_all(session, bookings, now)
    cover_open(session, conference, now)


def take_out(session: Session, interpreter: Interpreter, now: datetime) -> None:
    """The appointments go to others who are free, or are uncovered; the interpreter is told of each that was known. No
    link of the interpreter's opens anything any more, what is cancelled or over neither."""
    bookings = _lock_bookings(session, interpreter, now)
    session.execute(delete(InterpreterMinute).where(col(InterpreterMinute.interpreter_id) == interpreter.id))
    _leave_all(session, interpreter, bookings, now)
    coming = {booking.id for booking, _ in bookings}
    for one in _asked_of(session, interpreter):
        one.interpreter_id = None
        session.add(one)
        if one.booking_id in coming:
            companions.let_go(session, one, now)
        else:
            companions.end(session, one, now)
    session.delete(interpreter)
    session.flush()
    _settle_all(session, bookings, now)


def _leave_all(
    session: Session, interpreter: Interpreter, bookings: Sequence[tuple[Booking, Slot]], now: datetime
) -> None:
    for booking, _ in bookings:
        if _comes_along(session, interpreter, booking):
            elsewhere.leave_behind(session, interpreter.user_id, booking, now)


def _comes_along(session: Session, interpreter: Interpreter, booking: Booking) -> bool:
    """Whether the interpreter is a user of Nextcloud who gives minutes beside the appointment's hosts: one of these may
    speak the language, too."""
    if not interpreter.user_id:
        return False
    return interpreter.user_id not in persons.users_of(session, session.get_one(Host, booking.host_id))


def _set(interpreter: Interpreter, conference: Conference, entry: Entry) -> None:
    person = Person(entry.name, entry.email, entry.language).checked()
    if not languages_in(entry.languages):
        raise Invalid("languages", "languages_missing")
    for window in entry.windows:
        window_span(window, ZoneInfo(conference.time_zone))
    interpreter.name, interpreter.email, interpreter.language = person.name, person.email, entry.language
    interpreter.languages = tidy("languages", entry.languages, 300)
    interpreter.user_id = entry.user_id
    interpreter.times = [
        [one.day.isoformat(), one.starts.isoformat("minutes"), one.ends.isoformat("minutes")] for one in entry.windows
    ]


def windows_of(interpreter: Interpreter) -> list[TimeWindow]:
    return [
        TimeWindow(date.fromisoformat(day), time.fromisoformat(starts), time.fromisoformat(ends))
        for day, starts, ends in interpreter.times
    ]


def appointments(session: Session, interpreter: Interpreter) -> list[tuple[BookingView, Companion]]:
    """What the interpreter is asked for, by time; cancelled ones too."""
    found = [(booking_view(session, one.booking_id), one) for one in _asked_of(session, interpreter)]
    return sorted(found, key=lambda one: (one[0].starts_at, one[0].id))


# -- who is free ---------------------------------------------------------------------------------------------------


def is_there(interpreter: Interpreter, span: TimeSpan, zone: ZoneInfo) -> bool:
    """Whether the interpreter can come then, as far as the list says."""
    spans = [window_span(one, zone) for one in windows_of(interpreter)]
    return not spans or any(one.starts_at <= span.starts_at and span.ends_at <= one.ends_at for one in spans)


def spoken(session: Session, conference_id: int) -> list[str]:
    """The languages that somebody interprets, as `spoken.language_of` has them."""
    found = select(col(Interpreter.languages)).where(col(Interpreter.conference_id) == conference_id)
    return sorted({one for listed in session.execute(found).scalars() for one in languages_in(listed)})


def _who_speak(session: Session, conference_id: int, language: str, *, lock: bool = False) -> list[Interpreter]:
    """Those who interpret the language. With `lock` all of the conference are held, in the order of their ids: of two
    who want one at the same moment the second sees what the first has taken. Whoever holds bookings holds them before.
    """
    mine = select(Interpreter).where(col(Interpreter.conference_id) == conference_id).order_by(col(Interpreter.id))
    wanted = language_of(language)
    rows = session.execute(mine.with_for_update() if lock else mine).scalars()
    return [one for one in rows if wanted in languages_in(one.languages)]


def _busy(session: Session, who: Sequence[Interpreter], span: TimeSpan, but: int = 0) -> set[tuple[int, int]]:
    """Interpreters with minutes that they give within the span; who is a host, too, also as one, to other bookings
    than `but` or held for a family."""
    minutes, ids = minutes_of(span), [one.id for one in who]
    users = {one.user_id: one.id or 0 for one in who if one.user_id}
    rows = session.execute(
        select(col(InterpreterMinute.interpreter_id), col(InterpreterMinute.minute))
        .where(col(InterpreterMinute.interpreter_id).in_(ids))
        .where(col(InterpreterMinute.minute) >= minutes.start, col(InterpreterMinute.minute) < minutes.stop)
    )
    busy = set(rows.tuples())
    if users:
        as_hosts = session.execute(
            select(col(HostMinute.user_id), col(HostMinute.minute))
            .where(col(HostMinute.user_id).in_(users), col(HostMinute.booking_id) != but)
            .where(col(HostMinute.minute) >= minutes.start, col(HostMinute.minute) < minutes.stop)
        )
        busy |= {(users[user_id], minute) for user_id, minute in as_hosts}
        for user_id, interpreter_id in users.items():
            busy |= {(interpreter_id, minute) for minute in elsewhere.minutes_held(session, user_id, span)}
    return busy


def with_interpreter(
    session: Session, conference: Conference, language: str, free: Sequence[tuple[datetime, str]]
) -> list[tuple[datetime, str]]:
    """Those of a host's free times at which somebody who interprets the language is free, too; all of them where
    nobody interprets it."""
    who = _who_speak(session, conference.id or 0, language)
    if not who or not free:
        return list(free)
    zone, length = ZoneInfo(conference.time_zone), timedelta(minutes=conference.slot_minutes)
    whole = TimeSpan(min(start for start, _ in free), shifted(max(start for start, _ in free), length))
    busy = _busy(session, who, whole)

    def anybody(span: TimeSpan) -> bool:
        return any(
            is_there(one, span, zone) and not any((one.id, minute) in busy for minute in minutes_of(span))
            for one in who
        )

    return [(start, public_id) for start, public_id in free if anybody(TimeSpan(start, shifted(start, length)))]


# -- of one appointment --------------------------------------------------------------------------------------------


def settle(
    session: Session, booking: Booking, slot: Slot, now: datetime, *, new: bool = False, insists: bool = False
) -> None:
    """Gives the appointment whoever interprets its language at its time: whom it has already where that is possible,
    else another one, else nobody. To be called whenever its time has changed; costs nothing where no language is asked
    for. With `insists` raises `InterpreterBusy` where there are some and none is free. `new`: nothing was given yet."""
    if not booking.interpreter:
        return
    if not new:
        free(session, booking)
    if booking.state != "active":
        return
    who = _who_speak(session, booking.conference_id, booking.interpreter, lock=True)
    has = None if new else _listed(session, booking)
    if has and has.interpreter_id:
        who = [session.get_one(Interpreter, has.interpreter_id), *who]
        _leave_all(session, who[0], [(booking, slot)], now)
    if not who and has is None:
        return
    span, zone = span_of(slot), ZoneInfo(session.get_one(Conference, booking.conference_id).time_zone)
    for one in who:
        if is_there(one, span, zone) and _take(session, one, booking, slot):
            if has is None or has.interpreter_id != one.id:
                _give(session, booking, one, has, now)
            return
    if who and insists:
        raise InterpreterBusy(slot.starts_at, booking.interpreter)
    if has:
        companions.let_go(session, has, now)


def free(session: Session, booking: Booking) -> None:
    """The appointment takes no interpreter's minutes any more."""
    if booking.interpreter:
        session.execute(delete(InterpreterMinute).where(col(InterpreterMinute.booking_id) == booking.id))


def assign(session: Session, booking: Booking, interpreter: Interpreter | None, now: datetime) -> None:
    """The office's own choice, whatever languages and times the list says; None for nobody. Raises `InterpreterBusy`
    where the interpreter is somewhere else then, and `NotFound` for one of another conference."""
    slot = session.get_one(Slot, booking.slot_id)
    if interpreter and (interpreter.conference_id != booking.conference_id or booking.state != "active"):
        raise NotFound
    has = _listed(session, booking)
    session.execute(delete(InterpreterMinute).where(col(InterpreterMinute.booking_id) == booking.id))
    if has and has.interpreter_id:
        _leave_all(session, session.get_one(Interpreter, has.interpreter_id), [(booking, slot)], now)
    names = (has.name if has else "", interpreter.name if interpreter else "")
    history.note(session, booking, "interpreter", now, *names)
    if interpreter is None:
        if has:
            companions.let_go(session, has, now)
    else:
        booking.interpreter = booking.interpreter or interpreter.languages.partition(",")[0].strip()
        if not _take(session, interpreter, booking, slot):
            raise InterpreterBusy(slot.starts_at, booking.interpreter)
        if has is None or has.interpreter_id != interpreter.id:
            _give(session, booking, interpreter, has, now)
    effects.event_follows(session, booking, now)


def _take(session: Session, interpreter: Interpreter, booking: Booking, slot: Slot) -> bool:
    """False where one of the minutes is given away, also as a host."""
    span = span_of(slot)
    if _busy(session, [interpreter], span, booking.id or 0):
        return False
    rows = [
        {"interpreter_id": interpreter.id, "minute": minute, "booking_id": booking.id} for minute in minutes_of(span)
    ]
    try:
        with session.begin_nested():
            session.connection().execute(_ADD, rows)
            if _comes_along(session, interpreter, booking):
                elsewhere.take_along(session, interpreter.user_id, booking, slot)
    except IntegrityError:
        return False
    return True


def _give(session: Session, booking: Booking, interpreter: Interpreter, has: Companion | None, now: datetime) -> None:
    if has:
        companions.let_go(session, has, now)
    made = Companion(
        booking_id=booking.id or 0,
        interpreter_id=interpreter.id,
        seat=companions.LISTED,
        kind="interpreter",
        name=interpreter.name,
        email=interpreter.email,
        language=interpreter.language,
    )
    session.add(made)
    session.flush()
    if booking.confirm_by is None:
        follow.people(session, [made], now)


def _listed(session: Session, booking: Booking) -> Companion | None:
    found: Companion | None = session.execute(
        select(Companion).where(col(Companion.booking_id) == booking.id, col(Companion.seat) == companions.LISTED)
    ).scalar_one_or_none()
    return found


# -- what is uncovered ---------------------------------------------------------------------------------------------


def uncovered(session: Session, conference_id: int, now: datetime) -> list[tuple[Booking, Slot]]:
    """Appointments to come that ask for a language and have nobody who interprets, by time. Whom a family brings along
    counts."""
    interprets = exists().where(
        col(Companion.booking_id) == col(Booking.id),
        col(Companion.kind) == "interpreter",
        col(Companion.seat).is_not(None),
    )
    rows = session.execute(
        select(Booking, Slot)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.conference_id) == conference_id, col(Booking.state) == "active")
        .where(col(Booking.interpreter) != "", col(Slot.ends_at) > now, ~interprets)
        .order_by(col(Slot.starts_at), col(Booking.id))
    )
    return list(rows.tuples())


def who_could(session: Session, conference: Conference, booking: Booking, slot: Slot) -> list[Interpreter]:
    """Who is free then, those first who interpret the language and are there."""
    wanted, zone, span = language_of(booking.interpreter), ZoneInfo(conference.time_zone), span_of(slot)
    everybody = of_conference(session, conference.id or 0)
    busy = {one for one, _ in _busy(session, everybody, span, booking.id or 0)}
    return sorted(
        (one for one in everybody if one.id not in busy),
        key=lambda one: (wanted not in languages_in(one.languages), not is_there(one, span, zone)),
    )


def cover_open(session: Session, conference: Conference, now: datetime) -> None:
    """Gives what is uncovered to who can interpret it now. The appointments are held and read anew first: a family may
    just be moving or cancelling one."""
    open_ones = [booking.id for booking, _ in uncovered(session, conference.id or 0, now)]
    if not open_ones:
        return
    for booking, slot in _held(session, col(Booking.id).in_(open_ones)):
        if booking.state == "active" and booking.interpreter and _listed(session, booking) is None:
            _settle(session, booking, slot, now)


def _settle(session: Session, booking: Booking, slot: Slot, now: datetime) -> None:
    before = _listed(session, booking)
    was = before.id if before else None
    settle(session, booking, slot, now)
    after = _listed(session, booking)
    if (after.id if after else None) != was:
        effects.event_follows(session, booking, now)


def _settle_all(session: Session, bookings: Sequence[tuple[Booking, Slot]], now: datetime) -> None:
    for booking, slot in bookings:
        before = booking.revision
        _settle(session, booking, slot, now)
        if booking.revision == before:
            effects.event_follows(session, booking, now)  # the name may be another one


def _lock_bookings(session: Session, interpreter: Interpreter, now: datetime) -> list[tuple[Booking, Slot]]:
    """The interpreter's appointments to come, their rows held."""
    asked = select(col(Companion.booking_id)).where(
        col(Companion.interpreter_id) == interpreter.id, col(Companion.seat).is_not(None)
    )
    coming = (col(Booking.state) == "active") & (col(Slot.ends_at) > now)
    return _held(session, col(Booking.id).in_(asked) & coming)


def _held(session: Session, which: ColumnElement[bool]) -> list[tuple[Booking, Slot]]:
    """These appointments, their rows held and read anew, in the order of their ids."""
    rows = session.execute(
        select(Booking, Slot)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(which)
        .order_by(col(Booking.id))
        .with_for_update(of=Booking)
        .execution_options(populate_existing=True)
    )
    return list(rows.tuples())


def _asked_of(session: Session, interpreter: Interpreter) -> list[Companion]:
    mine = select(Companion).where(col(Companion.interpreter_id) == interpreter.id, col(Companion.seat).is_not(None))
    return list(session.execute(mine.order_by(col(Companion.id))).scalars())
