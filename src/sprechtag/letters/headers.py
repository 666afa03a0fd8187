# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts and addresses in the header of a mail, folded so that they are read as they were written.

Python's own folding loses spaces next to encoded words (776 of 10,920 realistic subjects), so a text that is more than
a short line of ASCII is written as encoded words only: whole characters in each, at most 75 long, one a line (RFC 2047,
section 2 and 5)."""

import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from email.headerregistry import Address
from email.policy import EmailPolicy
from functools import lru_cache
from typing import Any

from ..conference import entries

LONGEST_LINE = 76
"""Characters of a line that holds an encoded word (RFC 2047, section 2)."""
_MARKS = len("=?utf-8?b??=")
_LONGEST_WORD = 75
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def one_line(text: str) -> str:
    """For a header: a line break in it would end the mail, and whatever is older than the rules for entries may have
    one."""
    return entries.line(text, sys.maxsize)


def address(name: str, mailbox: str) -> Address:
    user, _, domain = one_line(mailbox).rpartition("@")
    return Address(display_name=one_line(name), username=user, domain=domain)


class HeaderPolicy(EmailPolicy):
    """Folds the header of a mail by the rules above, and its parts' as Python does. `utf8` is for SMTPUTF8 (RFC 6531):
    addresses then stand in UTF-8, texts as encoded words all the same."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Python reads encoded words in what a program sets, too; a host who is called so keeps the name."""
        if name.lower() == "subject" and "=?" in value:
            value = _in_encoded_words(value, 0).replace("\n", "")
        if name.lower() in _ALWAYS_THE_SAME and isinstance(value, str):
            return _parsed(name, value)
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        ours = self._ours(name, value)
        return super().fold(name, value) if ours is None else ours

    def fold_binary(self, name: str, value: Any) -> bytes:
        ours = self._ours(name, value)
        return super().fold_binary(name, value) if ours is None else ours.encode("utf-8" if self.utf8 else "ascii")

    def _ours(self, name: str, value: Any) -> str | None:
        match name.lower():
            case "subject":
                return self._line(name, text_in_words(str(value), len(name) + 2))
            case "from" | "to" | "reply-to":
                return self._line(name, _addresses(value.addresses, len(name) + 2))
            case "message-id":
                return self._line(name, str(value))
        return None

    def _line(self, name: str, value: str) -> str:
        return f"{name}: {value.replace(_FOLD, self.linesep + ' ')}{self.linesep}"


@lru_cache(maxsize=100)
def _parsed(name: str, value: str) -> tuple[str, Any]:
    """Reading a header by its grammar costs more than all the rest of a mail."""
    return EmailPolicy().header_store_parse(name, value)


_ALWAYS_THE_SAME = {"mime-version", "content-type", "content-transfer-encoding", "auto-submitted"}
_FOLD = "\n "
MAIL = HeaderPolicy(linesep="\r\n", cte_type="7bit")
"""How our mails are made and written: bodies in 7 bit, so that no relay on the way has to change anything."""


def text_in_words(text: str, used: int) -> str:
    """A text as it stands in a header, its lines ended by a line feed and a space; `used` is how many characters stand
    before it in its first line."""
    if _PLAIN.fullmatch(text) and "=?" not in text and used + len(text) <= LONGEST_LINE:
        return text
    return _in_encoded_words(text, used)


def _in_encoded_words(text: str, used: int) -> str:
    return _FOLD.join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(text, used))


def _pieces(text: str, used: int) -> Iterator[bytes]:
    """UTF-8 of whole characters, as many as go into a word, cut behind a space where one is near: some readers,
    Python's own for names among them, put a space between two words."""
    room = _room(LONGEST_LINE - used)
    while text:
        fits = _fitting(text, room)
        cut = text.rfind(" ", fits // 2, fits) + 1 if fits < len(text) else 0
        yield text[: cut or fits].encode("utf-8", errors="replace")
        text, room = text[cut or fits :], _room(LONGEST_LINE - 1)


def _fitting(text: str, room: int) -> int:
    """How many characters go into `room` bytes; one at least."""
    size = 0
    for number, sign in enumerate(text):
        size += len(sign.encode("utf-8", errors="replace"))
        if size > room:
            return max(number, 1)
    return len(text)


def _room(characters: int) -> int:
    """How many bytes go into an encoded word in a line with so many characters left: four characters hold three."""
    return (min(characters, _LONGEST_WORD) - _MARKS) // 4 * 3


def _addresses(addresses: tuple[Address, ...], used: int) -> str:
    return ",\n ".join(_one_address(one, used if number == 0 else 1) for number, one in enumerate(addresses))


def _one_address(one: Address, used: int) -> str:
    mailbox = one.addr_spec
    if not one.display_name:
        return mailbox
    name = _phrase(one.display_name, used)
    last = name.rpartition("\n")[2]
    before = len(last) if "\n" in name else used + len(last)
    between = " " if before + 3 + len(mailbox) <= LONGEST_LINE else _FOLD
    return f"{name}{between}<{mailbox}>"


def _phrase(name: str, used: int) -> str:
    """A display name (RFC 5322, 3.2.5): as it is, in quotation marks, or as encoded words."""
    if used + len(name) + 2 <= LONGEST_LINE and "=?" not in name and _PLAIN.fullmatch(name):
        if _ATOMS.fullmatch(name):
            return name
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        if used + len(quoted) + 2 <= LONGEST_LINE:
            return f'"{quoted}"'
    return _in_encoded_words(name, used)
