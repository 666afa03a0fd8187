# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The running text of mails and letters: what the school has written itself, else ours.

A text holds placeholders in braces. Those a kind does not have are refused when the text is saved, so that no family
ever reads one."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from ..phrases import LANGUAGES, Speaker
from .errors import Invalid

TextKind = Literal[
    "booked",
    "changed",
    "cancelled",
    "apology",
    "confirm",
    "reminder",
    "waiting",
    "offer",
    "unserved",
    "wishes",
    "invitation",
    "asked",
    "feedback",
    "late",
    "rehearsal",
    "link",
    "new_link",
    "not_done",
]
KINDS: tuple[TextKind, ...] = get_args(TextKind)
Texts = Mapping[str, Mapping[str, str]]
"""By kind and language; what is missing or empty is our own text."""

_ALWAYS = ("name", "conference", "contact")
_MORE: dict[str, tuple[str, ...]] = {
    "reminder": ("when",),
    "waiting": ("host",),
    "offer": ("host", "when", "until"),
    "invitation": ("child", "days", "closes"),
    "asked": ("host", "child"),
    "unserved": ("hosts",),
    "wishes": ("hosts", "until"),
    "late": ("host", "minutes", "when"),
    "rehearsal": ("days",),
    "not_done": ("why",),
}
_PLACEHOLDER = re.compile(r"\{([^{}\s]{0,40})\}")
LONGEST = 4000


def placeholders(kind: str) -> tuple[str, ...]:
    return (*_ALWAYS, *_MORE.get(kind, ()))


def checked(texts: Texts) -> dict[str, dict[str, str]]:
    """Trimmed, without what is empty. Raises `Invalid` for an unknown kind, language or placeholder and for a text of
    more than 4,000 characters."""
    kept: dict[str, dict[str, str]] = {}
    for kind, by_language in texts.items():
        if kind not in KINDS:
            raise Invalid("texts", "text_kind_unknown")
        for language, text in by_language.items():
            if language not in LANGUAGES:
                raise Invalid("texts", "language_unknown")
            if len(text) > LONGEST:
                raise Invalid(f"texts.{kind}", "too_long")
            if set(_PLACEHOLDER.findall(text)) - set(placeholders(kind)):
                raise Invalid(f"texts.{kind}", "placeholder_unknown")
            if text.strip():
                kept.setdefault(kind, {})[language] = text.strip()
    return kept


def running_text(texts: Texts, kind: TextKind, say: Speaker, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; one that has no value is left out."""
    text = texts.get(kind, {}).get(say.language) or default(kind, say)
    filled = _PLACEHOLDER.sub(lambda found: say.isolated(values.get(found[1], "")), text)
    # Without a name "Hello ," would stand there.
    return re.sub(r"[ \t]+(?=[\n,،])", "", re.sub(r"[ \t]{2,}", " ", filled)).strip()


def default(kind: TextKind, say: Speaker) -> str:
    """Our own text, with placeholders."""
    greeting = say("Hello {name},")
    return f"{greeting}\n\n{_body(kind, say)}"


def _body(kind: TextKind, say: Speaker) -> str:
    match kind:
        case "booked":
            return say("thank you for booking. Here is everything about your appointment.")
        case "changed":
            return say("something has changed. This is how it is now:")
        case "cancelled":
            return say("your appointment is cancelled. The time is free for other families now.")
        case "apology":
            return say(
                "we are sorry: an appointment of yours cannot take place. Please excuse the trouble this makes for you."
            )
        case "confirm":
            return say(
                "is this your address? Then open the link below and press “Confirm” within an hour. "
                "Without that the time goes to somebody else."
            )
        case "reminder":
            return say("a short reminder of your appointments on {when}.")
        case "waiting":
            return say(
                "you are on the waiting list of {host}. As soon as a time becomes free we write to you "
                "and hold it for you."
            )
        case "offer":
            return say(
                "a time with {host} has become free: {when}. It is held for you until {until}. "
                "Open the link below to take it, or to let it pass."
            )
        case "unserved":
            return say(
                "all wishes are assigned. We are sorry that none of yours was possible this time:\n{hosts}\n\n"
                "Perhaps one of the times that are left suits you."
            )
        case "wishes":
            return say(
                "these are your wishes:\n{hosts}\n\nYou can change them until {until}. After that all wishes are "
                "assigned at once, and you get a mail with your appointments."
            )
        case "invitation":
            return say(
                "we invite you to {conference} on {days}. Choose with your own link whom you would like to see, "
                "and when. You need no account. Keep the link to yourself."
            )
        case "asked":
            return say(
                "{host} would like to talk to you. Please choose a time with your own link; you need no account for it."
            )
        case "late":
            return say(
                "{host} is running late: your appointment begins about {minutes} minutes later than agreed, at about "
                "{when}. Please excuse this."
            )
        case "rehearsal":
            return say(
                "on {days} we meet by video. Please try now whether your device can do it: open the link below and "
                "press “Check camera and microphone”. It takes a minute."
            )
        case "link":
            return say(
                "somebody, you most likely, has asked for this link again. It leads to your appointments. If it was "
                "not you, you need do nothing."
            )
        case "new_link":
            return say(
                "this is your new link. All older links and codes are void, also those of video calls; please use only "
                "what stands in this mail."
            )
        case "not_done":
            return say(
                "somebody has just tried to book with your address, and it was not possible: {why} Nothing was "
                "changed. If it was you, open the link below; if not, you need do nothing."
            )
        case "feedback":
            return say(
                "thank you for coming. How was it? Three short questions, without your name. You may also leave it."
            )
