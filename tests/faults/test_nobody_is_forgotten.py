# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one that has the lock last does `MOST_TOGETHER` others' jobs, and then waits for ever for its own."""

import threading
from pathlib import Path
from time import sleep

from sqlalchemy import text

from sprechtag.database import MOST_TOGETHER, Database


class LastComeFirstServed:
    """What a lock may be: Python's promises no order."""

    def __init__(self) -> None:
        self._held, self._waiting, self._inner = False, [], threading.Lock()

    def acquire(self, timeout: float = -1) -> bool:
        with self._inner:
            if not self._held:
                self._held = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        return mine.wait(timeout)

    def release(self) -> None:
        with self._inner:
            if self._waiting:
                self._waiting.pop().set()
            else:
                self._held = False

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def test_nobody_is_left_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    database._write_lock = LastComeFirstServed()  # type: ignore[assignment]
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x INTEGER)"))
    many = MOST_TOGETHER + 1
    threads = [
        threading.Thread(
            target=lambda: database.do(lambda session: session.execute(text("INSERT INTO t VALUES (1)")) and None, 10),
            daemon=True,
        )
        for _ in range(many)
    ]
    with database.write() as session:
        session.execute(text("INSERT INTO t VALUES (0)"))
        for thread in threads:
            thread.start()
            sleep(0.01)
    for thread in threads:
        thread.join(timeout=3)
    assert not [thread for thread in threads if thread.is_alive()]
