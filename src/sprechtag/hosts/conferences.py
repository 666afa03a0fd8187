# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Conferences, from draft to closed. An organiser sees only own ones, a host those it is enrolled in; for all others a
conference does not exist (404). The gate has made sure that somebody is logged in and that a changing call is no
form's."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field
from sqlalchemy import select, union_all
from sqlmodel import Session, col

from ..conference import administration, organise, ruleset, team, windows
from ..conference.errors import StillFollowing
from ..conference.ruleset import Rules
from ..conference.slots import TimeWindow, slots_of
from ..conference.tables import Conference, Deputy, Host
from ..day import media
from ..gate import Caller
from ..planning import capacity
from .access import REFUSALS, User, organised, owned, visible
from .fields import Day, Instant, Line, Text, Zone
from .groups import MayNotOrganise, NoConfirmation, check_power, groups_of
from .needs import House
from .schemas import Minutes, Strict, WindowAnswer, WindowData

HostCount = Annotated[int, Query(ge=0, le=5000)]
EachCount = Annotated[int, Query(ge=0, le=1000)]


class RulesData(Strict):
    """The rules of a conference; minutes, days and counts are whole numbers."""

    name: Annotated[Line, Field(max_length=200)]
    windows: Annotated[list[WindowData], Field(max_length=60)]
    description: Annotated[Text, Field(max_length=4000)] = ""
    contact: Annotated[Line, Field(max_length=400)] = ""
    time_zone: Zone = "Europe/Berlin"
    slot_minutes: Annotated[int, Field(ge=1, le=480)] = 10
    pause_minutes: Annotated[int, Field(ge=0, le=480)] = 0
    offers_on_site: bool = True
    offers_video: bool = True
    opens_at: Instant | None = None
    closes_at: Instant | None = None
    lead_minutes: Minutes = 60
    change_deadline_minutes: Minutes = 120
    max_bookings_per_guest: Annotated[int, Field(ge=1, le=100)] = 10
    max_bookings_per_guest_and_host: Annotated[int, Field(ge=1, le=20)] = 1
    limit_per: Literal["household", "child"] = "household"
    households_share: bool = False
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    contact_for_hosts: bool = False
    booking_by: Literal["link", "confirmed", "invited"] = "link"
    languages: Annotated[Line, Field(max_length=200)] = ""
    walk_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    reminders: Annotated[Line, Field(max_length=100)] = "1440,60"
    waiting_list: bool = True
    priority_from: Instant | None = None
    booking_mode: Literal["direct", "wishes", "assigned"] = "direct"
    wishes_until: Instant | None = None
    privacy_notice: Annotated[Text, Field(max_length=4000)] = ""
    legal_basis: Annotated[Text, Field(max_length=1000)] = ""
    data_protection_officer: Annotated[Text, Field(max_length=1000)] = ""
    empty_events: bool = True
    feedback: bool = False
    asks: Annotated[Line, Field(max_length=100)] = ""
    hosts_change: bool = True
    mails_wait: bool = False

    def rules(self) -> Rules:
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "windows"}
        return Rules(windows=[window.window() for window in self.windows], **values)


class PreviewAnswer(BaseModel):
    """`times` are the slots' starts for one host, `slots` those of all hosts. `calls` run at once if every time became
    a video call; `calls_fit` is None where nothing was entered to compare with, and `tightest` is what fits worst."""

    times: list[datetime]
    slots: int
    families: int
    calls: int
    calls_fit: bool | None
    tightest: str


class CopyData(Strict):
    first_day: Day
    name: Annotated[Line, Field(max_length=200)] = ""


class ConferenceAnswer(BaseModel):
    id: str
    name: str
    description: str
    contact: str
    time_zone: str
    state: Literal["draft", "published", "closed"]
    slot_minutes: int
    pause_minutes: int
    offers_on_site: bool
    offers_video: bool
    opens_at: datetime | None
    closes_at: datetime | None
    lead_minutes: int
    change_deadline_minutes: int
    max_bookings_per_guest: int
    max_bookings_per_guest_and_host: int
    limit_per: Literal["household", "child"]
    households_share: bool
    retention_days: int
    contact_for_hosts: bool
    booking_by: Literal["link", "confirmed", "invited"]
    languages: str
    walk_minutes: int
    reminders: str
    waiting_list: bool
    priority_from: datetime | None
    booking_mode: Literal["direct", "wishes", "assigned"]
    wishes_until: datetime | None
    privacy_notice: str
    legal_basis: str
    data_protection_officer: str
    empty_events: bool
    feedback: bool
    asks: str
    hosts_change: bool
    mails_wait: bool
    windows: list[WindowAnswer]
    role: Literal["organiser", "desk", "host"]
    owner: bool
    """Whether I may delete it and say who is in the team."""
    host_state: Literal["invited", "joined", "declined"] | None = None
    share_link: str = ""
    preview_link: str = ""
    """Of a draft: its public pages as families will see them; nothing can be booked there."""
    """Empty for hosts, and for organisers while the public address is not known yet."""

    @classmethod
    def of(cls, conference: Conference, windows: list[TimeWindow], **more: object) -> "ConferenceAnswer":
        fields = {name: getattr(conference, name) for name in cls.model_fields if hasattr(conference, name)}
        listed = WindowAnswer.all(windows)
        return cls(**fields | {"id": conference.public_id, "windows": listed} | more)


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences")
def conferences(house: House, user: User) -> list[ConferenceAnswer]:
    """The conferences in whose team I am or of which I am a host, newest first."""
    with house.database.read() as session:
        mine = union_all(
            select(col(Host.conference_id)).where(col(Host.user_id) == user.user_id),
            select(col(Deputy.conference_id)).where(col(Deputy.user_id) == user.user_id),
        )
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
        conference = organised(session, conference_id, user)
        if conference.state == "published":
            _check_channel(house, data.booking_by, conference)
        organise.edit(session, conference, data.rules())
        organise.make_preview(conference, house.links)
        return _answer(house, session, conference, user)


@router.delete("/conferences/{conference_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(house: House, conference_id: str, user: User) -> None:
    """Deletes a conference that has no active bookings. 409 while calendars are still being told, or rooms to try
    in are still being taken away."""
    with house.database.write() as session:
        removed = organise.remove(session, owned(session, conference_id, user))
    if not removed:
        raise StillFollowing


@router.post("/conferences/{conference_id}/copy", status_code=status.HTTP_201_CREATED)
def copy(house: House, conference_id: str, data: CopyData, user: User) -> ConferenceAnswer:
    """A new draft with the rules and hosts of this one, beginning on another day."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        _check_may_organise(house, session, user)
        made = organise.copy(session, conference, data.name or conference.name, data.first_day, house.links)
        return _answer(house, session, made, user)


@router.post("/conferences/{conference_id}/publish")
def publish(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """Opens the share link (again). 409 where families shall confirm their address and no mail can be sent."""

    def publish(session: Session, conference: Conference) -> None:
        _check_channel(house, conference.booking_by, conference)
        organise.publish(session, conference)

    return _set_state(house, conference_id, user, publish)


def _check_channel(house: House, booking_by: str, conference: Conference) -> None:
    if booking_by == "confirmed" and house.mail_channel(conference.organiser_id)[0] == "calendar":
        raise NoConfirmation


@router.post("/conferences/{conference_id}/close")
def close(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """Ends booking; what is booked stays and can still be changed until its deadline."""
    return _set_state(house, conference_id, user, organise.close)


@router.post("/conferences/{conference_id}/share-link")
def renew_share_link(house: House, conference_id: str, user: User) -> ConferenceAnswer:
    """A new share link; the old one is dead at once."""

    def renew(_: Session, conference: Conference) -> None:
        organise.renew_share_link(conference, house.links)

    return _set_state(house, conference_id, user, renew)


def _set_state(
    house: House, conference_id: str, user: Caller, change: Callable[[Session, Conference], None]
) -> ConferenceAnswer:
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        change(session, conference)
        answer = _answer(house, session, conference, user)
    return answer


def _answer(house: House, session: Session, conference: Conference, user: Caller) -> ConferenceAnswer:
    role = team.role_of(session, conference, user.user_id)
    organises = role in ("owner", "organiser")
    base = house.public_base() if organises else ""
    previewed = conference.state == "draft" and bool(conference.preview_token_hash)
    state = session.execute(
        select(col(Host.state)).where(col(Host.conference_id) == conference.id, col(Host.user_id) == user.user_id)
    ).scalar_one_or_none()
    return ConferenceAnswer.of(
        conference,
        windows.windows_of(session, conference, None),
        role="organiser" if organises else role or "host",
        owner=role == "owner",
        host_state=state,
        share_link=f"{base}/s/{organise.share_token(conference, house.links)}" if base else "",
        preview_link=f"{base}/s/{organise.preview_token(conference, house.links)}" if base and previewed else "",
    )
