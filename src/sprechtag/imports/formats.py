# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files that schools' programs write, known by name. What a title means is told by `titles`; here stands how a format
is recognised, and what its columns hold where titles do not say it or there are none.

Where the layouts come from:
- SchILD-NRW: "Schnittstellenbeschreibung" in the documentation of SVWS-NRW (github.com/SVWS-NRW/SVWS-Dokumentation).
- Untis: GPU002, GPU010 and GPU015 as read by the SVWS server (github.com/SVWS-NRW/SVWS-Server, `UntisGPU002.java` and
  the like), GPU004 by ENBREA (`GpuTeacher.cs`). Columns here count from 0.
- IServ: titles of its export of users as several public tools read it (Account, Vorname, Nachname, Klasse/Information).
- Schulmanager Online: the fields of its own import (schulmanager.zammad.com, "Importe aus CSV-/Excel-Dateien").
- edoop, edoo.sys: the fields that hilfe.edoop.de asks for.
- ASV-BW and ASV-BY: exports are put together by the school; recognised by the titles Familienname and Rufname that ASV
  uses. The titles of its fields about guardians could not be confirmed and are read as any others."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import classes
from .sheets import Row
from .titles import tidy


@dataclass(frozen=True)
class Format:
    """`titles` are those that all must be there, `fields` say of further titles (as they stand in the file) what they
    hold, "" for nothing. A format without titles has a `shape` instead, and its `columns` by index."""

    name: str
    kind: str
    titles: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    file: str = ""
    shape: Callable[[Row], bool] | None = None
    columns: dict[int, str] = field(default_factory=dict)

    def field_of(self, title: str) -> str | None:
        """None where the format does not say it."""
        return {tidy(known): name for known, name in self.fields.items()}.get(tidy(title))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,7}", text) is not None


def _is_gpu002(row: Row) -> bool:
    hours = [cell for cell in row.cells[1:4] if cell]
    return (
        len(row.cells) >= 7 and _is_number(row.cell(0)) and all(map(_is_hours, hours)) and not _is_number(row.cell(5))
    )


def _is_hours(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]+)?", text) is not None


def _is_gpu004(row: Row) -> bool:
    return len(row.cells) >= 29 and 0 < len(row.cell(0)) <= 20 and not _is_number(row.cell(0)) and row.cell(1) != ""


def _is_gpu010(row: Row) -> bool:
    words = [row.cell(index) for index in (0, 1, 7)]
    return (
        10 <= len(row.cells) <= 20
        and all(word and not _is_number(word) for word in words)
        and (not row.cell(9) or classes.looks_like_class(row.cell(9)))
        and _is_day(row.cell(12))
    )


def _is_gpu015(row: Row) -> bool:
    return (
        5 <= len(row.cells) <= 20
        and row.cell(0) != ""
        and not _is_number(row.cell(0))
        and _is_number(row.cell(1))
        and classes.looks_like_class(row.cell(4))
    )


def _is_day(text: str) -> bool:
    return not text or re.fullmatch(r"[12][0-9]{7}", text) is not None


FORMATS = (
    Format(
        "SchILD-NRW SchuelerErzieher",
        "families",
        ("Nachname", "Vorname", "Geburtsdatum", "Erzieherart", "Nachname 1.Person"),
        {"Nachname": "child_surname", "Vorname": "child", "Erzieherart": ""},
    ),
    Format(
        "SchILD-NRW SchuelerLeistungsdaten",
        "teaches",
        ("Nachname", "Vorname", "Geburtsdatum", "Fach", "Fachlehrer"),
        {
            "Nachname": "child_surname",
            "Vorname": "child",
            "Fachlehrer": "teacher",
            "Zusatzkraft": "second_teacher",
            "Jahrgang": "",
            "Kurs": "",
        },
    ),
    Format(
        "SchILD-NRW SchuelerBasisdaten",
        "families",
        ("Nachname", "Vorname", "Geburtsdatum", "Geschlecht", "Status", "Jahrgang", "Klasse"),
        {"Nachname": "child_surname", "Vorname": "child"},
    ),
    Format(
        "SchILD-NRW SchuelerZusatzdaten",
        "families",
        ("Nachname", "Vorname", "Geburtsdatum", "Namenszusatz", "Geburtsname", "Externe ID-Nr"),
        {"Nachname": "child_surname", "Vorname": "child", "Geburtsname": "", "E-Mail": "", "Telefon-Nr.": "phone"},
    ),
    Format(
        "SchILD-NRW Lehrkraefte",
        "hosts",
        ("InternKrz", "Nachname", "Vorname"),
        {"StatistikKrz": "", "E-Mail": "", "dienstl. E-Mail": "email"},
    ),
    Format(
        "Schulmanager Online",
        "families",
        ("Rufname", "Nachname", "Klasse", "E-Mail-Adresse Elternteil 1"),
        {"Rufname": "child", "Nachname": "child_surname", "Fremdschlüssel": "pupil_id"},
    ),
    Format(
        "IServ",
        "hosts",
        ("Account", "Vorname", "Nachname"),
        {"Klasse/Information": "", "Import-ID": "", "Gruppen": "", "Status": ""},
    ),
    Format(
        "IServ",
        "families",
        ("Account", "Vorname", "Nachname", "Klasse/Information"),
        {"Vorname": "child", "Nachname": "child_surname", "Account": "", "E-Mail-Adresse": "", "Import-ID": "pupil_id"},
    ),
    Format("ASV", "families", ("Familienname", "Rufname"), {"Rufname": "child", "Familienname": "child_surname"}),
    Format("ASV", "hosts", ("Familienname", "Rufname"), {}),
    Format(
        "edoop",
        "families",
        ("Nachname", "Vorname", "Geburtsdatum", "Geschlecht", "Klasse", "Schüleridentnummer"),
        {"Nachname": "child_surname", "Vorname": "child"},
    ),
    Format(
        "Untis GPU002",
        "teaches",
        file="gpu002",
        shape=_is_gpu002,
        columns={0: "lesson", 4: "school_class", 5: "teacher", 6: "subject"},
    ),
    Format(
        "Untis GPU004",
        "hosts",
        file="gpu004",
        shape=_is_gpu004,
        columns={0: "short", 1: "surname", 28: "first_name", 32: "email"},
    ),
    Format(
        "Untis GPU010",
        "families",
        file="gpu010",
        shape=_is_gpu010,
        columns={0: "pupil_id", 1: "child_surname", 7: "child", 9: "school_class", 12: "birth_date"},
    ),
    Format(
        "Untis GPU015",
        "teaches",
        file="gpu015",
        shape=_is_gpu015,
        columns={0: "pupil_id", 1: "lesson", 2: "subject", 4: "school_class"},
    ),
)


def by_titles(titles: Sequence[str], kind: str) -> Format | None:
    there = {tidy(title) for title in titles}
    for one in FORMATS:
        if one.kind == kind and one.titles and there.issuperset(map(tidy, one.titles)):
            return one
    return None


def by_shape(rows: Sequence[Row], kind: str, file_name: str) -> Format | None:
    """A file without titles; its name decides between shapes that are alike."""
    looked_at = rows[:30]
    fitting = [
        one
        for one in FORMATS
        if one.kind == kind and one.shape and looked_at and all(one.shape(row) for row in looked_at)
    ]
    named = [one for one in fitting if one.file in file_name.casefold()]
    return next(iter(named or fitting), None)
