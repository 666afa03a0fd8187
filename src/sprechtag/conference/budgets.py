# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What somebody may spend who has proven nothing: families entered, times held, mails caused, answers given.

The limits are written and named by `limits`; its counters are rows of ours, in the caller's transaction: all processes
share them, and a form that is refused has spent nothing. No address is stored, only a keyed fingerprint of it."""

import ipaddress
import math
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from limits import RateLimitItem, parse
from sqlalchemy import Integer, Row, Select, String, TextualSelect, bindparam, func, select, text
from sqlmodel import Session, col

from ..database import Database, UtcDateTime, insert
from . import team
from .errors import Spent
from .tables import Booking, BudgetCount, BudgetHit, Conference, Guest, Slot
from .telling import tell_user
from .tokens import LinkKey

UNPROVEN_SHARE, UNPROVEN_LEAST = 0.5, 50
"""Of a conference's times: when families that have proven nothing hold more than this share, and more than these few,
new ones confirm first."""
SHARED_BY, FEW, COUNTED_EVERY = 32, 3, 10.0
"""Into how many parts what is left is divided between two counts (processes, forms for several times), how many forms
at least are not counted while there is something left, and after how many seconds it is counted anew in any case."""
FULL_SECONDS = 0.5
"""So long it is taken for certain that nothing is left."""
TOLD_AGAIN_AFTER = timedelta(hours=6)
NOTED_EVERY = timedelta(seconds=30)
HITS_KEPT = timedelta(days=7)
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Budget:
    """`kind` tells it apart; all of `limits` hold."""

    kind: str
    limits: tuple[RateLimitItem, ...]

    @classmethod
    def of(cls, kind: str, *limits: str) -> "Budget":
        return cls(kind, tuple(parse(text) for text in limits))


def families_of(per_address: int) -> Budget:
    """Forms with an address that one visitor sends. A school's evening is one address for everybody in the building."""
    return Budget.of("families", f"{per_address} per 10 minutes", f"{3 * per_address} per day")


def times_of(per_address: int) -> Budget:
    """Times that one visitor takes or is offered."""
    return Budget.of("times", f"{per_address * 3 // 2} per 10 minutes", f"{4 * per_address} per day")


def holds_of(per_address: int) -> Budget:
    """Times that are held for one visitor while a form is open, each for two minutes."""
    return Budget.of("holds", f"{per_address * 3 // 2} per 10 minutes", f"{4 * per_address} per day")


SAME_MAILBOX = Budget.of("mailbox", "30 per hour", "80 per day")
"""Forms through the share link with the same mailbox: `a.b+x@` and `ab@` are one. Known and unknown ones cost the same,
else it could be told from the budget which is known."""
CHANGES = Budget.of("changes", "30 per hour", "80 per day")
"""What is done with one family's appointments by who has proven nothing: each is a mail to it."""
MESSAGES = Budget.of("messages", "6 per hour")
"""Words to a host from one appointment's join page."""
MAILS = Budget.of("mails", "6 per hour", "20 per day")
"""Mails to a mailbox that nobody has proven. One mail says all that is new."""
INVITATIONS = Budget.of("invitations", "15 per hour", "40 per day")
"""The same where the calendar server writes one for each appointment."""
ANSWERS = Budget.of("answers", "10 per hour")
"""Answers to the question after the day, by one visitor."""
WRONG_CODES = Budget.of("codes", "30 per 10 minutes")
WRONG_CODES_OF_ALL = Budget.of("all-codes", "300 per hour")


def network_of(address: str) -> str:
    """What counts as one visitor: an IPv4 address, the /64 of an IPv6 one; all that is no address together."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def mailbox_of(email: str) -> str:
    """A key for the mailbox behind an address: without case, dots and a `+tag`. Never an address to write to."""
    user, _, domain = unicodedata.normalize("NFKC", email).casefold().strip().rpartition("@")
    plain = re.sub(r"[+].*$", "", user).replace(".", "")
    return f"{plain or user}@{domain.rstrip('.')}"


def mailbox_mark(links: LinkKey, email: str) -> str:
    """What is counted under instead of the address."""
    return links.fingerprint(f"mailbox:{mailbox_of(email)}")[:32]


@dataclass(frozen=True)
class Price:
    """`cost` out of the budget of `who` (a mark)."""

    budget: Budget
    who: str
    cost: int = 1

    def keys(self) -> dict[str, RateLimitItem]:
        """The counters that it is taken from."""
        return {limit.key_for(self.budget.kind, self.who): limit for limit in self.budget.limits}


def spend(session: Session, budget: Budget, who: str, now: datetime, cost: int = 1) -> None:
    """As `pay`, a single price."""
    pay(session, [Price(budget, who, cost)], now)


def pay(session: Session, prices: Sequence[Price], now: datetime) -> None:
    """Pays them all, in one statement. Raises `Spent` for the first that is more than is left; the caller's transaction
    is then given up and nothing was spent."""
    due = [price for price in prices if price.cost]
    stands = _count(session, due, now)
    for price in due:
        for key, limit in price.keys().items():
            if stands[key].spent > limit.amount:
                raise _spent(price.budget, stands[key].expires_at, now)


def _count(session: Session, prices: Sequence[Price], now: datetime) -> dict[str, Row[Any]]:
    """Counts them all, in one statement; returns what the counters stand at, by key."""
    # In one order everywhere, so that two transactions never wait for each other's rows.
    rows = sorted((key, price.cost, limit.get_expiry()) for price in prices for key, limit in price.keys().items())
    if not rows:
        return {}
    values: dict[str, object] = {"now": now}
    for number, (key, cost, seconds) in enumerate(rows):
        values |= {f"key{number}": key, f"count{number}": cost, f"ends{number}": now + timedelta(seconds=seconds)}
    return {row.key: row for row in session.connection().execute(_add_up(len(rows)), values)}


@cache
def _add_up(rows: int) -> TextualSelect:
    """Adds to so many counters, or begins new windows; returns what they stand at. As text, because a statement of
    several rows is written out anew each time else."""
    values = ", ".join(f"(:key{number}, :count{number}, :ends{number})" for number in range(rows))
    moments = [bindparam(name, type_=UtcDateTime) for name in ("now", *(f"ends{number}" for number in range(rows)))]
    return (
        text(
            f"""INSERT INTO budget_count (key, count, expires_at) VALUES {values}
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN budget_count.expires_at <= :now THEN excluded.count
                    ELSE budget_count.count + excluded.count END,
                expires_at = CASE WHEN budget_count.expires_at <= :now THEN excluded.expires_at
                    ELSE budget_count.expires_at END
            RETURNING key, count AS spent, expires_at"""  # noqa: S608 - only numbers are put in
        )
        .bindparams(*moments)
        .columns(key=String, spent=Integer, expires_at=UtcDateTime)
    )


_STANDS: Select[Any] = select(  # type: ignore[assignment]
    col(BudgetCount.key), col(BudgetCount.count).label("spent"), col(BudgetCount.expires_at)
).where(col(BudgetCount.key).in_(bindparam("keys", expanding=True)), col(BudgetCount.expires_at) > bindparam("now"))


def check(session: Session, budget: Budget, who: str, now: datetime, cost: int = 1) -> None:
    """As `spend`, without spending: cheap, and needs no turn at the database."""
    keys = Price(budget, who, cost).keys()
    for row in session.connection().execute(_STANDS, {"keys": list(keys), "now": now}):
        if row.spent + cost > keys[row.key].amount:
            raise _spent(budget, row.expires_at, now)


def _spent(budget: Budget, ends_at: datetime, now: datetime) -> Spent:
    return Spent(budget.kind, max(1, math.ceil((ends_at - now) / timedelta(minutes=1))))


def waits_until(session: Session, budget: Budget, mailbox: str, now: datetime) -> datetime | None:
    """When the next mail may go to the mailbox (UTC); None for now."""
    keys = Price(budget, mailbox).keys()
    stands = session.connection().execute(_STANDS, {"keys": list(keys), "now": now})
    return max((row.expires_at for row in stands if row.spent >= keys[row.key].amount), default=None)


def mailed(session: Session, budget: Budget, mailbox: str, now: datetime) -> None:
    """A mail went out."""
    _count(session, [Price(budget, mailbox)], now)


def left_for_unproven(session: Session, conference: Conference) -> int:
    """How many more times families that have proven nothing may hold: `UNPROVEN_SHARE` of the conference's. Counts, and
    so costs the more the larger the conference is."""
    total = session.execute(
        select(func.count()).select_from(Slot).where(col(Slot.conference_id) == conference.id)
    ).scalar_one()
    booked = session.execute(
        select(func.count())
        .select_from(Booking)
        .join(Guest, col(Guest.id) == col(Booking.guest_id))
        .where(col(Booking.conference_id) == conference.id, col(Booking.state) == "active")
        .where(col(Guest.proven_at).is_(None), col(Guest.invited).is_(False))
    ).scalar_one()
    held = session.execute(
        select(func.count())
        .select_from(Slot)
        .outerjoin(Guest, col(Guest.id) == col(Slot.held_for))
        .where(col(Slot.conference_id) == conference.id, col(Slot.held_until).is_not(None))
        # What an open form holds is held for nobody: whose form it is, is not known here.
        .where(col(Guest.id).is_(None) | (col(Guest.proven_at).is_(None) & col(Guest.invited).is_(False)))
    ).scalar_one()
    return int(max(UNPROVEN_LEAST, math.ceil(total * UNPROVEN_SHARE)) - booked - held)


@dataclass
class Ledger:
    """Marks visitors and mailboxes, and notes what was refused: at most every half minute for one visitor, so that a
    flood of refusals is no flood of writes. `per_address` is what one visitor may enter in ten minutes."""

    database: Database
    links: LinkKey
    clock: Callable[[], datetime]
    per_address: Callable[[], int] = lambda: 400
    _refused: dict[tuple[int, str, str], tuple[datetime, int]] = field(default_factory=dict)
    _not_counted: dict[int, tuple[int, float]] = field(default_factory=dict)

    def visitor(self, address: str) -> str:
        """The mark of a visitor: 16 hexadecimal digits that mean nothing elsewhere."""
        return self.links.fingerprint(f"visitor:{network_of(address)}")[:16]

    @property
    def families(self) -> Budget:
        return families_of(self.per_address())

    @property
    def times(self) -> Budget:
        return times_of(self.per_address())

    @property
    def holds(self) -> Budget:
        return holds_of(self.per_address())

    def many_unproven(self, session: Session, conference: Conference) -> bool:
        """Whether families that have proven nothing hold all that they may (`left_for_unproven`). While there is much
        left it is not counted for each of them: of what is left this process gives out a share before it counts again,
        because others give out of it too."""
        number = conference.id or 0
        unseen, counted_at = self._not_counted.get(number, (0, 0.0))
        if unseen < 0 and time.monotonic() - counted_at < FULL_SECONDS:
            return True
        if unseen > 0 and time.monotonic() - counted_at < COUNTED_EVERY:
            self._not_counted[number] = (unseen - 1, counted_at)
            return False
        left = left_for_unproven(session, conference)
        if len(self._not_counted) > 1000:
            self._not_counted.clear()
        share = max(left // SHARED_BY, min(left - 1, FEW)) if left > 0 else -1
        self._not_counted[number] = (share, time.monotonic())
        return left <= 0

    def refused(self, conference_id: int, kind: str, visitor: str) -> bool:
        """Notes that a budget has refused something; true when the organiser is to be told, which is once in six
        hours. Opens a transaction of its own."""
        now = self.clock()
        key = (conference_id, kind, visitor)
        noted_at, waiting = self._refused.get(key, (now - 2 * NOTED_EVERY, 0))
        if now - noted_at < NOTED_EVERY:
            self._refused[key] = (noted_at, waiting + 1)
            return False
        if len(self._refused) > 1000:
            self._refused.clear()
        self._refused[key] = (now, 0)
        with self.database.write() as session:
            return note_refusal(session, conference_id, kind, visitor, now, waiting + 1)


def note_refusal(session: Session, conference_id: int, kind: str, visitor: str, now: datetime, count: int = 1) -> bool:
    """Keeps who spent what; has the organiser notified where that was not done in the last six hours (true then)."""
    latest = session.execute(
        select(func.max(col(BudgetHit.last_at))).where(col(BudgetHit.conference_id) == conference_id)
    ).scalar_one_or_none()
    statement = insert(session, BudgetHit).values(
        conference_id=conference_id, kind=kind, visitor=visitor, count=count, first_at=now, last_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["conference_id", "kind", "visitor"],
            set_={"count": col(BudgetHit.count) + count, "last_at": now},
        )
    )
    if latest and latest > now - TOLD_AGAIN_AFTER:
        return False
    conference = session.get_one(Conference, conference_id)
    for user_id in team.organisers(session, conference):
        tell_user(session, conference_id, user_id, "budget", now)
    return True
