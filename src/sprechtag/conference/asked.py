# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a booking asks besides name, address and child, where the conference wants it; nothing of it is compulsory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from .errors import Invalid
from .person import tidy

Question = Literal["phone", "topic", "needs", "interpreter"]
QUESTIONS: tuple[Question, ...] = get_args(Question)
Need = Literal["wheelchair", "sign_language"]
NEEDS: tuple[Need, ...] = get_args(Need)
LONGEST_TOPIC = 500


@dataclass(frozen=True)
class Answers:
    """`topic` is for the host alone; `needs` are those of `NEEDS`; `interpreter` is the language that one is wished
    for. `without`: the family takes the time also where nobody who interprets is free."""

    topic: str = ""
    needs: tuple[str, ...] = ()
    interpreter: str = ""
    without: bool = False

    def checked(self, asks: str) -> "Answers":
        """Tidied, and without what the conference does not ask. Raises `Invalid` for what is too long."""
        wanted = questions(asks)
        needs = tuple(one for one in NEEDS if one in self.needs) if "needs" in wanted else ()
        topic = tidy("topic", self.topic, LONGEST_TOPIC) if "topic" in wanted else ""
        language = tidy("interpreter", self.interpreter, 60) if "interpreter" in wanted else ""
        return Answers(topic, needs, language, self.without)

    @property
    def listed(self) -> str:
        """The needs as a booking keeps them."""
        return ",".join(self.needs)


NONE = Answers()


def questions(asks: str) -> list[Question]:
    """Those of a conference's comma-separated list, in our order."""
    named = {part.strip() for part in asks.split(",")}
    return [one for one in QUESTIONS if one in named]


def needs_of(listed: str) -> list[Need]:
    return [one for one in NEEDS if one in listed.split(",")]


def check(asks: str) -> None:
    """Raises `Invalid` for a question that there is not."""
    if any(part.strip() not in QUESTIONS for part in _parts(asks)):
        raise Invalid("asks", "asks_unknown")


def _parts(asks: str) -> Iterable[str]:
    return (part for part in asks.split(",") if part.strip())
