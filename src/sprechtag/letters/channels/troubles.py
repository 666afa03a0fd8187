# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a channel's refusal means for an errand: whose fault it is, and whether another try can help."""

from datetime import timedelta

from ...errands.retry import Fault, Trouble
from ...nextcloud import troubles
from .errors import AddressRefused, AnswerLost, ChannelError, MessageRefused, RelayTrouble

SELDOM = timedelta(hours=1)
"""Each try leaves a failed mail in the organiser's outbox."""
LOST = "The answer got lost after the mail was handed over. It is sent once more."


def explain(error: Exception) -> Trouble | None:
    """Of Nextcloud's errors too: the Mail app is one of the channels."""
    match error:
        case AddressRefused():
            return Trouble(Fault.ADDRESS, str(error), final=True)
        case MessageRefused():
            return Trouble(Fault.OURS, str(error), final=True)
        case AnswerLost():
            return Trouble(Fault.RELAY, LOST)
        case RelayTrouble(leaves_trace=True):
            return Trouble(Fault.RELAY, str(error), wait=SELDOM)
        case ChannelError():
            return Trouble(Fault.RELAY, str(error))
    return troubles.explain(error)
