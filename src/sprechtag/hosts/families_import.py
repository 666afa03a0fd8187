# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A spreadsheet of families: looked at line by line, then entered all or none."""

from fastapi import APIRouter
from sqlmodel import Session

from ..conference import families, named
from ..conference.errors import Invalid
from ..phrases import LANGUAGES
from .access import REFUSALS, User, organised
from .exchange import ImportAnswer, ImportLine, TableFile, columns_of, import_answer, rows_for
from .needs import House

_COLUMNS = {
    "name": ("name", "family", "familie", "eltern", "parents"),
    "email": ("email", "e-mail", "mail", "adresse"),
    "child": ("child", "kind", "pupil", "schüler", "schueler"),
    "school_class": ("class", "klasse"),
    "language": ("language", "sprache"),
    "hosts": ("teachers", "lehrkräfte", "lehrkraefte", "lehrer", "hosts"),
}
router = APIRouter(prefix="/api/v1/conferences/{conference_id}", responses=REFUSALS)


@router.post("/families-import-preview")
def preview_import(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """What an import would change, line by line. Nothing is changed."""
    rows = rows_for(house.database, conference_id, data, user)
    with house.database.read() as session:
        register = families.Register.of(session, organised(session, conference_id, user))
        lines, _, unknown = _plan(house, session, register, rows)
    return import_answer(lines, unknown, applied=False)


@router.post("/families-import")
def import_families(house: House, conference_id: str, data: TableFile, user: User) -> ImportAnswer:
    """Enters all lines, or none when one of them has an error."""
    rows = rows_for(house.database, conference_id, data, user)
    with house.database.write() as session:
        conference = organised(session, conference_id, user)
        register = families.Register.of(session, conference)
        lines, found, unknown = _plan(house, session, register, rows)
        applied = not any(line.outcome == "error" for line in lines)
        if applied:
            families.invite_all(session, conference, found, house.links, register)
    return import_answer(lines, unknown, applied=applied)


def _plan(
    house: House, session: Session, register: families.Register, rows: list[list[str]]
) -> tuple[list[ImportLine], list[families.Family], list[str]]:
    if not rows:
        raise Invalid("file", "file_empty")
    columns, unknown = columns_of(rows[0], _COLUMNS)
    if "name" not in columns.values():
        raise Invalid("file", "column_name_missing")
    lines: list[ImportLine] = []
    found: list[families.Family] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], 2):
        given = {name: row[index] for index, name in columns.items() if index < len(row)}
        if any(given.values()):
            line, family = _line(house, session, register, number, given, seen)
            lines.append(line)
            found += [family] if family else []
    return lines, found, unknown


def _line(
    house: House,
    session: Session,
    register: families.Register,
    number: int,
    given: dict[str, str],
    seen: dict[str, int],
) -> tuple[ImportLine, families.Family | None]:
    name = given.get("name", "")

    def wrong(problem: str) -> tuple[ImportLine, None]:
        return ImportLine(line=number, user_id=name, outcome="error", problem=problem), None

    language = given.get("language", "").casefold()[:2]
    hosts, unknown = families.hosts_named(register.hosts, given.get("hosts", ""))
    if unknown:
        unknown_host = "A host in this line is unknown. Give the name or the Nextcloud user of somebody invited."
        return ImportLine(
            line=number, user_id=name, outcome="error", problem=unknown_host, changes={"hosts": ("", unknown[0])}
        ), None
    try:
        family = families.Family(
            name,
            given.get("email", ""),
            given.get("child", ""),
            given.get("school_class", ""),
            language if language in LANGUAGES else "de",
            tuple(hosts),
        ).checked()
    except Invalid as invalid:
        problems = {
            "name_missing": "The name of the family is missing in this line.",
            "email_wrong": "This e-mail address cannot be right.",
            "too_long": "A text in this line is too long.",
        }
        return wrong(problems.get(invalid.reason, "This line cannot be used."))
    key = family.email.casefold() or f"{family.name}|{family.child}|{family.school_class}".casefold()
    if key in seen:
        return wrong("This family stands in the list twice.")
    seen[key] = number
    known = register.find(family, house.links)
    changes = {column: ("", value) for column, value in given.items() if value}
    if known and known.invited:
        new_hosts = set(hosts) - set(named.named_hosts(session, known.id or 0))
        if not new_hosts:
            return ImportLine(line=number, user_id=name, outcome="same"), None
        return ImportLine(line=number, user_id=name, outcome="changed", changes=changes), family
    return ImportLine(line=number, user_id=name, outcome="changed" if known else "new", changes=changes), family
