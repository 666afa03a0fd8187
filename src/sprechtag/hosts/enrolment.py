# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who receives families: enrolled by the organiser, joined or declined by themselves."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import few, follow, hosts, lookup, persons, tandem, team
from ..conference.errors import NotFound, NotYours
from ..conference.hosts import Change, HostEntry
from ..conference.tables import Host
from ..gate import Caller
from .access import REFUSALS, User, attended, organised, visible
from .fields import Line, UserId
from .needs import House
from .schemas import CountAnswer, HostAnswer, Strict, WindowData


class HostData(Strict):
    user_id: Annotated[UserId, Field(min_length=1, max_length=64)]
    display_name: Annotated[Line, Field(max_length=200)] = ""
    short: Annotated[Line, Field(max_length=20)] | None = None
    """The Kürzel; null leaves it as it is."""
    subject: Annotated[Line, Field(max_length=200)] = ""
    classes: Annotated[Line, Field(max_length=200)] = ""
    room: Annotated[Line, Field(max_length=100)] = ""
    offers_on_site: bool = True
    offers_video: bool = True
    windows: Annotated[list[WindowData], Field(max_length=60)] | None = None
    """Empty: the conference's own. Null leaves them as they are."""

    def entry(self) -> HostEntry:
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "windows"}
        windows = None if self.windows is None else [window.window() for window in self.windows]
        return HostEntry(windows=windows, **values)


HostList = Annotated[list[HostData], Field(max_length=500)]
router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/hosts", name="hosts")
def list_hosts(house: House, conference_id: str, user: User) -> list[HostAnswer]:
    """For the organiser: everybody who is enrolled."""
    with house.database.read() as session:
        conference = attended(session, conference_id, user)
        rows = session.execute(
            select(Host).where(col(Host.conference_id) == conference.id).order_by(col(Host.display_name))
        ).scalars()
        found = list(rows)
        together = persons.receivers(session, [host.id or 0 for host in found if host.tandem])
        return [_host_answer(host, together.get(host.id or 0, ())) for host in found]


def _host_answer(host: Host, together: Sequence[persons.Receiver] = ()) -> HostAnswer:
    answer = HostAnswer.model_validate(host, from_attributes=True)
    return answer.model_copy(update={"partners": [one.user_id for one in together]})


class TandemData(Strict):
    """Two or three hosts who receive families together; the first one's is the Talk room. Empty texts are taken from
    the hosts themselves."""

    hosts: Annotated[list[UserId], Field(min_length=1, max_length=20)]
    display_name: Annotated[Line, Field(max_length=200)] = ""
    subject: Annotated[Line, Field(max_length=200)] = ""
    classes: Annotated[Line, Field(max_length=200)] = ""
    room: Annotated[Line, Field(max_length=100)] = ""


@router.post("/conferences/{conference_id}/tandems")
def form_tandem(house: House, conference_id: str, data: TandemData, user: User) -> HostAnswer:
    """Has hosts receive families together: one entry in the list, the times at which all are free, one room, an event
    in each calendar. It is changed and taken out as any host, by its `user_id`."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        made = tandem.form(session, conference, tandem.Wanted(**data.model_dump()))
        return _host_answer(made, persons.receivers(session, [made.id or 0])[made.id or 0])


@router.post("/conferences/{conference_id}/hosts")
def enrol(house: House, conference_id: str, data: HostList, user: User) -> list[HostAnswer]:
    """Invites hosts or brings their entries up to date, all or none."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        enrolled = [hosts.enrol(session, conference, host.entry()) for host in data]
        answer = [HostAnswer.model_validate(host, from_attributes=True) for host in enrolled]
    return answer


class ChangeData(Strict):
    """Of these hosts; null leaves as it is, empty windows are the conference's own."""

    hosts: Annotated[list[UserId], Field(min_length=1, max_length=500)]
    room: Annotated[Line, Field(max_length=100)] | None = None
    offers_on_site: bool | None = None
    offers_video: bool | None = None
    min_pause_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    max_in_a_row: Annotated[int, Field(ge=0, le=100)] | None = None
    windows: Annotated[list[WindowData], Field(max_length=60)] | None = None

    def change(self) -> Change:
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in ("hosts", "windows")}
        windows = None if self.windows is None else [window.window() for window in self.windows]
        return Change(windows=windows, **values)


@router.post("/conferences/{conference_id}/hosts-change")
def change_many(house: House, conference_id: str, data: ChangeData, user: User) -> list[HostAnswer]:
    """Sets hours, room, places or limits of many hosts at once, all or none. 409 where a booked time would have to
    go."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        changed = hosts.change_many(session, conference, data.hosts, data.change())
        return [HostAnswer.model_validate(host, from_attributes=True) for host in changed]


class ExtendData(Strict):
    minutes: Annotated[int, Field(ge=1, le=few.LONGEST)] = 30


@router.post("/conferences/{conference_id}/hosts/{user_id}/extend")
def extend(house: House, conference_id: str, user_id: str, data: ExtendData, user: User) -> CountAnswer:
    """Has a host receive families longer on each day; `count` is how many times that makes. For those who organise, and
    for the host where hosts may change their times."""
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        host = lookup.find_host(session, conference.id or 0, user_id)
        if team.role_of(session, conference, user.user_id) not in ("owner", "organiser"):
            if user.user_id != user_id:
                raise NotFound
            if not conference.hosts_change:
                raise NotYours
        made = few.extend(session, conference, host, data.minutes)
        follow.calendar(session, host, house.clock())
    return CountAnswer(count=made)


@router.post("/conferences/{conference_id}/remind")
def remind(house: House, conference_id: str, user: User) -> CountAnswer:
    """Has the hosts notified in Nextcloud who have not answered yet."""
    with house.database.write() as session:
        count = hosts.remind(session, organised(session, conference_id, user), house.clock())
    return CountAnswer(count=count)


@router.delete("/conferences/{conference_id}/hosts/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
def withdraw(house: House, conference_id: str, user_id: str, user: User) -> None:
    """Takes a host without active bookings out."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
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
        result = HostAnswer.model_validate(host, from_attributes=True)
    return result
