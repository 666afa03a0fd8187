# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud tells its users, in the background."""

from datetime import datetime, timedelta

from sqlmodel import Session

from . import follow, persons
from .tables import Host, NoticeKind

CLAIMED_FOR = timedelta(minutes=1)


def tell_host(session: Session, host: Host, kind: NoticeKind, now: datetime, about: str = "") -> None:
    """Has the host notified in Nextcloud, of a tandem everybody, in the background; once where the same is still
    waiting to go out."""
    for user_id in persons.users_of(session, host):
        tell_user(session, host.conference_id, user_id, kind, now, about)


def tell_user(
    session: Session, conference_id: int, user_id: str, kind: NoticeKind, now: datetime, about: str = ""
) -> None:
    """As `tell_host`, for any user of Nextcloud."""
    follow.notice(session, conference_id, user_id, kind, now, about)
