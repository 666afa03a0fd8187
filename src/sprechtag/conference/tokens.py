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

Purpose = Literal["share", "manage", "join"]


class LinkKey:
    """Makes the tokens of one installation. `key` has 32 bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("The link key must have 32 bytes or more.")
        self._key = key

    def token(self, purpose: Purpose, owner_id: str, generation: int) -> str:
        """The token of 27 characters `[A-Za-z0-9_-]` (160 bits) for `owner_id`, a row's public id."""
        message = f"{purpose}:{owner_id}:{generation}".encode()
        digest = hmac.digest(self._key, message, "sha256")[:20]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fingerprint(self, text: str) -> str:
        """A keyed hash, for looking up an e-mail address without an index of plain addresses."""
        return hmac.digest(self._key, f"fingerprint:{text}".encode(), "sha256").hex()


def hashed(token: str) -> str:
    """What the database stores of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def public_id() -> str:
    """A new unguessable id of 16 characters `[A-Za-z0-9_-]` (96 bits); an id, not a key to anything."""
    return secrets.token_urlsafe(12)


# No vowels and nothing that is mistaken for something else on paper or on the phone.
_CODE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


def short_code(length: int = 6) -> str:
    """A reference that people can read out: six characters, no vowels, no 0/O/1/I/L."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(length))
