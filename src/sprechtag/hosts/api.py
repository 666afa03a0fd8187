# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The routes. An organiser sees only own conferences, a host only own bookings; for all others a thing does not
exist (404). The gate has made sure that somebody is logged in and that a changing call is no form's."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import administration, hosts, lookup, organise, ruleset, windows
from ..conference.booking import Wish
from ..conference.errors import NotFound, StillFollowing, WrongState
from ..conference.overview import step_of
from ..conference.person import Person
from ..conference.slots import slots_of
from ..conference.tables import Booking, Conference, Effect, Host
from ..conference.views import BookingView, booking_view, bookings_of_conference, effects_of
from ..day import media
from ..gate import Caller
from ..phrases import LANGUAGES
from ..planning import capacity
from .access import REFUSALS, User, own, own_booking, visible, visible_booking, visible_slot
from .needs import House
from .people import MayNotOrganise, NoConfirmation, check_power, groups_of
from .schemas import (
    Blocking,
    BookingAnswer,
    ConferenceAnswer,
    CopyData,
    CountAnswer,
    EffectAnswer,
    HostAnswer,
    HostData,
    MeAnswer,
    Moving,
    NoteData,
    PhoneBooking,
    PlaceChange,
    PreviewAnswer,
    RulesData,
    Saying,
)

HostList = Annotated[list[HostData], Field(max_length=500)]
HostCount = Annotated[int, Query(ge=0, le=5000)]
EachCount = Annotated[int, Query(ge=0, le=1000)]


router = APIRouter(prefix="/api/v1", responses=REFUSALS)

# -- conferences --------------------------------------------------------------------------------------------


@router.get("/me")
def me(house: House, user: User) -> MeAnswer:
    """Who I am to the app. `known` is false until my groups were learned, some seconds after the first question."""
    options = house.options()
    with house.database.read() as session:
        groups = groups_of(session, user, house.clock())
    if groups is None or groups.stale:
        house.ask_for_groups(user.user_id)
    names = groups.names if groups else None
    with house.database.read() as session:
        may = administration.may_organise(
            session, user.user_id, options.names("organiser_groups"), names, options.organise_open
        )
    return MeAnswer(
        user_id=user.user_id,
        known=groups is not None,
        admin=bool(names and "admin" in names),
        may_organise=may,
        groups_named=bool(options.names("organiser_groups")),
        retention_days=options.retention_days,
        languages=options.names("languages") or list(LANGUAGES),
    )


@router.get("/conferences")
def conferences(house: House, user: User) -> list[ConferenceAnswer]:
    """The conferences I organise or am a host of, newest first."""
    with house.database.read() as session:
        mine = select(col(Host.conference_id)).where(col(Host.user_id) == user.user_id)
        found = session.execute(
            select(Conference)
            .where((col(Conference.organiser_id) == user.user_id) | col(Conference.id).in_(mine))
            .order_by(col(Conference.created_at).desc())
        ).scalars()
        return [_answer(house, session, conference, user) for conference in found]


@router.post("/preview")
def preview(house: House, data: RulesData, hosts: HostCount = 1, each: EachCount = 3) -> PreviewAnswer:
    """The slots that these rules make for `hosts` hosts, and how many families find `each` appointments there.
    Nothing is kept."""
    ruleset.check(data.rules())
    spans = slots_of(data.rules().windows, data.slot_minutes, data.pause_minutes, data.time_zone)
    slots = len(spans) * max(0, hosts)
    minutes = [(int(one.starts_at.timestamp()) // 60, int(one.ends_at.timestamp()) // 60) for one in spans]
    setup = media.setup_of(house.options().media)
    calls = capacity.most_at_once(minutes) * max(0, hosts) if data.offers_video else 0
    starts = capacity.most_starts(minutes) * max(0, hosts) if data.offers_video else 0
    verdict = capacity.judge(calls, starts, setup)
    return PreviewAnswer(
        times=[span.starts_at for span in spans],
        slots=slots,
        families=slots // max(1, each),
        calls=calls,
        calls_fit=verdict.fits if setup.entered else None,
        tightest=verdict.tightest.kind,
    )


@router.post("/conferences", status_code=status.HTTP_201_CREATED)
def create(house: House, data: RulesData, user: User) -> ConferenceAnswer:
    """A new draft of mine. 403 where the admin lets only other groups organise."""
    with house.database.write() as session:
        _check_may_organise(house, session, user)
        conference = organise.create(session, user.user_id, data.rules(), house.links)
        answer = _answer(house, session, conference, user)
    house.wake()
    return answer


def _check_may_organise(house: House, session: Session, user: Caller) -> None:
    options = house.options()
    known = groups_of(session, user, house.clock())
    allowed = options.names("organiser_groups")
    names = known.names if known else None
    may = administration.may_organise(session, user.user_id, allowed, names, options.organise_open)
    if allowed:
        check_power(known, user, house.ask_for_groups)
    if not may:
        raise MayNotOrganise


@router.get("/conferences/{conference_id}")
def show(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    with house.database.read() as session:
        return _answer(house, session, visible(session, conference_id, user), user)


@router.put("/conferences/{conference_id}")
def edit(house: House, conference_id: str, data: RulesData, user: User) -> ConferenceAnswer:
    """Sets all rules anew. 409 when a booked slot would have to go; nothing is changed then."""
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        if conference.state == "published":
            _check_channel(house, data.booking_by, user)
        organise.edit(session, conference, data.rules())
        return _answer(house, session, conference, user)


@router.delete("/conferences/{conference_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(house: House, conference_id: str, user: User) -> None:
    """Deletes a conference that has no active bookings. 409 while calendars are still being told, or rooms to try
    in are still being taken away."""
    with house.database.write() as session:
        removed = organise.remove(session, own(session, conference_id, user))
    if not removed:
        house.wake()
        raise StillFollowing


@router.post("/conferences/{conference_id}/copy", status_code=status.HTTP_201_CREATED)
def copy(house: House, conference_id: str, data: CopyData, user: User) -> ConferenceAnswer:
    """A new draft with the rules and hosts of this one, beginning on another day."""
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        _check_may_organise(house, session, user)
        made = organise.copy(session, conference, data.name or conference.name, data.first_day, house.links)
        return _answer(house, session, made, user)


@router.post("/conferences/{conference_id}/publish")
def publish(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """Opens the share link (again). 409 where families shall confirm their address and no mail can be sent."""

    def publish(session: Session, conference: Conference) -> None:
        _check_channel(house, conference.booking_by, user)
        organise.publish(session, conference)

    return _set_state(house, conference_id, user, publish)


def _check_channel(house: House, booking_by: str, user: Caller) -> None:
    if booking_by == "confirmed" and house.mail_channel(user.user_id)[0] == "calendar":
        raise NoConfirmation


@router.post("/conferences/{conference_id}/close")
def close(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """Ends booking; what is booked stays and can still be changed until its deadline."""
    return _set_state(house, conference_id, user, organise.close)


@router.post("/conferences/{conference_id}/share-link")
def renew_share_link(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """A new share link; the old one is dead at once."""

    def renew(session: Session, conference: Conference) -> None:
        organise.renew_share_link(conference, house.links)

    return _set_state(house, conference_id, user, renew)


def _set_state(
    house: House, conference_id: str, user: Caller, change: Callable[[Session, Conference], None]
) -> ConferenceAnswer:
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        change(session, conference)
        answer = _answer(house, session, conference, user)
    house.wake()
    return answer


# -- hosts --------------------------------------------------------------------------------------------------


@router.get("/conferences/{conference_id}/hosts", name="hosts")
def list_hosts(house: House, conference_id: str, user: User) -> list[HostAnswer]:
    """For the organiser: everybody who is enrolled."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
        rows = session.execute(
            select(Host).where(col(Host.conference_id) == conference.id).order_by(col(Host.display_name))
        ).scalars()
        return [HostAnswer.model_validate(host, from_attributes=True) for host in rows]


@router.post("/conferences/{conference_id}/hosts")
def enrol(house: House, conference_id: str, data: HostList, user: User) -> list[HostAnswer]:
    """Invites hosts or brings their entries up to date, all or none."""
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        enrolled = [hosts.enrol(session, conference, host.entry()) for host in data]
        answer = [HostAnswer.model_validate(host, from_attributes=True) for host in enrolled]
    house.wake()
    return answer


@router.post("/conferences/{conference_id}/remind")
def remind(house: House, conference_id: str, user: User) -> CountAnswer:
    """Has the hosts notified in Nextcloud who have not answered yet."""
    with house.database.write() as session:
        count = hosts.remind(session, own(session, conference_id, user), house.clock())
    house.wake()
    return CountAnswer(count=count)


@router.delete("/conferences/{conference_id}/hosts/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
def withdraw(house: House, conference_id: str, user_id: str, user: User) -> None:
    """Takes a host without active bookings out."""
    with house.database.write() as session:
        conference = own(session, conference_id, user)
        hosts.withdraw(session, lookup.find_host(session, conference.id or 0, user_id))


@router.post("/conferences/{conference_id}/join")
def join(house: House, conference_id: str, user: User) -> HostAnswer:
    """I take part: families may book with me, and the app may use my calendar and Talk."""
    return _answer_invitation(house, conference_id, user, hosts.join)


@router.post("/conferences/{conference_id}/decline")
def decline(house: House, conference_id: str, user: User) -> HostAnswer:
    """I do not take part. 409 while families have appointments with me."""
    return _answer_invitation(house, conference_id, user, hosts.decline)


def _answer_invitation(
    house: House, conference_id: str, user: Caller, answer: Callable[[Session, Host], None]
) -> HostAnswer:
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user.user_id)
        answer(session, host)
        # What was found out about the host before may be stale: it is looked at anew.
        host.checked_at = None
        result = HostAnswer.model_validate(host, from_attributes=True)
    house.wake()
    return result


# -- bookings -----------------------------------------------------------------------------------------------


@router.get("/conferences/{conference_id}/bookings")
def bookings(house: House, conference_id: str, user: User) -> list[BookingAnswer]:
    """By time: all for the organiser, the own for a host, each with how far Nextcloud has followed."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        organises = conference.organiser_id == user.user_id
        host_id = None if organises else lookup.find_host(session, conference.id or 0, user.user_id).id
        views = bookings_of_conference(session, conference.id or 0, host_id)
        effects = effects_of(session, [view.id for view in views])
    return [_booking_answer(view, effects[view.id], organises, user) for view in views]


@router.get("/bookings/{booking_id}")
def booking(house: House, booking_id: str, user: User) -> BookingAnswer:
    with house.database.read() as session:
        view, organises = visible_booking(session, booking_id, user)
        return _booking_answer(view, effects_of(session, [view.id])[view.id], organises, user)


@router.post("/conferences/{conference_id}/bookings")
def book(house: House, conference_id: str, data: PhoneBooking, user: User) -> BookingAnswer:
    """Books for a family on the phone; neither opening, lead time nor limits keep it out."""
    with house.database.read() as session:
        conference = own(session, conference_id, user)
    person = Person(data.name, data.email, data.language, data.phone)
    wish = Wish(data.slot_id, data.place, data.child, data.school_class, data.key)
    booked = house.desk.book(conference.id or 0, person, wish, by_guest=False)
    with house.database.read() as session:
        view = booking_view(session, booked.booking_id)
    return booking(house, view.public_id, user)


@router.post("/bookings/{booking_id}/cancel")
def cancel(house: House, booking_id: str, user: User, data: Saying | None = None) -> BookingAnswer:
    """Cancels for the family, who get a mail. For the organiser and the booking's host."""
    with house.database.read() as session:
        view, _ = visible_booking(session, booking_id, user)
    house.desk.cancel(view.id, by_guest=False, message=data.message if data else "")
    return booking(house, booking_id, user)


@router.post("/bookings/{booking_id}/move")
def move(house: House, booking_id: str, data: Moving, user: User) -> BookingAnswer:
    """Moves to another free slot of the same host; the family gets a mail."""
    with house.database.read() as session:
        view = own_booking(session, booking_id, user)
    house.desk.move(view.id, data.slot_id, by_guest=False, message=data.message)
    return booking(house, booking_id, user)


@router.post("/bookings/{booking_id}/place")
def change_place(house: House, booking_id: str, data: PlaceChange, user: User) -> BookingAnswer:
    with house.database.read() as session:
        view = own_booking(session, booking_id, user)
    house.desk.change_place(view.id, data.place, by_guest=False, message=data.message)
    return booking(house, booking_id, user)


@router.put("/bookings/{booking_id}/note")
def set_note(house: House, booking_id: str, data: NoteData, user: User) -> NoteData:
    """A note of the host's own; nobody else sees it, the organiser neither."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        if view.host_user_id != user.user_id:
            raise NotFound
        session.get_one(Booking, view.id).note = data.note
    return data


@router.put("/slots/{slot_id}")
def block(house: House, slot_id: str, data: Blocking, user: User) -> Blocking:
    """Closes or opens a slot. 409 for a booked one. A host cannot open what the organiser has closed."""
    with house.database.write() as session:
        slot, who = visible_slot(session, slot_id, user)
        if who == "host" and slot.blocked_by == "organiser":
            raise WrongState
        if data.blocked:
            windows.block(session, slot, who)
        else:
            windows.unblock(session, slot, keep_open=slot.blocked_by == "calendar")
    return data


@router.post("/bookings/{booking_id}/retry")
def retry(house: House, booking_id: str, user: User) -> BookingAnswer:
    """Tries everything that failed or was given up once more, now."""
    with house.database.write() as session:
        view, _ = visible_booking(session, booking_id, user)
        organise.try_again(session, col(Booking.id) == view.id, house.clock())
    house.wake()
    return booking(house, booking_id, user)


def _answer(house: House, session: Session, conference: Conference, user: Caller) -> ConferenceAnswer:
    organises = conference.organiser_id == user.user_id
    base = house.public_base() if organises else ""
    state = session.execute(
        select(col(Host.state)).where(col(Host.conference_id) == conference.id, col(Host.user_id) == user.user_id)
    ).scalar_one_or_none()
    return ConferenceAnswer.of(
        conference,
        windows.windows_of(session, conference, None),
        role="organiser" if organises else "host",
        host_state=state,
        share_link=f"{base}/s/{organise.share_token(conference, house.links)}" if base else "",
    )


def _booking_answer(view: BookingView, effects: list[Effect], organises: bool, user: Caller) -> BookingAnswer:
    return BookingAnswer(
        id=view.public_id,
        code=view.code,
        state=view.state,  # type: ignore[arg-type]
        place=view.place,  # type: ignore[arg-type]
        revision=view.revision,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        host_user_id=view.host_user_id,
        host_name=view.host_name,
        room=view.host_room,
        child=view.child,
        school_class=view.school_class,
        guest_name=view.guest_name,
        guest_email=view.guest_email if organises or view.contact_for_hosts else None,
        note=view.note if view.host_user_id == user.user_id else None,
        slot_id=view.slot_public_id,
        unconfirmed=view.confirm_by is not None,
        video_link=view.talk_link if view.place == "video" else "",
        effects=[_effect_answer(view, effect) for effect in effects],
    )


def _effect_answer(view: BookingView, effect: Effect) -> EffectAnswer:
    state = step_of(effect, view.revision)
    return EffectAnswer(
        kind=effect.kind,
        state=state,  # type: ignore[arg-type]
        attempts=effect.attempts,
        next_attempt_at=None if state in ("done", "gave_up") else effect.next_attempt_at,
        last_error=effect.last_error,
    )
