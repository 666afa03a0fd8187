# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was seen to stop others, each as it was entered: refused in words, or taken and harmless."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from security.hostile import Target, open_target
from security.test_forms_fuzz import address

WINDOW = {"day": "2027-01-13", "starts": "15:00", "ends": "17:00"}
RULES: dict[str, Any] = {"name": "Sprechtag", "windows": [WINDOW]}


@pytest.fixture
def target(tmp_path: Path, database_url: str) -> Iterator[Target]:
    with open_target(tmp_path, database_url) as target:
        yield target


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"windows": [WINDOW | {"day": "9999-12-31"}]}, "day_wrong"),
        ({"windows": [WINDOW | {"day": "0001-01-01"}]}, "day_wrong"),
        ({"windows": [WINDOW | {"day": "2101-01-01"}]}, "day_wrong"),
        ({"windows": [WINDOW | {"starts": "15:00+02:00"}]}, "clock_wrong"),
        ({"opens_at": "9999-12-31T23:59:59Z"}, "moment_wrong"),
        ({"closes_at": "0001-01-01T00:00:00+14:00"}, "moment_wrong"),
        ({"priority_from": "9999-12-31T23:59:59-14:00"}, "moment_wrong"),
        ({"wishes_until": "1899-12-31T00:00:00Z"}, "moment_wrong"),
        ({"time_zone": "Europe"}, "time_zone_unknown"),
        ({"time_zone": "localtime"}, "time_zone_unknown"),
        ({"time_zone": "../etc/passwd\0"}, "time_zone_unknown"),
        ({"name": "\u200b"}, "name_missing"),
        ({"name": "\u3164 \u2060"}, "name_missing"),
        ({"reminders": "²"}, "reminders_wrong"),
        ({"reminders": "1440," + "9" * 50}, "reminders_wrong"),
    ],
)
def test_rules_that_cannot_be_are_refused_in_words(target: Target, entry: dict[str, Any], error: str) -> None:
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}"
    for method, path in (("POST", "/api/v1/conferences"), ("PUT", one), ("POST", "/api/v1/preview")):
        answer = target.ask(method, path, user="orga", json=RULES | entry)
        assert (answer.status_code, answer.json()["error"]) == (422, error), answer.text
        assert answer.json()["message"].endswith(".") and answer.json()["field"]


def test_a_copy_to_the_end_of_the_calendar_is_refused(target: Target) -> None:
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}"
    for day in ("9999-12-31", "0001-01-01", "2100-12-31"):
        answer = target.ask("POST", f"{one}/copy", user="orga", json={"first_day": day})
        assert answer.status_code == (201 if day == "2100-12-31" else 422), answer.text


def test_a_name_with_a_line_break_is_one_line(target: Target) -> None:
    answer = target.ask(
        "POST", "/api/v1/conferences", user="orga", json=RULES | {"name": "Tag\r\nBcc: x\u2028der\0 Tür"}
    )
    assert answer.json()["name"] == "Tag Bcc: x der Tür"


def test_a_class_with_an_exponent_is_a_class_like_others(target: Target) -> None:
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}"
    entry = {"user_id": "t01", "display_name": "Ada", "classes": "5², ², 10b"}
    assert target.ask("POST", f"{one}/hosts", user="orga", json=[entry]).status_code == 200
    page = target.ask("GET", target.paths["s"])
    assert page.status_code == 200 and "5²" in page.text and "10b" in page.text
    assert target.ask("GET", target.paths["s"], params={"class": "5²"}).status_code == 200


@pytest.mark.parametrize("walk", ["²", "٣", "-5", "9" * 5000, "\0", "5.5"])
def test_a_walk_that_is_no_number_is_the_conferences(target: Target, walk: str) -> None:
    form = {"h": target.ids["host_id"], "walk": walk}
    assert target.ask("POST", address("/s/{token}/plan", target), data=form).status_code == 200


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u202e\u2066", "\0", " \u2003 "])
def test_a_family_without_a_name_is_asked_for_it(target: Target, name: str) -> None:
    form = {"child": "Emre", "name": name, "email": "neu@post.example", "place": "on_site", "key": "k"}
    where = f"{target.paths['s']}/t/{target.ids['slot_id'][-1]}"
    page = target.ask("POST", where, data=form, headers={"accept-language": "en"})
    assert page.status_code == 422 and "Please enter your name." in page.text
    form["name"] = "علی\u200cرضا Ô\u0302z"
    assert target.ask("POST", where, data=form).status_code == 200


def test_texts_days_and_numbers_of_the_day_are_edge_types_too(target: Target) -> None:
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}"
    asked = [
        ("GET", f"{one}/board?day=9999-12-31", None),
        ("POST", f"{one}/switch-preview", {"place": "video", "day": "9999-12-31"}),
        ("POST", f"{one}/message-preview", {"subject": "-", "text": "-", "day": "0001-01-01"}),
        ("POST", f"/api/v1/preview?hosts={10**30}", RULES),
        ("POST", f"{one}/board/pace", {"share": float("nan")}),
        ("POST", f"{one}/ask-family", {"family": "a\0b"}),
        ("POST", f"{one}/bookings", {"slot_id": "\0", "place": "video", "child": "E", "name": "N"}),
        ("PUT", f"{one}/texts", {"texts": {"booked": {"de": "x" * 4001}}}),
    ]
    for method, path, body in asked:
        more = {} if body is None else {"content": json.dumps(body)}
        answer = target.ask(method, path, user="orga", headers={"content-type": "application/json"}, **more)
        assert answer.status_code == 422, (path, answer.status_code, answer.text)
