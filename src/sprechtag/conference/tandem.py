# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tandems: two or three hosts who receive a family together, as the two teachers of a class do.

A tandem is a host of its own in the list, with times at which all are free (`elsewhere` closes the others), so that
booking, moving, waiting and printing know it without being told. It can be booked once all who are in it have joined,
and while Nextcloud knows them all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from . import persons, taken
from .errors import HasBookings, Invalid, NotFound
from .lookup import find_host, hosts_of
from .tables import Conference, Host, HostPartner
from .tokens import public_id
from .windows import rebuild_slots

FEWEST, MOST = 2, 3
AND = " & "
LONGEST_NAME = 200


@dataclass(frozen=True)
class Wanted:
    """`hosts` are user ids, the first one's is the Talk room; empty texts are taken from the hosts themselves."""

    hosts: Sequence[str]
    display_name: str = ""
    subject: str = ""
    classes: str = ""
    room: str = ""


def form(session: Session, conference: Conference, wanted: Wanted) -> Host:
    """Enters the tandem. Raises `Invalid` where these are not two or three hosts of the conference, or are together
    already."""
    users = list(dict.fromkeys(wanted.hosts))
    if not FEWEST <= len(users) <= MOST:
        raise Invalid("hosts", "tandem_size")
    try:
        alone = [find_host(session, conference.id or 0, user_id) for user_id in users]
    except NotFound:
        raise Invalid("hosts", "tandem_hosts") from None
    if any(host.tandem for host in alone):
        raise Invalid("hosts", "tandem_hosts")
    there = [one for one in hosts_of(session, conference) if one.tandem]
    if any({*persons.users_of(session, one)} == {*users} for one in there):
        raise Invalid("hosts", "tandem_there")
    first = alone[0]
    tandem = Host(
        conference_id=conference.id or 0,
        user_id=f"{persons.TANDEM}{public_id()}",
        tandem=True,
        display_name=wanted.display_name.strip() or _names(alone),
        subject=wanted.subject.strip() or ", ".join(dict.fromkeys(one.subject for one in alone if one.subject)),
        classes=wanted.classes.strip() or _shared_classes(alone),
        room=wanted.room.strip() or first.room,
        offers_on_site=any(one.offers_on_site for one in alone),
        offers_video=any(one.offers_video for one in alone),
    )
    session.add(tandem)
    session.flush()
    session.add_all(
        HostPartner(host_id=tandem.id or 0, user_id=user_id, place=place) for place, user_id in enumerate(users)
    )
    session.flush()
    _level(session, tandem, alone)
    rebuild_slots(session, conference, tandem)
    return tandem


def _names(hosts: Sequence[Host]) -> str:
    return AND.join(host.display_name for host in hosts)[:LONGEST_NAME]


def _shared_classes(hosts: Sequence[Host]) -> str:
    """The classes that all of them have; all of them where there is none."""
    each = [[part.strip() for part in host.classes.split(",") if part.strip()] for host in hosts]
    shared = [one for one in each[0] if all(one in others for others in each[1:])]
    return ", ".join(shared or dict.fromkeys(one for them in each for one in them))[:LONGEST_NAME]


def level(session: Session, host: Host, former_name: str = "") -> None:
    """Something has changed with the host: its tandems follow. `former_name`: how it was called before."""
    for tandem in persons.tandems_with(session, host):
        them = persons.alone(session, tandem)
        if former_name:
            before = AND.join(former_name if one.id == host.id else one.display_name for one in them)
            if tandem.display_name == before[:LONGEST_NAME]:
                tandem.display_name = _names(them)
        _level(session, tandem, them)


def _level(session: Session, tandem: Host, alone: Sequence[Host]) -> None:
    states = {one.state for one in alone}
    tandem.state = "declined" if "declined" in states else "invited" if "invited" in states else "joined"
    tandem.gone = any(one.gone for one in alone)
    tandem.can_video = bool(alone) and alone[0].can_video
    session.add(tandem)
    session.flush()


def check_may_leave(session: Session, host: Host) -> None:
    """Raises `HasBookings` while families have appointments with a tandem that the host belongs to."""
    if any(taken.booked_slots(session, tandem) for tandem in persons.tandems_with(session, host)):
        raise HasBookings


__all__ = ["FEWEST", "MOST", "Wanted", "check_may_leave", "form", "level"]
