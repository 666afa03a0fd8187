# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that happens later: one table of what is due, and what works it off. Knows no conference.

`table` is the row, `queue` puts, claims and settles rows, `retry` says when something is tried again and when not,
`lanes` which work may run beside which, `worker` runs it, `clock` what comes again and again, `testing` runs it all at
once for a test. Whoever wants something done later puts an errand into the transaction that makes it due:

    queue.put(session, Put("booking", str(booking.id), lane=f"host:{host.id}", due_at=now))
"""
