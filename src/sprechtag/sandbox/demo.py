# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag demo`: the app in the stand-in, with a school in it, on http://127.0.0.1:8080."""

import asyncio
import contextlib
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import uvicorn

from .. import __version__
from . import school
from .cases import enter_cases
from .fronts import PROXY, read_routes
from .server import EMBEDDED, Sandbox
from .smtp import Relay, free_port
from .stun import Stun
from .world import App, User, World

SEED = 2020
TEACHERS, FAMILIES, BOOKED = 70, 600, 200
INFO = Path(__file__).resolve().parents[3] / "appinfo" / "info.xml"


def new_world(url: str, secret: str) -> World:
    """The school's Nextcloud: an organiser, an admin and the teachers, whose group is `Kollegium`. `t03` may not create
    Talk rooms."""
    world = World(App("sprechtag", secret, __version__, read_routes(INFO)), url)
    world.add_user(User("admin", "Administrator", "admin@schule.example", is_admin=True, groups={"admin"}))
    world.add_user(User("orga", "Sekretariat", "sekretariat@schule.example", groups={"Kollegium", "Sekretariat"}))
    for teacher in school.teachers(TEACHERS, SEED):
        world.add_user(
            User(
                teacher.user_id,
                teacher.name,
                f"{teacher.user_id}@schule.example",
                can_create_rooms=teacher.user_id != "t03",
                groups={"Kollegium"},
            )
        )
    return world


def app_environment(world: World, storage: str, port: int, smtp_port: int = 0) -> dict[str, str]:
    """What AppAPI would give the app's container."""
    environment = {
        "APP_ID": world.app.id,
        "APP_VERSION": world.app.version,
        "APP_SECRET": world.app.secret,
        "APP_HOST": "127.0.0.1",
        "APP_PORT": str(port),
        "APP_PERSISTENT_STORAGE": storage,
        "NEXTCLOUD_URL": world.url,
        # Until the admin has named groups nobody may organise; here everybody may, so that a test can begin at once.
        "SPRECHTAG_ORGANISE_OPEN": "true",
    }
    if smtp_port:
        environment |= {
            "SPRECHTAG_SMTP_HOST": "127.0.0.1",
            "SPRECHTAG_SMTP_PORT": str(smtp_port),
            "SPRECHTAG_SMTP_SECURITY": "none",
            "SPRECHTAG_SMTP_FROM": "Gesamtschule am Sandberg <sprechtag@schule.example>",
        }
    return environment


INTERPRETERS = (
    ("Aylin Demir", "Türkisch, Kurdisch", ()),
    ("Samir Haddad", "Arabisch", (("15:00", "17:00"),)),
    ("Olena Bondar", "Ukrainisch, Russisch", ()),
)
"""Name, languages, and when they come on the first day (none: always)."""


def start_app(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "sprechtag", "serve"], env={**os.environ, **environment})


class Client:
    """A person's browser without a screen: logged in, or a family without an account."""

    def __init__(self, sandbox_url: str, user: str = "") -> None:
        self._http = httpx.AsyncClient(base_url=sandbox_url, timeout=30)
        self._user = user

    async def log_in(self) -> "Client":
        form = {"user": self._user, "password": "demo"}
        answer = await self._http.post("/index.php/login", data=form)
        if answer.status_code != 303:
            raise RuntimeError(f"{self._user} cannot log in.")
        return self

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{PROXY}sprechtag/api/v1/{path}"
        answer = await self._http.request(method, url, json=body, headers={"X-Requested-With": "demo"})
        for _ in range(30):
            if answer.status_code != 503:
                break
            await asyncio.sleep(1)  # what a busy app, or one that asks Nextcloud who somebody is, wants
            answer = await self._http.request(method, url, json=body, headers={"X-Requested-With": "demo"})
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def close(self) -> None:
        await self._http.aclose()


async def set_up_school(sandbox_url: str) -> dict[str, str]:
    """Everything through the app's own interfaces: the admin names who organises, the organiser's API, the hosts'
    consent, the families' pages.

    Returns the link for `everybody`, and those of some families (`cases`)."""
    people = school.teachers(TEACHERS, SEED)
    await _name_organisers(sandbox_url)
    organiser = await Client(sandbox_url, "orga").log_in()
    days = school.conference_days(school.today())
    rules = {
        "name": "Elternsprechtag",
        "description": "Bitte wählen Sie eine Lehrkraft und eine freie Zeit. Jedes Gespräch dauert zehn Minuten.",
        "contact": "Sekretariat, sekretariat@schule.example",
        "windows": [
            {"day": day.isoformat(), "starts": starts, "ends": ends}
            for day in days
            for starts, ends in (("15:00", "16:50"), ("17:10", "19:00"))
        ],
        "slot_minutes": 10,
        "pause_minutes": 0,
        "asks": "interpreter",
    }
    conference = await organiser.api("POST", "conferences", rules)
    one = f"conferences/{conference['id']}"
    hosts = [
        {
            "user_id": person.user_id,
            "display_name": person.name,
            "subject": person.subject,
            "classes": person.classes,
            "room": person.room,
        }
        for person in people
    ]
    await organiser.api("POST", f"{one}/hosts", hosts)
    for person in people:
        host = await Client(sandbox_url, person.user_id).log_in()
        await host.api("POST", f"{one}/join")
        await host.close()
    class_teachers = {"hosts": [person.user_id for person in people[3:5]], "classes": "5a"}
    await organiser.api("POST", f"{one}/tandems", class_teachers)
    for name, languages, windows in INTERPRETERS:
        times = [{"day": days[0].isoformat(), "starts": starts, "ends": ends} for starts, ends in windows]
        entry = {"name": name, "email": f"{name.split()[0].lower()}@dolmetschen.example", "languages": languages}
        await organiser.api("POST", f"{one}/interpreters", entry | {"windows": times})
    await organiser.api("POST", f"{one}/publish")
    share = (await organiser.api("GET", one))["share_link"]
    own = await enter_cases(organiser.api, one, people[5:10], days[0].isoformat())
    await organiser.close()
    busy = await Client(sandbox_url, people[0].user_id).log_in()
    while not (await busy.api("GET", f"{one}/my-day"))["calendar_read_at"]:
        await asyncio.sleep(0.2)
    await busy.close()
    await _book_some(share)
    return {"everybody": str(share), **own}


async def _name_organisers(sandbox_url: str) -> None:
    """The admin's first step: until then nobody can make a conference."""
    admin = await Client(sandbox_url, "admin").log_in()
    while not (await admin.api("GET", "me"))["admin"]:
        await asyncio.sleep(0.2)
    settings = (await admin.api("GET", "admin/settings"))["settings"]
    await admin.api("PUT", "admin/settings", settings | {"organiser_groups": "Sekretariat"})
    await admin.close()
    organiser = await Client(sandbox_url, "orga").log_in()
    while not (await organiser.api("GET", "me"))["may_organise"]:
        await asyncio.sleep(0.2)
    await organiser.close()


def under_way(hours: int) -> dict[str, Any]:
    """Rules of a conference whose first slot began some minutes ago, in a zone where it is noon, so that it never
    crosses midnight."""
    now = datetime.now(UTC)
    zone = f"Etc/GMT{now.hour - 12:+d}" if now.hour != 12 else "Etc/GMT"
    begins = now.astimezone(ZoneInfo(zone))
    begins -= timedelta(minutes=begins.minute % 10)
    ends = begins + timedelta(hours=hours)
    window = {"day": begins.date().isoformat(), "starts": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"}
    return {"windows": [window], "time_zone": zone, "lead_minutes": 0, "change_deadline_minutes": 0}


async def set_up_today(sandbox_url: str) -> str:
    """A small conference whose day is under way, in a zone where it is noon: for the board and the join page. Returns
    its id."""
    rules = {"name": "Beratungstag heute", **under_way(3)}
    organiser = await Client(sandbox_url, "orga").log_in()
    made = await organiser.api("POST", "conferences", rules)
    one = f"conferences/{made['id']}"
    hosts = [
        {"user_id": person.user_id, "display_name": person.name, "room": person.room}
        for person in school.teachers(12, SEED)[3:]
    ]
    await organiser.api("POST", f"{one}/hosts", hosts)
    for entry in hosts:
        host = await Client(sandbox_url, entry["user_id"]).log_in()
        await host.api("POST", f"{one}/join")
        await host.close()
    await organiser.api("POST", f"{one}/publish")
    share = (await organiser.api("GET", one))["share_link"]
    await organiser.close()
    await _book_some(str(share), 60)
    return str(made["id"])


async def _book_some(share: str, count: int = BOOKED) -> None:
    """The first families book, through the public pages, as a phone would."""
    draw = random.Random(SEED + 2)
    turn = asyncio.Semaphore(8)

    async def book(family: school.Family) -> None:
        # Each family from an address of its own, as at home; a single one may not enter so many.
        home = httpx.AsyncHTTPTransport(local_address=f"127.0.{draw.randint(1, 250)}.{draw.randint(1, 250)}")
        languages = {"Accept-Language": family.language}
        async with turn, httpx.AsyncClient(timeout=30, headers=languages, transport=home) as browser:
            for _ in range(20):
                hosts = _links(await browser.get(share), "/h/")
                times = _links(await browser.get(draw.choice(hosts)), "/t/")
                if not times:
                    continue
                answer = await browser.post(
                    draw.choice(times),
                    data={
                        "key": secrets.token_hex(8),
                        "place": draw.choice(["on_site", "video"]),
                        "child": family.child,
                        "school_class": family.school_class,
                        "name": family.name,
                        "email": family.email,
                        "interpreter": "" if family.language in ("de", "en") else family.language,
                        "without": "1",
                    },
                )
                if answer.status_code == 200:
                    return

    await asyncio.gather(*(book(family) for family in school.families(FAMILIES, SEED)[:count]))


def _links(answer: httpx.Response, part: str) -> list[str]:
    """Absolute addresses of the links on a page whose path holds `part`."""
    found = [piece.split('"', 1)[0] for piece in answer.text.split('href="')[1:]]
    return [str(answer.url.join(link)) for link in found if part in link]


def run(port: int) -> int:
    """Runs until Ctrl-C. Data live in a temporary folder: every start is a new school."""
    return asyncio.run(_run(port))


async def _run(port: int) -> int:
    url = f"http://127.0.0.1:{port}"
    storage = tempfile.mkdtemp(prefix="sprechtag-demo-")
    world = new_world(url, secrets.token_hex(32))
    relay, stun = Relay(world), Stun()
    world.stun_servers = [f"127.0.0.1:{stun.start()}"]
    app_port = free_port()
    environment = app_environment(world, storage, app_port, relay.start())
    del environment["SPRECHTAG_ORGANISE_OPEN"]  # the admin names groups, as everywhere
    sandbox = Sandbox(world, f"http://127.0.0.1:{app_port}")
    config = uvicorn.Config(sandbox, host="127.0.0.1", port=port, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    app = start_app(environment)
    try:
        await sandbox.register()
        await _until(lambda: bool(world.app.menu))
        print("Setting up the school: 70 teachers, 600 families, 200 bookings …", flush=True)
        _something_else_on_the_day(sandbox)
        links = await set_up_school(url)
        page = f"{url}{EMBEDDED}sprechtag/conferences"
        today = await set_up_today(url)
        print(f"Admin: {page}#/admin, user admin, password demo")
        print(f"Guests: {links['everybody']}")
        print(f"A family with two children: {links['siblings']}")
        print(f"A family with two households: {links['two households']}")
        print(f"Organiser: {page}, user orga, password demo")
        print(f"A day that is under way: {page}#/c/{today}/board, the same user")
        print(f"Teacher: {page}, user t01, password demo")
        print(f"Mailbox: {url}/mailbox", flush=True)
        await serving
    finally:
        app.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            app.wait(timeout=10)
        relay.stop()
        stun.stop()
        shutil.rmtree(storage, ignore_errors=True)
    return 0


def _something_else_on_the_day(sandbox: Sandbox) -> None:
    """`t01` has another appointment on the first day, which closes times."""
    day = school.conference_days(school.today())[0]
    lines = [f"DTSTART:{day:%Y%m%d}T151500Z", f"DTEND:{day:%Y%m%d}T154500Z", "SUMMARY:Zahnarzt"]
    sandbox.dav.enter("t01", "zahnarzt", lines)


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.05)
