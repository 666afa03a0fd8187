# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the name of a group says of the teachers in it."""

import pytest

from sprechtag.imports.groups import Meant, meant


@pytest.mark.parametrize(
    "name",
    [
        "5b",
        "Klasse 5b",
        "Klasse5b",
        "Lehrer 5b",
        "lehrer-5b",
        "Lehrkräfte_5b",
        "Lehrer:innen der Klasse 5b",
        "5b (Lehrer)",
        "Klassenteam 5b",
        "Kollegium 5b",
        "Klasse 5b 2026/27",
        "5b-2026",
    ],
)
def test_a_class(name: str) -> None:
    assert meant(name) == Meant("classes", "5b")


@pytest.mark.parametrize(("name", "word"), [("Q1", "Q1"), ("Lehrkräfte EF", "EF"), ("Klasse 10", "10")])
def test_a_class_without_a_letter(name: str, word: str) -> None:
    assert meant(name) == Meant("classes", word)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Fachschaft Deutsch", "Deutsch"),
        ("Kollegium Mathe", "Mathe"),
        ("Französisch-Fachschaft", "Französisch"),
        ("FS Bio", "Bio"),
        ("Musik", "Musik"),
        ("Fachlehrer Darstellendes Spiel", "Darstellendes Spiel"),
    ],
)
def test_a_subject(name: str, word: str) -> None:
    assert meant(name) == Meant("subject", word)


@pytest.mark.parametrize(
    "name", ["Kollegium", "Lehrer", "admin", "Sekretariat", "10", "Raum 3", "IT", "Team 3", "Schüler 5b", "Eltern 5b"]
)
def test_neither(name: str) -> None:
    assert meant(name) == Meant()
