# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps Nextcloud in step with the bookings: what is due, doing it, retrying it.

A booking has a revision; each effect (talk, calendar, mail) records the revision it has applied. `ledger.py` reads and
writes that record, `talk.py` and `calendar.py` do the things (mails are the matter of `letters/`), `follower.py` puts
them in order, `work.py` makes them durable with DBOS."""
