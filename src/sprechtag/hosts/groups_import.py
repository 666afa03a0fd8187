# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Classes and subjects of the hosts from groups of Nextcloud (LDAP, SAML): proposed by the groups' names, looked at
host by host, then set.

Who is in a group is read by the page, as the person in front of it and with that person's rights."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..conference import lookup
from ..conference.tables import Host
from ..imports import classes, groups
from ..imports.titles import tidy
from . import enrolling
from .access import REFUSALS, User, organised
from .enrolling import HostChange
from .fields import Line, UserId
from .needs import House
from .schemas import Strict

LONGEST = 200
Told = Literal["classes", "subject"]
SAME: dict[Told, Callable[[str], str]] = {"classes": classes.key, "subject": tidy}
"""What two ways to write one class or one subject have in common."""


class GroupData(Strict):
    """A group by its display name. `members` are those of it who are hosts; whoever else is named is passed over.
    `field` and `word` are what the group tells of them ("classes", "5b"); null takes what its name says."""

    name: Annotated[Line, Field(max_length=300)]
    members: Annotated[list[UserId], Field(max_length=500, default_factory=list)]
    field: Literal["classes", "subject", ""] | None = None
    word: Annotated[Line, Field(max_length=100)] | None = None

    def meant(self) -> groups.Meant:
        proposed = groups.meant(self.name)
        field = proposed.field if self.field is None else self.field
        return groups.Meant(field, (proposed.word if self.word is None else self.word).strip() or self.name)


class GroupsData(Strict):
    """`overwrite` are the hosts of whom what stands here and is another is replaced."""

    groups: Annotated[list[GroupData], Field(max_length=500)]
    overwrite: Annotated[list[UserId], Field(max_length=500, default_factory=list)]


class GroupAnswer(BaseModel):
    """What the group is taken for, and how many hosts are in it."""

    name: str
    field: Literal["classes", "subject", ""]
    word: str
    hosts: int


class GroupLine(BaseModel):
    """`changes` holds field -> [before, after]. With `kept` (field -> [what stands here, what the groups say]) the host
    keeps what the school has typed, and what is longer than `LONGEST` (a head who is in every class)."""

    user_id: str
    name: str
    changes: dict[str, tuple[str, str]]
    kept: dict[str, tuple[str, str]]


class GroupsAnswer(BaseModel):
    """`lines` are the hosts that the groups say something else of; `same` are those of whom it stands here already."""

    groups: list[GroupAnswer]
    lines: list[GroupLine]
    same: int
    applied: bool


router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.post("/groups-import-preview")
def preview_groups(house: House, conference_id: str, data: GroupsData, user: User) -> GroupsAnswer:
    """What these groups are taken for and what they would change, host by host. Nothing is changed."""
    with house.database.read() as session:
        present = lookup.hosts_of(session, organised(session, conference_id, user))
    return _answer(present, data)


@router.post("/groups-import")
def import_groups(house: House, conference_id: str, data: GroupsData, user: User) -> GroupsAnswer:
    """Sets classes and subjects as the preview says."""
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        answer = _answer(lookup.hosts_of(session, conference), data)
        for line in answer.lines:
            values = {field: after for field, (_, after) in line.changes.items()}
            enrolling.enter(session, conference, HostChange(line.user_id, values))
    return answer.model_copy(update={"applied": True})


def _answer(present: Iterable[Host], data: GroupsData) -> GroupsAnswer:
    alone = {host.user_id: host for host in present if not host.tandem}
    told: dict[str, dict[Told, list[str]]] = {}
    answers = []
    for group in data.groups:
        meant, members = group.meant(), [one for one in dict.fromkeys(group.members) if one in alone]
        answers.append(GroupAnswer(name=group.name, field=meant.field, word=meant.word, hosts=len(members)))
        if meant.field:
            for one in members:
                told.setdefault(one, {}).setdefault(meant.field, []).extend(listed(meant.word))
    told = {one: {field: words for field, words in fields.items() if words} for one, fields in told.items()}
    lines, same = [], 0
    for user_id in sorted(told, key=lambda one: alone[one].display_name):
        line = _line(alone[user_id], told[user_id], user_id in data.overwrite)
        if line.changes or line.kept:
            lines.append(line)
        else:
            same += 1
    return GroupsAnswer(groups=answers, lines=lines, same=same, applied=False)


def _line(host: Host, told: dict[Told, list[str]], overwrite: bool) -> GroupLine:
    line = GroupLine(user_id=host.user_id, name=host.display_name, changes={}, kept={})
    for field, words in told.items():
        before = str(getattr(host, field))
        after, adds = joined(field, before, words)
        if after != before:
            fits = len(after) <= LONGEST
            (line.changes if fits and (adds or overwrite) else line.kept)[field] = (before, after)
    return line


def listed(text: str) -> list[str]:
    """What stands in a list like "Deutsch, Kunst und Werken", as everywhere."""
    return [part.strip() for part in re.split(r"[,;/]", text) if part.strip()]


def joined(field: Told, before: str, words: Iterable[str]) -> tuple[str, bool]:
    """What the groups make of it, and whether that only adds to what is there: where all that stands here is among
    what they say. What stands here beyond that the school has typed; it stays where they say nothing new."""
    key = SAME[field]
    there = listed(before)
    told = {key(word): word for word in words}
    known = {key(word) for word in there}
    if told.keys() <= known:
        return before, True
    if known <= told.keys():
        return ", ".join([*there, *_sorted(word for one, word in told.items() if one not in known)]), True
    return ", ".join(_sorted(told.values())), False


def _sorted(words: Iterable[str]) -> list[str]:
    """5b before 10a."""
    return sorted(words, key=lambda word: [part.zfill(4) for part in re.split(r"([0-9]+)", word.casefold())])
