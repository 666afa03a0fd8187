# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Siblings are one family; who only has the same surname is not."""

from pathlib import Path

from sprechtag.imports import records
from sprechtag.imports.columns import proposed
from sprechtag.imports.households import Household, completed, day, households
from sprechtag.imports.lessons import Lessons
from sprechtag.imports.reading import read
from sprechtag.imports.records import PupilRow

SAMPLES = Path(__file__).parent / "samples"


def pupils(text: str) -> list[PupilRow]:
    found = records.pupils(proposed(read(text.encode()), "families"))
    assert not found.troubles
    return found.records


def sample(name: str) -> list[PupilRow]:
    return records.pupils(proposed(read((SAMPLES / name).read_bytes()), "families", name)).records


def lessons(*names: str) -> Lessons:
    rows = [records.teaching(proposed(read((SAMPLES / name).read_bytes()), "teaches", name)).records for name in names]
    return Lessons([row for several in rows for row in several])


def children(family: Household) -> str:
    return ", ".join(f"{child.name} {child.school_class}".strip() for child in family.children)


def grouped(text: str) -> list[str]:
    families, troubles = households(pupils(text))
    assert not troubles
    return [f"{family.name}: {children(family)}" for family in families]


def test_siblings_have_a_mail_address_in_common() -> None:
    text = "Name;Vorname;Klasse;E-Mail\nLau;Mia;5a;k@post.example\nOhm;Jo;6b;o@post.example\nLau;Ben;7c;K@post.example"
    assert grouped(text) == ["Lau: Mia 5a, Ben 7c", "Ohm: Jo 6b"]


def test_siblings_of_a_new_marriage_are_one_family_and_keep_their_surnames() -> None:
    assert grouped("Name;Vorname;Klasse;E-Mail\nLau;Mia;5a;k@post.example\nOhm;Jo;6b;k@post.example") == (
        ["Lau: Mia 5a, Jo Ohm 6b"]
    )


def test_the_other_parents_address_joins_too() -> None:
    text = (
        "Kind;Familie;E-Mail Eltern 1;E-Mail Eltern 2\nMia;Lau;k@post.example;s@post.example\nBen;Lau;s@post.example;"
    )
    families, _ = households(pupils(text))
    assert [(children(one), one.email, one.second_email) for one in families] == (
        [("Mia, Ben", "k@post.example", "s@post.example")]
    )


def test_siblings_have_a_family_number_or_a_street_or_a_phone_in_common() -> None:
    assert len(grouped("Familie;Kind;Familien-ID\nLau;Mia;7\nLau-Ohm;Ben;7\nLau;Jo;8")) == 2
    assert len(grouped("Familie;Kind;Straße;Ort\nLau;Mia;Weg 4;Ulm\nLau;Ben;Weg 4;Ulm\nLau;Jo;Weg 4;Köln")) == 2
    assert len(grouped("Familie;Kind;Telefon\nLau;Mia;01234/567\nLau;Ben;+49 1234 567\nOhm;Jo;01234567")) == 2


def test_a_surname_alone_makes_no_family() -> None:
    assert grouped("Familie;Kind;Klasse\nLau;Mia;5a\nLau;Ben;5a") == ["Lau: Mia 5a", "Lau: Ben 5a"]


def test_a_line_that_says_what_another_says_is_named() -> None:
    families, troubles = households(pupils("Familie;Kind;Klasse\nLau;Mia;5a\nOhm;Jo;5b\nLAU;Mia;05A"))
    assert len(families) == 2
    assert [(trouble.code, trouble.line, trouble.cell) for trouble in troubles] == [("twice", 4, "2")]
    _, troubles = households(pupils("Familie;E-Mail\nLau;k@post.example\nOhm;k@post.example"))
    assert [trouble.line for trouble in troubles] == [3]


def test_an_address_of_half_a_class_makes_no_family() -> None:
    rows = "\n".join(f"{name};Mia;5a;info@schule.example" for name in ("Lau", "Ohm", "Alt", "Beck", "Carl"))
    families, troubles = households(pupils(f"Name;Vorname;Klasse;E-Mail\n{rows}"))
    assert (families, {trouble.code for trouble in troubles}) == ([], {"mail_of_many"}) and len(troubles) == 5


def test_a_pupil_with_a_line_for_each_parent_has_two() -> None:
    text = (
        "Vorname Kind;Name Kind;Geburtsdatum;Name Eltern;E-Mail\n"
        "Mia;Lau;3.2.2015;Katja Lau;k@post.example\nMia;Lau;03.02.2015;Sven Ohm;s@post.example"
    )
    families, troubles = households(pupils(text))
    assert not troubles and len(families) == 1
    assert (families[0].email, families[0].second_email, len(families[0].children)) == (
        "k@post.example",
        "s@post.example",
        1,
    )


def test_dates_of_several_programs_are_one() -> None:
    assert day("3.2.2015") == day("03.02.2015") == day("2015-02-03") == day("20150203") == "20150203"


def test_one_file_completes_another() -> None:
    families, troubles = households(completed(sample("SchuelerBasisdaten.dat"), sample("SchuelerErzieher.dat")))
    assert not troubles
    assert [(one.name, one.email, children(one)) for one in families] == [
        ("Katja Bergner-Lau", "bergner@post.example", "Mia Bergner 05A, Jonas Bergner 07B"),
        ("Elif Öztürk", "elif@post.example", "Can 05A"),
        ("Uwe Bergner", "", "Ida 05B"),
    ]


def test_a_pupils_teachers_are_those_of_its_lessons() -> None:
    found = lessons("SchuelerLeistungsdaten.dat")
    assert [found.of(pupil) for pupil in sample("SchuelerBasisdaten.dat")] == (
        [["WEI", "GRO", "AHR"], ["AHR"], ["WEI"], ["GRO"]]
    )


def test_a_pupils_teachers_are_those_of_its_class() -> None:
    found = lessons("GPU002.TXT")
    assert [found.of(pupil) for pupil in sample("SchuelerBasisdaten.dat")] == (
        [["WEI", "GRO"], ["AHR", "GRO"], ["WEI", "GRO"], []]
    )


def test_a_pupils_teachers_are_those_of_what_it_has_chosen() -> None:
    found = lessons("GPU002.TXT", "GPU015.TXT")
    assert [found.of(pupil) for pupil in sample("GPU010.TXT")] == [["WEI"], ["AHR", "GRO"], ["GRO"]]


def test_a_number_that_is_not_the_pupils_own_hides_nobody() -> None:
    assert grouped("ID;Familie;Kind;E-Mail\n7;Lau;Mia;k@post.example\n7;Lau;Ben;k@post.example") == ["Lau: Mia, Ben"]
    rows = completed(
        pupils("Schüler-ID;Familie;Kind\n1;Lau;Mia"), pupils("Schüler-ID;Familie;Kind;E-Mail\n1;Ohm;Jo;o@post.example")
    )
    assert rows[0].email == ""
    rows = completed(pupils("Nr.;Familie;Kind\n1;Lau;Mia"), pupils("Nr.;Familie;Kind;E-Mail\n1;Lau;Mia;o@post.example"))
    assert rows[0].email == "", "what counts the lines is no number of a pupil"


def test_siblings_may_stand_in_one_line() -> None:
    text = "Familie;Kind 1;Klasse 1;Kind 2;Klasse 2;Kind 3;Klasse 3\nLau;Mia;5a;Ben;7b;Jo;9c\nOhm;Can;6a;;;;"
    assert grouped(text) == ["Lau: Mia 5a, Ben 7b, Jo 9c", "Ohm: Can 6a"]
    (lau, _) = pupils(text)
    assert lessons("GPU002.TXT").of(lau) == ["WEI", "GRO", "AHR"]
