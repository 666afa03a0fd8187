# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A database of a house with many conferences, filled in bulk: one that comes, and others that are over or far away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from sprechtag.conference.tables import Booking, Conference, Guest, Host, Slot
from sprechtag.database import Database

NEAR = datetime(2027, 1, 13, 14, 0, tzinfo=UTC)
"""The first time of the conference that comes."""
EVERY_TENTH = 10
"""One of so many others is far away, the rest are over; where nobody waits there."""


@dataclass(frozen=True)
class Size:
    """Of one conference. Each host has `times` of ten minutes, one after the other."""

    hosts: int = 70
    times: int = 24
    guests: int = 400
    bookings: int = 1000


def fill(database: Database, conferences: int, size: Size = Size()) -> None:
    """The first one comes (`NEAR`). All outside has followed every booking, every letter is sent; some families wait for
    a host that has nothing free."""
    with database.engine.execution_options(sprechtag_write=True).begin() as connection:
        for number in range(conferences):
            _add(connection, number, size)
        _add_what_follows(connection, database.is_sqlite)
        if not database.is_sqlite:
            for name in ("conference", "host", "slot", "guest", "booking"):
                said = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                connection.execute(text(said))
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("VACUUM ANALYZE"))


def begins(number: int) -> datetime:
    """When the conference of this number has its first time."""
    if number == 0:
        return NEAR
    return NEAR + timedelta(days=300) if number % EVERY_TENTH == 0 else NEAR - timedelta(days=30 + 7 * number)


def _add(connection: Connection, number: int, size: Size) -> None:
    first, made = begins(number), begins(number) - timedelta(days=40)
    one = {"id": number + 1, "organiser_id": "orga", "name": "Elternsprechtag", "state": "published"}
    one |= {"retention_days": 3650, "feedback": True, "created_at": made, "share_token_hash": f"share{number}"}
    _insert(connection, Conference, [one])
    of = {"conference_id": number + 1}
    hosts = [number * size.hosts + host + 1 for host in range(size.hosts)]
    _insert(
        connection,
        Host,
        [
            of | {"id": host, "user_id": f"t{place}", "display_name": "T", "state": "joined"}
            for place, host in enumerate(hosts)
        ],
    )
    slots = [(host, place) for place in range(size.times) for host in hosts]
    first_slot, ten = number * len(slots) + 1, timedelta(minutes=10)
    _insert(
        connection,
        Slot,
        [
            of
            | {
                "id": first_slot + at,
                "host_id": host,
                "starts_at": first + place * ten,
                "ends_at": first + (place + 1) * ten,
            }
            for at, (host, place) in enumerate(slots)
        ],
    )
    first_guest = number * size.guests + 1
    guests = [{"name": "G", "email": "g@post.example", "created_at": made} for _ in range(size.guests)]
    _insert(
        connection,
        Guest,
        [
            of
            | guest
            | {"id": first_guest + at, "email_fingerprint": f"f{at}", "manage_token_hash": f"m{first_guest + at}"}
            for at, guest in enumerate(guests)
        ],
    )
    rows = []
    for at, (host, _) in enumerate(slots[: size.bookings]):
        row = {"id": number * size.bookings + at + 1, "host_id": host, "slot_id": first_slot + at, "place": "video"}
        row |= {"guest_id": first_guest + at % size.guests, "child": "C", "visitor": f"v{at % 50}"}
        rows.append(of | row | {"created_at": made, "changed_at": made})
    _insert(connection, Booking, rows)


def _insert(connection: Connection, table: type[Any], rows: list[dict[str, Any]]) -> None:
    """In few statements, with what the model gives by itself."""
    given = table(**rows[0]).model_dump()
    own = ({"public_id": f"{table.__name__}{row['id']}"} for row in rows)
    connection.execute(
        table.__table__.insert(), [given | public_id | row for public_id, row in zip(own, rows, strict=True)]
    )


def _add_what_follows(connection: Connection, is_sqlite: bool) -> None:
    for statement in _what_follows(is_sqlite):
        connection.execute(text(statement))


def _what_follows(is_sqlite: bool) -> Iterator[str]:
    seconds = (
        "CAST(strftime('%s', s.starts_at) AS INTEGER)"
        if is_sqlite
        else "CAST(extract(epoch from s.starts_at) AS BIGINT)"
    )
    ten = " UNION ALL ".join(f"SELECT {number} AS n" for number in range(10))
    kinds = " UNION ALL ".join(f"SELECT '{kind}' AS kind" for kind in ("talk", "calendar", "mail"))
    word = "hex(randomblob(16))" if is_sqlite else "md5(random()::text)"
    later = "datetime('2027-01-01')" if is_sqlite else "timestamptz '2027-01-01 00:00Z'"
    yield f"""INSERT INTO guest_minute (guest_id, minute, booking_id) SELECT b.guest_id, {seconds} / 60 + n, b.id
        FROM booking b JOIN slot s ON s.id = b.slot_id CROSS JOIN ({ten}) m"""
    yield f"""INSERT INTO effect (booking_id, kind, applied_revision, gave_up_revision, behind, last_error, remote)
        SELECT b.id, kind, 1, 0, false, '', '{{}}' FROM booking b CROSS JOIN ({kinds}) k"""
    yield """INSERT INTO idempotency_key (key_hash, screen, booking_id, created_at)
        SELECT 'key' || id, '', id, created_at FROM booking"""
    yield f"""INSERT INTO screen_link (public_id, guest_id, token_hash, created_at)
        SELECT {word}, id, 's' || id, created_at FROM guest"""
    yield f"""INSERT INTO guest_letter (public_id, guest_id, kind, name, payload, expires_at, sent_at, last_error)
        SELECT {word}, id, 'waiting', 'w', '{{}}', {later}, {later}, '' FROM guest"""
    yield """INSERT INTO guest_host (guest_id, host_id, asked)
        SELECT DISTINCT guest_id, host_id, false FROM booking"""
    yield """INSERT INTO live_call (booking_id, room, server, present, mark, extra_minutes, family_says)
        SELECT id, 'room' || id, '', '[]', 'done', 0, '' FROM booking"""
    yield """INSERT INTO waiting_entry (public_id, conference_id, host_id, guest_id, child, school_class, screen, created_at)
        SELECT 'w' || g.id, g.conference_id, (SELECT min(h.id) FROM host h WHERE h.conference_id = g.conference_id), g.id,
            'C', '', '', created_at FROM guest g
        WHERE g.id % 80 = 1 AND (SELECT max(s.starts_at) FROM slot s WHERE s.conference_id = g.conference_id) < '2027-03-01'"""
    yield """UPDATE slot SET blocked = true, blocked_by = 'organiser'
        WHERE host_id IN (SELECT host_id FROM waiting_entry) AND id NOT IN (SELECT slot_id FROM booking)"""
