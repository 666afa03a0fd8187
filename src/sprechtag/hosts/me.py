# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who the caller is to the app."""

from fastapi import APIRouter
from pydantic import BaseModel

from ..conference import administration
from ..phrases import LANGUAGES
from .access import NAMED, User
from .groups import groups_of
from .needs import House


class MeAnswer(BaseModel):
    """`retention_days` and `languages` are what the admin proposes for a new conference; `groups_named` says whether it
    has named who may make one."""

    user_id: str
    known: bool
    admin: bool
    may_organise: bool
    groups_named: bool
    retention_days: int
    languages: list[str]


router = APIRouter(prefix="/api/v1", responses=NAMED)


@router.get("/me")
def me(house: House, user: User) -> MeAnswer:
    """Who I am to the app. `known` is false until my groups were learned, some seconds after the first question."""
    options = house.options()
    with house.database.read() as session:
        groups = groups_of(session, user, house.clock())
    if groups is None or groups.stale:
        house.ask_for_groups(user.user_id)
    names = groups.names if groups else None
    with house.database.read() as session:
        may = administration.may_organise(
            session, user.user_id, options.names("organiser_groups"), names, options.organise_open
        )
    return MeAnswer(
        user_id=user.user_id,
        known=groups is not None,
        admin=bool(names and "admin" in names),
        may_organise=may,
        groups_named=bool(options.names("organiser_groups")),
        retention_days=options.retention_days,
        languages=options.names("languages") or list(LANGUAGES),
    )
