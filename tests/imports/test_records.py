# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows become pupils, hosts, rooms and lessons; what cannot be taken is named with its line, its column and its cell."""

from pathlib import Path

import pytest

from sprechtag.imports import classes, records
from sprechtag.imports.columns import Kind, Table, proposed
from sprechtag.imports.reading import read
from sprechtag.imports.troubles import Trouble

HERE = Path(__file__).parent


def table(content: str | bytes, kind: Kind = "families") -> Table:
    return proposed(read(content.encode() if isinstance(content, str) else content), kind)


def case(name: str) -> records.Read[records.PupilRow]:
    return records.pupils(table((HERE / "cases" / name).read_bytes()))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fam-asv-style.csv", ("", "Bergner", "Mia", "5a", "b@post.example")),
        ("fam-blank-first-line.csv", ("Bergner", "", "Mia", "5a", "b@post.example")),
        ("fam-cp1250-polish.csv", ("Wójcik", "", "Łukasz Wójcik", "5a", "w@post.example")),
        ("fam-dimension-a1.xlsx", ("Bergner", "", "Mia", "5", "b@post.example")),
        ("fam-dos-cp850.csv", ("Müller", "", "Jörg Müller", "5a", "m@post.example")),
        ("fam-email-header.csv", ("Bergner", "", "Mia", "5a", "b@post.example")),
        ("fam-mac-roman.csv", ("Müller", "", "Jörg Müller", "5a", "m@post.example")),
        ("fam-merged-class.xlsx", ("Bergner", "", "Mia", "5a", "b@post.example")),
        ("fam-names-comma-teacher.csv", ("Bergner", "", "Mia", "5a", "bergner@post.example")),
        ("fam-nfd-header.csv", ("Bergner", "", "Mia", "5a", "b@post.example")),
        ("fam-schild-style.csv", ("Bergner-Lau", "Bergner", "Mia", "05A", "b@post.example")),
        ("fam-second-sheet.xlsx", ("Bergner", "", "Mia", "5", "b@post.example")),
        ("fam-sep-line.csv", ("Bergner", "", "Mia Bergner", "5a", "b@post.example")),
        ("fam-street.csv", ("Bergner", "", "Mia", "5a", "")),
        ("fam-title-row.csv", ("Bergner", "", "Mia Bergner", "5a", "b@post.example")),
        ("fam-unicode-text.txt", ("Gröner", "", "Zoë Gröner", "5a", "g@post.example")),
    ],
)
def test_a_pupil_is_read_whole(name: str, said: tuple[str, ...]) -> None:
    found = case(name)
    pupil = found.records[0]
    assert (pupil.name, pupil.child_surname, pupil.child, pupil.school_class, pupil.email) == said
    assert found.troubles == []


def test_the_street_is_kept_as_one() -> None:
    assert case("fam-street.csv").records[0].street == "Lindenweg 4"


def test_a_thousand_pupils_are_read() -> None:
    found = case("fam-1000-rows.csv")
    assert len(found.records) == 1000 and not found.troubles


def test_a_class_that_became_a_date_is_refused_with_line_and_column() -> None:
    found = case("fam-date-class.xlsx")
    assert found.troubles == [Trouble("class_is_date", 2, "Klasse", "2027-05-01")]
    assert [pupil.school_class for pupil in found.records] == ["10"]


def test_a_formula_that_was_never_worked_out_is_refused_with_line_and_column() -> None:
    found = case("fam-formula-no-value.xlsx")
    assert found.troubles == [Trouble("formula_without_value", 2, "Familie", "=")]
    assert [pupil.name for pupil in found.records] == ["Ahrens"]


@pytest.mark.parametrize(
    ("row", "trouble"),
    [
        ("Bergner;nix;Mia;5a", Trouble("email_wrong", 2, "E-Mail", "nix")),
        ("Bergner;üte@post.example;Mia;5a", Trouble("email_wrong", 2, "E-Mail", "üte@post.example")),
        (
            "Bergner;a@x.example b@x.example c@x.example;Mia;5a",
            Trouble("too_many_addresses", 2, "E-Mail", "a@x.example b@x.example c@x.example"),
        ),
        ("Bergner;;Mia;05. Okt", Trouble("class_is_date", 2, "Klasse", "05. Okt")),
        ("Bergner;;Mia;46508", Trouble("class_is_date", 2, "Klasse", "46508")),
        ("Bergner;;Mia;Mai 06", Trouble("class_is_date", 2, "Klasse", "Mai 06")),
        ("Bergner;;Mia;10.05.2027", Trouble("class_is_date", 2, "Klasse", "10.05.2027")),
        (";;Mia;5a", Trouble("name_missing", 2, "Familie", "")),
        ("M?ller;;Mia;5a", Trouble("letters_lost", 2, "Familie", "M?ller")),
        ("Bergner;;#NAME?;5a", Trouble("cell_error", 2, "Kind", "#NAME?")),
        (f"{'x' * 121};;Mia;5a", Trouble("too_long", 2, "Familie", "x" * 59 + "…")),
    ],
)
def test_what_cannot_be_taken_is_named(row: str, trouble: Trouble) -> None:
    found = records.pupils(table(f"Familie;E-Mail;Kind;Klasse\n{row}"))
    assert (found.records, found.troubles) == ([], [trouble])


def test_two_addresses_in_a_cell_are_both_parents() -> None:
    (pupil,) = records.pupils(table("Familie;E-Mail\nLau;k@post.example; s@post.example".replace("; s", ", s"))).records
    assert (pupil.email, pupil.second_email) == ("k@post.example", "s@post.example")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hosts-comma-name.csv", {"user_id": "weiss.j", "display_name": "Weiß, Jana"}),
        ("hosts-iserv-style.csv", {"user_id": "ute.ahrens", "display_name": "Ute Ahrens"}),
        ("hosts-superscript-class.csv", {"user_id": "t01", "classes": "5²"}),
        ("hosts-user-in-capitals.csv", {"user_id": "T01", "room": "C 5"}),
    ],
)
def test_hosts_are_read(name: str, said: dict[str, str]) -> None:
    found = records.hosts(table((HERE / "cases" / name).read_bytes(), "hosts"))
    assert not found.troubles and said.items() <= vars(found.records[0]).items()


def test_rooms_are_read_by_whatever_names_the_teacher() -> None:
    found = records.rooms(table("Kürzel;Raum\nWEI;A 101\n;B 2", "rooms"))
    assert found.records == [records.RoomRow(2, "WEI", "A 101")]
    assert [(trouble.code, trouble.line) for trouble in found.troubles] == [("host_missing", 3)]


@pytest.mark.parametrize(("one", "other"), [("05A", "5a"), ("Klasse 5a", "5 A"), ("10-b", "10b"), ("Q1.2", "q12")])
def test_classes_are_compared_tidily(one: str, other: str) -> None:
    assert classes.key(one) == classes.key(other)


@pytest.mark.parametrize(("one", "other"), [("5²", "52"), ("5a", "5b"), ("10", "1"), ("50", "5")])
def test_classes_that_differ_stay_apart(one: str, other: str) -> None:
    assert classes.key(one) != classes.key(other)


def test_a_class_that_a_spreadsheet_made_a_number_is_one_again() -> None:
    assert classes.tidied("5.0") == "5" and classes.tidied("10,0") == "10" and classes.tidied("5.1") == "5.1"
    assert classes.several("5a, 7b/8c und 9d") == ["5a", "7b", "8c", "9d"]
