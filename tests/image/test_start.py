# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the container runs: scripts/start and scripts/healthcheck with the real app; frpc is only asked for its configuration."""

import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import PATIENCE, eventually
from sprechtag.sandbox.demo import free_port

ROOT = Path(__file__).parents[2]
START, HEALTHCHECK = ROOT / "scripts" / "start", ROOT / "scripts" / "healthcheck"
RECORDING_FRPC = '#!/bin/sh\ncp "$2" "$FRPC_SEEN"\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    storage = tmp_path / "storage"
    storage.mkdir()
    return {
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "APP_ID": "sprechtag",
        "APP_SECRET": "s" * 64,
        "APP_VERSION": "0.1.0",
        "APP_HOST": "127.0.0.1",
        "APP_PORT": str(free_port()),
        "APP_PERSISTENT_STORAGE": str(storage),
        "NEXTCLOUD_URL": "http://127.0.0.1:9",
    }


@pytest.fixture
def harp(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment AppAPI sets when HaRP deploys the app."""
    frpc = tmp_path / "frpc"
    frpc.write_text(RECORDING_FRPC)
    frpc.chmod(0o755)
    # A Unix socket's path may have 108 characters, fewer than pytest's folders take.
    with tempfile.TemporaryDirectory() as folder:
        yield environment | {
            "HP_SHARED_KEY": "shared",
            "HP_FRP_ADDRESS": "harp.example",
            "HP_FRP_PORT": "8782",
            "HP_EXAPP_SOCK": f"{folder}/exapp.sock",
            "HP_FRP_CERTIFICATES": str(tmp_path / "certs"),
            "FRPC_SEEN": str(tmp_path / "seen.toml"),
        }


@contextmanager
def container(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    with Path(environment["APP_PERSISTENT_STORAGE"], "said.txt").open("w") as said:
        process = subprocess.Popen([START], env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def comes_up(process: "subprocess.Popen[bytes]", environment: dict[str, str]) -> None:
    def healthy_or_gone() -> bool:
        return process.poll() is not None or healthy(environment)

    eventually(healthy_or_gone, what="the app is up")
    assert process.poll() is None, Path(environment["APP_PERSISTENT_STORAGE"], "said.txt").read_text()


def healthy(environment: dict[str, str]) -> bool:
    return subprocess.run([HEALTHCHECK], check=False, env=environment).returncode == 0


def frpc_configuration(environment: dict[str, str]) -> dict[str, Any]:
    seen = Path(environment["FRPC_SEEN"])
    eventually(lambda: seen.exists() and "unixPath" in seen.read_text(), what="frpc was started")
    return tomllib.loads(seen.read_text())


def test_it_is_healthy_on_its_port_and_not_before(environment: dict[str, str]) -> None:
    assert not healthy(environment)
    with container(environment) as process:
        comes_up(process, environment)


def test_behind_harp_it_is_healthy_on_the_socket_that_frpc_carries(harp: dict[str, str]) -> None:
    with container(harp) as process:
        comes_up(process, harp)
        assert not healthy({name: value for name, value in harp.items() if name != "HP_SHARED_KEY"})
        config = frpc_configuration(harp)
    assert (config["serverAddr"], config["serverPort"], config["metadatas"]) == (
        "harp.example",
        8782,
        {"token": "shared"},
    )
    assert config["transport"]["tls"] == {"enable": False}
    (proxy,) = config["proxies"]
    assert (proxy["name"], proxy["remotePort"]) == ("sprechtag", int(harp["APP_PORT"]))
    assert proxy["plugin"] == {"type": "unix_domain_socket", "unixPath": harp["HP_EXAPP_SOCK"]}


def test_behind_harp_with_certificates_the_tunnel_is_encrypted(harp: dict[str, str]) -> None:
    folder = Path(harp["HP_FRP_CERTIFICATES"])
    folder.mkdir()
    with container(harp):
        tls = frpc_configuration(harp)["transport"]["tls"]
    assert tls["enable"] is True and tls["serverName"] == "harp.nc"
    assert {tls["certFile"], tls["keyFile"], tls["trustedCaFile"]} == {
        str(folder / name) for name in ("client.crt", "client.key", "ca.crt")
    }


def test_harp_without_frpc_is_said_in_one_line(harp: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "frpc").unlink()
    said = subprocess.run([START], check=False, env=harp, capture_output=True, text=True)
    assert said.returncode == 1 and said.stderr.startswith("frpc is missing") and said.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    said = subprocess.run(
        [START], check=False, env=environment | {"APP_PERSISTENT_STORAGE": nowhere}, capture_output=True, text=True
    )
    assert said.returncode == 1 and nowhere in said.stderr


def test_all_that_the_image_copies_is_there() -> None:
    lines = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    sources = [word for words in lines if "--from" not in words[1] for word in words[1:-1] if not word.startswith("--")]
    assert sources and all((ROOT / source).exists() for source in sources)
