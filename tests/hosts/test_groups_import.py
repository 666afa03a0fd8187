# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Classes and subjects of the hosts from groups of Nextcloud."""

from typing import Any

import pytest

from hosts.conftest import Api
from hosts.test_import import hosts
from sprechtag.hosts.groups_import import Told, joined


@pytest.mark.parametrize(
    ("field", "before", "words", "after", "adds"),
    [
        ("classes", "", ["10a", "5b"], "5b, 10a", True),
        ("classes", "05B", ["5b"], "05B", True),
        ("classes", "5b", ["5b", "6a"], "5b, 6a", True),
        ("classes", "5b, 7c", ["5b"], "5b, 7c", True),
        ("classes", "5b, 7c", ["5b", "6a"], "5b, 6a", False),
        ("subject", "Mathematik", ["Deutsch"], "Deutsch", False),
        ("subject", "mathe", ["Mathe"], "mathe", True),
        ("subject", "Kunst und Werken", ["Kunst und Werken", "Deutsch"], "Kunst und Werken, Deutsch", True),
    ],
)
def test_what_groups_add_and_what_they_would_replace(
    field: Told, before: str, words: list[str], after: str, adds: bool
) -> None:
    assert joined(field, before, words) == (after, adds)


async def test_groups_tell_classes_and_subjects_and_nothing_typed_is_lost(organiser: Api) -> None:
    """t01 and t02 have the subject Deutsch, as the school has typed it."""
    groups: list[dict[str, Any]] = [
        {"name": "Lehrer 10a", "members": ["t01", "t44"]},
        {"name": "Klasse 5b", "members": ["t01"]},
        {"name": "Fachschaft Mathe", "members": ["t01", "t02"]},
        {"name": "Fachschaft Deutsch", "members": ["t02"]},
        {"name": "Kurs Q1", "members": ["t02"], "field": "classes", "word": "Q1"},
        {"name": "Kollegium", "members": ["t01", "t02"]},
        {"name": "", "members": ["t01"], "field": "classes", "word": ","},
    ]
    seen = await organiser("POST", f"{organiser.one}/groups-import-preview", {"groups": groups})
    assert [(one["field"], one["word"], one["hosts"]) for one in seen["groups"]] == [
        ("classes", "10a", 1),
        ("classes", "5b", 1),
        ("subject", "Mathe", 2),
        ("subject", "Deutsch", 1),
        ("classes", "Q1", 1),
        ("", "Kollegium", 2),
        ("classes", ",", 1),
    ]
    assert {one["user_id"]: (one["changes"], one["kept"]) for one in seen["lines"]} == {
        "t01": ({"classes": ["", "5b, 10a"]}, {"subject": ["Deutsch", "Mathe"]}),
        "t02": ({"classes": ["", "Q1"], "subject": ["Deutsch", "Deutsch, Mathe"]}, {}),
    }
    before = await hosts(organiser)
    assert (before["t01"]["classes"], seen["applied"]) == ("", False)
    await organiser("POST", f"{organiser.one}/groups-import", {"groups": groups})
    there = await hosts(organiser)
    assert [(there[one]["classes"], there[one]["subject"]) for one in ("t01", "t02")] == (
        [("5b, 10a", "Deutsch"), ("Q1", "Deutsch, Mathe")]
    )
    wanted = {"groups": groups, "overwrite": ["t01"]}
    assert (await organiser("POST", f"{organiser.one}/groups-import", wanted))["same"] == 1
    assert (await hosts(organiser))["t01"] == before["t01"] | {"classes": "5b, 10a", "subject": "Mathe"}


async def test_who_is_in_every_class_keeps_what_is_there_and_the_others_get_theirs(organiser: Api) -> None:
    classes = [f"{year:02}{letter}" for year in range(5, 14) for letter in "abcdef"]
    groups: list[dict[str, Any]] = [{"name": f"Klasse {one}", "members": ["t01"]} for one in classes]
    data = {"groups": [*groups, {"name": "Klasse 5a", "members": ["t02"]}], "overwrite": ["t01"]}
    done = await organiser("POST", f"{organiser.one}/groups-import", data)
    lines = {line["user_id"]: line for line in done["lines"]}
    assert not lines["t01"]["changes"] and len(lines["t01"]["kept"]["classes"][1]) > 200
    kept = await hosts(organiser)
    assert (kept["t01"]["classes"], kept["t02"]["classes"]) == ("", "5a")
