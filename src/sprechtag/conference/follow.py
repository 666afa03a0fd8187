# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What has to follow a change here: the errands that the conference puts, and under which names.

The record of what is behind stands with the thing itself (a booking's revision and its effects, a letter that was not
sent, a job that is not finished). An errand only says that somebody has to look; `level` puts those that are missing,
after a restart, an update or a restored backup."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, literal, select
from sqlmodel import Session, col

from ..errands import queue
from ..errands.queue import Put
from ..errands.table import Errand
from .tables import (
    Booking,
    Companion,
    Conference,
    Effect,
    EventToEmpty,
    GuestLetter,
    Host,
    Interpreter,
    Job,
    JobItem,
    NoticeKind,
    PaperJob,
    WishRun,
    still_to_follow,
)

BOOKING, MAIL, LETTER, MESSAGE = "booking", "mail", "letter", "message"
JOB, RUN, PAPER, REHEARSAL = "job", "run", "paper", "rehearsal"
NOTICE, HOST, CALENDAR, EMPTY, OFFERS, HEAR = "notice", "host", "calendar", "empty", "offers", "hear"
ORGANISER, PEOPLE = "organiser", "people"
DAY, ROOMS, RELAYS, REMINDERS = TIMES = "day", "rooms", "relays", "reminders"
"""What rests until the next conference is near."""
URGENT, NEWS, LETTERS, MESSAGES = 0, 1, 2, 3
"""Ranks: what a family must hear soon comes before what it may hear later, where a channel sets the pace."""
URGENT_LETTERS = {"offer", "late", "link", "new_link", "reminder"}
MAIL_JOBS = ("message", "invitation")
"""What is sent family by family; the other jobs are work in the database."""
NOTICED_WITHIN = timedelta(days=2)


def bookings(session: Session, changed: Iterable[Booking], now: datetime, *, mail: bool = True) -> None:
    """Has room and event brought up to these bookings and, with `mail`, their families told. While a booking waits for
    its family's word, it gets a mail and nothing else happens."""
    errands: list[Put] = []
    for booking in changed:
        if booking.confirm_by is None:
            errands.append(Put(BOOKING, str(booking.id), now, f"host:{booking.host_id}"))
        if mail:
            rank = URGENT if booking.revision > 1 else NEWS
            errands.append(Put(MAIL, str(booking.guest_id), now, f"family:{booking.guest_id}", rank))
    # One mail for all that is new with a family.
    queue.put(session, *{(one.kind, one.key): one for one in errands}.values())


def mail(session: Session, guest_id: int, now: datetime) -> None:
    """Has a look taken at what this family has to be told."""
    queue.put(session, Put(MAIL, str(guest_id), now, f"family:{guest_id}"))


def people(session: Session, companions: Iterable[Companion], now: datetime) -> None:
    """Has those told who come to an appointment, or are not asked for any more; an interpreter of all at once."""
    puts = {}
    for one in companions:
        key, of = (f"i{one.interpreter_id}", "interpreter") if one.interpreter_id else (str(one.id), "companion")
        puts[key] = Put(PEOPLE, key, now, f"{of}:{one.interpreter_id or one.id}", URGENT)
    queue.put(session, *puts.values())


def people_of(session: Session, booking_id: int, now: datetime) -> None:
    """As `people`, for all who are asked to come to an appointment."""
    mine = select(Companion).where(col(Companion.booking_id) == booking_id, col(Companion.seat).is_not(None))
    people(session, session.execute(mine).scalars(), now)


def interpreter(session: Session, entered: Interpreter, now: datetime) -> None:
    """Has an interpreter sent the link of the own page."""
    queue.put(session, Put(PEOPLE, f"i{entered.id}", now, f"interpreter:{entered.id}", NEWS))


def letter(session: Session, letter_id: int, guest_id: int, kind: str, now: datetime, expires_at: datetime) -> None:
    letters(session, [(letter_id, guest_id, kind, expires_at)], now)


def letters(session: Session, written: Iterable[Any], now: datetime) -> None:
    """Each is its id, the family's, its kind, and until when it makes sense."""
    ranks = dict.fromkeys(URGENT_LETTERS, URGENT)
    puts = (
        Put(LETTER, str(letter_id), now, f"family:{guest_id}", ranks.get(kind, LETTERS), expires_at)
        for letter_id, guest_id, kind, expires_at in written
    )
    queue.put(session, *puts)


def job(session: Session, started: Job, guests: Iterable[int], now: datetime) -> None:
    if started.kind in MAIL_JOBS:
        queue.put(session, *(Put(MESSAGE, f"{started.id}:{one}", now, f"family:{one}", MESSAGES) for one in guests))
    else:
        queue.put(session, Put(JOB, str(started.id), now, f"conference:{started.conference_id}"))


def notice(session: Session, conference_id: int, user_id: str, kind: NoticeKind, now: datetime, about: str) -> None:
    """Has a user told something in Nextcloud; once where the same is still waiting to go out."""
    key = f"{conference_id}:{kind}:{about}:{user_id}"
    payload = {"conference": conference_id, "user": user_id, "kind": kind, "about": about}
    put = Put(NOTICE, key, now, f"user:{user_id}", expires_at=now + NOTICED_WITHIN, payload=payload)
    if not queue.of(session, NOTICE, [key]):
        queue.put(session, put)


def forget_notices(session: Session, about: Iterable[str]) -> None:
    """Nobody is told of these any more."""
    gone = set(about)
    waiting = session.execute(select(col(Errand.key), col(Errand.payload)).where(col(Errand.kind) == NOTICE))
    queue.forget(session, NOTICE, [key for key, payload in waiting if payload.get("about") in gone])


def run(session: Session, made: WishRun, now: datetime) -> None:
    queue.put(session, Put(RUN, str(made.id), now, "run"))


def paper(session: Session, asked: PaperJob, now: datetime) -> None:
    queue.put(session, Put(PAPER, str(asked.id), now, "paper"))


def rehearsal(session: Session, conference: Conference, now: datetime) -> None:
    queue.put(session, Put(REHEARSAL, str(conference.id), now, f"user:{conference.organiser_id}"))


def host(session: Session, joined: Host, now: datetime) -> None:
    """Has a look taken at what the host can do, and at the host's calendars, of which Nextcloud shall tell."""
    queue.put(session, Put(HOST, str(joined.id), now, f"check:{joined.id}"), Put(HEAR, "", now))
    calendar(session, joined, now)


def organiser(session: Session, conference: Conference, now: datetime) -> None:
    """Has a look taken at the organiser's Mail account."""
    user_id = conference.organiser_id
    queue.put(session, Put(ORGANISER, user_id, now, f"check:{user_id}"))


def times(session: Session, now: datetime) -> None:
    """Has all look anew that rests until a conference is near: its times have changed."""
    queue.put(session, *(Put(kind, "", now) for kind in TIMES))


def calendar(session: Session, joined: Host, now: datetime) -> None:
    queue.put(session, Put(CALENDAR, str(joined.id), now, f"reading:{joined.id}"))


def emptying(session: Session, user_ids: Iterable[str], now: datetime) -> None:
    queue.put(session, *(Put(EMPTY, user_id, now, f"empty:{user_id}") for user_id in set(user_ids)))


def offers(session: Session, now: datetime) -> None:
    """Has a look taken at the waiting lists and at what is held, now or when something that is held ends."""
    queue.put(session, Put(OFFERS, "", now))


# -- all that is behind --------------------------------------------------------------------------------------------


def level(session: Session, now: datetime) -> int:
    """Puts an errand for everything that is behind and has none; returns how many. Twice is once."""
    family, host_of = lane("family", col(Booking.guest_id)), lane("host", col(Booking.host_id))
    behind = (
        select(Booking)
        .join(Effect, col(Effect.booking_id) == col(Booking.id))
        .where(col(Effect.behind), still_to_follow())
    )
    outside = behind.where(col(Effect.kind) != "mail").where(
        col(Booking.confirm_by).is_(None) | (col(Booking.state) != "active")
    )
    unsent = select(GuestLetter).where(col(GuestLetter.sent_at).is_(None), col(GuestLetter.expires_at) > now)
    unsaid = select(JobItem).join(Job, col(Job.id) == col(JobItem.job_id)).where(col(Job.kind).in_(MAIL_JOBS))
    unfinished = select(Job).where(col(Job.finished_at).is_(None), col(Job.kind).not_in(MAIL_JOBS))
    asked = select(Conference).where(col(Conference.rehearsal).in_(("wanted", "ending")))
    untold, key_of = _untold(), literal("i") + cast(col(Companion.interpreter_id), String)
    alone, listed = col(Companion.interpreter_id).is_(None), col(Companion.interpreter_id).is_not(None)
    entered = select(Interpreter).where(col(Interpreter.told_at).is_(None))
    of_list = literal("i") + cast(col(Interpreter.id), String)
    message = cast(col(JobItem.job_id), String) + ":" + cast(col(JobItem.guest_id), String)
    emptied = col(EventToEmpty.user_id)
    missing = [
        (BOOKING, each(outside, col(Booking.id), host_of), NEWS),
        (
            MAIL,
            each(behind.where(col(Effect.kind) == "mail"), col(Booking.guest_id), family),
            NEWS,
        ),
        (
            LETTER,
            each(unsent, col(GuestLetter.id), lane("family", col(GuestLetter.guest_id)), col(GuestLetter.expires_at)),
            LETTERS,
        ),
        (PEOPLE, each(untold.where(alone), col(Companion.id), lane("companion", col(Companion.id))), URGENT),
        (PEOPLE, each(untold.where(listed), key_of, lane("interpreter", col(Companion.interpreter_id))), URGENT),
        (PEOPLE, each(entered, of_list, lane("interpreter", col(Interpreter.id))), NEWS),
        (MESSAGE, each(unsaid, message, lane("family", col(JobItem.guest_id))), MESSAGES),
        (JOB, each(unfinished, col(Job.id), lane("conference", col(Job.conference_id))), NEWS),
        (RUN, each(select(WishRun).where(col(WishRun.state) == "running"), col(WishRun.id), literal("run")), NEWS),
        (
            PAPER,
            each(select(PaperJob).where(col(PaperJob.state) == "waiting"), col(PaperJob.id), literal("paper")),
            NEWS,
        ),
        (REHEARSAL, each(asked, col(Conference.id), lane("user", col(Conference.organiser_id))), NEWS),
        (
            EMPTY,
            each(select(EventToEmpty), emptied, lane("empty", emptied)),
            NEWS,
        ),
    ]
    return sum(queue.put_missing(session, kind, rows, now, rank) for kind, rows, rank in missing)


def _untold() -> Select[Any]:
    """Those who are not asked for any more, and those whose appointment has changed and whose room and event stand:
    until then the booking's errand has them told when it is done."""
    outside = exists().where(
        col(Effect.booking_id) == col(Booking.id), col(Effect.kind) != "mail", col(Effect.behind), still_to_follow()
    )
    changed = (
        (col(Companion.told_revision) < col(Booking.revision))
        & col(Booking.confirm_by).is_(None)
        & ((col(Booking.state) == "active") | col(Companion.told_at).is_not(None))
        & ~outside
    )
    return (
        select(Companion)
        .join(Booking, col(Booking.id) == col(Companion.booking_id))
        .where(col(Companion.seat).is_(None) | changed)
    )


def each(of: Select[Any], key: Any, lane_of: Any, expires_at: Any = None) -> Select[Any]:
    """The rows of a query as `queue.put_missing` takes them."""
    more = [] if expires_at is None else [expires_at.label("expires_at")]
    return of.with_only_columns(key.label("key"), lane_of.label("lane"), *more).distinct()


def lane(name: str, number: Any) -> ColumnElement[Any]:
    """The lane of this name for a column's value."""
    return literal(f"{name}:") + cast(number, String)
