# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What changes seldom is kept: a conference's rules and its hosts, as they stand in the database at one version.

Whatever is written of a conference or of its hosts raises `conference.version` (by triggers), in the transaction that
writes it. So whoever has read the version knows whether what is kept is right, in whichever process it was changed;
and a transaction that reads the version decides by rules that hold in it."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ..database import table_of
from .entries import number_in
from .errors import NotFound
from .names import by_surname, names_in
from .tables import Conference, Host
from .tokens import hashed

MOST = 300
"""Conferences that a process keeps."""
_CONFERENCE, _HOST = table_of(Conference), table_of(Host)
_BY_ID = select(_CONFERENCE).where(_CONFERENCE.c.id == bindparam("id"))
_HOSTS = select(_HOST).where(_HOST.c.conference_id == bindparam("id"))
_VERSION = select(_CONFERENCE.c.version).where(_CONFERENCE.c.id == bindparam("id"))
_SHARED = select(_CONFERENCE.c.id, _CONFERENCE.c.version).where(
    _CONFERENCE.c.share_token_hash == bindparam("share_token_hash"), _CONFERENCE.c.state != "draft"
)
_PREVIEWED = select(_CONFERENCE.c.id, _CONFERENCE.c.version).where(
    _CONFERENCE.c.preview_token_hash == bindparam("preview_token_hash"), _CONFERENCE.c.state == "draft"
)


@dataclass(frozen=True)
class Kept:
    """A conference and all its hosts by id. They belong to no session: to be read, never to be changed."""

    conference: Conference
    hosts: Mapping[int, Host]

    @cached_property
    def joined(self) -> tuple[Host, ...]:
        """Those whom families see, by name."""
        joined = (host for host in self.hosts.values() if host.state == "joined" and not host.gone)
        return tuple(sorted(joined, key=lambda host: by_surname(host.display_name)))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All that somebody teaches: 5a before 10a."""
        names = {name for host in self.joined for name in names_in(host.classes)}
        return tuple(sorted(names, key=lambda name: (number_in(name) or 1000, name)))

    @cached_property
    def _by_public_id(self) -> Mapping[str, Host]:
        return {host.public_id: host for host in self.joined}

    def host(self, public_id: str) -> Host:
        """A host whom families see. Raises `NotFound`."""
        try:
            return self._by_public_id[public_id]
        except KeyError:
            raise NotFound from None

    def joined_host(self, host_id: int) -> Host:
        """As `host`, by the row's id."""
        host = self.hosts.get(host_id)
        if host is None or host.state != "joined":
            raise NotFound
        return host


class Keeper:
    """Keeps conferences for one process; each look costs one small statement."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, conference_id: int) -> Kept:
        """The conference as this transaction sees it. Raises `NotFound`."""
        version = session.connection().execute(_VERSION, {"id": conference_id}).scalar_one_or_none()
        if version is None:
            raise NotFound
        return self.at(session, conference_id, version)

    def by_share_token(self, session: Session, token: str) -> Kept:
        """Raises `NotFound` for an unknown or renewed link and for a draft."""
        row = session.connection().execute(_SHARED, {"share_token_hash": hashed(token)}).one_or_none()
        if row is None:
            raise NotFound
        return self.at(session, row.id, row.version)

    def by_preview_token(self, session: Session, token: str) -> Kept:
        """A draft as families will see it, with all who are invited as if they had joined. Raises `NotFound` for an
        unknown link, and for a conference that is no draft any more."""
        row = session.connection().execute(_PREVIEWED, {"preview_token_hash": hashed(token)}).one_or_none()
        if row is None:
            raise NotFound
        kept = self.at(session, row.id, row.version)
        hosts = {number: Host(**host.model_dump() | {"state": "joined"}) for number, host in kept.hosts.items()}
        return Kept(
            kept.conference, {number: one for number, one in hosts.items() if kept.hosts[number].state != "declined"}
        )

    def at(self, session: Session, conference_id: int, version: int) -> Kept:
        """The conference at the version that this transaction has just read, and has not raised itself: what may still
        be rolled back must not be kept."""
        with self._lock:
            kept = self._kept.get(conference_id)
            if kept and kept.conference.version == version:
                self._kept.move_to_end(conference_id)
                return kept
        kept = _read(session, conference_id)
        with self._lock:
            self._kept[conference_id] = kept
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept


def _read(session: Session, conference_id: int) -> Kept:
    connection = session.connection()
    row = connection.execute(_BY_ID, {"id": conference_id}).one_or_none()
    if row is None:
        raise NotFound
    hosts = connection.execute(_HOSTS, {"id": conference_id})
    return Kept(
        Conference(**row._mapping),  # noqa: SLF001 - SQLAlchemy's own public name for it
        {host.id: Host(**host._mapping) for host in hosts},  # noqa: SLF001
    )
