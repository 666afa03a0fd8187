# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of a conference is what stands in the database, whoever has written there and how."""

import random

import pytest
from sqlalchemy import delete, insert, inspect, select, text, update
from sqlmodel import Session, col

from conftest import School
from sprechtag.conference.errors import NotFound
from sprechtag.conference.kept import Keeper, Kept
from sprechtag.conference.tables import Conference, Host
from sprechtag.database import Database

SELDOM_READ = {"calendar_read_at"}
"""Written all the time and not kept right: it raises no version."""


def kept_by(keeper: Keeper, school: School) -> Kept:
    with school.database.read() as session:
        return keeper.of(session, school.conference_id)


def as_stored(database: Database, conference_id: int) -> tuple[dict[str, object], dict[int, dict[str, object]]]:
    with database.read() as session:
        conference = session.get_one(Conference, conference_id).model_dump()
        hosts = session.execute(select(Host).where(col(Host.conference_id) == conference_id)).scalars()
        return conference, {host.id or 0: host.model_dump(exclude=SELDOM_READ) for host in hosts}


def as_kept(kept: Kept) -> tuple[dict[str, object], dict[int, dict[str, object]]]:
    return kept.conference.model_dump(), {
        number: host.model_dump(exclude=SELDOM_READ) for number, host in kept.hosts.items()
    }


def test_it_is_read_once_and_belongs_to_nobody(school: School) -> None:
    keeper = Keeper()
    first = kept_by(keeper, school)
    assert kept_by(keeper, school) is first
    assert inspect(first.conference).transient and all(inspect(host).transient for host in first.hosts.values())


@pytest.mark.parametrize("column", sorted(set(Host.model_fields) - SELDOM_READ - {"id", "conference_id"}))
def test_every_column_of_a_host_raises_the_version(school: School, column: str) -> None:
    """The list in the migration is of today: whoever adds a column has to add it to the trigger."""
    keeper = Keeper()
    before = kept_by(keeper, school)
    with school.database.write() as session:
        session.execute(text(f"UPDATE host SET {column} = {column}"))
    assert kept_by(keeper, school).conference.version > before.conference.version


def _by_orm(session: Session, school: School, draw: random.Random) -> None:
    session.get_one(Conference, school.conference_id).name = f"Name {draw.random()}"


def _host_by_orm(session: Session, school: School, draw: random.Random) -> None:
    host = session.execute(select(Host).where(col(Host.conference_id) == school.conference_id)).scalars().first()
    if host:
        host.room = f"Room {draw.random()}"


def _in_bulk(session: Session, school: School, draw: random.Random) -> None:
    session.execute(update(Host).values(subject=f"Subject {draw.random()}"))


def _as_text(session: Session, school: School, draw: random.Random) -> None:
    session.execute(text("UPDATE conference SET contact = :said"), {"said": str(draw.random())})


def _made(session: Session, school: School, draw: random.Random) -> None:
    row = Host(conference_id=school.conference_id, user_id=f"u{draw.random()}", display_name="New").model_dump()
    session.execute(insert(Host).values(**{name: value for name, value in row.items() if name != "id"}))


def _gone(session: Session, school: School, draw: random.Random) -> None:
    session.execute(delete(Host).where(col(Host.display_name) == "New"))


@pytest.mark.parametrize("seed", range(3))
def test_after_any_writing_it_is_what_stands_there(school: School, seed: int) -> None:
    keeper, draw = Keeper(), random.Random(seed)
    for _ in range(12):
        write = draw.choice([_by_orm, _host_by_orm, _in_bulk, _as_text, _made, _gone])
        taken_back = draw.random() < 0.3
        with school.database.write() as session:
            write(session, school, draw)
            if taken_back:
                session.rollback()
        assert as_kept(kept_by(keeper, school)) == as_stored(school.database, school.conference_id)


def test_another_conference_is_left_alone(school: School) -> None:
    from conftest import make_school

    other, keeper = make_school(school.database, ("t05",)), Keeper()
    first = kept_by(keeper, other)
    school.change(name="Something else")
    assert kept_by(keeper, other) is first


def test_what_is_gone_is_not_found(school: School) -> None:
    keeper = Keeper()
    kept_by(keeper, school)
    with school.database.write() as session:
        session.execute(delete(Conference).where(col(Conference.id) == school.conference_id))
    with pytest.raises(NotFound):
        kept_by(keeper, school)


def test_no_more_are_kept_than_said(school: School) -> None:
    from conftest import make_school

    keeper = Keeper(most=2)
    schools = [school, *(make_school(school.database, ("t05",)) for _ in range(3))]
    first = kept_by(keeper, schools[0])
    for other in schools[1:]:
        kept_by(keeper, other)
    assert kept_by(keeper, schools[0]) is not first
