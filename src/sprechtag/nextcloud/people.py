# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a user is, as that user."""

from dataclasses import dataclass
from urllib.parse import quote

from .errors import Garbled
from .session import UserSession


@dataclass(frozen=True)
class Profile:
    display_name: str
    email: str
    language: str


async def profile(session: UserSession) -> Profile:
    """The session's own user. Raises `NotAllowed` when there is no such user."""
    data = await session.ocs_map("GET", "/ocs/v2.php/cloud/user")
    if not data.get("id"):
        raise Garbled("GET the user", 200)
    name = data.get("displayname") or data.get("display-name") or session.user_id
    return Profile(str(name), str(data.get("email") or ""), str(data.get("language") or ""))


async def groups(session: UserSession) -> list[str]:
    """The groups of the session's own user."""
    data = await session.ocs_map("GET", f"/ocs/v2.php/cloud/users/{quote(session.user_id, safe='')}/groups")
    found = data.get("groups")
    if not isinstance(found, list):
        raise Garbled("GET the user's groups", 200)
    return [str(group) for group in found]
