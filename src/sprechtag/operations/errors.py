# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a command did nothing, in a sentence for whoever has typed it."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class NotDone(Exception):
    """Nothing was changed; the message says why, and what to do."""


FULL = "The disk is full. Nothing was written."
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """What a disk or SQLite says against it, as `NotDone`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NotDone(FULL) from error
        raise NotDone(f"{doing}: {error.strerror or error}. Nothing was changed.") from error
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise NotDone(FULL) from error
        raise NotDone(f"{doing}: {error}. Nothing was changed.") from error
