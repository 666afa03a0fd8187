# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`sprechtag new-key`: for a links' key that is lost, or that somebody else has. Every link made with the old one is
void, and every family gets its new one by mail."""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from ..bootstrap import House
from ..conference import families, organise, proof
from ..conference.follow import HEAR
from ..conference.tables import BudgetCount, BudgetHit, Conference, Guest, ScreenLink
from ..conference.tokens import LinkKey, code_hash, hashed
from ..database import PATIENCE
from ..errands import queue
from ..errands.queue import Put
from ..lifecycle import BOT
from ..settings import Settings
from . import archive
from .errors import NotDone, in_words
from .running import alone


@dataclass(frozen=True)
class Made:
    conferences: int
    mailed: int
    without_mail: int


def make(settings: Settings, now: datetime) -> Made:
    """Raises `NotDone`. With SPRECHTAG_LINK_KEY set that is the new key, else one is written to the storage. A process
    that is killed in between has the app refuse to start; the same command again is right then."""
    settings.close_to_others()
    database_file = settings.database_file
    if database_file and not database_file.is_file():
        raise NotDone(f"There is no database {database_file}; nothing was changed.")
    with in_words("No new key was made"), alone(settings):
        new = settings.link_key.encode() or secrets.token_hex(32).encode()
        house = House(settings)
        try:
            house.database.migrate()
            with house.database.write(PATIENCE) as session:
                made = renew_all(session, LinkKey(new), now, lambda user: house.mail_channel(user)[0] == "calendar")
            house.database.wipe()
        finally:
            house.database.close()
        if not settings.link_key:
            _write(settings, new)
    return made


def _write(settings: Settings, key: bytes) -> None:
    there = settings.link_key_file
    with archive.work_folder(there.absolute()) as folder:
        handle = os.open(folder / "link.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        (folder / "link.key").replace(there)
    archive.sync_folder(there.parent)


def renew_all(session: Session, links: LinkKey, now: datetime, mails_by_calendar: Any) -> Made:
    """All that was made with the old key is made anew with `links`."""
    conferences = list(session.execute(select(Conference)).scalars())
    mailed = without_mail = 0
    for conference in conferences:
        organise.renew_share_link(conference, links)
        by_calendar = mails_by_calendar(conference.organiser_id)
        guests = session.execute(select(Guest).where(col(Guest.conference_id) == conference.id)).scalars()
        for guest in list(guests):
            guest.email_fingerprint = links.fingerprint(guest.email.casefold() or guest.public_id)
            if guest.erase_by is None and guest.email:
                proof.new_links(session, guest, links, now, rewrite_events=by_calendar)
                mailed += 1
            else:
                _void(guest, links)
                without_mail += guest.erase_by is None
    for table in (ScreenLink, BudgetCount, BudgetHit):
        session.execute(delete(table))
    # Nextcloud calls us at addresses made with the key.
    queue.put(session, *(Put(kind, "", now) for kind in (BOT, HEAR)))
    return Made(len(conferences), mailed, without_mail)


def _void(guest: Guest, links: LinkKey) -> None:
    """Nobody can be written to: it gets its link on paper, or is being erased."""
    guest.manage_generation += 1
    guest.manage_token_hash = hashed(families.manage_token(guest, links))
    if guest.code_hash:
        guest.code_hash = code_hash(links, families.code_of(guest, links))
