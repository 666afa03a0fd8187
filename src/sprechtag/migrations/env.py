# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Alembic's entry: runs on the connection that `Database.migrate` hands over."""

from alembic import context

from sprechtag.conference import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.Conference.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
