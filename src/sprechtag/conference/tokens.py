# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links: derived from the installation's key, stored only as hashes.

A mail sent weeks later must carry the same manage link, so a token is not random but
`HMAC-SHA256(key, purpose:id:generation)`, cut to 160 bits. The database holds its SHA-256 only: who reads
the database cannot open a link, who holds the key can write it again. Raising the generation revokes it.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Literal

Purpose = Literal[
    "share", "manage", "screen", "join", "feed", "feedback", "display", "callback", "preview", "people", "interpreter"
]


class LinkKey:
    """Makes the tokens of one installation. `key` has 32 bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("The link key must have 32 bytes or more.")
        self._key = key

    def token(self, purpose: Purpose, owner_id: str, generation: int) -> str:
        """The token of 27 characters `[A-Za-z0-9_-]` (160 bits) for `owner_id`, a row's public id. It always ends in a
        letter or digit: the last four bits fill only two thirds of a sign."""
        message = f"{purpose}:{owner_id}:{generation}".encode()
        digest = hmac.digest(self._key, message, "sha256")[:20]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fingerprint(self, text: str) -> str:
        """A keyed hash, for looking up an e-mail address without an index of plain addresses."""
        return hmac.digest(self._key, f"fingerprint:{text}".encode(), "sha256").hex()


def hashed(token: str) -> str:
    """What the database stores of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def feed_path(links: LinkKey, guest_public_id: str, generation: int) -> str:
    """Where a calendar app reads a family's appointments. The token opens nothing else, and nothing of it is stored:
    who asks names the row, and the token is made again and compared."""
    return f"c/{guest_public_id}/{links.token('feed', guest_public_id, generation)}.ics"


def join_path(links: LinkKey, booking_public_id: str, generation: int) -> str:
    """Where a video call is joined: a link for one appointment, which cannot change the family's others. Like the
    feed's it is made again and compared; a new manage link makes a new one."""
    return f"j/{booking_public_id}/{links.token('join', booking_public_id, generation)}"


def person_path(links: LinkKey, companion_public_id: str, generation: int) -> str:
    """Where somebody who is named to an appointment sees it: a link for this one, which changes nothing."""
    return f"w/{companion_public_id}/{links.token('people', companion_public_id, generation)}"


def interpreter_path(links: LinkKey, interpreter_public_id: str, generation: int) -> str:
    """An interpreter's own page."""
    return f"i/{interpreter_public_id}/{links.token('interpreter', interpreter_public_id, generation)}"


def display_path(links: LinkKey, conference_public_id: str, generation: int) -> str:
    """Where the screen in the hall looks."""
    return f"d/{conference_public_id}/{links.token('display', conference_public_id, generation)}"


def callback_path(links: LinkKey, name: str) -> str:
    """Where Nextcloud calls the app, told to it when the callback is registered. Whoever calls there has been told:
    behind some fronts nothing else tells Nextcloud's call from a visitor's."""
    return f"/{name}/{links.token('callback', name, 1)}"


def part_of_path(text: str) -> str:
    """Any text as a part of a path: a room's name, or how a corridor's rooms begin."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def feedback_path(links: LinkKey, conference_public_id: str) -> str:
    """Where families say how it was: one link for all, so that nobody is told apart."""
    return f"f/{conference_public_id}/{links.token('feedback', conference_public_id, 1)}"


def is_token(links: LinkKey, purpose: Purpose, owner_id: str, generation: int, token: str) -> bool:
    return hmac.compare_digest(links.token(purpose, owner_id, generation).encode(), token.encode())


def invitation_code(links: LinkKey, guest_public_id: str, generation: int) -> str:
    """The code in a printed invitation: ten characters of 27 (47 bits). Whoever tries a hundred a second day and night
    finds one of 600 families' in some 100 years, so a right one is always taken."""
    return _code(links, guest_public_id, generation, CODE_LENGTH)


def older_code(links: LinkKey, guest_public_id: str, generation: int) -> str:
    """As codes were until 0.1: eight characters. Letters that were printed so hold them."""
    return _code(links, guest_public_id, generation, OLDER_LENGTH)


def _code(links: LinkKey, guest_public_id: str, generation: int, length: int) -> str:
    number = int(links.fingerprint(f"code:{guest_public_id}:{generation}"), 16)
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_CODE_ALPHABET))
        letters.append(_CODE_ALPHABET[rest])
    return "".join(letters)


def code_hash(links: LinkKey, code: str) -> str:
    """What the database stores of a code: a keyed hash, because the codes are few enough to be tried out."""
    return links.fingerprint(f"typed:{tidy_code(code)}")


def tidy_code(code: str) -> str:
    """As it was printed: without spaces and hyphens, in capitals."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def public_id() -> str:
    """A new unguessable id of 16 characters `[A-Za-z0-9_-]` (95 bits), the last a letter or digit; an id, not a key to
    anything."""
    while not (made := secrets.token_urlsafe(12))[-1].isalnum():
        pass
    return made


def whole(link: str) -> str:
    """The link so that it ends in a letter or digit, as older ids and parts of a path may not: programs that make links
    of text cut off - and _ at the end. The fragment is never sent, so it leads to the same page."""
    return link if link[-1:].isalnum() else f"{link}#go"


# No vowels and nothing that is mistaken for something else on paper or on the phone.
_CODE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
CODE_LENGTH, OLDER_LENGTH = 10, 8


def short_code(length: int = 6) -> str:
    """A reference that people can read out: six characters, no vowels, no 0/O/1/I/L."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(length))
