# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looks after several processes of the app that share a socket. It loads nothing of the app itself, and sleeps until
one of them dies or it is told to stop."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import structlog

PAUSE_SECONDS = 0.2
"""Before one that has died is started again."""
STOP_SECONDS = 15.0
STOPPING = (signal.SIGTERM, signal.SIGINT)


class Told(Exception):
    """To stop, by SIGTERM or SIGINT."""


def look_after(count: int, listening: socket.socket) -> int:
    """Starts so many processes, and starts one again that dies, until it is told to stop."""
    # Nothing is ever written to it: it closes when this process ends, however it does.
    alive, _held = os.pipe()
    children: dict[int, subprocess.Popen[bytes]] = {}
    try:
        for signal_number in STOPPING:
            signal.signal(signal_number, _told)
        for process in range(count):
            children[process] = _start(process, listening.fileno(), alive)
        while True:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for process in [process for process, child in children.items() if child.poll() is not None]:
                structlog.get_logger().warning("process died, starting it again", process=process)
                time.sleep(PAUSE_SECONDS)
                children[process] = _start(process, listening.fileno(), alive)
    except Told:
        for signal_number in STOPPING:
            signal.signal(signal_number, signal.SIG_IGN)
    for child in children.values():
        child.terminate()
    for child in children.values():
        child.wait(timeout=STOP_SECONDS)
    return 0


def _told(*_: object) -> None:
    raise Told


def _start(process: int, listening: int, alive: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "sprechtag", "serve", "--process", str(process)]
    command += ["--socket", str(listening), "--alive", str(alive)]
    return subprocess.Popen(command, pass_fds=[listening, alive])


def leave_with(alive: int) -> None:
    """Ends this process with its supervisor (`alive` is the end of its pipe), however that ends: it would serve on
    beside those that a new one starts."""

    def wait() -> None:
        os.read(alive, 1)
        structlog.get_logger().warning("supervisor gone, leaving")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor watch", daemon=True).start()
