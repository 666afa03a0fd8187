# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an SMTP relay's answer means: whose fault it is that a mail was not taken (RFC 5321, 4.2; RFC 3463).

In doubt it is the relay's. A mail that is tried some days for nothing costs little; one that is given up because a
relay said 554 for "too many just now", or because our own sender is wrong, is lost to a whole school."""

import re

from .errors import AddressRefused, ChannelError, MessageRefused, RelayTrouble

LATER = "The mail server asks to come back later."
NO_SERVICE = "The mail server does not serve us."
NO_LOGIN = "The mail server does not take our user name and password."
NO_SENDER = "The mail server does not take mails from our sender’s address."
NO_ADDRESS = "The mail server does not take this address."
NO_MAIL = "The mail server does not take what the mail holds."
REFUSED = "The mail server refused the mail. It is tried again."

_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_OURS = re.compile(
    r"relay|auth|log.?in|sender|from|rate|too (?:many|fast|much)|limit|quota|later|polic|spam|spf|dkim|dmarc|black"
    r"|block|reputation|greylist|exceed|denied|suspend|zu viele|absender|\bip\b|\bhelo\b|\behlo\b|\btls\b",
    re.IGNORECASE,
)
"""Words of an answer that is about us and not about the family."""
_CONTENT = re.compile(r"virus|malware|infected|attachment|content|too (?:large|big)|size", re.IGNORECASE)
_NOT_FINAL = {("1", "7"), ("1", "8"), ("1", "9"), ("2", "2")}
"""The first three speak of addresses too, but of the sender's; a full mailbox is emptied one day."""
_TOO_BIG = {("2", "3"), ("3", "4")}
_NO_ROUTE = {("4", "1"), ("4", "4"), ("4", "6"), ("4", "310"), ("4", "312"), ("4", "317")}
"""The address's domain has no mail server; 5.4.1 is also what Exchange Online says of a mailbox that is not there."""


def status_of(code: int, text: str) -> str:
    """The enhanced status code that the answer begins with; "" without one, or where it contradicts `code`."""
    found = _ENHANCED.match(text.strip())
    return found[0] if found and found[1] == str(code)[:1] else ""


def to_greeting(code: int, text: str) -> ChannelError:
    """To the connection itself, before any mail."""
    return RelayTrouble(LATER if code < 500 else NO_SERVICE, code, status_of(code, text))


def to_login(code: int, text: str) -> ChannelError:
    return RelayTrouble(LATER if code < 500 else NO_LOGIN, code, status_of(code, text))


def to_sender(code: int, text: str) -> ChannelError:
    """To MAIL FROM, which is the same for all mails: no family's mail is finished by it."""
    return RelayTrouble(LATER if code < 500 else NO_SENDER, code, status_of(code, text))


def to_recipient(code: int, text: str) -> ChannelError:
    """To RCPT TO."""
    status = status_of(code, text)
    if code < 500:
        return RelayTrouble(LATER, code, status)
    if status and not status.startswith("5.0."):
        return _by_status(code, status, text)
    if code in (550, 551, 553) and not _OURS.search(_without_address(text)):
        return AddressRefused(NO_ADDRESS, code, status)
    return RelayTrouble(REFUSED, code, status)


def to_data(code: int, text: str) -> ChannelError:
    """To DATA, before the mail was shown."""
    return RelayTrouble(LATER if code < 500 else REFUSED, code, status_of(code, text))


def to_content(code: int, text: str) -> ChannelError:
    """To the mail itself."""
    status = status_of(code, text)
    if code < 500:
        return RelayTrouble(LATER, code, status)
    if status and not status.startswith("5.0."):
        return _by_status(code, status, text)
    if code == 552 or (_CONTENT.search(text) and not _OURS.search(text)):
        return MessageRefused(NO_MAIL, code, status)
    return RelayTrouble(REFUSED, code, status)


def _by_status(code: int, status: str, text: str) -> ChannelError:
    """5.1 the address, 5.2 the mailbox, 5.3 the system, 5.4 the way there, 5.6 the content, 5.7 policy."""
    _, subject, detail = status.split(".")
    pair = (subject, detail)
    about_us = bool(_OURS.search(_without_address(text))) and "recipient address" not in text.casefold()
    if pair in _TOO_BIG or subject == "6":
        return MessageRefused(NO_MAIL, code, status)
    if ((subject in ("1", "2") and pair not in _NOT_FINAL) or pair in _NO_ROUTE) and not about_us:
        return AddressRefused(NO_ADDRESS, code, status)
    if subject == "7" and _CONTENT.search(text) and not _OURS.search(text):
        return MessageRefused(NO_MAIL, code, status)
    return RelayTrouble(REFUSED, code, status)


def _without_address(text: str) -> str:
    """A family's address may hold any word."""
    return re.sub(r"\S*@\S*", "", text)
