# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Talk rooms as their host (`/ocs/v2.php/apps/spreed/api/v4/`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import Garbled, Missing, Rejected, Troubled
from .session import UserSession, named

OUR_BOT = "/ocs/v2.php/apps/app_api/api/v1/talk_bot"
BOTS = "/ocs/v2.php/apps/spreed/api/v1/bot"
SIGNALING = "/ocs/v2.php/apps/spreed/api/v3/signaling"
BOT_ENABLED = 1
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
    data = await session.ocs_map("GET", "/ocs/v2.php/cloud/capabilities")
    if "capabilities" not in data:
        raise Garbled("GET capabilities", 200)
    spreed = named(data, "capabilities", "spreed")
    features = {str(feature) for feature in spreed.get("features") or []}
    conversations = named(spreed, "config", "conversations")
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


async def is_off(session: UserSession) -> bool:
    """Whether Talk is off for everybody, as while it is being updated; `session` is the app's own. A user who may not
    use it does not see it either. Raises `NextcloudError`."""
    return not named(await session.ocs_map("GET", "/ocs/v2.php/cloud/capabilities"), "capabilities", "spreed")


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


async def create_open(session: UserSession, name: str) -> str:
    """A public room without lobby, to try things in; returns its token. Raises `NextcloudError`."""
    data = await session.ocs("POST", f"{API}/room", body={"roomType": PUBLIC_ROOM, "roomName": name})
    return _room(data).token


async def find(session: UserSession, name: str) -> Room | None:
    """The user's own public room of exactly this name. For repairs only: the list costs the server 100 ms."""
    rooms = await session.ocs_list("GET", f"{API}/room", params={"noStatusUpdate": 1})
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


MODERATORS = (1, 2)
"""`participantType` of a room's owner and of its other moderators."""


async def make_moderator(session: UserSession, token: str, user_id: str) -> None:
    """Takes another user into the room, who may do there what its owner may: the lobby does not hold it, and the call
    begins with it too. Twice is once. Raises `NextcloudError`."""
    await session.ocs("POST", f"{API}/room/{token}/participants", body={"newParticipant": user_id, "source": "users"})
    people = await session.ocs_list("GET", f"{API}/room/{token}/participants")
    for one in people:
        if one.get("actorType") == "users" and one.get("actorId") == user_id:
            if one.get("participantType") not in MODERATORS:
                await session.ocs("POST", f"{API}/room/{token}/moderators", body={"attendeeId": one.get("attendeeId")})
            return
    raise Garbled("read the room's participants", 200)


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
        raise Garbled("read the room", 200)
    timer = data.get("lobbyTimer")
    return Room(str(data["token"]), timer if isinstance(timer, int) else 0)


# -- the bot: who is in which call, without asking ------------------------------------------------------------------


async def register_bot(session: UserSession, name: str, route: str, description: str) -> str:
    """Has Talk tell the app, at `route`, what happens in the rooms the bot is in, and returns the bot's secret: another
    one is another bot's, which is in no room yet. `session` is the app's own. The same again changes nothing as long as
    Nextcloud's address is the same.

    Under another address AppAPI answers 500 (seen with Talk 23: a bot's secret is unique, and AppAPI keeps the old one
    with the new address). Once it has forgotten the secret it makes a second bot; the first stays behind, unheard."""
    body = {"name": name, "route": route, "description": description}
    try:
        bot = await session.ocs("POST", OUR_BOT, body=body)
    except Troubled:
        await session.ocs("DELETE", OUR_BOT, params={"route": route})
        bot = await session.ocs("POST", OUR_BOT, body=body)
    return str(bot.get("secret", "")) if isinstance(bot, dict) else ""


async def forget_bot(session: UserSession, route: str) -> None:
    """Takes away the bot that is registered at `route`, out of all rooms; none there is fine."""
    try:
        await session.ocs("DELETE", OUR_BOT, params={"route": route})
    except Missing:
        return


async def take_bot(session: UserSession, token: str, bot: int) -> None:
    """Takes this bot into a room, as its moderator; twice is once."""
    await session.ocs("POST", f"{BOTS}/{token}/{bot}")


async def enable_bot(session: UserSession, token: str, name: str) -> int:
    """Takes the app's bot into a room, as its moderator, and returns its id; 0 where Talk has none of this name. The
    newest counts: one is left behind wherever Nextcloud's address has changed."""
    bots = await session.ocs_list("GET", f"{BOTS}/{token}")
    ours = [bot for bot in bots if bot.get("name") == name and str(bot.get("id")).isdecimal()]
    if not ours:
        return 0
    newest = max(ours, key=lambda bot: int(bot["id"]))
    if newest.get("state") != BOT_ENABLED:
        await take_bot(session, token, int(newest["id"]))
    return int(newest["id"])


async def in_call(session: UserSession, token: str) -> list[str]:
    """Who is in the room's call just now, as `users/t01` or `guests/…`, like in the bot's events."""
    people = await session.ocs_list("GET", f"{API}/room/{token}/participants")
    return [
        f"{one.get('actorType', '')}/{one.get('actorId', '')}"
        for one in people
        if int(one.get("inCall") or 0) > 0 and one.get("sessionIds")
    ]


@dataclass(frozen=True)
class Relays:
    """What a browser needs to find a way through (WebRTC's `iceServers`), and how calls run here: `internal` is from
    device to device."""

    mode: str
    servers: tuple[dict[str, Any], ...]


async def relays(session: UserSession) -> Relays:
    """The STUN and TURN servers that Talk gives to everybody who joins; a TURN password is good for a day."""
    data = await session.ocs_map("GET", f"{SIGNALING}/settings")
    servers = [*_ice(data.get("stunservers")), *_ice(data.get("turnservers"))]
    return Relays(str(data.get("signalingMode", "")), tuple(servers))


def _ice(servers: Any) -> list[dict[str, Any]]:
    found = []
    for server in servers if isinstance(servers, list) else []:
        urls = server.get("urls") or ([server["url"]] if server.get("url") else [])
        if urls:
            found.append({"urls": urls} | {key: server[key] for key in ("username", "credential") if server.get(key)})
    return found
