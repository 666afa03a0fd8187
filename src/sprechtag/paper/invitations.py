# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Printed invitations: one page a family, sorted by class, for a window envelope, with a QR code and a code to type."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import children, families, organise, windows
from ..conference.entries import number_in
from ..conference.tables import Child, Conference, Guest
from ..conference.texts import running_text
from ..conference.tokens import LinkKey, code_hash
from ..phrases import Speaker
from .pdf import page


@dataclass(frozen=True)
class Which:
    """Whose letters: of one class, or of all; only of families without an address with `unreachable`."""

    school_class: str = ""
    unreachable: bool = False


def families_for_letters(session: Session, conference: Conference, which: Which) -> list[Guest]:
    """By class and the child's last name, as they are handed out; of a family with several children by the first."""
    pupils = children.of_conference(session, conference.id or 0)
    query = select(Guest).where(col(Guest.conference_id) == conference.id, col(Guest.invited).is_(True))
    if which.school_class:
        of_class = select(col(Child.kin_id)).where(col(Child.school_class) == which.school_class)
        query = query.where(col(Guest.kin_id).in_(of_class))
    if which.unreachable:
        query = query.where(col(Guest.email) == "")
    return sorted(
        session.execute(query).scalars(),
        key=lambda guest: _order(guest, pupils.get(guest.kin_id or 0, []), which.school_class),
    )


def letters(
    session: Session, conference: Conference, which: Which, links: LinkKey, public_base: str, say: Speaker
) -> str:
    """The letters as one document. Families that have no code yet get theirs."""
    share = f"{public_base}/s/{organise.share_token(conference, links)}"
    sheets = []
    for guest in families_for_letters(session, conference, which):
        code = families.code_of(guest, links)
        guest.code_hash = code_hash(links, code)
        session.add(guest)
        sheets.append(
            _letter(session, conference, guest, code, share, f"{public_base}/m/{families.manage_token(guest, links)}")
        )
    return page("invitations.html", say("Invitation"), say, conference=conference, sheets=sheets, share=share)


def _letter(session: Session, conference: Conference, guest: Guest, code: str, share: str, link: str) -> dict[str, Any]:
    say = Speaker(guest.language, conference.time_zone)
    closes = conference.wishes_until if conference.booking_mode == "wishes" else conference.closes_at
    days = sorted({window.day for window in windows.windows_of(session, conference, None)})
    pupils = children.of_guest(session, guest)
    values = {
        "name": guest.name,
        "child": children.names(pupils),
        "conference": conference.name,
        "contact": conference.contact,
        "days": say.listing([say.date_only(day) for day in days]),
        "closes": say.when(closes) if closes else "",
    }
    text = running_text(conference.texts, "invitation", say, values)
    return {
        "say": say,
        "guest": guest,
        "child": values["child"],
        "school_class": children.classes(pupils),
        "text": [line for line in text.splitlines() if line.strip()],
        "code": f"{code[: len(code) // 2]} {code[len(code) // 2 :]}",
        "link": link,
        "share": share,
        "closes": values["closes"],
    }


def _order(guest: Guest, pupils: Sequence[Child], school_class: str) -> tuple[int, str, str]:
    first = next((one for one in pupils if school_class in ("", one.school_class)), None)
    name, own_class = (first.name, first.school_class) if first else ("", "")
    last = (name or guest.name).rsplit(maxsplit=1)[-1:]
    return (number_in(own_class) or 1000, own_class.casefold(), "".join(last).casefold())
