# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts and addresses for the headers of a mail."""

import sys
from email.headerregistry import Address

from ..conference import entries


def one_line(text: str) -> str:
    """For a header: a line break in it would end the mail, and whatever is older than the rules for entries may have
    one."""
    return entries.line(text, sys.maxsize)


def address(name: str, mailbox: str) -> Address:
    user, _, domain = one_line(mailbox).rpartition("@")
    return Address(display_name=one_line(name), username=user, domain=domain)
