# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's children have rows of their own; what stood in one line is parted where it can be. A limit may hold for
a child, whichever of its households books."""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "kin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("shares", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kin_conference_id", "kin", ["conference_id"])
    op.create_table(
        "child",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("kin_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("school_class", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kin_id"], ["kin.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kin_id", "name"),
        sa.UniqueConstraint("public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_child_kin_id", "child", ["kin_id"])
    op.create_table(
        "child_host",
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("child_id", "host_id"),
    )
    op.create_index("ix_child_host_host_id", "child_host", ["host_id"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" and connection.execute(sa.text("PRAGMA foreign_keys")).scalar():
        raise RuntimeError("Foreign keys must be off while tables are made anew: use Database.migrate.")
    # The table is made anew; its numbers are never given again all the same.
    last = "SELECT seq FROM sqlite_sequence WHERE name = 'guest'"
    highest = connection.execute(sa.text(last)).scalar() if connection.dialect.name == "sqlite" else None
    with op.batch_alter_table("guest", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("kin_id", sa.Integer(), nullable=True))
        batch.create_foreign_key("guest_kin_id_fkey", "kin", ["kin_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_guest_kin_id", "guest", ["kin_id"])
    _part(connection)
    limit = sa.Column("limit_per", sa.String(), nullable=False, server_default="household")
    op.add_column("conference", limit)
    op.add_column("conference", sa.Column("households_share", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_column("guest", "child")
    op.drop_column("guest", "school_class")
    if highest is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'guest'"))
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('guest', :seq)"), {"seq": highest})


def _part(connection: sa.Connection) -> None:
    query = "SELECT id, conference_id, child, school_class FROM guest WHERE child <> '' OR school_class <> ''"
    for guest_id, conference_id, child, school_class in connection.execute(sa.text(query)).all():
        kin = sa.text("INSERT INTO kin (conference_id, shares) VALUES (:conference_id, false) RETURNING id")
        kin_id = connection.execute(kin, {"conference_id": conference_id}).scalar_one()
        rows: list[dict[str, Any]] = [
            {"public_id": secrets.token_hex(8), "kin_id": kin_id, "name": name, "school_class": one}
            for name, one in children_of(child, school_class).items()
        ]
        new = "INSERT INTO child (public_id, kin_id, name, school_class) "
        connection.execute(sa.text(f"{new} VALUES (:public_id, :kin_id, :name, :school_class)"), rows)
        of_guest = sa.text("UPDATE guest SET kin_id = :kin_id WHERE id = :id")
        connection.execute(of_guest, {"kin_id": kin_id, "id": guest_id})


def children_of(child: str, school_class: str) -> dict[str, str]:
    """Name -> class. "Mia, Jonas" and "5a, –" are two children; "Weber, Mia" with one class is one, and of several
    nobody knows whose the class is."""
    names = [part.strip() for part in child.split(",")]
    classes = [part.strip() for part in school_class.split(",")]
    if len(names) != len(classes):
        return {child: school_class}
    found: dict[str, str] = {}
    for name, one in zip(names, classes, strict=True):
        found.setdefault(name, "" if one == "–" else one)
    return found
