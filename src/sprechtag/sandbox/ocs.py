# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OCS endpoints the app uses, as Nextcloud 33 with Talk 23 and Mail 5 answers them."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .html2text import text_of
from .notifier import PhpError
from .world import APP_API_VERSION, MAIL_SAYS, Mail, Room, User, World

TellBot = Callable[[str, dict[str, Any]], None]
"""Sends what a bot hears to its route of the app."""
Handler = Callable[[Request, str, "re.Match[str]"], Awaitable[Response]]
_PHP_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""What PHP's FILTER_VALIDATE_EMAIL takes, nearly: ASCII only."""
FEATURES = [
    "conversation-v4",
    "bots-v1",
    "archived-conversations-v2",
    "conversation-creation-all",
    "dashboard-event-rooms",
    "signaling-v3",
    "mutual-calendar-events",
]


def ok(data: Any, status: int = 200) -> Response:
    return JSONResponse(
        {"ocs": {"meta": {"status": "ok", "statuscode": status, "message": "OK"}, "data": data}}, status
    )


def fail(status: int, message: str = "", data: Any = None) -> Response:
    meta = {"status": "failure", "statuscode": status, "message": message}
    return JSONResponse({"ocs": {"meta": meta, "data": data or []}}, status)


class Ocs:
    """Answers as `user_id`, "" for the app itself."""

    def __init__(self, world: World, tell_bot: TellBot) -> None:
        self._world = world
        self._tell_bot = tell_bot
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(rf"/ocs/v[12]\.php{path}$"), handler)
            for method, path, handler in (
                ("GET", r"/cloud/capabilities", self.capabilities),
                ("GET", r"/cloud/user", self.own_user),
                ("GET", r"/cloud/users", self.forbidden),
                ("GET", r"/cloud/groups(/details)?", self.all_groups),
                ("GET", r"/cloud/users/([^/]+)/groups", self.own_groups),
                ("GET", r"/cloud/groups/(.+)/users", self.group_users),
                ("GET", r"/core/autocomplete/get", self.autocomplete),
                ("GET", r"/apps/webhook_listeners/api/v1/webhooks", self.webhooks),
                ("POST", r"/apps/webhook_listeners/api/v1/webhooks", self.add_webhook),
                ("DELETE", r"/apps/webhook_listeners/api/v1/webhooks/([0-9]+)", self.remove_webhook),
                ("GET", r"/apps/app_api/api/v1/users", self.all_users),
                ("GET", r"/apps/app_api/api/v1/info/nextcloud_url/absolute", self.absolute_url),
                ("PUT", r"/apps/app_api/ex-app/status", self.progress),
                ("POST", r"/apps/app_api/api/v1/ui/(top-menu|script|style)", self.register_ui),
                ("DELETE", r"/apps/app_api/api/v1/ui/(top-menu)", self.unregister_ui),
                ("POST", r"/apps/app_api/api/v1/notification", self.notify),
                ("GET", r"/apps/notifications/api/v2/notifications", self.notifications),
                ("GET", r"/apps/spreed/api/v4/room", self.rooms),
                ("POST", r"/apps/spreed/api/v4/room", self.create_room),
                ("GET", r"/apps/spreed/api/v4/room/([a-z0-9]+)", self.room),
                ("PUT", r"/apps/spreed/api/v4/room/([a-z0-9]+)", self.rename_room),
                ("DELETE", r"/apps/spreed/api/v4/room/([a-z0-9]+)", self.delete_room),
                ("PUT", r"/apps/spreed/api/v4/room/([a-z0-9]+)/webinar/lobby", self.lobby),
                ("POST", r"/apps/spreed/api/v4/room/([a-z0-9]+)/archive", self.archive),
                ("GET", r"/apps/spreed/api/v4/room/([a-z0-9]+)/participants", self.participants),
                ("POST", r"/apps/spreed/api/v4/room/([a-z0-9]+)/participants", self.add_participant),
                ("POST", r"/apps/spreed/api/v4/room/([a-z0-9]+)/moderators", self.promote),
                ("POST", r"/apps/spreed/api/v4/room/([a-z0-9]+)/participants/active", self.enter_room),
                ("POST", r"/apps/spreed/api/v4/call/([a-z0-9]+)", self.join_call),
                ("DELETE", r"/apps/spreed/api/v4/call/([a-z0-9]+)", self.leave_call),
                ("POST", r"/apps/app_api/api/v1/talk_bot", self.register_bot),
                ("DELETE", r"/apps/app_api/api/v1/talk_bot", self.forget_bot),
                ("GET", r"/apps/spreed/api/v1/bot/([a-z0-9]+)", self.bots),
                ("POST", r"/apps/spreed/api/v1/bot/([a-z0-9]+)/([0-9]+)", self.enable_bot),
                ("GET", r"/apps/spreed/api/v3/signaling/settings", self.signaling),
                ("GET", r"/apps/mail/account/list", self.mail_accounts),
                ("POST", r"/apps/mail/message/send", self.mail_send),
            )
        ]

    async def answer(self, request: Request, user_id: str) -> Response:
        path = request.url.path
        for method, pattern, handler in self._routes:
            match = pattern.match(path)
            if match and method == request.method and not (self._world.talk_off and "/apps/spreed/" in path):
                return await handler(request, user_id, match)
        return fail(404, "Invalid query, please check the syntax.")

    def _user(self, user_id: str) -> User:
        return self._world.users[user_id]

    # -- the cloud ----------------------------------------------------------------------------------------------

    async def capabilities(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        user = self._world.users.get(user_id)
        spreed: dict[str, Any] = {}
        if not self._world.talk_off and (user is None or user.has_talk):
            conversations = {"can-create": bool(user and user.can_create_rooms), "force-passwords": False}
            spreed = {"spreed": {"features": FEATURES, "config": {"conversations": conversations}, "version": "23.0.6"}}
        theming = {**self._world.theming, "logo": f"{self._world.url}/index.php/apps/theming/image/logo?v=1"}
        version = {"major": 33, "minor": 0, "micro": 3, "string": "33.0.3", "edition": "", "extendedSupport": False}
        capabilities = {"theming": theming, "app_api": {"version": APP_API_VERSION}, **spreed}
        return ok({"version": version, "capabilities": capabilities})

    async def own_user(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        if not user_id:
            return fail(401, "Current user is not logged in")
        user = self._user(user_id)
        name = user.display_name
        return ok(
            {"id": user.id, "displayname": name, "display-name": name, "email": user.email, "language": user.language}
        )

    async def forbidden(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return fail(403, "Logged in account must be at least a sub admin")

    async def own_groups(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        if match[1] != user_id:
            return fail(404, "User does not exist")
        return ok({"groups": sorted(self._user(user_id).groups)})

    async def group_users(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        """Only its members, its sub-admins and admins see who is in a group."""
        user, group = self._user(user_id), unquote(match[1])
        if group not in self._world.groups():
            return fail(404, "The requested group could not be found")
        if group not in user.groups | user.sub_admin_of and not user.is_admin:
            return fail(403, "Logged in account must be at least a sub admin")
        return ok({"users": self._world.members(group)})

    async def all_groups(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        """For admins and sub-admins only; with `/details` the display names too."""
        user = self._user(user_id)
        if not user.is_admin and not user.sub_admin_of:
            return await self.forbidden(request, user_id, match)
        found = self._world.groups(request.query_params.get("search", "").casefold())
        if not match[1]:
            return ok({"groups": list(found)})
        details = [
            {
                "id": group,
                "displayname": name,
                "usercount": len(self._world.members(group)),
                "disabled": 0,
                "canAdd": True,
                "canRemove": True,
            }
            for group, name in found.items()
        ]
        return ok({"groups": details})

    async def webhooks(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return ok([hook | {"id": number} for number, hook in self._world.webhooks.items()])

    async def add_webhook(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        hook = await request.json() | {"appId": self._world.app.id}
        number = max(self._world.webhooks, default=0) + 1
        self._world.webhooks[number] = hook
        return ok(hook | {"id": number})

    async def remove_webhook(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return ok(self._world.webhooks.pop(int(match[1]), None) is not None)

    async def autocomplete(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        search = request.query_params.get("search", "").casefold()
        found = [
            {"id": user.id, "label": user.display_name, "source": "users"}
            for user in self._world.users.values()
            if search in user.id.casefold() or search in user.display_name.casefold()
        ]
        if "1" in [value for name, value in request.query_params.multi_items() if name.startswith("shareTypes")]:
            found += [
                {"id": group, "label": name, "source": "groups"} for group, name in self._world.groups(search).items()
            ]
        return ok(found[:25])

    # -- AppAPI -------------------------------------------------------------------------------------------------

    async def all_users(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return ok(sorted(self._world.users))

    async def absolute_url(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return ok({"absolute_url": self._world.url + request.query_params.get("url", "/")})

    async def progress(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        self._world.app.progress = int((await request.json())["progress"])
        return ok([])

    async def register_ui(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        body = await request.json()
        app = self._world.app
        if match[1] == "top-menu":
            app.menu[body["name"]] = body
        else:
            paths = app.scripts if match[1] == "script" else app.styles
            if body["path"] not in paths:
                paths.append(body["path"])
        return ok([])

    async def unregister_ui(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        app = self._world.app
        if app.menu.pop(request.query_params.get("name", ""), None) is None:
            return fail(404)
        # Measured: unregistering the entry wipes its scripts and styles.
        app.scripts.clear()
        app.styles.clear()
        return ok([])

    async def notify(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        body = await request.json()
        params = body["params"]
        if not all(1 <= len(params[name]) <= 64 for name in ("object", "object_id", "subject_type")):
            return fail(500)
        self._world.notifications.append((user_id, body))
        return ok([])

    async def notifications(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        try:
            shown = self._world.notices(user_id)
        except PhpError:
            return fail(500, "Internal Server Error")
        return ok([{"app": self._world.app.id, **vars(one)} for one in shown])

    # -- Talk ---------------------------------------------------------------------------------------------------

    def _own_room(self, user_id: str, token: str) -> Room | None:
        room = self._world.rooms.get(token)
        return room if room and room.owner == user_id else None

    async def rooms(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        return ok([_room_data(room) for room in self._world.rooms_of(user_id)])

    async def room(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        return ok(_room_data(room)) if room else fail(404)

    async def create_room(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        user = self._user(user_id)
        if not user.has_talk:
            return fail(403)
        if not user.can_create_rooms:
            return fail(403, data={"error": "permissions"})
        body = await request.json()
        if body.get("objectType", "") not in ("", "event", "phone_temporary", "instant_meeting"):
            return fail(400, data={"error": "object-type"})
        if not str(body.get("roomName", "")).strip():
            return fail(400, data={"error": "name"})
        room = Room(
            self._world.new_token(),
            user_id,
            str(body["roomName"]),
            str(body.get("description", "")),
            str(body.get("objectType", "")),
            str(body.get("objectId", "")),
            int(body.get("lobbyState", 0)),
            int(body.get("lobbyTimer") or 0),
        )
        self._world.rooms[room.token] = room
        return ok(_room_data(room), 201)

    async def rename_room(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None:
            return fail(404)
        if room.object_type == "event":
            return fail(400, data={"error": "event"})
        room.name = str((await request.json())["roomName"])
        return ok(_room_data(room))

    async def delete_room(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        if self._own_room(user_id, match[1]) is None:
            return fail(404)
        del self._world.rooms[match[1]]
        return ok([])

    async def lobby(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None:
            return fail(404)
        body = await request.json()
        room.lobby_state, room.lobby_timer = int(body["state"]), int(body.get("timer") or 0)
        return ok(_room_data(room))

    async def archive(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None:
            return fail(404)
        room.archived = True
        return ok(_room_data(room))

    # -- Talk: who is in a room and in its call; bots hear of it --------------------------------------------------

    def _actor(self, request: Request, user_id: str) -> str:
        """A guest is known by the cookie of its session, as in Talk."""
        return f"users/{user_id}" if user_id else f"guests/{request.cookies.get('ncsandbox_guest', 'somebody')}"

    async def enter_room(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._world.rooms.get(match[1])
        if room is None:
            return fail(404)
        actor = self._actor(request, user_id)
        room.sessions[actor] = self._world.new_token()
        if room.holds(actor):
            return ok(_room_data(room) | {"name": "", "displayName": ""})
        return ok(_room_data(room))

    async def join_call(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room, actor = self._world.rooms.get(match[1]), self._actor(request, user_id)
        if room is None or actor not in room.sessions:
            return fail(404)
        if room.holds(actor):
            return fail(412)
        first = not room.in_call
        room.in_call.add(actor)
        self._event(room, "call_started" if first else "call_joined", actor)
        return ok([])

    async def leave_call(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room, actor = self._world.rooms.get(match[1]), self._actor(request, user_id)
        if room is None:
            return fail(404)
        if actor in room.in_call:
            room.in_call.discard(actor)
            self._event(room, "call_left", actor)
            if not room.in_call:
                self._event(room, "call_ended", actor)
        return ok([])

    def _event(self, room: Room, name: str, actor: str) -> None:
        said = {
            "type": "Activity",
            "actor": {"type": "Person", "id": actor, "name": "Somebody"},
            "object": {"type": "Note", "id": "1", "name": name, "content": "{}", "mediaType": "text/markdown"},
            "target": {"type": "Collection", "id": room.token, "name": room.name},
        }
        for number in room.bots:
            bot = self._world.bots.get(number)
            if bot and bot["url"] == self._world.url and not self._world.loses_this_event():
                self._tell_bot(bot["route"], said)

    async def add_participant(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room, body = self._own_room(user_id, match[1]), await request.json()
        if room is None or body.get("newParticipant") not in self._world.users:
            return fail(404)
        room.members.setdefault(body["newParticipant"], len(room.members) + 2)
        return ok([])

    async def promote(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room, attendee = self._own_room(user_id, match[1]), int((await request.json())["attendeeId"])
        if room is None or attendee not in map(abs, room.members.values()):
            return fail(404)
        if -attendee in room.members.values():
            return fail(400)
        room.members = {one: -attendee if number == attendee else number for one, number in room.members.items()}
        return ok([])

    async def participants(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None:
            return fail(404)
        members = {f"users/{one}": number for one, number in room.members.items()} | {f"users/{room.owner}": -1}
        actors = {*members, *room.sessions}
        return ok(
            [
                {
                    "actorType": actor.split("/")[0],
                    "actorId": actor.split("/", 1)[1],
                    "attendeeId": abs(members.get(actor, 0)) or 1000,
                    "participantType": _participant_type(actor, room),
                    "inCall": 7 if actor in room.in_call else 0,
                    "lastPing": int(time.time()) if actor in room.sessions else 0,
                    "sessionIds": [room.sessions[actor]] if actor in room.sessions else [],
                }
                for actor in sorted(actors)
            ]
        )

    async def register_bot(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        body = await request.json()
        route = "/" + str(body["route"]).lstrip("/")
        known = {number: bot for number, bot in self._world.bots.items() if bot["route"] == route and bot["secret"]}
        if any(bot["url"] != self._world.url for bot in known.values()):
            return fail(500)  # the secret stands with another address
        number = next(iter(known), max(self._world.bots, default=0) + 1)
        secret = known[number]["secret"] if number in known else secrets.token_hex(32)
        bot = {"name": str(body["name"]), "route": route, "url": self._world.url, "secret": secret}
        self._world.bots[number] = bot
        return ok({"id": "0" * 40, "secret": bot["secret"]})

    async def forget_bot(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        """AppAPI forgets the secret; Talk takes the bot out of all rooms, or keeps one whose address is another one now."""
        route = "/" + request.query_params.get("route", "").lstrip("/")
        known = {number: bot for number, bot in self._world.bots.items() if bot["route"] == route and bot["secret"]}
        for number, bot in known.items():
            if bot["url"] != self._world.url:
                bot["secret"] = ""
                continue
            del self._world.bots[number]
            for room in self._world.rooms.values():
                room.bots.discard(number)
        return ok(True) if known else fail(404, "Talk bots could not be unregistered")

    async def bots(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None:
            return fail(404)
        listed = [
            {"id": number, "name": bot["name"], "description": "", "state": int(number in room.bots)}
            for number, bot in self._world.bots.items()
        ]
        return ok(listed)

    async def enable_bot(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        room = self._own_room(user_id, match[1])
        if room is None or int(match[2]) not in self._world.bots:
            return fail(404)
        room.bots.add(int(match[2]))
        self._tell_bot(
            self._world.bots[int(match[2])]["route"],
            {"type": "Join", "actor": {"type": "Application", "id": "bots/x"}, "object": {"id": room.token}},
        )
        return ok({"id": int(match[2]), "state": 1}, 201)

    async def signaling(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        stun = [{"urls": [f"stun:{server}" for server in self._world.stun_servers]}] if self._world.stun_servers else []
        return ok(
            {
                "signalingMode": "external",
                "userId": user_id,
                "hideWarning": True,
                "server": f"{self._world.url}/standalone-signaling/",
                "stunservers": stun,
                "turnservers": self._world.turn_servers,
            }
        )

    # -- Mail ---------------------------------------------------------------------------------------------------

    async def mail_accounts(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        user = self._user(user_id)
        return ok([{"id": 1, "email": user.email, "aliases": []}] if user.mail_account else [])

    async def mail_send(self, request: Request, user_id: str, match: "re.Match[str]") -> Response:
        user = self._user(user_id)
        if not self._world.mail_call_allowed(user_id):
            return fail(429)
        form = await request.form()
        if not user.mail_account or form.get("accountId") != "1":
            return fail(404, "Account not found")
        to = str(form.get("to[0][email]", ""))
        if not _PHP_ADDRESS.fullmatch(to):
            return fail(400, data=f"Email address {to} not valid.")
        fault = self._world.fault_for("MAIL", "/send")
        status, said, goes_out = MAIL_SAYS[fault.text] if fault else (200, "", True)
        if not goes_out:
            return fail(status, data=said)
        attachments = [file for file in form.getlist("attachments[]") if not isinstance(file, str)]
        calendar = "".join([(await file.read()).decode() for file in attachments])
        html = str(form.get("body", ""))
        self._world.add_mail(
            Mail(
                "mail-app",
                user.email,
                to,
                str(form.get("subject", "")),
                text_of(html),
                html,
                calendar,
                f"<{self._world.new_token()}@mail-app>",
                time.time(),
            )
        )
        return ok(said, status) if status < 300 else fail(status, data=said)


def _participant_type(actor: str, room: Room) -> int:
    """Talk's numbers: owner, moderator, user, and whoever came by the link."""
    user_id = actor.removeprefix("users/") if actor.startswith("users/") else ""
    if user_id == room.owner:
        return 1
    number = room.members.get(user_id)
    return (4 if not user_id else 5) if number is None else 2 if number < 0 else 3


def _room_data(room: Room) -> dict[str, Any]:
    return {
        "token": room.token,
        "type": 3,
        "name": room.name,
        "displayName": room.name,
        "description": room.description,
        "objectType": room.object_type,
        "objectId": room.object_id,
        "lobbyState": room.lobby_state,
        "lobbyTimer": room.lobby_timer,
        "participantType": 1,
        "isArchived": room.archived,
        "hasCall": bool(room.in_call),
    }


def mail_from(message: EmailMessage, source: str) -> Mail:
    """A mail as it came over SMTP."""

    def part(subtype: str) -> str:
        """All parts of this kind, in their order."""
        return "".join(str(piece.get_content()) for piece in message.walk() if piece.get_content_type() == subtype)

    return Mail(
        source,
        str(message["From"]),
        str(message["To"]),
        str(message["Subject"]),
        part("text/plain"),
        part("text/html"),
        part("text/calendar"),
        str(message["Message-ID"]),
        time.time(),
    )
