# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail addresses as they are sent: domains in the form that DNS and SMTP know (IDNA 2008, RFC 5891, after UTS 46).

A family writes `jana@müller.de`; in the envelope, in a header and for the Mail app that is `jana@xn--mller-kva.de`.
What stands before the @ has no such form: other than ASCII signs need a relay with SMTPUTF8 (RFC 6531)."""

import re
from functools import lru_cache

import idna

from .headers import one_line

_NOT_IN_ONE = re.compile(r'[\s<>()\[\],;:"\\]')
"""What an address holds only in quotation marks (RFC 5322, 3.2.3), which nobody has and few mail servers take."""


class NotAnAddress(ValueError):
    """No mail can be sent to it."""


def wire_address(mailbox: str) -> str:
    """`mailbox` with its domain in ASCII. Raises `NotAnAddress`."""
    local, at, domain = one_line(mailbox).rpartition("@")
    if not (local and at) or _NOT_IN_ONE.search(f"{local}{domain}"):
        raise NotAnAddress
    return f"{local}@{wire_domain(domain)}"


def ascii_address(mailbox: str) -> str:
    """As `wire_address`, for where only ASCII is taken."""
    wire = wire_address(mailbox)
    if needs_utf8(wire):
        raise NotAnAddress
    return wire


@lru_cache(maxsize=1000)
def wire_domain(domain: str) -> str:
    """The domain in ASCII; one that is so already stays as it is. Raises `NotAnAddress`."""
    if domain.isascii():
        if not domain:
            raise NotAnAddress
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise NotAnAddress from error


def needs_utf8(wire: str) -> bool:
    """Whether only a relay with SMTPUTF8 can take this address."""
    return not wire.isascii()
