# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes instead of a race: families say whom they would like to see, one run assigns everybody, the organiser looks at
it and publishes it. Until then nothing is booked, and a run can be thrown away."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, true
from sqlmodel import Session, col

from ..moments import local
from ..phrases import Speaker
from ..planning.timetable import fits
from . import follow, letters, rules
from .booking import assign_slot
from .errors import Invalid, Refused, WishesBefore
from .person import tidy
from .proof import OWN, Door
from .tables import Booking, Conference, Guest, Host, HostWish, Job, JobItem, Place, Slot, WishRun, WishSheet

MOST_WISHES = 10
SERVED = "served"
OF_OTHER = "household"
Available = Mapping[date, tuple[int, int]]


class RunIsOn(Refused):
    """A run is going on or was published; it must end or be discarded first."""

    code = "run_is_on"


@dataclass(frozen=True)
class Wished:
    """What a family enters for one child. `available` holds minutes since midnight by day."""

    hosts: Sequence[Host]
    child: str
    school_class: str
    available: Available
    place: Place
    walk_minutes: int


def enter(
    session: Session, conference: Conference, guest: Guest, wished: Wished, now: datetime, door: Door = OWN
) -> None:
    """Sets the family's wishes for this child anew, and when it can come for all its children.

    Who has proven nothing sets only what came in by the same screen link; else a family that has wishes is left as it
    is (`WishesBefore`). Raises `Invalid` and what stands against wishes now."""
    rules.check_wishes_are_taken(conference, now)
    child = tidy("child", wished.child, 120, required=True)
    school_class = tidy("school_class", wished.school_class, 40)
    if not wished.hosts:
        raise Invalid("hosts", "hosts_missing")
    if not wished.available:
        raise Invalid("days", "days_missing")
    before = of_guest(session, guest.id or 0)
    if not door.proven and any(not door.screen or wish.screen != door.screen for wish, _ in before):
        raise WishesBefore
    kept = [wish for wish, _ in before if wish.child.casefold() != child.casefold()]
    if len(kept) + len(wished.hosts) > MOST_WISHES:
        raise Invalid("hosts", "too_many_wishes")
    for wish, _ in before:
        if wish not in kept:
            session.delete(wish)
    session.flush()
    for host in wished.hosts:
        session.add(
            HostWish(
                conference_id=conference.id or 0,
                guest_id=guest.id or 0,
                host_id=host.id or 0,
                child=child,
                school_class=school_class,
                screen=door.screen,
            )
        )
    session.merge(
        WishSheet(
            conference_id=conference.id or 0,
            guest_id=guest.id or 0,
            available={day.isoformat(): list(minutes) for day, minutes in wished.available.items()},
            place=wished.place,
            walk_minutes=wished.walk_minutes,
            changed_at=now,
        )
    )
    letters.write(session, guest.id or 0, "wishes", now.isoformat(), {}, now, now + letters.WEEK)


def of_guest(session: Session, guest_id: int, screen: str = "") -> list[tuple[HostWish, Host]]:
    """The family's wishes; with `screen` those that came in by this screen link."""
    rows = session.execute(
        select(HostWish, Host)
        .join(Host, col(Host.id) == col(HostWish.host_id))
        .where(col(HostWish.guest_id) == guest_id)
        .where(col(HostWish.screen) == screen if screen else true())
        .order_by(col(HostWish.child), col(Host.display_name))
    )
    return [(wish, host) for wish, host in rows]


def sheet_of(session: Session, guest_id: int) -> WishSheet | None:
    return session.get(WishSheet, guest_id)


@dataclass(frozen=True)
class OpenWish:
    """A wish with the slots at which it could be served."""

    id: int
    guest_id: int
    host_id: int
    place: Place
    slots: tuple[int, ...]


@dataclass(frozen=True)
class OpenSlot:
    """A free slot; `day` as an ordinal in the conference's zone, minutes since the epoch."""

    id: int
    host_id: int
    day: int
    starts: int
    ends: int


@dataclass(frozen=True)
class Open:
    """All that a run has to decide on. `walk` by guest id; `later` is decided on what it has found (`serve_later`)."""

    slots: list[OpenSlot]
    wishes: list[OpenWish]
    walk: dict[int, int]
    later: list["Later"] = field(default_factory=list)


@dataclass(frozen=True)
class Later:
    """A wish of a family's other household for the same child and host, where the limit is the child's: it is served
    only where fewer than `most` of the wishes `before` it are."""

    wish: OpenWish
    before: tuple[int, ...]
    most: int


def open_wishes(session: Session, conference: Conference) -> Open:
    """What is free, and what is wished, in an order that does not depend on the database."""
    zone = ZoneInfo(conference.time_zone)
    hosts = {
        host.id or 0: host
        for host in session.execute(
            select(Host).where(col(Host.conference_id) == conference.id, col(Host.state) == "joined")
        ).scalars()
    }
    taken = select(col(Booking.slot_id)).where(
        col(Booking.conference_id) == conference.id, col(Booking.state) == "active"
    )
    rows = session.execute(
        select(Slot)
        .where(col(Slot.conference_id) == conference.id, col(Slot.blocked).is_(False), col(Slot.id).not_in(taken))
        .order_by(col(Slot.id))
    ).scalars()
    by_host: dict[int, list[tuple[OpenSlot, date, int, int]]] = {}
    slots = []
    for slot in rows:
        if slot.host_id not in hosts:
            continue
        start = local(slot.starts_at, zone)
        first = start.hour * 60 + start.minute
        minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
        begin = int(slot.starts_at.timestamp()) // 60
        made = OpenSlot(slot.id or 0, slot.host_id, start.toordinal(), begin, begin + minutes)
        slots.append(made)
        by_host.setdefault(slot.host_id, []).append((made, start.date(), first, first + minutes))
    sheets = {
        sheet.guest_id: sheet
        for sheet in session.execute(select(WishSheet).where(col(WishSheet.conference_id) == conference.id)).scalars()
    }
    wishes: list[OpenWish] = []
    later: list[Later] = []
    alike = _wished_alike(session, conference)
    possible_ones: dict[_Alike, list[int]] = {}
    for wish in session.execute(
        select(HostWish).where(col(HostWish.conference_id) == conference.id).order_by(col(HostWish.id))
    ).scalars():
        sheet = sheets.get(wish.guest_id)
        host = hosts.get(wish.host_id)
        offered = rules.places_offered(conference, host) if host else []
        place = sheet.place if sheet and sheet.place in offered else (offered[0] if offered else "on_site")
        possible = by_host.get(wish.host_id, []) if sheet and offered else []
        fitting = tuple(one.id for one, day, first, last in possible if sheet and _can_come(sheet, day, first, last))
        made_of = OpenWish(wish.id or 0, wish.guest_id, wish.host_id, place, fitting)
        before = possible_ones.setdefault(alike[made_of.id], []) if made_of.id in alike else []
        if made_of.id in alike and len(before) >= conference.max_bookings_per_guest_and_host:
            later.append(Later(made_of, tuple(before), conference.max_bookings_per_guest_and_host))
        else:
            wishes.append(made_of)
        if fitting:
            # Whoever cannot come at all is in nobody's way.
            before.append(made_of.id)
    walk = {guest_id: sheet.walk_minutes for guest_id, sheet in sheets.items()}
    return Open(slots, wishes, walk, later)


_Alike = tuple[int, int, str]
"""A family's kin, a host and a child."""


def _wished_alike(session: Session, conference: Conference) -> dict[int, _Alike]:
    """What the wishes are for, by their id, of families whose households may wish the same; none where the limit is
    each household's own. What a stranger has wished with an address that nobody has proven is in nobody's way."""
    if conference.limit_per != "child":
        return {}
    rows = session.execute(
        select(col(HostWish.id), col(Guest.kin_id), col(HostWish.host_id), col(HostWish.child))
        .join(Guest, col(Guest.id) == col(HostWish.guest_id))
        .where(col(HostWish.conference_id) == conference.id, col(Guest.kin_id).is_not(None))
        .where(or_(col(HostWish.screen) == "", col(Guest.proven_at).is_not(None)))
    )
    return {wish_id: (kin, host_id, child.casefold()) for wish_id, kin, host_id, child in rows}


def serve_later(found: Open, chosen: dict[str, int], unserved: dict[str, str]) -> None:
    """Decides on the wishes that had to wait for what the run finds for a family's first household: where that is not
    served they get what is left, the earliest first. Adds to both; ids of wishes are text, as in `WishRun`."""
    slots = {slot.id: slot for slot in found.slots}
    on_site = {wish.id: wish.place == "on_site" for wish in (*found.wishes, *(one.wish for one in found.later))}
    of_guest = {wish.id: wish.guest_id for wish in (*found.wishes, *(one.wish for one in found.later))}
    taken = set(chosen.values())
    for one in found.later:
        wish, name = one.wish, str(one.wish.id)
        if sum(str(before) in chosen for before in one.before) >= one.most:
            unserved[name] = OF_OTHER
            continue
        has = [
            (slots[slot_id].starts, slots[slot_id].ends, on_site[int(other)])
            for other, slot_id in chosen.items()
            if of_guest.get(int(other)) == wish.guest_id and slot_id in slots
        ]
        left = sorted((slots[number] for number in wish.slots if number not in taken), key=lambda slot: slot.starts)
        walk = found.walk.get(wish.guest_id, 0)
        for slot in left:
            if all(fits((slot.starts, slot.ends, on_site[wish.id]), other, walk) for other in has):
                chosen[name] = slot.id
                taken.add(slot.id)
                break
        else:
            unserved[name] = "clash" if left else "full" if wish.slots else "no_time"


def _can_come(sheet: WishSheet, day: date, first: int, last: int) -> bool:
    span = sheet.available.get(day.isoformat())
    return span is not None and span[0] <= first and last <= span[1]


# -- runs -------------------------------------------------------------------------------------------------------


def start_run(session: Session, conference: Conference, seed: int, effort: float, now: datetime) -> WishRun:
    """Begins to assign; what an earlier run has found is thrown away. Raises `RunIsOn` while one is under way or
    published, `Invalid` before the deadline for wishes and where there are none."""
    if conference.booking_mode != "wishes" or not rules.wishes_are_over(conference, now):
        raise Invalid("wishes_until", "wishes_still_open")
    latest = latest_run(session, conference)
    if latest and latest.state in ("running", "publishing", "published"):
        raise RunIsOn
    if session.execute(select(col(HostWish.id)).where(col(HostWish.conference_id) == conference.id)).first() is None:
        raise Invalid("hosts", "no_wishes")
    if latest:
        discard(session, latest)
    run = WishRun(conference_id=conference.id or 0, seed=seed, effort=effort, created_at=now)
    session.add(run)
    session.flush()
    follow.run(session, run, now)
    return run


def latest_run(session: Session, conference: Conference) -> WishRun | None:
    found: WishRun | None = session.execute(
        select(WishRun).where(col(WishRun.conference_id) == conference.id).order_by(col(WishRun.id).desc()).limit(1)
    ).scalar_one_or_none()
    return found


def discard(session: Session, run: WishRun) -> None:
    """Throws a result away; nothing was booked by it. Raises `RunIsOn` for one that is being or was published."""
    if run.state in ("publishing", "published"):
        raise RunIsOn
    run.state = "discarded"
    run.chosen, run.unserved = {}, {}
    session.add(run)


def stop(session: Session, run: WishRun, now: datetime) -> None:
    """Ends a run and keeps the best that it has found so far. Raises `RunIsOn` where nothing is found yet."""
    if run.state != "running" or not run.progress:
        raise RunIsOn
    run.state, run.finished_at = "ready", now
    session.add(run)


def publish(session: Session, conference: Conference, run: WishRun, now: datetime) -> Job:
    """Begins to book what the run has found, family by family. Raises `RunIsOn` for one that is not ready."""
    if run.state != "ready":
        raise RunIsOn
    run.state = "publishing"
    guests = set(
        session.execute(select(col(HostWish.guest_id)).where(col(HostWish.conference_id) == conference.id)).scalars()
    )
    job = Job(
        conference_id=conference.id or 0, kind="assign", payload={"run": run.id}, total=len(guests), created_at=now
    )
    session.add_all((run, job))
    session.flush()
    session.add_all(JobItem(job_id=job.id or 0, guest_id=guest_id) for guest_id in guests)
    follow.job(session, job, guests, now)
    return job


def book_family(session: Session, job: Job, guest_id: int, now: datetime) -> int:
    """Books what the run has found for one family, in the job's transaction; returns how many. A slot that has gone
    since is an unserved wish like the others."""
    conference = session.get_one(Conference, job.conference_id)
    run = session.get_one(WishRun, job.payload["run"])
    guest = session.get_one(Guest, guest_id)
    say = Speaker(guest.language, conference.time_zone)
    sheet = session.get(WishSheet, guest_id)
    made: list[Booking] = []
    not_served = []
    for wish, host in of_guest(session, guest_id):
        slot = session.get(Slot, run.chosen.get(str(wish.id), 0))
        offered = rules.places_offered(conference, host)
        place = sheet.place if sheet and sheet.place in offered else (offered[0] if offered else "")
        wish.outcome = run.unserved.get(str(wish.id), "full")
        if slot:
            try:
                with session.begin_nested():
                    made.append(
                        assign_slot(
                            session,
                            (conference, host, slot),
                            guest,
                            place,
                            wish.child,
                            wish.school_class,
                            now,
                            wish.screen,
                        )
                    )
                wish.outcome = SERVED
            except Refused:
                wish.outcome = "gone"
        if wish.outcome != SERVED:
            not_served.append(f"{host.display_name}: {why(wish.outcome, say)}")
    if not_served and made:
        made[0].message = "\n".join([say("Not possible this time:"), *not_served])
    elif not_served:
        payload = {"lines": not_served}
        letters.write(session, guest_id, "unserved", str(run.id), payload, now, now + timedelta(days=14))
    return len(made)


def finish(session: Session, job: Job, now: datetime) -> None:
    """All families are booked: from now on what is left is booked as usual."""
    run = session.get_one(WishRun, job.payload["run"])
    run.state, run.finished_at = "published", run.finished_at or now
    session.get_one(Conference, job.conference_id).booking_mode = "assigned"


def why(outcome: str, say: Speaker) -> str:
    """The reason in the family's words."""
    match outcome:
        case "no_time":
            return say("no time while you can come")
        case "clash":
            return say("what was left collides with your other appointments")
        case "household":
            return say("your family's other household sees this person")
        case "gone":
            return say("the time was lost in the meantime")
        case _:
            return say("all times went to other families")


@dataclass(frozen=True)
class FamilyResult:
    """What a run has found for one family: hosts with their times (UTC), and hosts with the reason why not."""

    guest_id: int
    name: str
    served: list[tuple[str, str, datetime]]
    unserved: list[tuple[str, str, str]]


def result(session: Session, conference: Conference, run: WishRun) -> list[FamilyResult]:
    """Family by family, those with nothing first: child, host and time, or child, host and reason."""
    query = select(col(Slot.id), col(Slot.starts_at)).where(col(Slot.conference_id) == conference.id)
    slots = dict(session.execute(query).tuples().all())
    rows = session.execute(
        select(HostWish, col(Host.display_name), col(Guest.name))
        .join(Host, col(Host.id) == col(HostWish.host_id))
        .join(Guest, col(Guest.id) == col(HostWish.guest_id))
        .where(col(HostWish.conference_id) == conference.id)
        .order_by(col(Guest.name), col(HostWish.guest_id), col(HostWish.id))
    )
    found: dict[int, FamilyResult] = {}
    for wish, host, name in rows:
        family = found.setdefault(wish.guest_id, FamilyResult(wish.guest_id, name, [], []))
        slot = slots.get(run.chosen.get(str(wish.id), 0))
        if wish.outcome in ("", SERVED) and slot:
            family.served.append((wish.child, host, slot))
        else:
            reason = wish.outcome if wish.outcome not in ("", SERVED) else run.unserved.get(str(wish.id), "full")
            family.unserved.append((wish.child, host, reason))
    for family in found.values():
        family.served.sort(key=lambda one: one[2])
    return sorted(found.values(), key=lambda family: (bool(family.served), not family.unserved, family.name.casefold()))


def counts(session: Session, conference: Conference) -> dict[str, int]:
    """How many families have entered how many wishes, and how many of them are for whom: for the organiser's eyes."""
    rows = session.execute(
        select(col(HostWish.guest_id), col(HostWish.host_id)).where(col(HostWish.conference_id) == conference.id)
    ).all()
    families = Counter(guest_id for guest_id, _ in rows)
    return {"families": len(families), "wishes": len(rows)}
