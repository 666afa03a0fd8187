# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family finds the teacher it means, however it writes the name."""

import pytest

from sprechtag.conference.host_cards import HostCard
from sprechtag.conference.names import by_surname, surname

GOEKDAL = HostCard("1", "Zeynep Gökdal", "Deutsch, Sport", "5a, 7b", 3)


@pytest.mark.parametrize(
    "search",
    [
        "gökdal",
        "Goekdal",
        "GOKDAL",
        "go\u0308kdal",
        "Frau Gökdal",
        "frau goekdal",
        "Zeynep Gökdal",
        "gökdal, zeynep",
        "deutsch",
        "5a",
        "gökdal 5a",
        "sport 7b",
        "Frau",
        "",
        "  ",
    ],
)
def test_she_is_found(search: str) -> None:
    assert GOEKDAL.is_meant(search) == (search != "Frau")


@pytest.mark.parametrize("search", ["ackermann", "gökdal 6a", "mathe", "5a sport musik"])
def test_others_are_not(search: str) -> None:
    assert not GOEKDAL.is_meant(search)


def test_who_is_written_with_oe_is_found_with_an_umlaut() -> None:
    assert HostCard("1", "Jörg Mueller-Weiß", "", "", 1).is_meant("müller-weiss")
    assert HostCard("1", "Łukasz Wójcik", "", "", 1).is_meant("lukasz wojcik")
    assert HostCard("1", "Nguyễn Thị Ánh", "", "", 1).is_meant("nguyen anh")
    assert HostCard("1", "Ирина Семёнова", "", "", 1).is_meant("семенова")


def test_names_stand_where_a_reader_looks_for_them() -> None:
    names = ["Ute Zabel", "Ömer Öztürk", "Ida Oster", "Jan Ohm", "Weiß, Jana", "Ina Weber", "Cem Çelik", "Anna Czerny"]
    german = sorted(names, key=lambda name: by_surname(name, "de"))
    assert german == [
        "Cem Çelik",
        "Anna Czerny",
        "Jan Ohm",
        "Ida Oster",
        "Ömer Öztürk",
        "Ina Weber",
        "Weiß, Jana",
        "Ute Zabel",
    ]
    turkish = sorted(names, key=lambda name: by_surname(name, "tr"))
    assert turkish.index("Cem Çelik") > turkish.index("Anna Czerny"), "ç comes after c"
    assert turkish.index("Ömer Öztürk") > turkish.index("Ida Oster")
    assert sorted(["Ewa Łys", "Jan Lis", "Ola Mróz"], key=lambda name: by_surname(name, "pl")) == [
        "Jan Lis",
        "Ewa Łys",
        "Ola Mróz",
    ]
    assert [surname(name) for name in ("Viktor Ackermann", "Ackermann, Viktor", "", "Cher")] == [
        "Ackermann",
        "Ackermann",
        "",
        "Cher",
    ]
