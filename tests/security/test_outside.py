# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A media server that is broken or hostile costs its own reading, never the others'."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from conftest import School
from security.hostile import open_target
from sprechtag.day import fetch as fetching
from sprechtag.day import metrics, readings
from sprechtag.day.fetch import SideBySide, Unanswered, fetch
from sprechtag.nextcloud.errors import Rejected, Unreachable
from sprechtag.nextcloud.session import Door
from underway import Day, under_way

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
GAUGE = "# TYPE signaling_hub_rooms gauge\nsignaling_hub_rooms 3\n"


@pytest.fixture
def day(school: School) -> Day:
    return under_way(school)


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answers every visitor by `answer`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                visitor, _ = listening.accept()
                threading.Thread(target=talk, args=(visitor,), daemon=True).start()

    def talk(visitor: socket.socket) -> None:
        with suppress(OSError), visitor:
            visitor.recv(65536)
            answer(visitor)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
    listening.close()


def drip(visitor: socket.socket, what: bytes, first: bytes = b"") -> None:
    visitor.sendall(first)
    for _ in range(600):
        visitor.sendall(what)
        time.sleep(0.05)


def drips_head(visitor: socket.socket) -> None:
    drip(visitor, b"x", HEAD)


def drips_headers(visitor: socket.socket) -> None:
    drip(visitor, b"x: y\r\n", HEAD)


def drips_body(visitor: socket.socket) -> None:
    drip(visitor, b"#", HEAD + b"\r\n")


def drips_chunks(visitor: socket.socket) -> None:
    drip(visitor, b"1\r\n#\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n")


def says_nothing(visitor: socket.socket) -> None:
    time.sleep(30)


def sends_much(visitor: socket.socket) -> None:
    visitor.sendall(HEAD + b"Content-Length: 300000000\r\n\r\n")
    for _ in range(300):
        visitor.sendall(b"#" * 1_000_000)


def sends_without_end(visitor: socket.socket) -> None:
    visitor.sendall(HEAD + b"\r\n")
    while True:
        visitor.sendall(b"# \n" * 300_000)


def packs_a_bomb(visitor: socket.socket) -> None:
    body = gzip.compress(b"#" * 50_000_000)
    visitor.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def closes_early(visitor: socket.socket) -> None:
    visitor.sendall(HEAD + b"Content-Length: 900\r\n\r\n# half")


def says_rubbish(visitor: socket.socket) -> None:
    visitor.sendall(b"\x00\xff\r\n\r\n" * 100)


def leads_elsewhere(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


BROKEN = [
    drips_head,
    drips_headers,
    drips_body,
    drips_chunks,
    says_nothing,
    sends_much,
    sends_without_end,
    packs_a_bomb,
    closes_early,
    says_rubbish,
    leads_elsewhere,
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_a_broken_server_is_cut_off_in_time_and_bytes(broken: Callable[[socket.socket], None]) -> None:
    ended = threading.Event()

    def ask(address: str) -> None:
        with pytest.raises(Unanswered):
            fetch(address, seconds=0.5, longest=2_000_000)
        ended.set()

    with server(broken) as address:
        threading.Thread(target=ask, args=(address,), daemon=True).start()
        assert ended.wait(20), "it is still waited for"


@pytest.mark.parametrize(
    "address", ["", "ftp://x/", "file:///etc/passwd", "http://", "http://[::1", "http://x:99999999/"]
)
def test_an_address_that_is_none_is_not_asked(address: str) -> None:
    with pytest.raises(Unanswered):
        fetch(address)


def test_a_server_that_is_well_is_read_and_shown_user_and_password() -> None:
    asked = []

    def answers(visitor: socket.socket) -> None:
        visitor.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(GAUGE) + GAUGE.encode())

    with server(answers) as address:
        assert fetch(address) == GAUGE
        assert fetch(address.replace("//", "//me:%C3%A4@")) == GAUGE
    assert fetching._headers(fetching.urlsplit("http://me:a%3A@x/"))["Authorization"] == "Basic bWU6YTo="
    assert asked == []


def test_who_hangs_costs_the_others_nothing_and_is_not_asked_twice_meanwhile() -> None:
    hang, asked = threading.Event(), []

    def question(name: str) -> str:
        asked.append(name)
        if name == "hangs":
            hang.wait(60)
        return f"{name} answers"

    together = SideBySide(0.3)
    about = {name: name for name in ("one", "hangs", "two")}
    for _ in range(3):
        assert together.ask(about, question) == {"one": "one answers", "hangs": None, "two": "two answers"}
    assert asked.count("hangs") == 1 and asked.count("two") == 3
    hang.set()
    together._under_way["hangs"].join(10)
    assert together.ask(about, question)["hangs"] == "hangs answers"


HOSTILE = [
    "signaling_hub_rooms NaN\n",
    "signaling_hub_rooms +Inf\n",
    'signaling_hub_rooms 1e308\nsignaling_hub_rooms{a="b"} 1e308\n',
    'signaling_room_sessions{room="a\\u0000"} 1\nsignaling_room_sessions{room="x"} NaN\n',
    "".join(f'signaling_room_sessions{{room="r{n}"}} 1\n' for n in range(49_000)),
    'signaling_backend_client_requests_duration_bucket{le="often"} 1\n',
    "signaling_backend_client_requests_duration_bucket 1\n",
    "a" * 4_000_000,
    "a 1\n" * 100_000,
    "a{" * 3000,
    "# TYPE\n# HELP\n#",
    "\0\ud7ff\u2028",
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_metrics_stop_neither_the_look_nor_the_others(day: Day, text: str) -> None:
    view = day.call(0)
    day.at(view, minutes=1)
    day.servers.says = {"hpb1": text, "hpb2": GAUGE}
    day.observer.look()
    with day.database.read() as session:
        kept = readings.readings(session, day.school.clock.now - (day.school.clock.now - view.created_at))
    assert [one.reading["rooms"] for one in kept["hpb2"]] == [3.0]
    assert all(abs(value) <= metrics.MOST * 50_000 for one in kept["hpb1"] for value in one.reading.values())


@pytest.mark.parametrize(
    ("broken", "error"),
    [(drips_body, Unreachable), (drips_head, Unreachable), (sends_much, Rejected), (packs_a_bomb, Rejected)],
)
async def test_what_nextcloud_answers_has_limits_too(
    broken: Callable[[socket.socket], None], error: type[Exception]
) -> None:
    with server(broken) as address:
        door = Door(address.removesuffix("/metrics"), "sprechtag", "1", "s" * 64, seconds=0.5)
        async with door.as_user("t01") as session:
            with pytest.raises(error):
                await session.dav("PUT", "/calendars/t01/personal/x.ics")


@pytest.mark.parametrize(
    "said",
    [
        b"[]", b"{}", b'{"type": "Activity", "target": "x", "object": 7, "actor": []}', b"[" * 90_000, b"\xff",
        b'{"type": "Activity", "target": {"id": "a\\u0000b"}, "object": {"name": "call_joined"}, "actor": {"id": 1}}',
        b'{"event": {"calendarData": {"principaluri": "principals/users/a\\u0000b"}}}',
        b'{"event": []}', b'{"event": {"calendarData": 7}}',
    ],
)  # fmt: skip
def test_what_nextcloud_tells_is_taken_or_refused(tmp_path: Path, database_url: str, said: bytes) -> None:
    with open_target(tmp_path, database_url) as target:
        for path in ("/talk_bot", "/calendar-changed"):
            assert (
                target.ask("POST", path, content=said, headers={"content-type": "application/json"}).status_code < 500
            )
        target.runner.run(asyncio.sleep(0.05))
