# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The school's own words in mails and letters, and what families said afterwards."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import col

from ..conference import organise, texts
from ..conference.errors import Invalid
from ..conference.tables import FeedbackAnswer
from ..phrases import LANGUAGES, Speaker
from .access import REFUSALS, User, organised
from .fields import Line, Text
from .needs import House
from .schemas import Strict

LEAST_ANSWERS = 3
"""With fewer, one could guess who said what."""
GRADES = range(1, 6)


class KindAnswer(BaseModel):
    """One kind of mail: its placeholders, our own text and the school's, by language."""

    kind: str
    placeholders: list[str]
    defaults: dict[str, str]
    own: dict[str, str]


class TextsData(Strict):
    """By kind and language; what is missing or empty is our own text."""

    texts: dict[str, dict[str, Annotated[Text, Field(max_length=texts.LONGEST)]]]


class TextPreviewData(Strict):
    kind: Line
    language: Line
    text: Annotated[Text, Field(max_length=texts.LONGEST)] = ""


class TextPreview(BaseModel):
    """The text as a family would read it, with an invented one in it."""

    text: str


class FeedbackSummary(BaseModel):
    """How often each grade was given, from 1 to 5, and the comments, sorted by themselves, not by when they came.
    Empty while fewer than three have answered."""

    answers: int
    worth: list[int] = []
    ease: list[int] = []
    worth_on_site: float | None = None
    worth_by_video: float | None = None
    comments: list[str] = []


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/texts", name="texts")
def show_texts(house: House, conference_id: str, user: User) -> list[KindAnswer]:
    """All kinds of mails and letters, in the order in which a family gets them."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
    return [
        KindAnswer(
            kind=kind,
            placeholders=list(texts.placeholders(kind)),
            defaults={code: texts.default(kind, Speaker(code)) for code in LANGUAGES},
            own=conference.texts.get(kind, {}),
        )
        for kind in texts.KINDS
    ]


@router.put("/texts")
def set_texts(house: House, conference_id: str, data: TextsData, user: User) -> list[KindAnswer]:
    """Sets the school's own texts; a kind or language that is not named has ours. 422 for a placeholder that the
    kind does not have; nothing is changed then."""
    with house.database.write() as session:
        organise.set_texts(session, organised(session, conference_id, user), data.texts)
    return show_texts(house, conference_id, user)


@router.post("/texts-preview")
def preview(house: House, conference_id: str, data: TextPreviewData, user: User) -> TextPreview:
    """Fills an invented family in. Nothing is kept; refused as it would be when saved."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
    if data.language not in LANGUAGES:
        raise Invalid("language", "language_unknown")
    kind = next((kind for kind in texts.KINDS if kind == data.kind), None)
    if kind is None:
        raise Invalid("kind", "text_kind_unknown")
    own_texts = texts.checked({kind: {data.language: data.text}})
    say = Speaker(data.language, conference.time_zone)
    when = say.when(datetime(2027, 1, 13, 15, 10, tzinfo=UTC))
    values = {
        "name": "Ayşe Yılmaz",
        "conference": conference.name,
        "contact": conference.contact,
        "child": "Emre Yılmaz",
        "host": "Anna Uhlenbrock",
        "minutes": "10",
        "hosts": "Anna Uhlenbrock · Emre Yılmaz",
        "when": when,
        "until": when,
        "closes": when,
        "why": say(
            "You already have an appointment at %(time)s.", time=say.time(datetime(2027, 1, 13, 15, 10, tzinfo=UTC))
        ),
        "days": say.day(datetime(2027, 1, 13, 15, 10, tzinfo=UTC)),
    }
    return TextPreview(text=texts.running_text(own_texts, kind, say, values))


@router.get("/feedback")
def feedback(house: House, conference_id: str, user: User) -> FeedbackSummary:
    """What families thought of the day."""
    with house.database.read() as session:
        conference = organised(session, conference_id, user)
        answers = list(
            session.execute(select(FeedbackAnswer).where(col(FeedbackAnswer.conference_id) == conference.id)).scalars()
        )
    if len(answers) < LEAST_ANSWERS:
        return FeedbackSummary(answers=len(answers))
    worth, ease = Counter(one.worth for one in answers), Counter(one.ease for one in answers)
    return FeedbackSummary(
        answers=len(answers),
        worth=[worth[grade] for grade in GRADES],
        ease=[ease[grade] for grade in GRADES],
        worth_on_site=_mean([one.worth for one in answers if one.place == "on_site"]),
        worth_by_video=_mean([one.worth for one in answers if one.place == "video"]),
        comments=sorted(one.comment for one in answers if one.comment),
    )


def _mean(grades: list[int]) -> float | None:
    return round(sum(grades) / len(grades), 1) if len(grades) >= LEAST_ANSWERS else None
