# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Mail app takes five mails in 100 s from one account (facts of Mail 5.9.2); a sixth is answered 429."""

from datetime import datetime, timedelta

from sqlmodel import Session

from ..conference.instance import fact, learn

FACT = "pace:"
MARGIN_SECONDS = 1.5
"""A little longer than Mail's own window: it counts arrivals, we count when we began."""


def take_turn(session: Session, organiser_id: str, most: int, window: timedelta, now: datetime) -> datetime | None:
    """Counts one mail of this account and returns None; or, where `most` went out within the `window`, when the next
    one may. The fact holds the times of the last ones, for all processes."""
    known = [datetime.fromisoformat(one) for one in fact(session, f"{FACT}{organiser_id}").get("sent", [])]
    recent = [one for one in known if now - window < one <= now]
    if len(recent) >= most:
        return recent[-most] + window
    learn(session, f"{FACT}{organiser_id}", {"sent": [one.isoformat() for one in [*recent, now]]}, now)
    return None
