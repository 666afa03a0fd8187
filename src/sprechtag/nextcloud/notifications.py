# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A notification for the session's own user, through AppAPI. It offers a link and no buttons of its own."""

import secrets

from .instance import APP_API
from .session import UserSession


async def notify(session: UserSession, subject: str, message: str, link: str) -> None:
    """Shows it in the user's notifications. Raises `NextcloudError`."""
    told = {
        "rich_subject": subject,
        "rich_subject_params": {},
        "rich_message": message,
        "rich_message_params": {},
        "link": link,
    }
    params = {
        "object": "app_api",
        "object_id": secrets.token_hex(28),
        "subject_type": "app_api_ex_app",
        "subject_params": told,
    }
    await session.ocs("POST", f"{APP_API}/api/v1/notification", body={"params": params})
