# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""For every table and column it is said when it goes, and it goes: out of the rows, the files and the log."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, select

from conftest import KEY, NOW, School
from filler import MOMENT, fill
from sprechtag.conference.families import Family, invite
from sprechtag.conference.tables import Conference, EventToEmpty, Guest, InstanceFact, PaperJob
from sprechtag.database import Database
from sprechtag.privacy import kept, retention

DOCS = Path(__file__).parents[2] / "docs" / "privacy.md"
DAY = timedelta(days=1)
FACTS = ("host:t01", "calendars:t01", "mail:orga", "person:u1", "ask:u1", "webhooks", "test-mail", "unheard-of:x")


# -- the list is whole ---------------------------------------------------------------------------------------------


def test_every_table_and_every_column_has_an_entry() -> None:
    tables = SQLModel.metadata.tables
    assert set(kept.TABLES) == set(tables)
    for name, table in tables.items():
        entry = kept.TABLES[name]
        assert entry.columns() == set(table.columns.keys()), name
        assert not set(entry.personal) & set(entry.plain.split()), name
        assert set(entry.emptied) <= set(table.columns.keys()), name


def test_what_is_a_persons_goes_at_some_time() -> None:
    for name, entry in kept.TABLES.items():
        if entry.personal:
            assert not isinstance(entry.goes, kept.Stays), name
        if isinstance(entry.goes, kept.WithConference):
            # The conference stays for years: what is a family's is emptied before.
            families = {column for column, about in entry.personal.items() if about.whose == "family"}
            assert families <= set(entry.emptied), name


def test_what_goes_with_something_hangs_on_it() -> None:
    for name, entry in kept.TABLES.items():
        if isinstance(entry.goes, kept.With):
            keys = [key for column in SQLModel.metadata.tables[name].columns for key in column.foreign_keys]
            parents = {key.column.table.name for key in keys if key.ondelete == "CASCADE"}
            assert entry.goes.parent in parents, name


def test_every_fact_that_is_learned_has_an_entry() -> None:
    import re

    source = "\n".join(path.read_text() for path in Path(retention.__file__).parents[1].rglob("*.py"))
    learned = set(re.findall(r'\blearn\(\w+, f?"([^"{]+)', source))
    assert len(learned) >= 10
    assert [name for name in learned if kept.fact_of(name + ("x" if name.endswith(":") else "")) is None] == []


def test_the_documentation_shows_the_list() -> None:
    assert kept.as_markdown() in DOCS.read_text(), "python -m sprechtag.privacy.kept"


# -- and it goes ---------------------------------------------------------------------------------------------------


def plant(database: Database, **conference: Any) -> dict[str, dict[str, Any]]:
    """A row in every table, all of one conference."""
    given: dict[str, dict[str, Any]] = {
        "conference": {"state": "published", "time_zone": "Europe/Berlin", "retention_days": 30} | conference,
        "host": {"user_id": "t01"},
        "slot": {"starts_at": MOMENT, "ends_at": MOMENT + timedelta(minutes=10), "blocked_by": "held", "held_for": 1},
        "guest": {"erase_by": None},
        "booking": {"state": "active"},
        "effect": {"kind": "calendar", "remote": {"calendar": "personal", "name": "event"}},
        "instance_fact": {"name": FACTS[0]},
    }
    with database.write() as session:
        rows = fill(session.connection(), SQLModel.metadata, given)
        for name in FACTS[1:]:
            session.add(InstanceFact(name=name, value={"text": f"Planted fact {name} q7x"}, learned_at=MOMENT))
        organiser = session.get_one(Conference, rows["conference"]["id"]).organiser_id
        session.add(InstanceFact(name=f"mail:{organiser}", value={"text": "Planted mail q7x"}, learned_at=MOMENT))
    return rows


def hidden(database: Database) -> Iterator[str]:
    """Everything that stands anywhere: in the files of SQLite, or in all rows."""
    if database.is_sqlite:
        path = Path(str(database.engine.url.database))
        for file in sorted(path.parent.glob(f"{path.name}*")):
            yield file.read_bytes().decode("latin-1")
        return
    with database.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            for row in connection.execute(table.select()):
                yield repr([bytes(one) if isinstance(one, memoryview) else one for one in row])


def found(database: Database, texts: list[str]) -> list[str]:
    everything = list(hidden(database))
    return [text for text in texts if any(text in one for one in everything)]


def texts_of(rows: dict[str, dict[str, Any]], whose: set[str]) -> list[str]:
    """What was planted in columns of these people."""
    return [
        f"Planted {name} {column} q7x"
        for name, entry in kept.TABLES.items()
        for column, about in entry.personal.items()
        if about.whose in whose and f"Planted {name} {column} q7x" in str(rows[name][column])
    ]


def pass_by(database: Database, after: timedelta) -> None:
    """What the hourly housekeeping does."""
    now = MOMENT + after
    with database.write() as session:
        retention.erase_expired(session, now)
        retention.tidy(session, now)
    database.wipe()


@pytest.mark.parametrize("shape", ["with times", "only days", "neither"])
def test_nothing_of_a_family_is_left_after_the_retention(database: Database, shape: str) -> None:
    rows = plant(database)
    texts = texts_of(rows, {"family", "visitor"})
    assert len(texts) > 40
    assert found(database, texts), "what is searched for is there before"
    with database.write() as session:
        tables = SQLModel.metadata.tables
        if shape != "with times":
            session.execute(tables["booking"].delete())
            session.execute(tables["slot"].delete())
        if shape == "neither":
            session.execute(tables["window"].delete())
        session.execute(tables["guest"].update().values(created_at=MOMENT))
        session.execute(tables["conference"].update().values(created_at=MOMENT))
    pass_by(database, timedelta(days=45))
    assert found(database, texts) == []
    with database.read() as session:
        assert session.exec(select(Guest)).all() == [] and len(session.exec(select(Conference)).all()) == 1
        assert [fact.name for fact in session.exec(select(InstanceFact))] == []
    if shape == "with times":
        with database.read() as session:
            assert [event.name for event in session.exec(select(EventToEmpty))] == ["event"]


def test_before_its_end_everything_is_there(database: Database) -> None:
    rows = plant(database)
    pass_by(database, timedelta(days=29, hours=23))
    left = texts_of(rows, {"family"})
    gone = {text for text in left if "paper_job" in text or "stray_event" in text}
    assert set(found(database, left)) == set(left) - gone


def test_after_ten_years_nobody_is_left(database: Database) -> None:
    rows = plant(database)
    for days in (3650, 3665):
        pass_by(database, timedelta(days=days))
    assert found(database, [*texts_of(rows, {"family", "visitor", "host", "organiser", "user"}), "t01"]) == []
    with database.read() as session:
        assert session.exec(select(Conference)).all() == []


def test_events_stay_where_the_organiser_wants_it_so(database: Database) -> None:
    plant(database, empty_events=False)
    with database.write() as session:
        session.execute(SQLModel.metadata.tables["event_to_empty"].delete())
    pass_by(database, timedelta(days=45))
    with database.read() as session:
        assert session.exec(select(EventToEmpty)).all() == []


def test_a_conference_that_is_still_prepared_loses_no_family(school: School) -> None:
    """Made long ago, no day yet, families entered today."""
    with school.database.write() as session:
        school_of = session.get_one(Conference, school.conference_id)
        for name in ("slot", "window"):
            session.execute(SQLModel.metadata.tables[name].delete())
        school_of.created_at = NOW - 100 * DAY
        guest, _ = invite(session, school_of, Family("New"), KEY)
        guest.created_at = NOW
    with school.database.write() as session:
        assert retention.erase_expired(session, NOW + 29 * DAY) == 0
        assert retention.erase_expired(session, NOW + 31 * DAY) == 1


def test_papers_are_kept_for_a_day(school: School) -> None:
    with school.database.write() as session:
        session.add(PaperJob(conference_id=1, user_id="orga", kind="x", content=b"names", created_at=NOW))
        retention.tidy(session, NOW + DAY - timedelta(minutes=1))
        assert session.exec(select(PaperJob)).all()
        retention.tidy(session, NOW + DAY + timedelta(minutes=1))
        assert not session.exec(select(PaperJob)).all()


# -- and is not said ------------------------------------------------------------------------------------------------


def test_an_error_of_the_database_names_nobody(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    plant(database)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(IntegrityError) as raised, database.write() as session:
        _twice(session)
    logging.getLogger("test").error("failed", exc_info=raised.value)
    assert "Secret Name" not in str(raised.value) and "Secret Name" not in caplog.text
    assert "parameters hidden" in str(raised.value)


def _twice(session: Session) -> None:
    guest = sa.inspect(Guest).local_table
    values = {"conference_id": 1, "name": "Secret Name", "email": "secret@post.example", "email_fingerprint": "f"}
    rows = [Guest(**values, public_id="same").model_dump(exclude={"id"}) for _ in range(2)]
    session.execute(guest.insert(), rows)
