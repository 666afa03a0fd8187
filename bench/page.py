# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page inside Nextcloud with 100 hosts x 48 slots and 2,000 bookings, by the browser's own performance API."""

import gzip
import shutil
import statistics
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select, update
from sqlmodel import col

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser.conftest import FLAGS
from sprechtag.conference.booking import Desk, Pick
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Conference, Effect, Host, Slot
from sprechtag.conference.tokens import LinkKey
from sprechtag.database import Database
from sprechtag.sandbox.server import EMBEDDED, SESSION
from sprechtag.sandbox.world import User
from town import Event, Town, open_town

HOSTS, BOOKINGS, RUNS = 100, 2000, 5
JS = Path(__file__).parents[1] / "ex_app" / "js"
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries()))
  .observe({type: 'longtask', buffered: true});
"""
ASKED = """
performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname.split('/').at(-1))
"""
SCROLL = """
async () => {
  const box = document.querySelector('[role=grid]');
  const begun = performance.now();
  const frames = [];
  let last = begun;
  for (let step = 0; step < 300; step += 1) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    if (step % 2) box.scrollTop = (box.scrollTop + 130) % (box.scrollHeight - box.clientHeight);
    else box.scrollLeft = (box.scrollLeft + 90) % (box.scrollWidth - box.clientWidth);
  }
  await new Promise((done) => setTimeout(done, 200));
  const long = window.longTasks.filter((task) => task.startTime >= begun).map((task) => task.duration);
  frames.sort((a, b) => a - b);
  return { longest: Math.max(0, ...long), count: long.length, frame: frames[150], slow: frames[285] };
}
"""


def school_of_a_hundred(town: Town) -> Event:
    """Bookings are written straight into the database and marked as followed: the page is what is measured."""
    users = [f"t{number:03}" for number in range(1, HOSTS + 1)]
    for user in users:
        town.world.add_user(User(user, f"Lehrkraft {user}", f"{user}@schule.example"))
    days = [datetime.now(UTC).date() + timedelta(days=14), datetime.now(UTC).date() + timedelta(days=21)]
    windows = [{"day": day.isoformat(), "starts": "15:00", "ends": "19:00"} for day in days]
    event = town.conference(users, windows=windows, name="Elternsprechtag")
    town.stop()
    database = Database(f"sqlite:///{town.environment['APP_PERSISTENT_STORAGE']}/sprechtag.sqlite")
    with database.read() as session:
        conference_id = session.execute(select(col(Conference.id))).scalar_one()
        hosts = list(session.execute(select(col(Host.id))).scalars())
        rows = session.execute(select(col(Slot.host_id), col(Slot.public_id)).order_by(col(Slot.starts_at)))
        slots: dict[int, list[str]] = {host: [] for host in hosts}
        for host, public_id in rows:
            slots[host].append(public_id)
    desk = Desk(database, LinkKey(b"bench" * 8))
    for number in range(BOOKINGS):
        slot = slots[hosts[number % HOSTS]][number // HOSTS * 2]
        person = Person(f"Familie {number}", f"f{number}@post.example", "de")
        pick = Pick(
            slot, "video" if number % 2 else "on_site", f"Kind {number}", f"{5 + number % 6}{'abcd'[number % 4]}", ""
        )
        desk.book(conference_id, person, pick)
    with database.write() as session:
        session.execute(
            update(Effect)
            .values(applied_revision=col(Booking.revision))
            .where(col(Booking.id) == col(Effect.booking_id))
        )
    town.start(register=False)
    return event


def open_view(browser: Browser, town: Town, path: str, ready: str) -> tuple[Page, float]:
    """A browser without a cache; milliseconds from the click on the link until `ready` is there and can be used."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="de-DE").new_page()
    page.add_init_script(WATCH)
    page.context.add_cookies([{"name": SESSION, "value": town.world.log_in("orga"), "url": town.url}])
    page.goto(f"{town.url}{EMBEDDED}sprechtag/conferences#/{path}", wait_until="commit")
    page.locator(ready).first.wait_for()
    return page, float(page.evaluate("performance.now()"))


def main() -> None:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with open_town() as town, sync_playwright() as playwright:
        event = school_of_a_hundred(town)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        one = f"c/{event.path.split('/')[1]}"
        print(f"{HOSTS} hosts x 48 slots, {BOOKINGS} bookings; medians of {RUNS} first visits without a cache")
        blank: list[float] = []
        for _ in range(RUNS):
            page = browser.new_context().new_page()
            page.goto(f"{town.url}/", wait_until="load")
            blank.append(float(page.evaluate("performance.now()")))
            page.context.close()
        base = statistics.median(blank)
        print(f"a page that does nothing        1.0 ({base:.0f} ms here)")
        views = {
            "start: list of conferences": ("", ".app-navigation-entry"),
            "overview with charts": (one, ".figures"),
            "grid of appointments": (f"{one}/bookings", "[data-cell] strong"),
            "hosts": (f"{one}/hosts", "tbody tr"),
        }
        for name, (path, ready) in views.items():
            times = []
            for _ in range(RUNS):
                page, milliseconds = open_view(browser, town, path, ready)
                times.append(milliseconds)
                page.context.close()
            print(f"{name:30}{statistics.median(times) / base:5.1f} ({statistics.median(times):.0f} ms here)")
        page, _ = open_view(browser, town, f"{one}/bookings", "[data-cell] strong")
        page.wait_for_timeout(500)
        asked = page.evaluate(ASKED)
        scrolled: dict[str, Any] = page.evaluate(SCROLL)
        longest = f"{scrolled['count']} tasks over 50 ms, the longest {scrolled['longest']:.0f} ms"
        print(f"scrolling the grid, 300 steps: {longest}")
        print(f"  a frame takes {scrolled['frame']:.0f} ms, one in twenty {scrolled['slow']:.0f} ms or more")
        cells = page.evaluate("document.querySelectorAll('[data-cell]').length")
        print(f"  cells drawn: {cells} of {HOSTS * 24}")
        browser.close()
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in JS.glob("*.*js")}
    first = sum(sizes.get(name, 0) for name in asked)
    print(f"script, gzipped: {first // 1000} kB for the grid, {sum(sizes.values()) // 1000} kB for everything")


if __name__ == "__main__":
    main()
