# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a column holds is told by its title in German or English, by the format, by its cells; or somebody says it."""

import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from sprechtag.imports.columns import FIELDS, Kind, Table, chosen, proposed
from sprechtag.imports.reading import read
from sprechtag.imports.titles import key, meaning, tidy
from sprechtag.imports.troubles import Unreadable

HERE = Path(__file__).parent


def of(text: str, kind: Kind = "families") -> Table:
    return proposed(read(text.encode()), kind)


def held(table: Table) -> dict[str, str]:
    """Field -> title."""
    return {column.field: column.title for column in table.columns if column.field}


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("E-Mail-Adresse", "EMAIL adresse"),
        ("Schu\u0308ler", "SCHUELER"),
        ("Straße", "STRASSE"),
        ("Tel.-Nr.", "telnr"),
        ("Lehrer_innen", "Lehrer:innen"),
        ("Kürzel", "Kuerzel"),
    ],
)
def test_titles_are_compared_by_their_letters(title: str, same: str) -> None:
    assert tidy(title) == tidy(same) != ""


def test_a_choice_is_remembered_for_the_same_titles() -> None:
    assert (
        key(["E-Mail", "Name der Mutter"]) == key(["e mail", "Name der mutter "]) != key(["Name der Mutter", "E-Mail"])
    )


@pytest.mark.parametrize(
    ("title", "who", "what", "second"),
    [
        ("Name der Mutter", "mother", "name", False),
        ("Mother's e-mail", "mother", "email", False),
        ("Erzieher 2: Nachname", "parent", "surname", True),
        ("E-Mail-Adresse Elternteil 2", "parent", "email", True),
        ("Parent 2 first name", "parent", "forename", True),
        ("Vorname des Kindes", "child", "forename", False),
        ("Schüler:in", "child", "", False),
        ("Muttersprache", "", "language", False),
        ("Handy-Nr.", "", "phone", False),
        ("Name, Vorname", "", "name", False),
        ("Klasse 2026/27", "", "class", False),
        ("Name (Pflichtfeld)", "", "name", False),
        ("Elternteil B: E-Mail", "parent", "email", True),
        ("Legal guardian e-mail", "parent", "email", False),
    ],
)
def test_a_title_says_about_whom_and_what(title: str, who: str, what: str, second: bool) -> None:
    found = meaning(title)
    assert found and (found.who, found.what, found.second) == (who, what, second)


@pytest.mark.parametrize(
    "title", ["shoe size", "Jahrgang", "Status", "", "Bemerkung", "StatistikKrz", "Nr.", "Lfd. Nr."]
)
def test_what_is_not_known_is_left_alone(title: str) -> None:
    assert meaning(title) is None


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Familie;E-Mail;Kind;Klasse;Sprache;Lehrkräfte", "name email child school_class language hosts"),
        ("family;mail;pupil;class;language;teachers", "name email child school_class language hosts"),
        ("Name;Vorname;Klasse;E-Mail;Erzieher 1: Nachname", "child_surname child school_class email name"),
        ("Nachname;Vorname;Kind;Klasse", "name first_name child school_class"),
        (
            "Kind;Klasse;Vater;E-Mail Vater;Mutter;E-Mail Mutter",
            "child school_class name email second_name second_email",
        ),
        ("Mutter;Vater;Kind", "name second_name child"),
        ("Name;E-Mail;E-Mail", "name email second_email"),
        ("Familie;E-Mail Schüler;E-Mail Eltern;Straße;PLZ;Ort", "name - email street town -"),
        ("Name Kind;Name Eltern;Telefon 1;Telefon 2", "child name phone second_phone"),
        ("Schüler-ID;Familien-ID;Familie", "pupil_id family_id name"),
        (
            "Familie;Kind 1;Klasse 1;Kind 2;Klasse 2;Kind 3;Klasse 3",
            "name child school_class second_child second_school_class third_child third_school_class",
        ),
        ("Name;Vorname;Klasse;E-Mail 1;E-Mail 2;E-Mail 3", "child_surname child school_class email second_email -"),
    ],
)
def test_columns_of_families_are_proposed(header: str, fields: str) -> None:
    table = of(f"{header}\n{';'.join('x' for _ in header.split(';'))}")
    assert [column.field or "-" for column in table.columns] == fields.split()


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Benutzer;Name;Fach;Klassen;Raum", "user_id display_name subject classes room"),
        ("Account;Nachname;Vorname", "user_id surname first_name"),
        ("Kürzel;Titel;Name;Vorname;Dienstl. E-Mail", "short title surname first_name email"),
        ("user;teacher;subject;class;room;shoe size", "user_id display_name subject classes room -"),
    ],
)
def test_columns_of_hosts_are_proposed(header: str, fields: str) -> None:
    assert [column.field or "-" for column in of(f"{header}\na;b", "hosts").columns] == fields.split()


def test_an_address_is_a_street_unless_mail_addresses_stand_there() -> None:
    assert held(of("Familie;Adresse\nBergner;Lindenweg 4"))["street"] == "Adresse"
    assert held(of("Familie;Adresse\nBergner;b@post.example"))["email"] == "Adresse"


def test_titles_stand_below_a_heading_and_on_any_sheet() -> None:
    assert [
        row.line for row in of("Klassenliste 5a;;;\n;;;\nFamilie;E-Mail;Kind;Klasse\nB;b@post.example;M;5a").rows
    ] == [4]
    table = proposed(read((HERE / "cases" / "fam-second-sheet.xlsx").read_bytes()), "families")
    assert table.sheet.name == "Liste" and [row.line for row in table.rows] == [2, 3]


def test_a_pupil_called_kind_makes_no_title() -> None:
    table = of("Kind;Mia;5a;a@post.example\nLehrer;Jan;5b;b@post.example")
    assert [column.field for column in table.columns] == ["child_surname", "child", "school_class", "email"]
    assert len(table.rows) == 2 and [column.title for column in table.columns] == ["A", "B", "C", "D"]


def test_without_titles_the_cells_tell() -> None:
    table = of("Bergner;Mia;5a;03.02.2015;b@post.example;c@post.example;01234 56789\nÖz;Can;10b;24.12.2014;;;")
    assert [column.field for column in table.columns] == (
        ["child_surname", "child", "school_class", "birth_date", "email", "second_email", "phone"]
    )
    assert held(of("ute.ahrens;Ahrens, Ute;5a\njan.weiss;Weiß, Jan;5b", "hosts")) == {
        "user_id": "A",
        "display_name": "B",
        "classes": "C",
    }


def test_somebody_says_what_a_column_holds() -> None:
    table = of("Familie;Bemerkung;E-Mail\nB;x@post.example;y@post.example")
    assert held(chosen(table, {1: "email"})) == {"name": "Familie", "email": "Bemerkung"}
    assert held(chosen(table, {2: ""})) == {"name": "Familie"}
    for wrong in ({7: "email"}, {1: "shoe_size"}, {1: "email", 2: "email"}):
        with pytest.raises(Unreadable):
            chosen(table, wrong)


def test_samples_are_shown_once_each() -> None:
    (_, classes) = of("Familie;Klasse\nA;5a\nB;5a\nC;\nD;5b\nE;5c\nF;5d").columns
    assert classes.samples == ("5a", "5b", "5c")


FORMATS: dict[str, tuple[Kind, str, dict[str, Any]]] = {
    "SchuelerBasisdaten.dat": (
        "families",
        "SchILD-NRW SchuelerBasisdaten",
        {"child_surname": "Bergner", "child": "Mia", "birth_date": "03.02.2015", "school_class": "05A"},
    ),
    "SchuelerErzieher.dat": (
        "families",
        "SchILD-NRW SchuelerErzieher",
        {"child": "Mia", "name": "Bergner-Lau", "second_first_name": "Sven", "email": "bergner@post.example"},
    ),
    "SchuelerLeistungsdaten.dat": (
        "teaches",
        "SchILD-NRW SchuelerLeistungsdaten",
        {"child": "Mia", "teacher": "WEI", "subject": "D"},
    ),
    "Lehrkraefte.dat": (
        "hosts",
        "SchILD-NRW Lehrkraefte",
        {"short": "WEI", "surname": "Weiß", "first_name": "Jana", "email": "weiss@schule.example"},
    ),
    "asv-export.csv": ("families", "ASV", {"child_surname": "Bergner", "child": "Mia", "school_class": "5a"}),
    "iserv-users.csv": ("hosts", "IServ", {"user_id": "jana.weiss", "surname": "Weiß", "first_name": "Jana"}),
    "schulmanager.csv": (
        "families",
        "Schulmanager Online",
        {"child": "Mia", "email": "katja@post.example", "second_email": "sven@post.example"},
    ),
    "edoop.csv": ("families", "edoop", {"child": "Mia", "school_class": "5a", "pupil_id": "8001"}),
    "GPU002.TXT": ("teaches", "Untis GPU002", {"school_class": "5a", "teacher": "WEI", "subject": "D"}),
    "GPU004.TXT": ("hosts", "Untis GPU004", {"short": "WEI", "surname": "Weiß", "email": "weiss@schule.example"}),
    "GPU010.TXT": ("families", "Untis GPU010", {"child_surname": "Bergner", "child": "Mia", "school_class": "5a"}),
    "GPU015.TXT": ("teaches", "Untis GPU015", {"pupil_id": "Bergner_Mia_20150203", "lesson": "1"}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_programs_format_is_known_by_name(name: str) -> None:
    kind, known, cells = FORMATS[name]
    table = proposed(read((HERE / "samples" / name).read_bytes()), kind, name)
    assert table.format == known
    assert {field: table.rows[0].cell(table.fields[field]) for field in cells} == cells


def test_no_file_of_one_kind_is_taken_for_the_format_of_another() -> None:
    for path in (HERE / "samples").iterdir():
        for kind in FIELDS:
            table = proposed(read(path.read_bytes()), kind)  # type: ignore[arg-type]
            right, known, _ = FORMATS[path.name]
            assert not table.format or (kind, table.format) == (right, known) or table.format in ("ASV", "IServ")


def test_a_list_on_several_sheets_is_refused_and_not_read_in_part() -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    for name in ("5a", "5b"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Familie", "Kind"])
        sheet.write_row(1, 0, ["Bergner", "Mia"])
    book.close()
    with pytest.raises(Unreadable) as unreadable:
        proposed(read(file.getvalue()), "families")
    assert (unreadable.value.reason, unreadable.value.trouble.cell) == ("several_sheets", "5a, 5b")


def test_one_known_title_is_enough_among_others_that_are_not() -> None:
    table = of("Klassen\n\nFoo;Bar;E-Mail\nBergner;x;b@post.example")
    assert (
        held(table) == {"email": "E-Mail"}
        and table.unread == ["Foo", "Bar"]
        and [row.line for row in table.rows] == [4]
    )
    assert len(of("Kind;Mia;5a\nLau;Jo;5b").rows) == 2
