# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was asked of Nextcloud today and need not be asked for each booking: which calendar takes a host's appointments,
what a host can do with Talk, which of Talk's bots is ours.

It is a guess that is tried first: whoever is refused forgets it and asks."""

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

KEPT_SECONDS = 6 * 3600.0
"""Bookings come scattered over the days, seldom two of one host in ten minutes."""
MOST = 10_000


@dataclass
class Guesses:
    """For one process. `seconds` is how long a guess is good for."""

    seconds: float = KEPT_SECONDS
    _kept: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)

    def get(self, *what: Hashable) -> Any:
        """None where nothing is known."""
        at, value = self._kept.get(what, (0.0, None))
        return value if time.monotonic() - at < self.seconds else None

    def keep(self, value: Any, *what: Hashable) -> None:
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[what] = (time.monotonic(), value)

    def forget(self, *what: Hashable) -> None:
        self._kept.pop(what, None)
