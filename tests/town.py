# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The app as a process of its own in a stand-in Nextcloud, as it runs for people."""

import asyncio
import re
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import icalendar
import uvicorn
from sqlalchemy import select
from sqlmodel import col

import shown
from conftest import PATIENCE, eventually
from sprechtag.conference.tables import Booking, Conference, InstanceFact, Slot
from sprechtag.database import Database
from sprechtag.hosts.boards import KEPT_FOR
from sprechtag.sandbox.demo import app_environment, new_world, start_app, under_way
from sprechtag.sandbox.fronts import EXAPPS, PROXY, Daemon
from sprechtag.sandbox.server import Sandbox
from sprechtag.sandbox.smtp import Relay, free_port
from sprechtag.sandbox.world import World

FAST = {
    "SPRECHTAG_RETRY_SECONDS": "0.2",
    "SPRECHTAG_LONGEST_RETRY_SECONDS": "4",
    "SPRECHTAG_PACE": "0.1",
    "SPRECHTAG_NEXTCLOUD_SECONDS": "2",
}


@dataclass
class Town:
    """`url` is the stand-in Nextcloud's; `away` in its world makes it answer 503."""

    url: str
    world: World
    sandbox: Sandbox
    environment: dict[str, str]
    loop: asyncio.AbstractEventLoop
    storage: Path
    relay_port: int
    process: "subprocess.Popen[bytes] | None" = None
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    # -- the app ------------------------------------------------------------------------------------------------

    def start(self, register: bool = True) -> None:
        self.process = start_app(self.environment)
        if register:
            asyncio.run_coroutine_threadsafe(self.sandbox.register(), self.loop).result(PATIENCE)
        else:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        def answers() -> bool:
            # As the container asks: past Nextcloud, where the app listens.
            with httpx.Client(transport=httpx.HTTPTransport(uds=self.environment.get("HP_EXAPP_SOCK"))) as client:
                try:
                    address = f"http://127.0.0.1:{self.environment['APP_PORT']}/healthz"
                    return client.get(address, timeout=2).status_code == 200
                except httpx.TransportError:
                    return False

        eventually(answers, what="the app is up")

    def processes(self) -> list[int]:
        """The processes that a supervisor looks after."""
        if self.process is None:
            return []
        pid = self.process.pid
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
            self.process = None

    # -- people -------------------------------------------------------------------------------------------------

    def api(self, user: str, method: str, path: str, body: Any = None) -> Any:
        answer = patiently(lambda: self.raw_api(user, method, path, body))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def raw_api(self, user: str, method: str, path: str, body: Any = None) -> httpx.Response:
        if user not in self._clients:
            client = httpx.Client(base_url=self.url, timeout=30)
            client.cookies.set("ncsandbox_session", self.world.log_in(user))
            self._clients[user] = client
        url = f"{PROXY}sprechtag/api/v1/{path}"
        return self._clients[user].request(method, url, json=body, headers={"X-Requested-With": "test"})

    def conference(self, hosts: list[str], *, looked_at: bool = True, **rules: Any) -> "Event":
        """A published conference with hosts who have joined and whom the app has looked at in Nextcloud."""
        begun = datetime.now(UTC)
        day = begun.date() + timedelta(days=14)
        data = {
            "name": "Elternsprechtag",
            "windows": [{"day": day.isoformat(), "starts": "15:00", "ends": "19:00"}],
            "max_bookings_per_guest": 20,
            "max_bookings_per_guest_and_host": 20,
        }
        made = self.api("orga", "POST", "conferences", data | rules)
        one = f"conferences/{made['id']}"
        entries = [{"user_id": host, "room": f"A {number}"} for number, host in enumerate(hosts)]
        self.api("orga", "POST", f"{one}/hosts", entries)
        for host in hosts:
            self.api(host, "POST", f"{one}/join")
        published = self.api("orga", "POST", f"{one}/publish")
        share = published["share_link"] or self._share_link(one)
        if looked_at:
            eventually(
                lambda: all(self._looked_at(host, begun) for host in self.api("orga", "GET", f"{one}/hosts")),
                what="hosts were looked at",
            )
        return Event(self, one, httpx.URL(share).raw_path.decode().rsplit("/s/", 1)[1])

    def under_way(self, hosts: list[str], **rules: Any) -> "Event":
        """A conference whose day is under way."""
        return self.conference(hosts, **under_way(2) | rules)

    def begins_in(self, booking_id: str, seconds: float) -> None:
        """Puts an appointment's time to some seconds from now, behind the app's back: nobody waits for ten minutes."""
        database = Database(f"sqlite:///{self.storage / 'app' / 'sprechtag.sqlite'}")
        with database.write(PATIENCE) as session:
            booking = session.execute(select(Booking).where(col(Booking.public_id) == booking_id)).scalar_one()
            slot = session.get_one(Slot, booking.slot_id)
            length = slot.ends_at - slot.starts_at
            slot.starts_at = datetime.now(UTC) + timedelta(seconds=seconds)
            slot.ends_at = slot.starts_at + length
        database.close()

    def first_is_over(self, name: str) -> None:
        """Puts the first time of a conference into the past, behind the app's back."""
        database = Database(f"sqlite:///{self.storage / 'app' / 'sprechtag.sqlite'}")
        with database.write(PATIENCE) as session:
            of_name = select(col(Conference.id)).where(col(Conference.name) == name)
            slot = session.execute(
                select(Slot).where(col(Slot.conference_id).in_(of_name)).order_by(col(Slot.starts_at)).limit(1)
            ).scalar_one()
            slot.starts_at = datetime.now(UTC) - timedelta(hours=1)
            slot.ends_at = slot.starts_at + timedelta(minutes=10)
        database.close()

    def _share_link(self, one: str) -> str:
        def link() -> str:
            return str(self.api("orga", "GET", one)["share_link"] or "")

        eventually(lambda: bool(link()), what="the public address was learned")
        return link()

    def _looked_at(self, host: dict[str, Any], since: datetime) -> bool:
        """By what the app has learned of the user; the name alone may have come with the invitation."""
        if host["problem"]:
            return True
        here = f"sqlite:///{self.storage / 'app' / 'sprechtag.sqlite'}"
        database = Database(self.environment.get("SPRECHTAG_DATABASE_URL", here))
        with database.read() as session:
            learned = select(col(InstanceFact.learned_at)).where(col(InstanceFact.name) == f"host:{host['user_id']}")
            found = session.execute(learned).scalar_one_or_none()
        database.close()
        return found is not None and found >= since

    def use_mail_app(self, event: "Event") -> None:
        """Waits until the organiser's mail account was found."""

        def channel() -> str:
            return str(
                self.api("orga", "POST", f"{event.path}/message-preview", {"subject": "-", "text": "-"})["channel"]
            )

        eventually(lambda: channel() == "mail-app", what="the mail account was found")

    # -- what stands in Nextcloud -------------------------------------------------------------------------------

    def events(self, user: str) -> list[Any]:
        """All VEVENTs in the user's calendars."""
        found = []
        for path in Path(self.storage, "dav").glob(f"collection-root/{user}/*/*.ics"):
            try:
                found += icalendar.Calendar.from_ical(path.read_text()).walk("VEVENT")
            except FileNotFoundError:
                continue
        return found

    def bookings(self, event: "Event") -> list[dict[str, Any]]:
        return shown.bookings(self.api("orga", "GET", f"{event.path}/bookings"))

    def board(self, event: "Event") -> dict[str, Any]:
        """When the last answer is no longer kept."""
        time.sleep(KEPT_FOR.total_seconds())
        return shown.board(self.api("orga", "GET", f"{event.path}/board")["board"])

    def behind(self, event: "Event", one: dict[str, Any]) -> dict[str, Any]:
        """What stands behind an appointment of the board."""
        return dict(self.api("orga", "GET", f"{event.path}/board/{one['host']}/{one['start']}"))

    def in_step(self, event: "Event") -> bool:
        """Whether every effect of every booking is done."""
        return all(effect["state"] == "done" for booking in self.bookings(event) for effect in booking["effects"])


@dataclass
class Event:
    """A published conference and its public pages through the PHP proxy or HaRP."""

    town: Town
    path: str
    token: str

    def page(self, browser: httpx.Client, path: str = "", front: str = PROXY) -> httpx.Response:
        return browser.get(f"{self.town.url}{front}sprechtag/s/{self.token}{path}")

    def family(self, name: str, language: str = "en", front: str = PROXY) -> "Family":
        browser = httpx.Client(timeout=30, headers={"Accept-Language": language})
        return Family(self, name, browser, f"{self.town.url}{front}sprechtag/s/{self.token}")


@dataclass
class Family:
    """A family at its phone. It follows links and sends forms, nothing else."""

    event: Event
    name: str
    browser: httpx.Client
    start: str
    manage: str = ""

    def slots(self, host: int = 0) -> list[str]:
        """Addresses of the free times of one host."""
        hosts = links(self.get(self.start), "/h/")
        return links(self.get(hosts[host]), "/t/")

    def get(self, address: str) -> httpx.Response:
        return patiently(lambda: self.browser.get(address))

    def send(self, slot: str, place: str = "on_site", key: str = "", **more: str) -> httpx.Response:
        form = {
            "key": key or secrets.token_hex(8),
            "place": place,
            "child": f"Child of {self.name}",
            "school_class": "5b",
            "name": self.name,
            "email": f"{self.name}@post.example",
        }
        return patiently(lambda: self.browser.post(slot, data=form | more))

    def book(self, slot: str = "", place: str = "on_site", host: int = 0) -> httpx.Response:
        answer = self.send(slot or self.slots(host)[0], place)
        assert answer.status_code == 200, answer.text
        found = links(answer, "/m/")
        if found:
            self.manage = re.sub(r"(/m/[A-Za-z0-9_-]+).*", r"\1", found[0])
        return answer

    def appointments(self) -> list[str]:
        return links(self.get(self.manage), "/b/")

    def change(self, what: str, appointment: str = "", **form: str) -> httpx.Response:
        address = (appointment or self.appointments()[0]).split("?")[0]
        return patiently(lambda: self.browser.post(f"{address}/{what}", data=form))


def patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """What a busy server asks for: the same again, a little later."""
    answer = send()
    for _ in range(100):
        if answer.status_code != 503:
            break
        time.sleep(0.5)
        answer = send()
    return answer


def own_link(text: str) -> str:
    """The family's own link in a mail."""
    found = re.search(r"https?://[^\s\"<]+/m/[A-Za-z0-9_-]+", text)
    assert found, text
    return found[0]


def links(answer: httpx.Response, part: str) -> list[str]:
    """Absolute addresses of a page's links whose path holds `part`, without the language switch."""
    found = [str(answer.url.join(link)) for link in re.findall(r'<a [^>]*?href="([^"]+)"', answer.text)]
    return [link for link in found if part in link and "lang=" not in link]


@contextmanager
def open_town(
    database_url: str = "", mail: str = "smtp", daemon: Daemon | None = None, told: bool = True, **more: str
) -> Iterator[Town]:
    """Starts everything; `mail` is `smtp` or anything else for no relay. `told`: whether AppAPI tells the app HaRP's
    key; with it the app listens on the socket that HaRP's tunnel leads to."""
    folder = Path(tempfile.mkdtemp(prefix="sprechtag-town-"))
    port, app_port = free_port(), free_port()
    world = new_world(f"http://127.0.0.1:{port}", secrets.token_hex(32))
    relay = Relay(world)
    smtp_port = relay.start()
    environment = app_environment(world, str(folder / "app"), app_port, smtp_port if mail == "smtp" else 0)
    environment |= FAST | more
    if database_url:
        environment["SPRECHTAG_DATABASE_URL"] = database_url
    transport = None
    if daemon and daemon.harp_key and told:
        environment |= {"HP_SHARED_KEY": daemon.harp_key, "HP_EXAPP_SOCK": str(folder / "exapp.sock")}
        transport = httpx.AsyncHTTPTransport(uds=environment["HP_EXAPP_SOCK"])
    sandbox = Sandbox(world, f"http://127.0.0.1:{app_port}", transport, str(folder / "dav"), daemon=daemon)
    server = uvicorn.Server(
        uvicorn.Config(sandbox, port=port, log_level="critical", access_log=False, timeout_keep_alive=120)
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    town = Town(world.url, world, sandbox, environment, loop, folder, smtp_port)
    try:
        town.start()
        yield town
    finally:
        town.stop()
        server.should_exit = True
        thread.join(timeout=10)
        relay.stop()


__all__ = ["EXAPPS", "PROXY", "Event", "Family", "Town", "links", "open_town", "own_link", "patiently"]
