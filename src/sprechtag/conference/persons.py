# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which users of Nextcloud a host is: one, or in a tandem two or three."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlmodel import Session, col

from ..database import table_of
from .tables import Host, HostPartner

TANDEM = "tandem:"
"""How a tandem's `user_id` begins: Nextcloud takes no colon."""
_HOST, _PARTNER = table_of(Host), table_of(HostPartner)
_OWN = _HOST.alias("own")
_RECEIVERS = (
    select(_PARTNER.c.host_id, _PARTNER.c.user_id, _OWN.c.calendar)
    .join(_HOST, _HOST.c.id == _PARTNER.c.host_id)
    .outerjoin(_OWN, and_(_OWN.c.conference_id == _HOST.c.conference_id, _OWN.c.user_id == _PARTNER.c.user_id))
    .where(_PARTNER.c.host_id.in_(bindparam("ids", expanding=True)))
    .order_by(_PARTNER.c.host_id, _PARTNER.c.place)
)


@dataclass(frozen=True)
class Receiver:
    """A user of Nextcloud who receives a family, and the `calendar` that takes the appointment (as `Host.calendar`)."""

    user_id: str
    calendar: str = ""


def receivers(session: Session, tandems: Iterable[int]) -> dict[int, tuple[Receiver, ...]]:
    """Of these tandems, by the host's id; the first one's is the Talk room."""
    found: dict[int, list[Receiver]] = defaultdict(list)
    if ids := sorted(set(tandems)):
        for row in session.connection().execute(_RECEIVERS, {"ids": ids}):
            found[row.host_id].append(Receiver(row.user_id, row.calendar or ""))
    return {host_id: tuple(them) for host_id, them in found.items()}


def users_of(session: Session, host: Host) -> tuple[str, ...]:
    """One user id, or a tandem's; costs nothing but for a tandem."""
    if not host.tandem:
        return (host.user_id,)
    return tuple(one.user_id for one in receivers(session, [host.id or 0]).get(host.id or 0, ()))


def alone(session: Session, tandem: Host) -> list[Host]:
    """Those who are in the tandem, each as the host that it is by itself, the first one first; whoever is none any more
    is left out."""
    rows = session.execute(
        select(Host)
        .join(HostPartner, col(HostPartner.user_id) == col(Host.user_id))
        .where(col(HostPartner.host_id) == tandem.id, col(Host.conference_id) == tandem.conference_id)
        .order_by(col(HostPartner.place))
    )
    return list(rows.scalars())


def is_of(users: Iterable[str]) -> ColumnElement[bool]:
    """Of a `Host`: whether one of these users is it, by itself or in a tandem."""
    them = list(users)
    together = select(col(HostPartner.host_id)).where(col(HostPartner.user_id).in_(them))
    return or_(col(Host.user_id).in_(them), col(Host.id).in_(together))


def hosts_of_user(session: Session, conference_id: int, user_id: str) -> list[Host]:
    """All that this user is in the conference, by itself first, then in tandems; empty for who is no host."""
    mine = select(Host).where(col(Host.conference_id) == conference_id, is_of([user_id]))
    return list(session.execute(mine.order_by(col(Host.tandem), col(Host.id))).scalars())


def tandems_with(session: Session, host: Host) -> list[Host]:
    """The tandems of this host's conference that its user belongs to."""
    if host.tandem:
        return []
    return [one for one in hosts_of_user(session, host.conference_id, host.user_id) if one.tandem]


def is_person(session: Session, host: Host, user_id: str) -> bool:
    return user_id in users_of(session, host)
