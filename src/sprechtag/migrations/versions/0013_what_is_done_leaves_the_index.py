# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What runs by itself finds what is open in an index that holds nothing else, and a row that goes finds what hangs on
it.

Whether an effect is behind its booking was a comparison of two tables, which no index can answer. It stands in the
effect now (`behind`), and triggers keep it so that no statement can forget to. A migration that makes `booking` or
`effect` anew (a batch on SQLite) takes these with it and has to lay them down again (`lay_down`)."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

OPEN = (
    ("ix_guest_letter_unsent", "guest_letter", ["expires_at"], "sent_at IS NULL"),
    ("ix_booking_unconfirmed", "booking", ["confirm_by"], "confirm_by IS NOT NULL"),
    ("ix_slot_held_until", "slot", ["held_until"], "held_until IS NOT NULL"),
    ("ix_slot_held_for", "slot", ["held_for"], "held_for IS NOT NULL"),
    ("ix_guest_erase_by", "guest", ["erase_by"], "erase_by IS NOT NULL"),
    ("ix_job_unfinished", "job", ["id"], "finished_at IS NULL"),
    ("ix_errand_expires_at", "errand", ["expires_at"], "expires_at IS NOT NULL"),
    ("ix_waiting_entry_offered_slot_id", "waiting_entry", ["offered_slot_id"], "offered_slot_id IS NOT NULL"),
    ("ix_window_host_id", "window", ["host_id"], "host_id IS NOT NULL"),
)
WHOLE = (
    ("ix_booking_slot_id", "booking", ["slot_id"]),
    ("ix_guest_host_host_id", "guest_host", ["host_id"]),
    ("ix_host_wish_host_id", "host_wish", ["host_id"]),
    ("ix_job_item_guest_id", "job_item", ["guest_id"]),
    ("ix_slot_conference_end", "slot", ["conference_id", "ends_at"]),
    ("ix_slot_start", "slot", ["starts_at", "conference_id"]),
)

SQLITE = (
    """CREATE TRIGGER booking_leaves_effects_behind AFTER UPDATE OF revision ON booking
        WHEN NEW.revision <> OLD.revision BEGIN
        UPDATE effect SET behind = (applied_revision < NEW.revision AND gave_up_revision < NEW.revision)
            WHERE booking_id = NEW.id; END""",
    """CREATE TRIGGER effect_is_behind AFTER UPDATE OF applied_revision, gave_up_revision ON effect
        WHEN NEW.applied_revision <> OLD.applied_revision OR NEW.gave_up_revision <> OLD.gave_up_revision BEGIN
        UPDATE effect SET behind = (
            SELECT NEW.applied_revision < revision AND NEW.gave_up_revision < revision
            FROM booking WHERE id = NEW.booking_id)
            WHERE booking_id = NEW.booking_id AND kind = NEW.kind; END""",
)
POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION booking_leaves_effects_behind() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE effect SET behind = (applied_revision < NEW.revision AND gave_up_revision < NEW.revision)
                WHERE booking_id = NEW.id;
            RETURN NULL;
        END $$""",
    """CREATE OR REPLACE FUNCTION effect_is_behind() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.behind := (SELECT NEW.applied_revision < revision AND NEW.gave_up_revision < revision
                FROM booking WHERE id = NEW.booking_id);
            RETURN NEW;
        END $$""",
    """CREATE TRIGGER booking_leaves_effects_behind AFTER UPDATE OF revision ON booking
        FOR EACH ROW WHEN (NEW.revision <> OLD.revision) EXECUTE FUNCTION booking_leaves_effects_behind()""",
    """CREATE TRIGGER effect_is_behind BEFORE UPDATE OF applied_revision, gave_up_revision ON effect
        FOR EACH ROW EXECUTE FUNCTION effect_is_behind()""",
)


def upgrade() -> None:
    op.add_column("effect", sa.Column("behind", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(
        "UPDATE effect SET behind = (SELECT effect.applied_revision < revision AND effect.gave_up_revision < revision "
        "FROM booking WHERE id = effect.booking_id)"
    )
    for name, table, columns, where in OPEN:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_index(
        "ix_effect_behind",
        "effect",
        ["booking_id"],
        sqlite_where=sa.text("behind = 1"),
        postgresql_where=sa.text("behind"),
    )
    for name, table, columns in WHOLE:
        op.create_index(name, table, columns)
    # The one with the end begins with the same column.
    op.drop_index("ix_slot_conference_id", "slot")
    lay_down(op.get_bind())


def lay_down(connection: sa.Connection) -> None:
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)
