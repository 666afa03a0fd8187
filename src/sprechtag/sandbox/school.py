# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""An invented school, drawn from a seed: teachers, families, two conference days."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_FIRST = [
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Elif",
    "Finn",
    "Greta",
    "Hakan",
    "Ida",
    "Jonas",
    "Katrin",
    "Levent",
    "Mira",
    "Nils",
    "Oksana",
    "Paul",
    "Rania",
    "Samuel",
    "Tuba",
    "Viktor",
    "Yara",
    "Zoran",
]
_LAST = [
    "Ackermann",
    "Bayram",
    "Castell",
    "Demirel",
    "Ebersbach",
    "Falkenrath",
    "Gerlinger",
    "Hohwald",
    "Iskandar",
    "Jungbluth",
    "Kestermann",
    "Lindacker",
    "Morawek",
    "Nettelhorst",
    "Oberau",
    "Przybilla",
    "Quandtner",
    "Reetmeyer",
    "Sandkamp",
    "Tasdelen",
    "Uhlenbrock",
    "Vennemoor",
    "Wiesgrund",
    "Yalvac",
    "Zimmerhof",
    "Brinkrolf",
    "Dornseif",
    "Eskandari",
    "Feuerborn",
    "Gökdal",
]
_SUBJECTS = [
    "Deutsch",
    "Mathematik",
    "Englisch",
    "Biologie",
    "Sport",
    "Kunst",
    "Geschichte",
    "Physik",
    "Musik",
    "Chemie",
]


@dataclass(frozen=True)
class Teacher:
    user_id: str
    name: str
    subject: str
    classes: str
    room: str


@dataclass(frozen=True)
class Family:
    name: str
    email: str
    child: str
    school_class: str
    language: str


def teachers(count: int, seed: int) -> list[Teacher]:
    draw = random.Random(seed)
    of_classes = random.Random(seed + 3)
    every_class = [f"{year}{letter}" for year in range(5, 11) for letter in "abcd"]
    names = [f"{first} {last}" for last in _LAST for first in _FIRST]
    draw.shuffle(names)
    rooms = [f"{house} {floor}{room:02}" for house in "ABC" for floor in range(4) for room in range(1, 21)]
    draw.shuffle(rooms)
    return [
        Teacher(
            f"t{number:02}",
            names[number],
            ", ".join(sorted(draw.sample(_SUBJECTS, 2))),
            ", ".join(sorted(of_classes.sample(every_class, 2), key=every_class.index)),
            rooms[number],
        )
        for number in range(1, count + 1)
    ]


def families(count: int, seed: int) -> list[Family]:
    draw = random.Random(seed + 1)
    found = []
    for number in range(1, count + 1):
        last, first, child = draw.choice(_LAST), draw.choice(_FIRST), draw.choice(_FIRST)
        found.append(
            Family(
                f"{first} {last}",
                f"familie{number:03}@post.example",
                f"{child} {last}",
                f"{draw.randint(5, 10)}{draw.choice('abcd')}",
                draw.choice(["de", "de", "de", "en"]),
            )
        )
    return found


def conference_days(today: date) -> list[date]:
    """Two Wednesdays a week apart, the first at least eight days ahead."""
    first = today + timedelta(days=8)
    first += timedelta(days=(2 - first.weekday()) % 7)
    return [first, first + timedelta(days=7)]


def today() -> date:
    return datetime.now().astimezone().date()
