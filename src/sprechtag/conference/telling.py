# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud tells its users, in the background."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from .tables import Host, Notice, NoticeKind

CLAIMED_FOR = timedelta(minutes=1)


def tell_host(session: Session, host: Host, kind: NoticeKind, now: datetime, about: str = "") -> None:
    """Has the host notified in Nextcloud, in the background; once where the same is still waiting to go out."""
    tell_user(session, host.conference_id, host.user_id, kind, now, about)


def tell_user(
    session: Session, conference_id: int, user_id: str, kind: NoticeKind, now: datetime, about: str = ""
) -> None:
    waiting = select(col(Notice.id)).where(
        col(Notice.conference_id) == conference_id,
        col(Notice.user_id) == user_id,
        col(Notice.about) == about,
        col(Notice.kind) == kind,
    )
    if not session.execute(waiting).first():
        notice = Notice(conference_id=conference_id, user_id=user_id, kind=kind, about=about, next_attempt_at=now)
        session.add(notice)


def due_notices(session: Session, now: datetime) -> list[tuple[int, int]]:
    """The notifications that may go out now: id, and since when in milliseconds, which no other try of it has."""
    rows = session.execute(
        select(Notice).where(col(Notice.next_attempt_at) <= now).order_by(col(Notice.next_attempt_at)).limit(200)
    ).scalars()
    return [(notice.id or 0, _milliseconds(notice.next_attempt_at)) for notice in rows]


def claim_notice(session: Session, notice_id: int, due: int, now: datetime) -> Notice | None:
    """Takes a notification to send it; None when another call has taken this try, so that nobody is told twice. Should
    this process be gone before it is sent, it is due again after a minute."""
    notice = session.get(Notice, notice_id, with_for_update=True)
    if notice is None or _milliseconds(notice.next_attempt_at) != due:
        return None
    notice.next_attempt_at = now + CLAIMED_FOR
    return notice


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
