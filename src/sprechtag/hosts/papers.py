# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paper for a whole school, made in the background: an organiser has everything printed, a host the own sheets."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from ..conference import follow, team
from ..conference.errors import NotFound
from ..conference.tables import PaperJob
from ..gate import Caller
from ..phrases import LANGUAGES
from .access import REFUSALS, User, visible
from .fields import Line, SchoolClass, UserId
from .needs import House
from .schemas import Strict

PaperKind = Literal["door_signs", "host_lists", "room_plan", "timetables", "invitations"]
OF_HOSTS = ("door_signs", "host_lists")


class PaperData(Strict):
    """What to print. `school_class` and `unreachable` choose the letters, `shown` is what stands on a door sign beside
    a taken time, `host` narrows it to one host."""

    kind: PaperKind
    school_class: SchoolClass = ""
    unreachable: bool = False
    shown: Literal["times", "initials", "names"] = "initials"
    host: UserId = ""
    language: Annotated[Line, Field(max_length=20)] = "de"


class PaperAnswer(BaseModel):
    """`ready` can be fetched for a day."""

    id: str
    kind: str
    state: Literal["waiting", "ready", "failed"]
    created_at: datetime


router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/conferences/{conference_id}/papers")
def papers(house: House, conference_id: str, user: User) -> list[PaperAnswer]:
    """What I have had printed of this conference, newest first."""
    with house.database.read() as session:
        conference = visible(session, conference_id, user)
        rows = session.execute(
            select(PaperJob)
            .where(col(PaperJob.conference_id) == conference.id, col(PaperJob.user_id) == user.user_id)
            .order_by(col(PaperJob.id).desc())
            .limit(20)
        ).scalars()
        return [_answer(job) for job in rows]


@router.post("/conferences/{conference_id}/papers", status_code=status.HTTP_202_ACCEPTED)
def order(house: House, conference_id: str, data: PaperData, user: User) -> PaperAnswer:
    """Begins to print; what becomes of it is in `papers`. A host gets only its own door sign and list."""
    with house.database.write() as session:
        conference = visible(session, conference_id, user)
        options = data.model_dump(exclude={"kind"})
        options["language"] = data.language if data.language in LANGUAGES else "de"
        if team.role_of(session, conference, user.user_id) not in ("owner", "organiser"):
            if data.kind not in OF_HOSTS:
                raise NotFound
            options["host"] = user.user_id
        job = PaperJob(
            conference_id=conference.id or 0,
            user_id=user.user_id,
            kind=data.kind,
            options=options,
            created_at=house.clock(),
        )
        session.add(job)
        session.flush()
        follow.paper(session, job, house.clock())
        answer = _answer(job)
    return answer


@router.get("/papers/{paper_id}/file.pdf")
def file(house: House, paper_id: str, user: User) -> Response:
    """The PDF, for whoever had it made. 404 once it is a day old."""
    with house.database.read() as session:
        job = _own_job(session, paper_id, user)
        content = job.content
    if content is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="{job.kind.replace("_", "-")}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def _own_job(session: Session, paper_id: str, user: Caller) -> PaperJob:
    job: PaperJob | None = session.execute(
        select(PaperJob).where(col(PaperJob.public_id) == paper_id, col(PaperJob.user_id) == user.user_id)
    ).scalar_one_or_none()
    if job is None:
        raise NotFound
    return job


def _answer(job: PaperJob) -> PaperAnswer:
    return PaperAnswer.model_validate({"id": job.public_id, **job.model_dump(include={"kind", "state", "created_at"})})
