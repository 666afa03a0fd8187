# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a user is, as that user."""

from dataclasses import dataclass
from urllib.parse import quote

from .session import UserSession


@dataclass(frozen=True)
class Profile:
    display_name: str
    email: str
    language: str


async def profile(session: UserSession) -> Profile:
    """The session's own user. Raises `NotAllowed` when there is no such user."""
    data = await session.ocs("GET", "/ocs/v2.php/cloud/user")
    name = data.get("displayname") or data.get("display-name") or session.user_id
    return Profile(str(name), str(data.get("email") or ""), str(data.get("language") or ""))


async def groups(session: UserSession) -> list[str]:
    """The groups of the session's own user."""
    data = await session.ocs("GET", f"/ocs/v2.php/cloud/users/{quote(session.user_id, safe='')}/groups")
    return [str(group) for group in data.get("groups", [])] if isinstance(data, dict) else []
