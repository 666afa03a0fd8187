# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the container runs: scripts/start and scripts/healthcheck with the real app; frpc is only asked for its configuration."""

import base64
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import PATIENCE, eventually
from sprechtag.sandbox.smtp import free_port

ROOT = Path(__file__).parents[2]
START, HEALTHCHECK = ROOT / "scripts" / "start", ROOT / "scripts" / "healthcheck"
SHARED_KEY = 'a "shared" \\key$(x)'
RECORDING_FRPC = '#!/bin/sh\ncp "$2" "$FRPC_SEEN"\nexec sleep 1000\n'


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
    write_program(tmp_path / "frpc", RECORDING_FRPC)
    # A Unix socket's path may have 108 characters, fewer than pytest's folders take.
    with tempfile.TemporaryDirectory() as folder:
        yield environment | {
            "HP_SHARED_KEY": SHARED_KEY,
            "HP_FRP_ADDRESS": "harp.example",
            "HP_FRP_PORT": "8782",
            "HP_EXAPP_SOCK": f"{folder}/exapp.sock",
            "HP_FRP_CERTIFICATES": str(tmp_path / "certs"),
            "FRPC_SEEN": str(tmp_path / "seen.toml"),
        }


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def lay_down_certificates(folder: Path) -> None:
    """As HaRP does it: files of root's in a folder of root's."""
    folder.mkdir(exist_ok=True)
    for name in ("ca.crt", "client.key", "client.crt"):
        (folder / name).write_text(name)


@contextmanager
def container(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    with Path(environment["APP_PERSISTENT_STORAGE"], "said.txt").open("w") as said:
        process = subprocess.Popen([START], env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def comes_up(process: "subprocess.Popen[bytes]", environment: dict[str, str], said: Path | None = None) -> None:
    def healthy_or_gone() -> bool:
        return process.poll() is not None or healthy(environment)

    eventually(healthy_or_gone, what="the app is up")
    said = said or Path(environment["APP_PERSISTENT_STORAGE"], "said.txt")
    assert process.poll() is None, said.read_text()


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
        {"token": SHARED_KEY},
    )
    assert config["transport"]["tls"] == {"enable": False}
    (proxy,) = config["proxies"]
    assert (proxy["name"], proxy["remotePort"]) == ("sprechtag", int(harp["APP_PORT"]))
    assert proxy["plugin"] == {"type": "unix_domain_socket", "unixPath": harp["HP_EXAPP_SOCK"]}


def test_behind_harp_with_certificates_the_tunnel_is_encrypted(harp: dict[str, str]) -> None:
    folder = Path(harp["HP_FRP_CERTIFICATES"])
    lay_down_certificates(folder)
    with container(harp):
        tls = frpc_configuration(harp)["transport"]["tls"]
    assert tls["enable"] is True and tls["serverName"] == "harp.nc"
    assert {tls["certFile"], tls["keyFile"], tls["trustedCaFile"]} == {
        str(folder / name) for name in ("client.crt", "client.key", "ca.crt")
    }


def test_certificates_that_come_after_the_start_are_taken_up(harp: dict[str, str]) -> None:
    """HaRP makes the folder first and puts the files into it then; the folder alone says nothing."""
    folder = Path(harp["HP_FRP_CERTIFICATES"])
    folder.mkdir()
    with container(harp):
        assert frpc_configuration(harp)["transport"]["tls"] == {"enable": False}
        lay_down_certificates(folder)
        eventually(lambda: frpc_configuration(harp)["transport"]["tls"]["enable"] is True, what="the tunnel has TLS")


@pytest.mark.parametrize(("dies", "code"), [("frpc", 3), ("sprechtag", 4), ("frpc, certificates there", 3)])
def test_the_container_ends_with_either_of_them(harp: dict[str, str], tmp_path: Path, dies: str, code: int) -> None:
    """Then its restart policy has the word. Without frpc nothing reaches the app; without the app nothing answers."""
    if "certificates" in dies:
        lay_down_certificates(Path(harp["HP_FRP_CERTIFICATES"]))
    for name in ("frpc", "sprechtag"):
        lives = f"#!/bin/sh\ntrap 'echo ended >> {tmp_path}/{name}.said; exit 0' TERM\nwhile :; do sleep 0.1; done\n"
        write_program(tmp_path / name, f"#!/bin/sh\nsleep 0.5; exit {code}\n" if dies.startswith(name) else lives)
    said = subprocess.run([START], check=False, env=harp, capture_output=True, text=True, timeout=PATIENCE)
    assert said.returncode == code, said.stderr
    other = "sprechtag" if dies.startswith("frpc") else "frpc"
    eventually((tmp_path / f"{other}.said").exists, what="the other was told to end")


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


# -- whose rights ----------------------------------------------------------------------------------------------------

UID = 10001
AS_APP = [f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can take over a volume and drop its rights")
SAYING = """#!/bin/sh
{ grep -E '^(Uid|Gid|Groups|CapEff|NoNewPrivs):' /proc/self/status; env; } > "$APP_PERSISTENT_STORAGE/$(basename "$0").said"
[ -z "${HP_FRP_CERTIFICATES:-}" ] || cat "$HP_FRP_CERTIFICATES"/* > "$APP_PERSISTENT_STORAGE/$(basename "$0").read"
exec sleep 1000
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every user gets into; pytest's own are closed to all others."""
    with tempfile.TemporaryDirectory(prefix="sprechtag-image-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def image(harp: dict[str, str], open_folder: Path) -> dict[str, str]:
    """The environment of the image behind HaRP, with an app and an frpc that only say who they are."""
    for name in ("sprechtag", "frpc"):
        write_program(open_folder / name, SAYING)
    (open_folder / "data").mkdir()
    places = {
        "PATH": f"{open_folder}:{os.environ['PATH']}",
        "APP_PERSISTENT_STORAGE": str(open_folder / "data"),
        "HP_FRP_CERTIFICATES": str(open_folder / "certs"),
        "HP_EXAPP_SOCK": str(open_folder / "exapp.sock"),
        "SPRECHTAG_UID": str(UID),
    }
    return harp | places


def said_by(environment: dict[str, str], name: str) -> str:
    said = Path(environment["APP_PERSISTENT_STORAGE"], f"{name}.said")
    eventually(lambda: said.exists() and "HP_SHARED_KEY" in said.read_text(), what=f"{name} runs")
    return said.read_text()


@as_root
def test_as_root_it_takes_over_the_volume_and_is_nobody_special_then(image: dict[str, str], open_folder: Path) -> None:
    storage, outside = Path(image["APP_PERSISTENT_STORAGE"]), open_folder / "outside"
    outside.write_text("none of the app's business")
    (storage / "old").mkdir()
    (storage / "old" / "sprechtag.sqlite").write_text("of an image that ran as root")
    (storage / "old" / "sprechtag.sqlite").chmod(0o600)
    (storage / "link").symlink_to(outside)
    with container(image):
        for name in ("sprechtag", "frpc"):
            said = said_by(image, name)
            assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}" in said and f"Gid:\t{UID}\t{UID}\t{UID}\t{UID}" in said
            assert "Groups:\t \n" in said or "Groups:\t\n" in said
            assert "CapEff:\t0000000000000000" in said and "NoNewPrivs:\t1" in said
    for path in (storage, storage / "old", storage / "old" / "sprechtag.sqlite"):
        assert (path.stat().st_uid, path.stat().st_gid) == (UID, UID), path
    assert outside.stat().st_uid == 0, "a link leads nowhere"


@contextmanager
def first_process(environment: dict[str, str]) -> Iterator[int]:
    """As in a container, where the script is process 1; gives its number outside."""
    command = ["unshare", "--pid", "--fork", "--mount-proc", START]
    with Path(environment["APP_PERSISTENT_STORAGE"], "said.txt").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    eventually(lambda: bool(children.read_text().strip()), what="the container runs")
    first = int(children.read_text())
    try:
        yield first
    finally:
        os.kill(first, signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0, "docker stop does not have to kill it"


@as_root
@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_certificates_of_root_s_are_read_by_the_tunnel(image: dict[str, str], mode: int) -> None:
    folder = Path(image["HP_FRP_CERTIFICATES"])
    lay_down_certificates(folder)
    for file in folder.iterdir():
        file.chmod(mode)
    with first_process(image):
        said_by(image, "frpc")
        read = Path(image["APP_PERSISTENT_STORAGE"], "frpc.read")
        eventually(lambda: read.exists() and read.read_text() == "ca.crtclient.crtclient.key", what="frpc reads them")
    assert {file.stat().st_uid for file in folder.iterdir()} == {0}, "HaRP lays them down anew, as root"


def users_in_dockerfile() -> list[str]:
    """Who the image's user is, whom `docker exec` acts as; nobody named is root."""
    return [line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("USER ")]


@as_root
def test_deployed_as_harp_does_it_the_tunnel_has_tls(image: dict[str, str], open_folder: Path) -> None:
    """Started for the certificates, `mkdir -p` by docker exec as the image's user, the files by an archive of root's,
    stopped, started again (HaRP's agent, docker_exapp_install_certificates)."""
    write_program(open_folder / "frpc", '#!/bin/sh\ncp "$2" "$APP_PERSISTENT_STORAGE/seen.toml"\nexec sleep 1000\n')
    image |= {"HP_FRP_CERTIFICATES": str(open_folder / "certs" / "frp"), "FRPC_SEEN": f"{open_folder}/data/seen.toml"}
    act_as = ["setpriv", *AS_APP] if users_in_dockerfile() not in ([], ["root"]) else []
    with first_process(image) as container_process:
        assert frpc_configuration(image)["transport"]["tls"] == {"enable": False}
        inside = ["nsenter", "--mount", "--pid", f"--target={container_process}", *act_as]
        subprocess.run([*inside, "mkdir", "-p", image["HP_FRP_CERTIFICATES"]], check=True)
        lay_down_certificates(Path(image["HP_FRP_CERTIFICATES"]))
    Path(image["FRPC_SEEN"]).unlink()
    with first_process(image):
        assert frpc_configuration(image)["transport"]["tls"]["enable"] is True


@as_root
def test_it_runs_as_somebody_else_from_the_start(image: dict[str, str]) -> None:
    """`docker run --user`, Kubernetes' runAsNonRoot: nothing is taken over, all works."""
    storage = Path(image["APP_PERSISTENT_STORAGE"])
    os.chown(storage, 12345, 12345)
    command = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", START]
    with (storage / "log").open("w") as log:
        process = subprocess.Popen(command, env=image, stdout=log, stderr=subprocess.STDOUT)
    try:
        assert "Uid:\t12345\t" in said_by(image, "sprechtag") and "Uid:\t12345\t" in said_by(image, "frpc")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


@as_root
def test_a_container_that_may_not_change_its_user_does_not_run_as_root(image: dict[str, str]) -> None:
    bounded = ["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-all", START]
    said = subprocess.run(bounded, check=False, env=image, capture_output=True, text=True, timeout=PATIENCE)
    assert said.returncode == 1 and f"docker run --user {UID}" in said.stderr
    assert not Path(image["APP_PERSISTENT_STORAGE"], "sprechtag.said").exists()


def test_a_tmp_that_cannot_be_written_is_named_with_what_to_do(environment: dict[str, str]) -> None:
    said = subprocess.run(
        [START], check=False, env=environment | {"TMPDIR": "/proc"}, capture_output=True, text=True, timeout=PATIENCE
    )
    assert said.returncode == 1 and "/proc cannot be written" in said.stderr and "--tmpfs" in said.stderr


# -- the real app with a root that is read-only, its rights dropped, a school's own authority ---------------------------

READ_ONLY = """
set -e
mount --bind "$APP_PERSISTENT_STORAGE" "$APP_PERSISTENT_STORAGE"
mount --bind "$WORK/authorities" /usr/local/share/ca-certificates
if [ -d /root/.pyenv ]; then
	mkdir "$WORK/python" && mount --bind /root/.pyenv "$WORK/python"
	mount -t tmpfs -o mode=755 tmpfs /root && mkdir /root/.pyenv && mount --move "$WORK/python" /root/.pyenv
fi
mount -t tmpfs -o mode=1777 tmpfs "$WORK/tmp"
mount -o remount,bind,ro /
exec "$START"
"""


@pytest.fixture
def read_only(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        pytest.skip("a root that is read-only needs the right to mount")
    with tempfile.TemporaryDirectory(prefix="sprechtag-image-", dir="/var/tmp") as folder:
        work = Path(folder)
        work.chmod(0o755)
        for name in ("data", "authorities", "tmp"):
            (work / name).mkdir()
        yield environment | {
            "APP_PERSISTENT_STORAGE": str(work / "data"),
            "TMPDIR": str(work / "tmp"),
            "SPRECHTAG_UID": str(UID),
            "WORK": folder,
            "START": str(START),
        }


@contextmanager
def read_only_container(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    command = ["unshare", "--mount", "bash", "-c", READ_ONLY]
    with Path(environment["WORK"], "said.txt").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


@pytest.mark.parametrize("behind", ["the PHP proxy", "HaRP"])
def test_the_app_lives_with_a_read_only_root_and_no_rights(read_only: dict[str, str], behind: str) -> None:
    if behind == "HaRP":
        programs = Path(read_only["WORK"], "programs")
        programs.mkdir()
        write_program(programs / "frpc", "#!/bin/sh\nexec sleep 1000\n")
        read_only |= {
            "PATH": f"{programs}:{read_only['PATH']}",
            "HP_SHARED_KEY": "shared",
            "HP_FRP_ADDRESS": "harp.example",
            "HP_FRP_PORT": "8782",
            "HP_EXAPP_SOCK": f"{read_only['TMPDIR']}/exapp.sock",
        }
    with read_only_container(read_only) as process:
        inside = ["nsenter", "--mount", f"--target={process.pid}"]

        def checks() -> list[int]:
            asked = (inside, [*inside, "setpriv", *AS_APP])
            return [subprocess.run([*one, HEALTHCHECK], check=False, env=read_only).returncode for one in asked]

        eventually(
            lambda: process.poll() is not None or checks() == [0, 0], what="healthy, asked by root and by the app"
        )
        assert process.poll() is None, Path(read_only["WORK"], "said.txt").read_text()
        made = {path.name: path.stat().st_uid for path in Path(read_only["APP_PERSISTENT_STORAGE"]).iterdir()}
        assert made["sprechtag.sqlite"] == UID, made


class SecureNextcloud:
    """Answers AppAPI's OCS over TLS, with a certificate of an authority that nobody knows."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = folder / "nextcloud.crt", folder / "nextcloud.key"
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=School"
        files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run([*make.split(), *files], check=True, capture_output=True)
        self.asked: list[str] = []
        self.refused = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as secure:
                    self.asked.append(secure.recv(65536).split(b" HTTP/")[0].decode())
                    body = b'{"ocs": {"meta": {"status": "ok", "statuscode": 200}, "data": []}}'
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
                    secure.sendall(head.encode() + b"\r\n\r\n" + body)
            except (ssl.SSLError, OSError):
                self.refused += 1

    def close(self) -> None:
        self._listening.close()


def as_the_mail_relay_is_reached(app: int, server: SecureNextcloud) -> bool:
    """With Python's own TLS and the app's environment, where the app is: whether the server is trusted."""
    host, port = server.url.removeprefix("https://").split(":")
    ask = f"ssl.create_default_context().wrap_socket(socket.create_connection(('{host}', {port})), server_hostname='{host}')"
    told = dict(line.split("=", 1) for line in Path(f"/proc/{app}/environ").read_text().split("\0") if "=" in line)
    command = [
        "nsenter",
        "--mount",
        f"--target={app}",
        sys.executable,
        "-c",
        f"import socket, ssl; {ask}.send(b'x HTTP/')",
    ]
    said = subprocess.run(command, check=False, env=told, capture_output=True, text=True)
    assert said.returncode == 0 or "CERTIFICATE_VERIFY_FAILED" in said.stderr, said.stderr
    return said.returncode == 0


@pytest.mark.parametrize("trusted", [True, False])
def test_a_school_s_own_authority_is_trusted_and_a_stranger_s_is_not(read_only: dict[str, str], trusted: bool) -> None:
    """HaRP and AppAPI copy it in as files; nobody could run update-ca-certificates on this root."""
    work = Path(read_only["WORK"])
    nextcloud = SecureNextcloud(work)
    if trusted:
        (work / "authorities" / "custom_ca_cert_0.crt").write_bytes(nextcloud.certificate.read_bytes())
    environment = read_only | {"NEXTCLOUD_URL": nextcloud.url}
    with read_only_container(environment) as process:
        comes_up(process, environment, work / "said.txt")
        proof = base64.b64encode(f":{environment['APP_SECRET']}".encode()).decode()
        own = {"authorization-app-api": proof, "ex-app-id": "sprechtag"}
        answer = httpx.post(f"http://127.0.0.1:{environment['APP_PORT']}/init", headers=own)
        assert answer.status_code == 200
        if trusted:
            ready = "PUT /ocs/v2.php/apps/app_api/ex-app/status"
            eventually(lambda: any(ready in asked for asked in nextcloud.asked), what="Nextcloud was told")
        else:
            eventually(lambda: nextcloud.refused > 0, what="the app refused the certificate")
            assert not nextcloud.asked
        assert as_the_mail_relay_is_reached(process.pid, nextcloud) == trusted
    nextcloud.close()


def test_the_image_starts_as_root_and_says_to_whom_it_drops() -> None:
    """HaRP makes /certs/frp as the image's user."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert users_in_dockerfile() in ([], ["root"])
    assert any(f"SPRECHTAG_UID={UID}" in line for line in lines) and any(f"--uid {UID}" in line for line in lines)
