# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Talk rooms as their host (`/ocs/v2.php/apps/spreed/api/v4/`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import Missing, Rejected
from .session import UserSession

API = "/ocs/v2.php/apps/spreed/api/v4"
PUBLIC_ROOM = 3
LOBBY_FOR_GUESTS = 1


@dataclass(frozen=True)
class TalkAbility:
    """What a user can do with Talk here, from the user's own capabilities."""

    can_create: bool
    reason: str
    full_creation: bool
    event_rooms: bool
    archive: bool


@dataclass(frozen=True)
class Room:
    token: str
    lobby_timer: int


async def ability(session: UserSession) -> TalkAbility:
    """`reason` says in a sentence why the user cannot create rooms; empty when he can."""
    data = await session.ocs("GET", "/ocs/v2.php/cloud/capabilities")
    spreed = (data.get("capabilities") or {}).get("spreed") or {}
    features = set(spreed.get("features") or [])
    conversations = (spreed.get("config") or {}).get("conversations") or {}
    reason = ""
    if not spreed:
        reason = "Nextcloud Talk is not installed or not allowed for this user."
    elif not conversations.get("can-create", True):
        reason = "This user may not create Talk conversations."
    elif conversations.get("force-passwords"):
        reason = "Talk demands a password for public conversations, which families would not have."
    return TalkAbility(
        can_create=not reason,
        reason=reason,
        full_creation="conversation-creation-all" in features,
        event_rooms="dashboard-event-rooms" in features,
        archive="archived-conversations-v2" in features or "archived-conversations" in features,
    )


async def create(
    session: UserSession, able: TalkAbility, name: str, starts_at: datetime, ends_at: datetime, opens_at: datetime
) -> Room:
    """A public room whose lobby opens by itself at `opens_at`. Raises `NextcloudError`."""
    start, end = int(starts_at.timestamp()), int(ends_at.timestamp())
    body: dict[str, Any] = {"roomType": PUBLIC_ROOM, "roomName": name}
    if able.full_creation:
        body |= {"lobbyState": LOBBY_FOR_GUESTS, "lobbyTimer": int(opens_at.timestamp())}
        if able.event_rooms:
            body |= {"objectType": "event", "objectId": f"{start}#{end}"}
    try:
        data = await session.ocs("POST", f"{API}/room", body=body)
    except Rejected:
        if "objectType" not in body:
            raise
        # A Talk that does not know event rooms after all: the plain room serves as well, it only stays longer.
        del body["objectType"], body["objectId"]
        data = await session.ocs("POST", f"{API}/room", body=body)
    return _room(data)


async def find(session: UserSession, name: str) -> Room | None:
    """The user's own public room of exactly this name. For repairs only: the list costs the server 100 ms."""
    rooms = await session.ocs("GET", f"{API}/room", params={"noStatusUpdate": 1})
    for data in rooms:
        if data.get("name") == name and data.get("type") == PUBLIC_ROOM and data.get("participantType") == 1:
            return _room(data)
    return None


async def get(session: UserSession, token: str) -> Room | None:
    try:
        return _room(await session.ocs("GET", f"{API}/room/{token}"))
    except Missing:
        return None


async def set_lobby(session: UserSession, token: str, opens_at: datetime) -> None:
    body = {"state": LOBBY_FOR_GUESTS, "timer": int(opens_at.timestamp())}
    await session.ocs("PUT", f"{API}/room/{token}/webinar/lobby", body=body)


async def archive(session: UserSession, token: str) -> None:
    """Takes the room out of the user's list; it works all the same."""
    await session.ocs("POST", f"{API}/room/{token}/archive")


async def delete(session: UserSession, token: str) -> None:
    """Deletes the room; one that is gone already is fine."""
    try:
        await session.ocs("DELETE", f"{API}/room/{token}")
    except Missing:
        return


def _room(data: Any) -> Room:
    if not isinstance(data, dict) or not data.get("token"):
        raise Rejected("read the room")
    return Room(str(data["token"]), int(data.get("lobbyTimer") or 0))
