# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One family's rights: what is kept of it, correcting it, erasing it. Each in a transaction of the caller's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, update
from sqlmodel import Session, SQLModel, col

from ..conference import (
    budgets,
    children,
    companions,
    effects,
    elsewhere,
    families,
    follow,
    history,
    households,
    letters,
    persons,
    proof,
    taken,
    waiting,
)
from ..conference.booking import Desk
from ..conference.errors import AddressTaken, HasBookings, Invalid, OtherFamily
from ..conference.person import Person, tidy
from ..conference.tables import (
    Booking,
    Child,
    Companion,
    Conference,
    Effect,
    EventToEmpty,
    Guest,
    Host,
    Job,
    Kin,
    PaperJob,
    Slot,
    still_to_follow,
)
from ..conference.tokens import LinkKey
from . import kept

CORRECTIONS = budgets.Budget.of("corrections", "5 per day")
"""Changes of a family's address by itself: each writes to an address that nobody has proven."""
LINK_GOES_WITHIN = timedelta(days=2)


# -- where a family stands -----------------------------------------------------------------------------------------


def tables_of_family() -> list[tuple[Table, str]]:
    """All tables with rows of a family, and by which column they lead to it: `id`, a guest, a booking, a held slot,
    what its households have in common (`kin`, `child`)."""
    found = []
    for name in kept.TABLES:
        table = SQLModel.metadata.tables[name]
        if name in ("guest", "kin"):
            found.append((table, "id"))
            continue
        leads = {key.column.table.name: column.name for column in table.columns for key in column.foreign_keys}
        by = (leads[parent] for parent in ("guest", "booking", "kin", "child") if parent in leads)
        if way := next(by, "held_for" if name == "slot" else ""):
            found.append((table, way))
    return found


def _of_guest(table: Table, way: str, guest: Guest) -> ColumnElement[bool]:
    if table.name == "kin":
        return table.c.id == (guest.kin_id or 0)
    key = next(iter(table.c[way].foreign_keys), None)
    match key.column.table.name if key is not None else "":
        case "booking":
            return table.c[way].in_(select(col(Booking.id)).where(col(Booking.guest_id) == guest.id))
        case "kin":
            return table.c[way] == (guest.kin_id or 0)
        case "child":
            return table.c[way].in_(select(col(Child.id)).where(col(Child.kin_id) == (guest.kin_id or 0)))
    return table.c[way] == guest.id


# -- what is kept --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """The rows of one table: `what` it is, and each row by column with what the column means."""

    table: str
    what: str
    rows: list[dict[str, Any]]


def parts(session: Session, guest: Guest) -> list[Part]:
    """All that is kept of the family, by `kept.TABLES`; with the names of hosts and the times that rows point to."""
    found = []
    for table, way in tables_of_family():
        entry = kept.TABLES[table.name]
        told = [name for name, column in entry.personal.items() if column.whose == "family" and column.told]
        rows = [
            _told(session, dict(row), told, entry)
            for row in session.execute(select(table).where(_of_guest(table, way, guest))).mappings()
        ]
        if rows and (told or table.name == "slot"):
            found.append(Part(table.name, entry.what, rows))
    letters = [{"payload": job.payload} for job in _jobs_of_one(session, guest)]
    return [*found, Part("job", kept.TABLES["job"].what, letters)] if letters else found


def _told(session: Session, row: Mapping[str, Any], told: Sequence[str], entry: kept.Table) -> dict[str, Any]:
    said = {}
    for name in told:
        who = entry.personal[name].ask
        said[name] = f"Ask the {who}." if who and row[name] else row[name]
    if entry is kept.TABLES["companion"] and row.get("interpreter_id"):
        said["email"] = "Ask the organiser."  # an interpreter's of the school's, not the family's to know
    if "by_family" in row and not row["by_family"]:
        said["email"] = "Ask the organiser."  # whom the school has named; the office may have typed anybody
    if host := session.get(Host, row.get("host_id") or 0):
        said["with"] = host.display_name
    slot_id = row.get("id") if "kept_open" in row else row.get("slot_id")
    if slot := session.get(Slot, slot_id or 0):
        said |= {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
    return said


def export(session: Session, guest: Guest) -> dict[str, Any]:
    """The same as plain data for a JSON file: what it is, when it goes, and the rows."""
    conference = session.get_one(Conference, guest.conference_id)
    return {
        "conference": conference.name,
        "responsible": conference.contact,
        "retention_days": conference.retention_days,
        "kept": [
            {
                "what": part.what,
                "goes": kept.TABLES[part.table].goes.text,
                "rows": [{name: _plain(value) for name, value in row.items()} for row in part.rows],
            }
            for part in parts(session, guest)
        ],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


# -- erasing -------------------------------------------------------------------------------------------------------


def erase(session: Session, guest: Guest, now: datetime, by: str = "guest", *, papers: bool = True) -> bool:
    """Erases the family: its appointments to come are cancelled, what is held for it goes to the next one, events of
    appointments that are over are emptied. True where nothing is left; else calendar, room and mail are still to follow
    the cancellations: until then the name and the address stay for that mail, and nothing else (`erase_done`). Printed
    `papers` of the conference, which may name it, go too; they would after a day."""
    session.execute(select(col(Guest.id)).where(col(Guest.id) == guest.id).with_for_update())
    conference = session.get_one(Conference, guest.conference_id)
    _cancel_coming(session, conference, guest, now, by)
    _release_slots(session, conference, guest, now)
    _forget_over(session, guest, now)
    for table, way in tables_of_family():
        if table.name not in ("guest", "booking", "effect", "slot", "companion", "kin", "child", "child_host"):
            session.execute(table.delete().where(_of_guest(table, way, guest)))
    mine = select(col(Booking.id)).where(col(Booking.guest_id) == guest.id)
    session.execute(delete(Companion).where(col(Companion.booking_id).in_(mine), col(Companion.told_at).is_(None)))
    for job in _jobs_of_one(session, guest):
        session.delete(job)
    if papers:
        session.execute(
            delete(PaperJob).where(col(PaperJob.conference_id) == conference.id, col(PaperJob.content).is_not(None))
        )
    if _is_followed(session, guest):
        _delete(session, guest, now)
        return True
    session.execute(
        update(Booking)
        .where(col(Booking.guest_id) == guest.id)
        .values(
            child="",
            school_class="",
            topic="",
            needs="",
            interpreter="",
            note="",
            message="",
            visitor="",
            screen="",
        )
    )
    guest.email_fingerprint = f"erased:{guest.public_id}"
    guest.phone = guest.manage_token_hash = guest.code_hash = ""
    guest.invited, guest.erase_by = False, now + kept.ERASING_TAKES
    _leave_kin(session, guest)
    follow.offers(session, now)
    return False


def any_to_erase(session: Session) -> bool:
    """Whether `erase_done` could have work."""
    return session.execute(select(col(Guest.id)).where(col(Guest.erase_by).is_not(None)).limit(1)).first() is not None


def erase_done(session: Session, now: datetime) -> int:
    """Deletes the families that are erased and whose cancellations are told, or whose time for it is over; how many."""
    waiting_ones = list(session.execute(select(Guest).where(col(Guest.erase_by).is_not(None))).scalars())
    done = [one for one in waiting_ones if (one.erase_by and one.erase_by <= now) or _is_followed(session, one)]
    for guest in done:
        _delete(session, guest, now)
    return len(done)


def _cancel_coming(session: Session, conference: Conference, guest: Guest, now: datetime, by: str) -> None:
    rows = session.execute(
        select(Booking, Slot)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active", col(Slot.ends_at) > now)
        .order_by(col(Slot.id))
    ).all()
    taken.lock(session, [slot for _, slot in rows])
    for booking, slot in rows:
        asked = booking.confirm_by is not None
        Desk.cancel_in(session, booking, now, by=by)
        if asked:
            # The address may be somebody else's: it was asked, and hears no more.
            session.get_one(Effect, (booking.id, "mail")).applied_revision = booking.revision
        session.flush()
        waiting.offer(session, conference, session.get_one(Host, slot.host_id), slot, now)


def _release_slots(session: Session, conference: Conference, guest: Guest, now: datetime) -> None:
    """Held by the waiting list or by a host."""
    held = list(session.execute(select(Slot).where(col(Slot.held_for) == guest.id).order_by(col(Slot.id))).scalars())
    taken.lock(session, held)
    for slot in held:
        if slot.held_for != guest.id:
            continue
        waiting.leave(session, slot.host_id, guest.id or 0)
        elsewhere.let_go(session, slot, now)
        session.flush()
        waiting.offer(session, conference, session.get_one(Host, slot.host_id), slot, now)


def _forget_over(session: Session, guest: Guest, now: datetime) -> None:
    """Appointments that are over, and cancelled ones that all has followed, go at once; hosts are not to be told."""
    mine = select(col(Booking.public_id)).where(col(Booking.guest_id) == guest.id)
    follow.forget_notices(session, session.execute(mine).scalars())
    behind = (
        select(col(Effect.booking_id)).join(Booking, col(Booking.id) == col(Effect.booking_id)).where(still_to_follow())
    )
    over = (col(Booking.guest_id) == guest.id) & or_(
        col(Booking.state) == "active", col(Booking.id).not_in(behind.where(col(Booking.guest_id) == guest.id))
    )
    note_events(session, over, now)
    session.execute(delete(Booking).where(over))


def _is_followed(session: Session, guest: Guest) -> bool:
    """Whether nothing outside has to follow a booking of this family any more, and all who were to come have heard."""
    behind = select(col(Effect.booking_id)).join(Booking, col(Booking.id) == col(Effect.booking_id))
    mine = col(Booking.guest_id) == guest.id
    if session.execute(behind.where(mine, still_to_follow()).limit(1)).first():
        return False
    come = select(Companion, Booking).join(Booking, col(Booking.id) == col(Companion.booking_id)).where(mine)
    return not any(companions.is_news(one, booking) for one, booking in session.execute(come))


def _delete(session: Session, guest: Guest, now: datetime) -> None:
    note_events(session, col(Booking.guest_id) == guest.id, now)
    _leave_kin(session, guest)
    session.execute(delete(Booking).where(col(Booking.guest_id) == guest.id))
    session.execute(delete(Guest).where(col(Guest.id) == guest.id))
    session.expunge(guest)


def _leave_kin(session: Session, guest: Guest) -> None:
    """The children go with the last household of the family."""
    kin_id, guest.kin_id = guest.kin_id, None
    session.add(guest)
    session.flush()
    of_others = select(col(Guest.id)).where(col(Guest.kin_id) == col(Kin.id)).exists()
    session.execute(delete(Kin).where(col(Kin.id) == (kin_id or 0), ~of_others))


def _jobs_of_one(session: Session, guest: Guest) -> list[Job]:
    """Messages that went to this family only."""
    rows = session.execute(
        select(Job).where(col(Job.conference_id) == guest.conference_id, col(Job.kind) == "message")
    ).scalars()
    return [job for job in rows if job.payload.get("guests") == [guest.id]]


def note_events(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """Notes the events of these bookings to be emptied; returns how many. The bookings may go then."""
    rows = session.execute(
        select(col(Effect.remote), col(Host.user_id), col(Host.id), col(Host.tandem))
        .join(Booking, col(Booking.id) == col(Effect.booking_id))
        .join(Host, col(Host.id) == col(Booking.host_id))
        .where(which, col(Effect.kind) == "calendar")
    ).all()
    found = []
    together = persons.receivers(session, [host_id for _, _, host_id, is_tandem in rows if is_tandem])
    for remote, user_id, host_id, _ in rows:
        first = together[host_id][0].user_id if host_id in together else user_id
        each = {first: remote} | (remote or {}).get(effects.OTHERS, {})
        found += [(whose, one) for whose, one in each.items() if one and one.get("calendar") and one.get("name")]
    session.add_all(
        EventToEmpty(
            user_id=user_id,
            calendar=str(remote["calendar"]),
            name=str(remote["name"]),
            give_up_at=now + kept.EVENTS_TRIED,
        )
        for user_id, remote in found
    )
    session.flush()
    follow.emptying(session, (user_id for user_id, _ in found), now)
    return len(found)


# -- correcting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChildCorrection:
    """`was` is the name as it stands, empty for a child that is new. One that is `gone` is taken out."""

    was: str
    child: str
    school_class: str
    gone: bool = False


@dataclass(frozen=True)
class Correction:
    """All as it shall be from now on; children that are not named stay, and an empty language."""

    name: str
    email: str
    phone: str = ""
    children: Sequence[ChildCorrection] = field(default_factory=tuple)
    language: str = ""


def children_named(session: Session, guest: Guest) -> list[tuple[str, str]]:
    """The family's children with their classes, each name once, wherever they stand: those that were entered, then
    those of whom only an appointment, a wish or a waiting list knows."""
    entered = {child.name: child.school_class for child in children.of_guest(session, guest) if child.name}
    found: dict[str, str] = {}
    for table, way in _with_children():
        rows = session.execute(select(table.c.child, table.c.school_class).where(_of_guest(table, way, guest)))
        for child, school_class in rows:
            if child:
                found[child] = found.get(child) or school_class
    return [*entered.items(), *((name, one) for name, one in sorted(found.items()) if name not in entered)]


def _with_children() -> Iterator[tuple[Table, str]]:
    return ((table, way) for table, way in tables_of_family() if "child" in table.c and "school_class" in table.c)


def correct(
    session: Session, guest: Guest, wanted: Correction, links: LinkKey, now: datetime, *, rewrite_events: bool = False
) -> bool:
    """Sets what is wrong right; hosts' events follow. True where the address has changed: it is unproven then, every
    link is void, and the new one is on its way to it (`proof.new_links`, with `rewrite_events` by the calendars).

    Raises `Invalid`, and `AddressTaken` where another family of the conference has the new address."""
    language = wanted.language or guest.language
    person = Person(wanted.name, wanted.email, language, wanted.phone).checked(address_needed=bool(guest.email))
    moved = person.email.casefold() != guest.email.casefold()
    history.note_of_family(session, guest.id or 0, "name", now, guest.name, person.name)
    history.note_of_family(session, guest.id or 0, "email", now, guest.email, person.email)
    history.note_of_family(session, guest.id or 0, "phone", now, guest.phone, person.phone)
    history.note_of_family(session, guest.id or 0, "language", now, guest.language, language)
    guest.name, guest.phone, guest.language = person.name, person.phone, language
    if not moved:
        guest.email = person.email
    session.add(guest)
    session.flush()
    for one in wanted.children:
        if not one.was:
            _add_child(session, guest, one, now)
        elif one.gone:
            _take_out_child(session, guest, one.was, now)
        else:
            _correct_child(session, guest, one, now)
    session.flush()
    for household in children.households(session, guest):
        session.expire(household)
        _events_follow(session, household, now)
    if moved:
        _move_address(session, guest, person.email, links, now, rewrite_events)
    return moved


def _add_child(session: Session, guest: Guest, one: ChildCorrection, now: datetime) -> None:
    """Raises `Invalid`, also where a child of the family is called so."""
    pupil = children.Pupil(tidy("child", one.child, 120, required=True), one.school_class).checked()
    if any(children.is_same(child, pupil) for child in children.of_guest(session, guest) if child.name):
        raise Invalid("child", "child_twice")
    children.enter(session, guest, [pupil])
    history.note_of_family(session, guest.id or 0, "child", now, "", f"{pupil.name} {pupil.school_class}".strip())


def _take_out_child(session: Session, guest: Guest, name: str, now: datetime) -> None:
    """Raises `HasBookings` where a household of the family has an appointment for the child."""
    for household in children.households(session, guest):
        booked = select(col(Booking.id)).where(
            col(Booking.guest_id) == household.id, col(Booking.state) == "active", col(Booking.child) == name
        )
        if session.execute(booked.limit(1)).first():
            raise HasBookings
    for child in children.of_guest(session, guest):
        if child.name == name:
            session.delete(child)
            history.note_of_family(
                session, guest.id or 0, "child", now, f"{child.name} {child.school_class}".strip(), ""
            )
    session.flush()


def _correct_child(session: Session, guest: Guest, one: ChildCorrection, now: datetime) -> None:
    """Wherever the child stands, with the family's other household too. Raises `Invalid`, also where another child of
    the family is called so."""
    name = tidy("child", one.child, 120, required=True)
    school_class = tidy("school_class", one.school_class, 40)
    rows = {child.name: child for child in children.of_guest(session, guest)}
    # Of the other household only what is the child of both: another one may be called alike there.
    theirs = children.households(session, guest) if one.was in rows else [guest]
    before = (one.was, dict(children_named(session, guest)).get(one.was, ""))
    if child := rows.get(one.was):
        if name != one.was and name in rows:
            raise Invalid("child", "child_twice")
        child.name, child.school_class = name, school_class
        session.add(child)
        session.flush()
    was, is_now = (" ".join(filter(None, one)) for one in (before, (name, school_class)))
    history.note_of_family(session, guest.id or 0, "child", now, was, is_now)
    values = {"child": name, "school_class": school_class}
    for household in theirs:
        for table, way in _with_children():
            own = _of_guest(table, way, household)
            session.execute(table.update().where(own, table.c.child == one.was).values(values))


def _move_address(
    session: Session, guest: Guest, email: str, links: LinkKey, now: datetime, rewrite_events: bool
) -> None:
    fingerprint = links.fingerprint(email.casefold() or guest.public_id)
    other = select(col(Guest.id)).where(
        col(Guest.conference_id) == guest.conference_id, col(Guest.email_fingerprint) == fingerprint
    )
    if session.execute(other).first():
        raise AddressTaken
    guest.email, guest.email_fingerprint, guest.proven_at = email, fingerprint, None
    proof.new_links(session, guest, links, now, rewrite_events=rewrite_events)


def correct_as_family(
    session: Session, guest: Guest, wanted: Correction, links: LinkKey, now: datetime, *, rewrite_events: bool = False
) -> bool:
    """As `correct`, for whoever has the family's link, who may not try many addresses (`Spent`) and does not learn
    whether another family has one: all links are void then too, and the new one goes to the address that stays."""
    if wanted.email.strip().casefold() != guest.email.casefold():
        budgets.spend(session, CORRECTIONS, guest.public_id, now)
    try:
        return correct(session, guest, wanted, links, now, rewrite_events=rewrite_events)
    except AddressTaken:
        proof.new_links(session, guest, links, now, rewrite_events=rewrite_events)
        return True


def add_by_family(
    session: Session, guest: Guest, person: Person, links: LinkKey, now: datetime, *, shared: bool
) -> None:
    """Adds the other household by the family itself: one that is new in the conference, and its link goes there. An
    address that is known stays what it is, and whoever asked is not told. Raises `Invalid`, `OtherFamily` where the
    family has one, and `Spent`."""
    if guest.named_other or households.other_of(session, guest):
        raise OtherFamily
    person = person.checked()
    budgets.spend(session, CORRECTIONS, guest.public_id, now)
    conference = session.get_one(Conference, guest.conference_id)
    wanted = families.Family(person.name, person.email, language=person.language)
    if families.find_family(session, conference, wanted, links):
        # All that the family sees of itself is as if the address were new.
        households.enter_booked(session, guest)
        households.share(session, guest, shared=shared)
        guest.named_other = True
        return
    other, _ = families.invite(session, conference, wanted, links)
    other.invited = guest.invited
    households.link(session, guest, other, now, shared=shared)
    guest.named_other = True
    letters.write(session, other.id or 0, "link", f"{now:%Y%m%d%H}", {}, now, now + LINK_GOES_WITHIN)


def _events_follow(session: Session, guest: Guest, now: datetime) -> None:
    """Hosts' events show what is right now; nobody gets a mail for it where the mails are ours."""
    mine = session.execute(
        select(Booking)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active", col(Slot.ends_at) > now)
        .where(col(Booking.confirm_by).is_(None))
    ).scalars()
    for booking in list(mine):
        effects.event_follows(session, booking, now)
