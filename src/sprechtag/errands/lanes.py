# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which work may run beside which.

A process has so many seats. Each class of work has some of them for itself, whatever the others do: on the day an
alarm must not wait behind calendars that are read from a Nextcloud that hangs. What is left over goes to whoever
comes first in the order of the classes. Within a lane (a host, a family) one thing runs at a time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Share(StrEnum):
    """A class of work; the first comes first."""

    DAY = "day"
    BOOKINGS = "bookings"
    MAILS = "mails"
    HOUSE = "house"
    READINGS = "readings"
    LONG = "long"


SEATS = 24
GUARANTEED: Mapping[Share, int] = {
    Share.DAY: 4,
    Share.BOOKINGS: 8,
    Share.MAILS: 4,
    Share.HOUSE: 2,
    Share.READINGS: 2,
    Share.LONG: 2,
}


@dataclass
class Seats:
    """Who sits where in one process."""

    total: int = SEATS
    guaranteed: Mapping[Share, int] = field(default_factory=lambda: dict(GUARANTEED))
    taken: Counter[Share] = field(default_factory=Counter)

    def free_for(self, share: Share) -> int:
        """How many of this class may begin now."""
        own = self.guaranteed.get(share, 0) - self.taken[share]
        kept_for_others = sum(
            max(0, seats - self.taken[other]) for other, seats in self.guaranteed.items() if other != share
        )
        return max(0, own, self.total - sum(self.taken.values()) - kept_for_others)

    def sit(self, share: Share) -> None:
        self.taken[share] += 1

    def rise(self, share: Share) -> None:
        self.taken[share] -= 1
