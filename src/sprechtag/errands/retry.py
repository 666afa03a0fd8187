# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""When something is tried again and when not: by whose fault it failed.

| fault     | whose it is                                            | pauses        | given up       |
|-----------|--------------------------------------------------------|---------------|----------------|
| OURS      | an error in the app: only a newer version may help     | 30 s .. 1 h   | never          |
| NEXTCLOUD | it does not answer, or not what it should              | 5 s .. 2 min  | never          |
| REFUSED   | Nextcloud understands and says no                      | 5 s .. 2 min  | after 8 tries  |
| RIGHTS    | the user may not, or does not exist                    | 5 s .. 10 min | never          |
| RELAY     | the mail server is away, or takes nothing from us      | 5 s .. 15 min | never          |
| ADDRESS   | this one recipient: the address does not exist         |               | at once        |
| DATABASE  | locked, full, away                                     | 2 s .. 15 s   | never          |

"Never" means until it makes no sense any more (`Errand.expires_at`). Pauses double from try to try and have chance in
them, so that what failed together does not come back together."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from ..database import Busy
from ..logs import OnceAMinute, kind_of

log = structlog.get_logger()


class Fault(StrEnum):
    """Whose fault it was."""

    OURS = "ours"
    NEXTCLOUD = "nextcloud"
    REFUSED = "refused"
    RIGHTS = "rights"
    RELAY = "relay"
    ADDRESS = "address"
    DATABASE = "database"


class NotYet(Exception):
    """What it needs is not there. It is no trouble and no try; it is due again at `until` (UTC), or when it is put
    again. With `lane` it goes on in that lane, and with `all_of_lane` so do all others that are due there."""

    def __init__(self, until: datetime, lane: str = "", all_of_lane: bool = False) -> None:
        super().__init__(f"not before {until:%H:%M:%S}")
        self.until, self.lane, self.all_of_lane = until, lane, all_of_lane


class Trouble(Exception):
    """It was tried and failed. `words` are for people and hold nobody's name; `wait` says how long to wait where
    somebody has said so, `final` that no other try can help. `about` is the part that failed, where a kind has
    several, and `tried` which version of what (its number by id)."""

    def __init__(self, fault: Fault, words: str, *, wait: timedelta | None = None, final: bool = False) -> None:
        super().__init__(words)
        self.fault, self.words, self.wait, self.final = fault, words, wait, final
        self.about, self.tried = "", dict[int, int]()


Explain = Callable[[Exception], Trouble | None]
"""Turns what a room raises into a `Trouble`; None for what it does not know."""
DATABASE_AWAY = "The database does not answer or is full. It is tried again by itself."
UNEXPECTED = "An error in Sprechtag. It is tried again by itself. ({name})"
TOO_LONG = "It took too long. It is tried again by itself."
DatabaseTrouble = (Busy, OperationalError, InterfaceError)
_said = OnceAMinute()


def trouble_of(error: Exception, explain: Explain) -> Trouble:
    """What nobody has expected is an error of ours; it is written down by its kind and place."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, DatabaseTrouble):
        return Trouble(Fault.DATABASE, DATABASE_AWAY)
    if isinstance(error, TimeoutError):
        return Trouble(Fault.NEXTCLOUD, TOO_LONG)
    if explained := explain(error):
        return explained
    said = kind_of(error)
    if _said.is_new(str(said)):
        log.error("unexpected error", **said)
    return Trouble(Fault.OURS, UNEXPECTED.format(name=type(error).__name__))


@contextmanager
def part(about: str, tried: Mapping[int, int], explain: Explain) -> Iterator[None]:
    """Whatever goes wrong in here is a trouble with this part."""
    try:
        yield
    except NotYet:
        raise
    except Exception as error:
        trouble = trouble_of(error, explain)
        trouble.about, trouble.tried = about, dict(tried)
        raise trouble from error


@dataclass(frozen=True)
class Policy:
    """Pauses from `first` up to `longest`; given up after `most_tries`, 0 for never."""

    first: timedelta
    longest: timedelta
    most_tries: int = 0

    def pause(self, attempts: int, patience: float = 1.0) -> timedelta:
        """How long to wait after so many tries (from 1), without chance; at the longest `patience` times `longest`."""
        doubled: timedelta = self.first * 2 ** min(max(attempts, 1) - 1, 20)
        return min(doubled, self.longest * patience)

    def gives_up(self, attempts: int) -> bool:
        return bool(self.most_tries) and attempts >= self.most_tries


@dataclass(frozen=True)
class Retry:
    """The policies of one app. Raises `KeyError` for none of its faults."""

    policies: Mapping[Fault, Policy]

    @classmethod
    def of(cls, first: timedelta, longest: timedelta) -> "Retry":
        """The table above, where `first` and `longest` are Nextcloud's pauses: 5 s and 2 min."""
        return cls(
            {
                Fault.OURS: Policy(6 * first, 30 * longest),
                Fault.NEXTCLOUD: Policy(first, longest),
                Fault.REFUSED: Policy(first, longest, most_tries=8),
                Fault.RIGHTS: Policy(first, 5 * longest),
                Fault.RELAY: Policy(first, 7.5 * longest),
                Fault.ADDRESS: Policy(first, longest, most_tries=1),
                Fault.DATABASE: Policy(0.4 * first, 3 * first),
            }
        )

    def again_in(self, trouble: Trouble, attempts: int, patience: float = 1.0) -> timedelta | None:
        """How long to wait after so many tries; None where it is given up. See `Policy.pause` and `Kind`."""
        policy = self.policies[trouble.fault]
        if trouble.final or policy.gives_up(attempts):
            return None
        if trouble.wait is not None:
            return trouble.wait
        patience = patience if trouble.fault is Fault.NEXTCLOUD else 1.0
        return policy.pause(attempts, patience) * random.uniform(0.8, 1.2)  # noqa: S311 - only spreads the tries
