# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the stand-in Nextcloud knows: users, rooms, mails, the registered app, and how it misbehaves."""

import random
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from .notifier import Shown, shown

APP_API_VERSION = "33.0.0"
FaultKind = Literal[
    "status", "delay", "drop_before", "drop_after", "lose_session", "html", "login", "null_data", "wrong_etag"
]


@dataclass
class User:
    id: str
    display_name: str
    email: str
    password: str = "demo"
    language: str = "de"
    is_admin: bool = False
    can_create_rooms: bool = True
    has_talk: bool = True
    has_calendar: bool = True
    mail_account: bool = False
    groups: set[str] = field(default_factory=set)
    sub_admin_of: set[str] = field(default_factory=set)
    disabled: bool = False


@dataclass
class Room:
    token: str
    owner: str
    name: str
    description: str = ""
    object_type: str = ""
    object_id: str = ""
    lobby_state: int = 0
    lobby_timer: int = 0
    archived: bool = False
    members: dict[str, int] = field(default_factory=dict)
    """Users who were taken in beside the owner: attendee's id, negative once it is a moderator."""
    bots: set[int] = field(default_factory=set)
    sessions: dict[str, str] = field(default_factory=dict)
    """Who is in the room, by Talk's actor (`users/t01`, `guests/…`), with a session id."""
    in_call: set[str] = field(default_factory=set)

    @property
    def lobby_closed(self) -> bool:
        return bool(self.lobby_state) and self.lobby_timer > time.time()

    def holds(self, actor: str) -> bool:
        """Whether the lobby keeps this one out just now."""
        user_id = actor.removeprefix("users/") if actor.startswith("users/") else ""
        return self.lobby_closed and user_id != self.owner and self.members.get(user_id, 1) > 0


@dataclass(frozen=True)
class Mail:
    """`source` says who sent it: smtp, mail-app or calendar (the server's own invitations)."""

    source: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    calendar: str
    message_id: str
    at: float


MAIL_SAYS: dict[str, tuple[int, str, bool]] = {
    "retried": (
        500,
        "SMTP error: could not send message. Message sending will be retried. Please check the logs.",
        True,
    ),
    "error": (500, "An error occurred. Please check the logs.", False),
    "fatal": (
        500,
        "Fatal SMTP error: could not send message, and no resending is possible. Please check the mail server logs.",
        True,
    ),
    "attachment": (
        500,
        "Could not convert attachment(s) to local attachment(s). Please check the logs.",
        False,
    ),
    "not filed": (
        202,
        "Email was sent but could not be copied to sent mailbox. Copying will be retried. Please check the logs.",
        True,
    ),
    "no folder": (403, "Configuration error: Cannot send message without sent mailbox.", True),
}
"""Status and words of Mail's MessageApiController where a mail is not simply sent, and whether it goes out in the end: at
once or by the job that works off the outbox."""


@dataclass
class Fault:
    """Misbehaviour for calls whose `METHOD path` matches; `share` of them, at most `times`. `text` is what an SMTP relay
    says with the status, and for `MAIL /send` which of `MAIL_SAYS` Nextcloud's Mail app says."""

    match: str
    kind: FaultKind
    status: int = 500
    seconds: float = 0.0
    share: float = 1.0
    times: int = 1_000_000
    text: str = ""


@dataclass
class App:
    """The registered external app: where it listens and what AppAPI knows of it."""

    id: str
    secret: str
    version: str
    routes: list[tuple[str, frozenset[str], str]]
    enabled: bool = False
    progress: int = 0
    menu: dict[str, dict[str, Any]] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)


class World:
    """`group_names` are those of groups whose display name is another than their id, as LDAP's are. `mail_window` is the Mail app's rate limit: calls and seconds, per user. `away` stops Nextcloud, `mailer_away` only
    the mail server that its own mails go through, `talk_off` only Talk, as while it is updated."""

    def __init__(self, app: App, url: str = "http://127.0.0.1:8080", seed: int = 0) -> None:
        self.app = app
        self.url = url
        self.users: dict[str, User] = {}
        self.group_names: dict[str, str] = {}
        self.rooms: dict[str, Room] = {}
        self.mails: list[Mail] = []
        self.faults: list[Fault] = []
        self.away = False
        self.mailer_away = self.talk_off = False
        self.sessions: dict[str, str] = {}
        self.notifications: list[tuple[str, dict[str, Any]]] = []
        self.bots: dict[int, dict[str, str]] = {}
        self.lose_bot_events = 0.0
        self.stun_servers = ["stun.nextcloud.com:443"]  # Talk's own default
        self.turn_servers: list[dict[str, Any]] = []
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.mail_window = (5, 100.0)
        self.theming = {"name": "Gesamtschule am Sandberg", "color": "#1e6b4f", "slogan": "", "url": url}
        self.calls: list[tuple[str, str, str]] = []
        self.proxied: list[str] = []
        self._mail_calls: dict[str, list[float]] = {}
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def notices(self, user_id: str) -> list[Shown]:
        """What this user sees in the notifications, newest first. Raises `PhpError` where the list is answered 500."""
        told = [entry["params"]["subject_params"] for who, entry in self.notifications if who == user_id]
        return [one for one in map(shown, reversed(told)) if one]

    def add_user(self, user: User) -> None:
        self.users[user.id] = user

    def groups(self, search: str = "") -> dict[str, str]:
        """Id -> display name of those whose id or name holds the text, in the order of the ids."""
        found = sorted({group for user in self.users.values() for group in user.groups | user.sub_admin_of})
        names = {group: self.group_names.get(group, group) for group in found}
        return {group: name for group, name in names.items() if search in f"{group}\n{name}".casefold()}

    def members(self, group: str) -> list[str]:
        return sorted(user.id for user in self.users.values() if group in user.groups)

    def add_mail(self, mail: Mail) -> None:
        with self._lock:
            self.mails.append(mail)

    def new_token(self) -> str:
        return "".join(secrets.choice("23456789abcdefghijkmnopqrstwxyz") for _ in range(8))

    def log_in(self, user_id: str) -> str:
        session = secrets.token_hex(16)
        self.sessions[session] = user_id
        return session

    def rooms_of(self, user_id: str) -> list[Room]:
        return [room for room in self.rooms.values() if room.owner == user_id]

    def mail_call_allowed(self, user_id: str) -> bool:
        most, seconds = self.mail_window
        with self._lock:
            now = time.monotonic()
            recent = [at for at in self._mail_calls.get(user_id, []) if at > now - seconds]
            self._mail_calls[user_id] = recent
            if len(recent) >= most:
                return False
            recent.append(now)
            return True

    def loses_this_event(self) -> bool:
        with self._lock:
            return self._random.random() < self.lose_bot_events

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.match, f"{method} {path}"):
                    if self._random.random() >= fault.share:
                        continue
                    fault.times -= 1
                    return fault
        return None
