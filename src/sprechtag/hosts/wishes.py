# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody's wishes: what came in, the run that assigns them, its result before and after it is published."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from ..conference import wishes
from ..conference.errors import NotFound
from ..conference.tables import Conference, WishRun
from ..gate import Caller
from .access import REFUSALS, User, organised
from .needs import House
from .schemas import Strict


class RunData(Strict):
    """The same `seed` and wishes give the same result; `effort` is how much is tried (1: about a quarter of a minute
    for 600 families, two minutes for 1,500)."""

    seed: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    effort: Annotated[float, Field(gt=0, le=4)] = 1.0


class RunAnswer(BaseModel):
    """`progress` holds served, wishes, families, without, most_served (the proven limit), stay and least_stay in
    minutes, gap as a share, and the phase."""

    state: Literal["running", "ready", "publishing", "published", "discarded", "failed"]
    seed: int
    progress: dict[str, Any]
    problem: str
    created_at: datetime
    finished_at: datetime | None


class ServedWish(BaseModel):
    child: str
    host: str
    starts_at: datetime


class UnservedWish(BaseModel):
    """`reason` is `no_time`, `full`, `clash`, `gone` or `household` (the family's other one sees the host)."""

    child: str
    host: str
    reason: str


class FamilyAnswer(BaseModel):
    name: str
    served: list[ServedWish]
    unserved: list[UnservedWish]


class WishesAnswer(BaseModel):
    """`run` is the latest; `families` its result, those with nothing first."""

    entered_families: int
    entered_wishes: int
    until: datetime | None
    over: bool
    run: RunAnswer | None
    families: list[FamilyAnswer]


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.get("/wishes", name="wishes")
def show_wishes(house: House, conference_id: str, user: User) -> WishesAnswer:
    """How many wishes came in, and what the latest run made of them."""
    with house.database.read() as session:
        return _answer(house, session, organised(session, conference_id, user))


@router.post("/wishes-run", status_code=status.HTTP_202_ACCEPTED)
def run(house: House, conference_id: str, data: RunData, user: User) -> WishesAnswer:
    """Begins to assign. 422 before the time for wishes is over; 409 while a run is going on or published."""

    def begin(session: Session, conference: Conference) -> None:
        wishes.start_run(session, conference, data.seed, data.effort, house.clock())

    return _change(house, conference_id, user, begin)


@router.post("/wishes-stop")
def stop(house: House, conference_id: str, user: User) -> WishesAnswer:
    """Ends a run and keeps the best it has found so far. 409 while it has found nothing."""

    def take(session: Session, conference: Conference) -> None:
        wishes.stop(session, _latest(session, conference), house.clock())

    return _change(house, conference_id, user, take)


@router.post("/wishes-discard")
def discard(house: House, conference_id: str, user: User) -> WishesAnswer:
    """Throws the latest result away; nothing was booked by it."""

    def throw_away(session: Session, conference: Conference) -> None:
        wishes.discard(session, _latest(session, conference))

    return _change(house, conference_id, user, throw_away)


@router.post("/wishes-publish", status_code=status.HTTP_202_ACCEPTED)
def publish(house: House, conference_id: str, user: User) -> WishesAnswer:
    """Begins to book what the run has found; every family gets one mail."""

    def begin(session: Session, conference: Conference) -> None:
        wishes.publish(session, conference, _latest(session, conference), house.clock())

    return _change(house, conference_id, user, begin)


def _change(
    house: House, conference_id: str, user: Caller, change: Callable[[Session, Conference], None]
) -> WishesAnswer:
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        change(session, conference)
        session.flush()
        answer = _answer(house, session, conference)
    return answer


def _answer(house: House, session: Session, conference: Conference) -> WishesAnswer:
    counts = wishes.counts(session, conference)
    run = wishes.latest_run(session, conference)
    shown = run is not None and run.state in ("ready", "publishing", "published")
    families = wishes.result(session, conference, run) if run and shown else []
    until = conference.wishes_until
    return WishesAnswer(
        entered_families=counts["families"],
        entered_wishes=counts["wishes"],
        until=until,
        over=until is not None and house.clock() >= until,
        run=RunAnswer.model_validate(run, from_attributes=True) if run else None,
        families=[
            FamilyAnswer(
                name=family.name,
                served=[
                    ServedWish(child=child, host=host, starts_at=starts_at) for child, host, starts_at in family.served
                ],
                unserved=[
                    UnservedWish(child=child, host=host, reason=reason) for child, host, reason in family.unserved
                ],
            )
            for family in families
        ],
    )


def _latest(session: Session, conference: Conference) -> WishRun:
    run = wishes.latest_run(session, conference)
    if run is None:
        raise NotFound
    return run
