# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cell names teachers by user, Kürzel, mail or name; where a word means two, somebody is asked."""

import pytest

from sprechtag.imports.teachers import Named, Staff, Teacher

STAFF = [
    Teacher("weiss.j", "Jana Weiß", "WEI", "weiss@schule.example"),
    Teacher("gross.u", "Dr. Uli Groß", "GRO"),
    Teacher("mueller.a", "Müller, Albrecht", "MÜL1"),
    Teacher("mueller.j", "Johanna Müller", "MÜL2"),
    Teacher("kim", "Kim Minh"),
    Teacher("T01", "Ute von der Heide"),
]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("weiss.j", "weiss.j"),
        ("WEISS.J", "weiss.j"),
        ("t01", "T01"),
        ("wei", "weiss.j"),
        ("Weiss@Schule.example", "weiss.j"),
        ("Jana Weiß", "weiss.j"),
        ("Weiß, Jana", "weiss.j"),
        ("WEISS, JANA", "weiss.j"),
        ("Weiß, Jana, Groß, Uli", "weiss.j gross.u"),
        ("Weiß, Jana; Groß", "weiss.j gross.u"),
        ("Groß, Dr. Uli", "gross.u"),
        ("Frau Weiß und Herr Dr. Groß", "weiss.j gross.u"),
        ("Fr. Weiß/Hr. Groß", "weiss.j gross.u"),
        ("Jana Weiß (WEI)", "weiss.j"),
        ("J. Weiß", "weiss.j"),
        ("WEI,GRO, WEI", "weiss.j gross.u"),
        ("Albrecht Müller", "mueller.a"),
        ("Kim Minh", "kim"),
        ("Minh Kim", "kim"),
        ("Heide", "T01"),
        ("", ""),
    ],
)
def test_whoever_is_named_is_found(cell: str, found: str) -> None:
    assert Staff(STAFF).named(cell) == Named(found.split())


def test_a_name_of_two_is_asked_about_and_an_answer_is_kept() -> None:
    named = Staff(STAFF).named("Müller, Weiß")
    assert (named.found, named.unclear) == (["weiss.j"], {"Müller": ["mueller.a", "mueller.j"]})
    answered = Staff(STAFF, {"MUELLER": "mueller.j", "Vertretung": ""}).named("Müller, Vertretung")
    assert answered == Named(["mueller.j"])


def test_who_is_nobody_is_named() -> None:
    assert Staff(STAFF).named("Weiß; Niemand, Egon") == Named(["weiss.j"], ["Niemand", "Egon"])


def test_two_of_one_name_are_never_taken_for_one() -> None:
    twins = [Teacher("a", "Jan Lau"), Teacher("b", "Jan Lau"), Teacher("lau", "Eva Groß")]
    assert Staff(twins).named("Jan Lau").unclear == {"Jan Lau": ["a", "b"]}
    assert Staff(twins).named("lau").found == ["lau"]
