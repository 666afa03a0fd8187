# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud tells by itself, and what may be read out of it."""

import json
from typing import Any

LONGEST_WORD = 255


def parse(body: bytes) -> Any:
    """The JSON of a callback. Raises ValueError for what is none, however it is not."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def word(said: Any, *path: str) -> str:
    """The text at `path`, fit to be looked up in a database: printable, at most 255 characters. "" for all else."""
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said if isinstance(said, str) and len(said) <= LONGEST_WORD and said.isprintable() else ""
