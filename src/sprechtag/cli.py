# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag serve` runs the app, `sprechtag demo` runs it in a stand-in Nextcloud; the others are for its admin."""

import argparse
import gc
import logging
import os
import socket
import sys
from pathlib import Path

import structlog

from . import supervisor
from .operations import commands as admins
from .operations.errors import NotDone
from .settings import Settings


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sprechtag", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve_command = commands.add_parser("serve", help="run the app; AppAPI's environment says where and how")
    for inherited in ("--process", "--socket", "--alive"):
        serve_command.add_argument(inherited, type=int, default=None, help=argparse.SUPPRESS)
    commands.add_parser("print", help=argparse.SUPPRESS)
    admins.add(commands)
    demo_command = commands.add_parser("demo", help="run the app in a stand-in Nextcloud with an invented school")
    demo_command.add_argument("--port", type=int, default=8080)
    options = parser.parse_args(arguments)
    if (done := admins.run(options)) is not None:
        return done
    if options.command == "demo":
        from .sandbox.demo import run

        return run(options.port)
    if options.command == "print":
        from .paper import printing

        sys.stdout.buffer.write(printing.work(sys.stdin.buffer.read()))
        return 0
    return serve(Settings(), options.process, options.socket, options.alive)


def serve(
    settings: Settings, process: int | None = None, inherited: int | None = None, alive: int | None = None
) -> int:
    """Runs one process, or looks after `SPRECHTAG_WORKERS` of them."""
    _log_as_json()
    os.umask(0o077)
    if not settings.app_secret:
        print("APP_SECRET is missing: AppAPI sets it; see README for running the app by hand.", file=sys.stderr)
        return 2
    if settings.workers > 1 and settings.database.startswith("sqlite"):
        print("Several processes need PostgreSQL: set SPRECHTAG_DATABASE_URL.", file=sys.stderr)
        return 2
    if alive is not None:
        supervisor.leave_with(alive)
    listening = _listen(settings) if inherited is None else socket.socket(fileno=inherited)
    if settings.workers > 1 and process is None:
        return supervisor.look_after(settings.workers, listening)
    return _serve(settings, listening)


def _serve(settings: Settings, listening: socket.socket) -> int:
    # All that is loaded stays: to look through it for garbage again and again is a sixth of the start.
    gc.disable()
    # Neither the supervisor nor the admin's commands load all of this.
    from . import server
    from .app import build
    from .bootstrap import House
    from .operations import running

    gc.freeze()
    gc.enable()
    house = House(settings)
    try:
        # Kept until the process ends: so nobody restores a backup under it.
        _held = running.announce(settings, house.database)
    except NotDone as refused:
        print(refused, file=sys.stderr)
        return 2
    if problem := house.problem_at_start():
        print(problem, file=sys.stderr)
        return 2
    server.run(build(house), listening)
    return 0


def _listen(settings: Settings) -> socket.socket:
    """HaRP's agent comes by a Unix socket, everything else by TCP."""
    if settings.behind_harp:
        path = os.environ.get("HP_EXAPP_SOCK", "/tmp/exapp.sock")  # noqa: S108 - HaRP's own place for it
        Path(path).unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
    else:
        family = socket.AF_INET6 if ":" in settings.app_host else socket.AF_INET
        both = family == socket.AF_INET6 and settings.app_host == "::" and socket.has_dualstack_ipv6()
        place = (settings.app_host, settings.app_port)
        listening = socket.create_server(place, family=family, backlog=512, dualstack_ipv6=both)
        # What is accepted inherits it; an answer of two parts would wait 40 ms for the other side's acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen(512)
    return listening


def _log_as_json() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
