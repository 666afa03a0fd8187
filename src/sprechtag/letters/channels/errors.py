# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a mail did not go out, by whose fault, as one tree.

ChannelError
├── RelayTrouble     the relay's, the sender's or ours: away, login or sender refused, too fast. No mail is finished by
│                    it: it is tried again for days, and organiser and admin are told
├── AddressRefused   this family's address takes no mail: final for the address
├── MessageRefused   this mail is not taken for what it holds: final for this mail
└── AnswerLost       the mail was handed over and the answer got lost, so it has gone out or not: whoever sends notes
                     that, and sends once more at the most

Each says in words for the organiser's eyes what happened, without an address and without the relay's own words, which
may hold one. What Nextcloud answers to the Mail app's calls is `NextcloudError` as everywhere."""


class ChannelError(Exception):
    """`code` is the relay's answer (RFC 5321, 4.2), `status` its enhanced code such as "5.7.1" (RFC 3463); 0 and ""
    where there was none."""

    def __init__(self, said: str, code: int = 0, status: str = "") -> None:
        answer = f"{code} {status}".strip() if code else ""
        super().__init__(f"{said} ({answer})" if answer else said)
        self.said, self.code, self.status = said, code, status


class RelayTrouble(ChannelError):
    """`leaves_trace`: each try leaves a failed mail in the organiser's outbox, so it is better tried seldom."""

    def __init__(self, said: str, code: int = 0, status: str = "", leaves_trace: bool = False) -> None:
        super().__init__(said, code, status)
        self.leaves_trace = leaves_trace


class AddressRefused(ChannelError):
    pass


class MessageRefused(ChannelError):
    pass


class AnswerLost(ChannelError):
    pass
