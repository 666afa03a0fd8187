# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The metrics reader and the observer against a real signaling server: Debian's nextcloud-spreed-signaling, started here
on loopback, with sessions of real WebSocket clients. Skipped by name where the package is not installed."""

import hashlib
import hmac
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from conftest import eventually
from sprechtag.day.metrics import Metrics, read
from sprechtag.day.observer import Unanswered, fetch
from sprechtag.sandbox.smtp import free_port

SERVER = "nextcloud-spreed-signaling-server"
SECRET = "internal-secret"
BACKEND = "https://cloud.example/"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which(SERVER)
    if program is None:
        pytest.skip("nextcloud-spreed-signaling: the Debian package is not installed (apt-get needs root)")
    port, folder = free_port(), Path(tmp_path_factory.mktemp("signaling"))
    config = folder / "server.conf"
    config.write_text(
        f"[http]\nlisten = 127.0.0.1:{port}\n[sessions]\nhashkey = {'h' * 32}\nblockkey = {'b' * 32}\n"
        f"[clients]\ninternalsecret = {SECRET}\n[backend]\nbackends = backend-1\n"
        f"[backend-1]\nurl = {BACKEND}\nsecret = backend-secret\n[nats]\nurl = :loopback:\n"
        "[stats]\nallowed_ips = 127.0.0.1\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "-config", str(config)], stdout=log, stderr=log)
        try:
            found = f"http://127.0.0.1:{port}"
            eventually(lambda: answers(found), seconds=20, what=(folder / "log").read_text()[-500:] or "it starts")
            yield found
        finally:
            process.terminate()
            process.wait(timeout=10)


def answers(address: str) -> bool:
    try:
        return "nextcloud-spreed-signaling" in fetch(f"{address}/api/v1/welcome")
    except Unanswered:
        return False


def someone_in(address: str, room: str) -> ClientConnection:
    """An internal client, as a recording or a SIP bridge is one, in a room: it asks no Nextcloud."""
    client = connect(f"{address.replace('http', 'ws')}/spreed")
    drawn = secrets.token_hex(32)
    token = hmac.new(SECRET.encode(), drawn.encode(), hashlib.sha256).hexdigest()
    auth = {"type": "internal", "params": {"random": drawn, "token": token, "backend": BACKEND}}
    client.send(json.dumps({"id": "1", "type": "hello", "hello": {"version": "1.0", "auth": auth}}))
    answered(client, "hello")
    client.send(json.dumps({"id": "2", "type": "room", "room": {"roomid": room}}))
    answered(client, "room")
    return client


def answered(client: ClientConnection, kind: str) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        said = json.loads(client.recv(timeout=10))
        if said["type"] == kind:
            return
        assert said["type"] != "error", said
    raise AssertionError(f"no {kind}")


def metrics(address: str) -> Metrics:
    return read(fetch(f"{address}/metrics"))


def test_an_idle_server_answers_and_says_little(address: str) -> None:
    found = metrics(address)
    assert found.rooms == {} and found.reading["cpu_seconds"] >= 0


def test_sessions_and_rooms_are_counted_and_gone_again(address: str) -> None:
    clients = [someone_in(address, room) for room in ("abcd2345", "abcd2345", "efgh6789")]
    eventually(lambda: metrics(address).rooms == {"abcd2345": 2, "efgh6789": 1}, seconds=20, what="three in two rooms")
    reading = metrics(address).reading
    assert (reading["rooms"], reading["sessions"], reading["seated"]) == (2, 3, 3)
    for client in clients:
        client.send(json.dumps({"id": "3", "type": "bye", "bye": {}}))
        client.close()
    eventually(lambda: metrics(address).reading.get("sessions", 0) == 0, seconds=20, what="all gone")


def test_an_address_that_leads_elsewhere_is_not_followed(address: str) -> None:
    with pytest.raises(Unanswered, match="404"):
        fetch(f"{address}/nothing-here")
