# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has proven what, and what an answer may show: decided here and nowhere else.

A family comes in by one of three doors:

* *own*: by the link of its mail or letter, or by the printed code. Only who reads the family's mail has it, so what is
  pressed there proves the address.
* *screen*: by the link that an answer has shown to somebody who booked through the share link. It proves nothing and
  opens only what was made through it, whoever's address was typed.
* *share*: by the conference's share link. Nothing is known of the visitor.

Nobody learns through *share* and *screen* whether an address is known, what it has booked, or that it is full: what
stands against a form there is one neutral sentence, and the address gets a mail that says more."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session, col

from ..database import table_of
from . import families, follow, letters
from .errors import GuestBusy, LimitReached, NotFound, NotLikeThis, Refused, Spent, WishesBefore
from .tables import Booking, Effect, Guest, ScreenLink
from .tokens import LinkKey, code_hash, hashed, public_id

Kind = Literal["own", "screen", "share", "school"]
LONGEST_NAME, LONGEST_CLASS, MOST_DIGITS = 60, 12, 3
NOT_DONE_UNTIL = timedelta(hours=12)
_ADD_LINK = table_of(ScreenLink).insert()


@dataclass(frozen=True)
class Door:
    """How a form came in. `screen` names the screen link, `visitor` the mark of the address it came from. `school` is
    for what the school itself enters."""

    kind: Kind = "own"
    screen: str = ""
    visitor: str = ""

    @property
    def proven(self) -> bool:
        """Whether whoever sent this can be taken for the family, or is the school."""
        return self.kind in ("own", "school")


OWN, SCHOOL = Door("own"), Door("school")


@dataclass(frozen=True)
class Coming:
    """Whom a link belongs to; `screen` is empty for the family's own link."""

    guest: Guest
    screen: str


_OWN = select(Guest).where(col(Guest.manage_token_hash) == bindparam("token_hash"))
_SHOWN = (
    select(Guest, col(ScreenLink.public_id))
    .join(ScreenLink, col(ScreenLink.guest_id) == col(Guest.id))
    .where(col(ScreenLink.token_hash) == bindparam("token_hash"))
)


def by_token(session: Session, token: str) -> Coming:
    """Who comes by this link. Raises `NotFound`, also for a link that was made void."""
    of_token = {"token_hash": hashed(token)}
    if own := session.execute(_OWN, of_token).first():
        return Coming(own[0], "")
    shown = session.execute(_SHOWN, of_token).first()
    if shown is None:
        raise NotFound
    return Coming(shown[0], shown[1])


def feed_of(session: Session, owner_id: str) -> tuple[Guest, str, int]:
    """Whose appointments a subscribed calendar shows, the screen link that limits them (empty: none), and of which
    generation its token has to be. Raises `NotFound`."""
    guest = session.execute(select(Guest).where(col(Guest.public_id) == owner_id)).scalar_one_or_none()
    if guest:
        return guest, "", guest.manage_generation
    shown = session.execute(select(ScreenLink).where(col(ScreenLink.public_id) == owner_id)).scalar_one_or_none()
    if shown is None:
        raise NotFound
    return session.get_one(Guest, shown.guest_id), shown.public_id, 1


def show_link(session: Session, guest: Guest, links: LinkKey, now: datetime, *, first: bool = False) -> str:
    """Makes a screen link for what is made in this transaction; returns its name. The ones before are void: who typed
    the address first keeps nothing of what others do with it. `first`: the guest is new and has none."""
    if not first:
        session.execute(delete(ScreenLink).where(col(ScreenLink.guest_id) == guest.id))
    name = public_id()
    shown = {"public_id": name, "guest_id": guest.id, "created_at": now}
    session.connection().execute(_ADD_LINK, shown | {"token_hash": hashed(screen_token(links, name))})
    return name


def screen_token(links: LinkKey, screen: str) -> str:
    return links.token("screen", screen, 1)


def shown_token(session: Session, links: LinkKey, screen: str) -> str:
    """The token of a screen link that still opens something, else empty."""
    if not screen:
        return ""
    token = screen_token(links, screen)
    known = select(col(ScreenLink.id)).where(col(ScreenLink.token_hash) == hashed(token))
    return token if session.execute(known).first() else ""


def prove(session: Session, guest: Guest, now: datetime) -> None:
    """Something was pressed that only who reads the family's mail can press."""
    if guest.proven_at is None:
        guest.proven_at = now
        session.add(guest)


def new_links(session: Session, guest: Guest, links: LinkKey, now: datetime, *, rewrite_events: bool = False) -> None:
    """Voids every link and the code of the family at once and has the new link mailed.

    With `rewrite_events` the calendar server writes the mails: then the events are written anew, because they hold
    the link."""
    guest.manage_generation += 1
    guest.manage_token_hash = hashed(families.manage_token(guest, links))
    if guest.code_hash:
        guest.code_hash = code_hash(links, families.code_of(guest, links))
    session.add(guest)
    session.execute(delete(ScreenLink).where(col(ScreenLink.guest_id) == guest.id))
    name = str(guest.manage_generation)
    letters.write(session, guest.id or 0, "new_link", name, {}, now, now + letters.WEEK)
    if rewrite_events:
        mine = select(col(Booking.id)).where(col(Booking.guest_id) == guest.id, col(Booking.state) == "active")
        session.execute(
            update(Booking).where(col(Booking.id).in_(mine)).values(revision=col(Booking.revision) + 1, changed_at=now)
        )
        session.execute(update(Effect).where(col(Effect.booking_id).in_(mine)).values(last_error=""))
        follow.bookings(session, session.execute(select(Booking).where(col(Booking.id).in_(mine))).scalars(), now)


def neutral(refused: Refused, door: Door) -> Refused:
    """What may be said of a refusal: to a visitor who has proven nothing, not what depends on whose address it is."""
    if door.proven or not depends_on_family(refused):
        return refused
    return NotLikeThis()


def depends_on_family(refused: Refused) -> bool:
    """Whether the refusal tells something of the family with this address."""
    return isinstance(refused, GuestBusy | LimitReached | WishesBefore | NotLikeThis) or (
        isinstance(refused, Spent) and refused.kind in ("mailbox", "changes")
    )


def tell_not_done(session: Session, guest: Guest, refused: Refused, now: datetime) -> None:
    """Has the family told by mail what stood against a form with its address; at most once in an hour."""
    reason: dict[str, object] = {"code": refused.code}
    if isinstance(refused, GuestBusy):
        reason["starts_at"] = refused.starts_at.isoformat()
    if isinstance(refused, LimitReached):
        reason |= {"limit": refused.limit, "per_host": refused.per_host}
    letters.write(session, guest.id or 0, "not_done", f"{now:%Y-%m-%dT%H}", reason, now, now + NOT_DONE_UNTIL)


# -- what is said to an address that nobody has proven ----------------------------------------------------------

_SCHEMES = re.compile(r"(?i)\b(?:https?|ftp|mailto|tel|www)\b")
_JOINERS = "\u200c\u200d"


def plain_name(text: str) -> str:
    """A name without anything that could be a link, an address, a number to call or a line of its own."""
    digits = sum(letter.isdecimal() for letter in text) <= MOST_DIGITS

    def stays(sign: str) -> bool:
        return unicodedata.category(sign)[0] in "LM" or sign in f" -'’.{_JOINERS}" or (digits and sign.isdecimal())

    kept = "".join(sign if stays(sign) else " " for sign in text)
    kept = re.sub(r"\.(?=\S)", ". ", _SCHEMES.sub(" ", kept))
    words = " ".join(kept.split())
    return words if len(words) <= LONGEST_NAME else words[:LONGEST_NAME].rsplit(" ", 1)[0]


def plain_class(text: str) -> str:
    """A class, of which the same holds."""
    if sum(sign.isdecimal() for sign in text) > MOST_DIGITS:
        text = re.sub(r"\d", " ", text)
    return " ".join(_SCHEMES.sub(" ", re.sub(r"[^\w /-]", " ", text)).split())[:LONGEST_CLASS].strip()
